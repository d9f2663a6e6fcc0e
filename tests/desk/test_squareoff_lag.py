"""Square-off at a broker whose reads lag and who cuts nothing: no position is closed twice."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from brokers.adversary import Adversary, Fate, Faults
from brokers.costs import Costs
from brokers.paper import PaperBroker
from desk import execute, squareoff
from desk.squareoff import closes
from tests.world import MONDAY, Stocks, Tape, Weekdays, World, at, world
from trading.clocks import SimulatedClock
from trading.orders import Ack, Order, OrderState
from trading.types import Side

D = Decimal
TUESDAY = MONDAY.replace(day=4)
LAG = 2.0


class Heedless(PaperBroker):
    """Takes an order that only reduces for any other."""

    async def submit(self, order: Order) -> Ack:
        return await super().submit(replace(order, reduce_only=False))


async def lagging(parts: int = 1) -> tuple[World, Adversary]:
    """At three in the afternoon; an order takes up to three seconds to land."""
    clock = SimulatedClock(at(TUESDAY, 15))
    tape = Tape(Weekdays(), {"AAPL": D(100)})
    costs = Costs(slippage_bps=D(0))
    paper = Heedless(
        tape, clock, Stocks("AAPL"), costs, cash=D(100_000), shorts=True, dedupes=False
    )
    faults = Faults(lag=LAG, late_by=3.0, parts=parts)

    def seconds() -> float:
        return clock.at.timestamp()

    adversary = Adversary(paper, faults, monotonic=seconds)
    w = await world(broker=adversary)
    w.desk.wall = w.desk.market = w.clock = clock
    w.desk.feed = w.tape = tape
    return w, adversary


def order(w: World, key: str, text: str) -> Order:
    side, quantity, symbol = text.split()
    now = w.clock.at
    return Order(key, "dip", "paper", "paper", symbol, Side(side), D(quantity), now, now)


async def looks(w: World, adversary: Adversary, seconds: float = 60) -> squareoff.Progress:
    """One every half second, until flat."""
    run = await squareoff.begin(w.desk, by="operator:1")
    for _ in range(int(seconds * 2)):
        progress = await squareoff.advance(w.desk, run, owner="t")
        if progress.flat:
            break
        w.clock.at += timedelta(seconds=0.5)
        await adversary.work()
    return progress


async def holding(w: World, adversary: Adversary, text: str) -> None:
    await w.journal.append([order(w, "bought", text)])
    await execute.execute_due(w.desk, owner="t")
    for _ in range(20):
        w.clock.at += timedelta(seconds=1)
        await adversary.work()
        await execute.follow(w.desk)


def held(adversary: Adversary) -> dict[str, Decimal]:
    return {h.symbol: h.quantity for h in adversary.broker.statement.holdings()}


def sold(adversary: Adversary) -> Decimal:
    fills = adversary.broker.statement.executions
    return sum((fill.quantity for fill in fills if fill.side is Side.SELL), D(0))


async def test_what_both_sides_show_and_nothing_has_touched_is_closed_at_once():
    w, adversary = await lagging()
    await holding(w, adversary, "buy 10 AAPL")
    run = await squareoff.begin(w.desk, by="operator:1")
    await squareoff.advance(w.desk, run, owner="t")
    assert held(adversary) == {}


async def test_a_close_whose_fill_is_not_shown_yet_is_not_ordered_again():
    w, adversary = await lagging()
    await holding(w, adversary, "buy 10 AAPL")
    assert (await looks(w, adversary)).flat
    assert sold(adversary) == 10
    assert await w.journal.count(Order, purpose="squareoff") == 1


async def test_a_close_that_was_cancelled_while_its_fills_were_hidden_is_not_ordered_twice():
    w, adversary = await lagging(parts=2)
    await holding(w, adversary, "buy 10 AAPL")
    run = await squareoff.begin(w.desk, by="operator:1")
    await squareoff.advance(w.desk, run, owner="t")
    [close] = await w.journal.read(Order, purpose="squareoff")
    await execute.cancel(w.desk, close, note="by hand")
    assert held(adversary) == {"AAPL": 5}
    assert (await looks(w, adversary)).flat
    assert sold(adversary) == 10
    assert held(adversary) == {}


async def test_what_an_exit_in_doubt_may_still_sell_is_left_to_it():
    w, adversary = await lagging()
    await holding(w, adversary, "buy 10 AAPL")
    adversary.plan(Fate.LATE)
    await w.journal.append([replace(order(w, "exit", "sell 6 AAPL"), reduce_only=True)])
    await execute.execute_due(w.desk, owner="t")
    [exit_] = await w.journal.read(Order, key="exit")
    assert exit_.state is OrderState.UNKNOWN
    assert (await looks(w, adversary)).flat
    assert sold(adversary) == 10
    assert held(adversary) == {}


async def test_a_cancelled_entry_that_filled_unseen_is_closed_before_it_says_flat():
    w, adversary = await lagging(parts=2)
    await w.journal.append([order(w, "bought", "buy 10 AAPL")])
    await execute.execute_due(w.desk, owner="t")
    assert (await looks(w, adversary)).flat
    assert held(adversary) == {}
    assert sold(adversary) == 5


quantities = st.integers(-50, 50).map(Decimal)
books = st.dictionaries(st.sampled_from(["a", "b", "unassigned"]), quantities)


@given(
    held=quantities.filter(bool),
    books=books,
    taken=st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(0, 60).map(Decimal)),
)
def test_no_close_is_of_more_than_is_held_and_not_taken(held, books, taken):
    found = closes(held, books, taken)
    left = max(abs(held) - sum(taken.values(), D(0)), D(0))
    assert all(quantity > 0 for _, quantity in found)
    assert sum((quantity for _, quantity in found), D(0)) <= left
    if not taken:
        assert sum((quantity for _, quantity in found), D(0)) == left
