"""Laws of the paper broker's books under any run of orders, prices, closes and cancels."""

import asyncio
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from brokers.costs import Costs
from brokers.paper import PaperBroker
from brokers.paper_statement import Statement
from tests.brokers.paper_floor import Floor, floor, order
from trading.errors import BrokerRejected
from trading.ledger import fold
from trading.money import Adjustment
from trading.orders import DONE

D = Decimal
symbols = st.sampled_from(["AAPL", "MSFT"])
sides = st.sampled_from(["buy", "sell"])
sizes = st.integers(1, 120)
cents = st.integers(500, 20_000)
actions = st.one_of(
    st.tuples(st.just("market"), sides, sizes, symbols, st.booleans()),
    st.tuples(st.just("limit"), sides, sizes, symbols, cents),
    st.tuples(st.just("price"), symbols, cents),
    st.tuples(st.just("close"), symbols),
    st.tuples(st.just("cancel"), st.integers(0, 30)),
    st.tuples(st.just("again"), st.integers(0, 30)),
    st.tuples(st.just("work")),
)
runs = st.lists(actions, max_size=40)


async def play(run: list[tuple], here: Floor, broker: PaperBroker) -> list[str]:
    """Carry out the actions; the keys that were accepted, in order."""
    placed = []
    for action, *told in run:
        if action in {"market", "limit"}:
            side, size, symbol, last = told
            words = f"{side} {size} {symbol}"
            asked = (
                order(f"{words} @ {D(last) / 100}")
                if action == "limit"
                else order(words, reduce_only=last)
            )
            try:
                await broker.submit(asked)
            except BrokerRejected:
                continue
            placed.append(asked)
        elif action == "price":
            here.board.chalk(told[0], str(D(told[1]) / 100))
        elif action == "close":
            here.board.close(told[0])
        elif action == "work":
            await broker.work()
        elif placed and action == "cancel":
            await broker.cancel(placed[told[0] % len(placed)].key)
        elif placed:
            await broker.submit(placed[told[0] % len(placed)])
    return [asked.key for asked in placed]


@given(runs, st.booleans(), st.sampled_from([D(1), D(2)]), st.integers(1, 3))
@settings(max_examples=150)
def test_cash_and_positions_are_what_the_executions_add_up_to(
    run: list[tuple], shorts: bool, leverage: Decimal, parts: int
) -> None:
    here = floor()
    broker = here.broker(costs=Costs(), shorts=shorts, leverage=leverage)
    broker.portion = lambda whole, lot: max(whole // parts, lot)
    keys = asyncio.run(play(run, here, broker))
    books = broker.statement

    deposit = Adjustment("paper", "opening", "deposit", D(10000), "USD", here.clock.now())
    ledger = fold(books.executions, [deposit])
    assert ledger.cash["paper", "USD"] == books.cash
    assert ledger.net("paper") == {s: held.quantity for s, held in books.held.items()}

    assert len({fill.execution_id for fill in books.executions}) == len(books.executions)
    assert [t.order.key for t in books.tickets.values()] == keys
    for ref, ticket in books.tickets.items():
        traded = sum(f.quantity for f in books.executions if f.order_key == ticket.order.key)
        assert traded == ticket.filled <= ticket.quantity <= ticket.order.quantity
        assert (ref in books.working) == (ticket.state not in DONE)
        if ticket.filled:
            value = sum(
                f.quantity * f.price for f in books.executions if f.order_key == ticket.order.key
            )
            assert ticket.fees >= Costs().fee(ticket.filled, value)


@given(runs, st.integers(1, 3))
@settings(max_examples=150)
def test_a_cash_account_never_borrows_and_never_sells_what_it_has_not(
    run: list[tuple], parts: int
) -> None:
    here = floor()
    broker = here.broker(costs=Costs())
    broker.portion = lambda whole, lot: max(whole // parts, lot)
    asyncio.run(play(run, here, broker))
    cash, held = D(10000), {"AAPL": D(0), "MSFT": D(0)}
    for fill in broker.statement.executions:
        signed = fill.quantity * fill.side.sign
        cash -= signed * fill.price + fill.fee
        held[fill.symbol] += signed
        assert cash >= 0
        assert held[fill.symbol] >= 0


@given(runs)
@settings(max_examples=60)
def test_a_reduce_only_fill_never_grows_or_flips_a_position(run: list[tuple]) -> None:
    here = floor()
    broker = here.broker(costs=Costs(), shorts=True)
    asyncio.run(play(run, here, broker))
    held: dict[str, Decimal] = {}
    for fill in broker.statement.executions:
        before = held.get(fill.symbol, D(0))
        after = held[fill.symbol] = before + fill.quantity * fill.side.sign
        if broker.statement.newest[fill.order_key].order.reduce_only:
            assert abs(after) < abs(before)
            assert before * after >= 0


@given(runs)
@settings(max_examples=60)
def test_the_same_run_twice_gives_the_same_events(run: list[tuple]) -> None:
    told = []
    for _ in range(2):
        here = floor()
        broker = here.broker(costs=Costs())
        asyncio.run(play(run, here, broker))
        told.append([(fill.execution_id, fill.quantity, fill.price, fill.fee)
                     for fill in broker.statement.executions])  # fmt: skip
        again = Statement()
        for event in broker.events:
            again.apply(event)
        assert again == broker.statement
    assert told[0] == told[1]


@given(runs, st.lists(st.integers(0, 5), max_size=8))
@settings(max_examples=60)
def test_reading_page_by_page_gives_every_execution_once(
    run: list[tuple], pauses: list[int]
) -> None:
    async def read() -> None:
        here = floor()
        broker = here.broker(costs=Costs())
        read, cursor = [], ""
        for start in range(0, len(run), 5):
            await play(run[start : start + 5], here, broker)
            if start in pauses:
                continue
            page, cursor = await broker.fills(cursor)
            read += page
        page, cursor = await broker.fills(cursor)
        assert read + page == broker.statement.executions

    asyncio.run(read())
