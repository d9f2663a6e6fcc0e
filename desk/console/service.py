"""The verbs about the console itself: start, scan."""

from desk import asking, notices, wording
from desk.desk import Desk
from desk.halt import trading_state
from trading.errors import BadCommand
from trading.facts import Request, Run
from trading.messages import Button, bold, message
from trading.signals import Signal, SignalState


async def start(desk: Desk, request: Request) -> None:
    """Says hello and nothing else: Telegram's START button must not start trading."""
    state = await trading_state(desk)
    waiting = await desk.journal.count(Signal, state=SignalState.PENDING)
    name = desk.operator_name(request.operator)
    buttons = [
        [
            Button("Signals", "signals", once=False),
            Button("Positions", "positions", once=False),
            Button("P&L", "pnl", once=False),
        ]
    ]
    await notices.answer(
        desk,
        request,
        message(
            bold(f"Welcome aboard, {name}"),
            f"\nTrading is {state.value}; {wording.count(waiting, 'signal')} "
            f"wait{'' if waiting > 1 else 's'} for a decision.\n"
            "Signals come here as cards with a chart. Press Approve and the order goes at the "
            "next open; press nothing and it expires. /help lists every command.",
            buttons=buttons,
        ),
    )


async def scan(desk: Desk, request: Request) -> None:
    """Ask for a scan now, of one strategy or of all; the heavy lane does it."""
    names = [arg.lower() for arg in request.args[:1]] or list(desk.plans)
    for name in names:
        desk.plan(name)
    now = desk.market.now()
    asked = [
        await asking.ask(desk, Run(f"scan:{name}", now, request_id=request.id)) for name in names
    ]
    runs = [run for run in asked if run]
    if not runs:
        raise BadCommand("that scan is running already; its signals will come here")
    await desk.bell.ring("heavy", [run.id for run in runs])
