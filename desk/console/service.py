"""The verbs about the console itself: start, help, health, scan."""

import os
import platform
from datetime import timedelta
from importlib.metadata import version

from desk import asking, doubt, notices, timetable, wording
from desk.console.replies import columns
from desk.decide import trading_state
from desk.desk import Desk
from desk.marks import last_marked
from trading.errors import BadCommand
from trading.facts import (
    Beat,
    Latch,
    Notice,
    NoticeState,
    Picture,
    PictureState,
    Request,
    RequestState,
    Run,
    RunState,
)
from trading.messages import Button, bold, message, table
from trading.orders import WORKING, Order, OrderState
from trading.signals import Signal, SignalState

SILENT = timedelta(seconds=60)


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


async def health(desk: Desk, request: Request) -> None:
    """Beats, queues, what is oldest, the latch, versions."""
    wall = desk.wall.now()
    latch = await desk.journal.first(Latch, name="desk")
    state = await trading_state(desk)
    by = ""
    if latch is not None and latch.by and state.value != "active":
        kind, _, number = latch.by.partition(":")
        by = f" by {desk.operator_name(int(number))}" if number.isdigit() else f" by {kind}"
    beats = [
        (
            beat.name,
            "silent" if wall - beat.at > SILENT else "alive",
            f"{max(0, int((wall - beat.at).total_seconds()))} s",
        )
        for beat in await desk.journal.read(Beat, order="name")
    ]
    oldest = await desk.journal.first(Request, state=RequestState.NEW, id__lt=request.id)
    parked = await doubt.parked(desk)
    counts = [
        ("signals waiting", await desk.journal.count(Signal, state=SignalState.PENDING)),
        ("orders working", await desk.journal.count(Order, state__in=tuple(WORKING))),
        ("outcome unknown", await desk.journal.count(Order, state=OrderState.UNKNOWN)),
        ("asked about", len(parked)),
        ("notices unsent", await desk.journal.count(Notice, state=NoticeState.DUE)),
        ("pictures to draw", await desk.journal.count(Picture, state=PictureState.WANTED)),
        ("jobs running", await desk.journal.count(Run, state=RunState.RUNNING)),
        ("jobs failed", await desk.journal.count(Run, state=RunState.FAILED)),
    ]
    marked = await last_marked(desk)
    names = ", ".join(doubt.what(order) for order in parked[:5])
    resting = [pause.job for pause in await timetable.paused(desk.journal, desk.market.now())]
    lines = [
        *([f"⚠ Outcome not known: {names}; /unknown settles it"] if parked else []),
        *([f"Paused: {', '.join(resting)}; /jobs resumes"] if resting else []),
        f"Oldest unhandled command: {wording.ago(wall - oldest.received_at)}"
        if oldest
        else "No command waits",
        f"P&L saved to {marked:%a} {marked.day} {marked:%b %Y}" if marked else "No P&L saved yet",
        f"Market time {wording.moment(desk.local(desk.market.now()))} "
        f"{wording.place(desk.calendar.zone)}",
        f"Quarterdeck {version('quarterdeck')}, Python {platform.python_version()}, "
        f"{os.uname().sysname}",
    ]
    await notices.answer(
        desk,
        request,
        message(
            bold(f"Trading is {state.value}{by}"),
            "\n",
            table(columns(beats, left=2) or "no process has reported yet"),
            "\n",
            table(columns([(name, str(count)) for name, count in counts])),
            "\n" + "\n".join(lines),
        ),
    )
