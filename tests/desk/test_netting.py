"""Strategies with books of their own at a broker that nets: together they are what it holds."""

import asyncio
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brokers.costs import Costs
from brokers.paper import PaperBroker
from desk import decide, execute, propose
from desk.desk import Plan
from risk.limits import Allowance, Limits
from tests.desk.test_deciding import TUESDAY
from tests.world import MONDAY, World, answer, explain, world
from trading.bars import Answer
from trading.errors import Refused
from trading.orders import Order, OrderState

D = Decimal
NAMES = ("dip", "swing", "trend")


async def netting() -> World:
    """Three strategies that may sell short, on Tuesday at 10:00."""
    w = await world()
    w.desk.brokers = {
        "paper": PaperBroker(
            w.tape, w.clock, w.desk.instruments, Costs(slippage_bps=D(0)), cash=D(100_000),
            leverage=D(4), shorts=True,
        )
    }  # fmt: skip
    w.desk.plans = {name: Plan(name, allowance=Allowance(D(1), D("0.05"))) for name in NAMES}
    w.desk.limits = Limits(D(1), D(1), D(4), sector=D(4), net_exposure=D(4)).of_history()
    w.go(TUESDAY, 15)
    return w


def on(number: int, enter: int) -> Answer:
    """What a strategy says of AAPL on one of many bars; 0 leaves."""
    row = answer("AAPL", enter=enter, exit=not enter)
    bar = np.datetime64(MONDAY, "us") + np.timedelta64(number, "m")
    return Answer(
        row.symbol, bar, bar, row.enter, row.exit, row.strength, row.price,
        row.price * (0.9 if enter > 0 else 1.1), row.features,
    )  # fmt: skip


async def step(w: World, number: int, name: str, enter: int) -> None:
    for signal in await propose.propose(w.desk, name, [on(number, enter)], explain=explain):
        try:
            await decide.approve(w.desk, signal.id, by="auto")
        except Refused:
            continue
    for order in await w.journal.read(Order, state=OrderState.PLANNED):
        await w.journal.move(order, execute_at=w.clock.at)
    await execute.execute_due(w.desk, owner="t")


async def test_an_entry_against_what_another_strategy_holds_is_refused():
    w = await netting()
    await step(w, 1, "dip", 1)
    [signal] = await propose.propose(w.desk, "swing", [on(2, -1)], explain=explain)
    with pytest.raises(Refused, match="AAPL is held the other way by dip"):
        await decide.approve(w.desk, signal.id, by="operator:1")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from([-1, 0, 1])), max_size=20))
def test_every_book_closes_all_it_holds_whatever_the_others_do(
    todo: list[tuple[str, int]],
):
    async def play() -> None:
        w = await netting()
        for number, (name, enter) in enumerate(todo):
            before = (await w.desk.books.ledger()).position(name, "paper", "AAPL").quantity
            await step(w, number, name, enter)
            ledger = await w.desk.books.ledger()
            after = ledger.position(name, "paper", "AAPL").quantity
            assert enter or not before or not after, "an exit closes the whole book"
            there = {h.symbol: h.quantity for h in await w.broker.positions()}
            assert ledger.net("paper").get("AAPL", D(0)) == there.get("AAPL", D(0))
        for order in await w.journal.read(Order):
            assert order.state is OrderState.FILLED, order.note

    asyncio.run(play())
