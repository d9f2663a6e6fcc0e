"""Whatever differs: adopted, our books are the broker's, and a second time changes nothing."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from brokers.costs import Costs
from brokers.paper import PaperBroker
from desk import adopt, execute, reconcile
from desk.console import verbs
from desk.differences import ADOPT
from replay.journal import MemoryJournal
from tests.desk.test_adopting import TUESDAY, hand_order
from tests.desk.test_reconcile import no_rest
from tests.world import Stocks, Tape, Weekdays, at, world
from trading.clocks import SimulatedClock
from trading.ledger import Book, Position
from trading.orders import Fill, Order
from trading.types import Side

D = Decimal


def position(strategy: str, quantity: int) -> Position:
    return Position(Book(strategy, "paper", "AAPL"), "USD", quantity=D(quantity))


@given(
    st.dictionaries(st.sampled_from(["unassigned", "dip", "gap", "swing"]), st.integers(-9, 9)),
    st.integers(-20, 20),
)
def test_the_parts_of_an_adoption_make_the_books_the_brokers(books: dict[str, int], theirs: int):
    held = {name: D(units) for name, units in books.items() if units}
    parts = adopt.split([position(name, units) for name, units in books.items()], D(theirs))
    after = {n: held.get(n, D(0)) + parts.get(n, D(0)) for n in held.keys() | parts.keys()}
    assert sum(after.values()) == theirs
    assert all(parts.values()) or not parts
    for name, units in held.items():
        if name != "unassigned":
            assert abs(after[name]) <= abs(units), "no strategy is given what it did not order"
            assert after[name] * units >= 0
    if not theirs:
        assert not any(after.values())


SYMBOLS = ("AAPL", "MSFT", "XOM")
trades = st.tuples(
    st.sampled_from(["dip", "gap"]), st.sampled_from(SYMBOLS), st.integers(-9, 9).filter(bool)
)
shifts = st.tuples(st.sampled_from(SYMBOLS), st.integers(-15, 15).filter(bool))


@settings(max_examples=60)
@given(st.lists(trades, max_size=6), st.lists(shifts, max_size=4), st.integers(0, 3))
async def test_after_adopting_every_difference_the_books_agree_and_again_changes_nothing(
    traded: list[tuple[str, str, int]], moved: list[tuple[str, int]], strays: int
):
    tape = Tape(Weekdays(), {symbol: D(100) for symbol in SYMBOLS})
    clock = SimulatedClock(at(TUESDAY, 19, 5))
    costs = Costs(slippage_bps=D(0))
    paper = PaperBroker(tape, clock, Stocks(*SYMBOLS), costs, cash=D(100_000), shorts=True)
    w = await world(MemoryJournal(), broker=paper)
    w.desk.rest, w.desk.market, w.desk.wall, w.desk.feed = no_rest, clock, clock, tape
    w.clock = clock
    orders = [
        Order(
            f"k{n}", strategy, "paper", "paper", symbol, Side.BUY if units > 0 else Side.SELL,
            D(abs(units)), clock.at, clock.at,
        )
        for n, (strategy, symbol, units) in enumerate(traded)
    ]  # fmt: skip
    await w.journal.append(orders)
    await execute.execute_due(w.desk, owner="t")
    for symbol, units in moved:
        paper.transfer(symbol, D(units), D(100))
    for n in range(strays):
        await hand_order(w, f"hand-{n}")
    found = list((await reconcile.check(w.desk)).found)
    for difference in found:
        for words in ([], [clock.at.isoformat(), "yes"]):
            said = " ".join(("/reconcile", ADOPT, *difference.words, *words))
            await verbs.handle(w.desk, await w.ask(said, pressed=True))
    assert (await reconcile.check(w.desk)).found == frozenset()
    theirs = {h.symbol: h.quantity for h in await paper.positions()}
    assert (await w.desk.books.ledger()).net("paper") == theirs
    before = await w.journal.count(Fill), await w.journal.count(Order)
    for difference in found:
        words = [clock.at.isoformat(), "yes"]
        said = " ".join(("/reconcile", ADOPT, *difference.words, *words))
        await verbs.handle(w.desk, await w.ask(said, pressed=True))
    assert (await w.journal.count(Fill), await w.journal.count(Order)) == before
