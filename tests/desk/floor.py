"""A world of two strategies and two brokers, for halts and square-offs of one of them."""

from dataclasses import replace
from decimal import Decimal

from brokers.costs import Costs
from brokers.paper import PaperBroker
from desk import execute, squareoff
from desk.console import verbs
from desk.desk import Operator, Plan
from desk.scope import ALL, Scope
from tests.world import ANN, MONDAY, Stocks, World, world
from trading.facts import Notice, Request, RequestState
from trading.messages import Message
from trading.money import Adjustment
from trading.orders import Order
from trading.ports import Journal
from trading.types import Instrument, Side

D = Decimal
TUESDAY, WEDNESDAY = MONDAY.replace(day=4), MONDAY.replace(day=5)


class Listed(Stocks):
    """XOM is traded at the other broker."""

    def find(self, symbol: str) -> Instrument | None:
        found = super().find(symbol)
        return replace(found, broker="other") if found and symbol == "XOM" else found


async def floor(journal: Journal | None = None) -> World:
    """Tuesday at 15:00, everything at 100; strategies dip and gap, brokers paper and other. Both
    let a position go below zero."""
    w = await world(journal)
    w.go(TUESDAY, 15)
    w.desk.instruments = Listed(*w.tape.prices)
    w.desk.plans = {**w.desk.plans, "gap": Plan("gap")}
    costs = Costs(slippage_bps=D(0))
    w.desk.brokers = {
        name: PaperBroker(
            w.tape, w.clock, w.desk.instruments, costs,
            cash=D(100_000), name=name, account_id=name, shorts=True,
        )
        for name in ("paper", "other")
    }  # fmt: skip
    opening = Adjustment("other", "opening", "deposit", D(100_000), "USD", w.clock.at)
    await w.journal.append([opening])
    return w


async def order(w: World, text: str, *, strategy: str = "dip", **more: object) -> Order:
    """Planned: "buy 10 AAPL"."""
    side, quantity, symbol = text.split()
    instrument = w.desk.instrument(symbol)
    number = await w.journal.count(Order)
    now = w.clock.at
    planned = Order(
        f"o{number}", strategy, instrument.broker, instrument.broker, symbol, Side(side),
        D(quantity), now, now,
    )  # fmt: skip
    [made] = await w.journal.append([replace(planned, **more)])  # type: ignore[arg-type]
    return made


async def hold(w: World, text: str, *, strategy: str = "dip") -> None:
    """A position, bought or sold short."""
    await order(w, text, strategy=strategy)
    await execute.execute_due(w.desk, owner="t")


async def net(w: World, broker: str = "paper") -> dict[str, Decimal]:
    return {h.symbol: h.quantity for h in await w.desk.brokers[broker].positions()}


async def book(w: World, strategy: str, symbol: str) -> Decimal:
    account = w.desk.instrument(symbol).broker
    return (await w.desk.books.ledger()).position(strategy, account, symbol).quantity


async def rounds(w: World, scope: Scope = ALL, most: int = 6) -> squareoff.Progress:
    run = await squareoff.begin(w.desk, scope, by="operator:1")
    for _ in range(most):
        progress = await squareoff.advance(w.desk, run, owner="t")
        if progress.ended:
            break
    return progress


async def say(w: World, text: str, by: Operator = ANN) -> Message:
    """The answer to a command."""
    number = await w.ask(text, by=by)
    await verbs.handle(w.desk, number)
    found = await w.journal.first(Notice, answers=number, order="-id")
    request = await w.journal.first(Request, id=number)
    assert request is not None
    assert request.state is not RequestState.FAILED
    assert found is not None, text
    return Message.from_json(found.body)
