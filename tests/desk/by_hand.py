"""Trades by hand in the small world: asked, approved, resting."""

from decimal import Decimal

from desk import decide, execute
from desk.console.verbs import handle
from desk.desk import MANUAL
from tests.desk.test_deciding import TUESDAY
from tests.world import ANN, World, world
from trading.facts import Request, RequestState
from trading.orders import Order, OrderState
from trading.signals import Signal

D = Decimal
S = OrderState


async def open_world(**given: object) -> World:
    """Tuesday 10:00 in New York: the market is open, everything costs 100."""
    w = await world(**given)  # type: ignore[arg-type]
    w.go(TUESDAY, 15)
    return w


async def asked(w: World, text: str) -> Signal:
    """The signal that a command made."""
    request = await w.ask(text)
    await handle(w.desk, request)
    row = await w.journal.first(Request, id=request)
    assert row is not None
    assert row.state is RequestState.DONE, row.error
    signal = await w.journal.first(Signal, leg=-request)
    assert signal is not None
    return signal


async def done(w: World, text: str) -> Signal:
    """Asked, approved and sent."""
    signal = await asked(w, text)
    await decide.approve(w.desk, signal.id, by="operator:1")
    await execute.execute_due(w.desk, owner="t")
    return signal


async def units(w: World, symbol: str = "AAPL", strategy: str = MANUAL) -> Decimal:
    ledger = await w.desk.books.ledger()
    return ledger.position(strategy, "paper", symbol).quantity


async def card(w: World, signal: Signal) -> str:
    from desk import story
    from desk.console import cards

    shown = await story.card(w.desk, signal.id, reader=ANN.id)
    return cards.card_message(w.desk, shown).plain


async def resting(w: World, text: str = "/buy AAPL 10 limit 99") -> Order:
    """An order that rests at the broker."""
    signal = await done(w, text)
    order = await w.journal.first(Order, signal_id=signal.id)
    assert order is not None
    assert order.state is S.ACCEPTED, order.note
    return order


async def fresh(w: World, order: Order) -> Order:
    found = await w.journal.first(Order, id=order.id)
    assert found is not None
    return found
