"""/backtest: a strategy over bars of the past, run by the heavy lane, shown in one message."""

import re
from datetime import date

from desk import asking, notices
from desk.desk import Desk
from desk.stretch import before, days_of
from trading.errors import BadCommand, DeskError
from trading.facts import Request, Run, RunState
from trading.messages import Button, Message, bold, message

JOB = "backtest"
PERIODS = "1y, 6m, 2024, 2024-01..2024-06, all"
WAITING = (RunState.DUE, RunState.RUNNING)
TRIES = 8  # a run's lease is extended meanwhile
_BACK = re.compile(r"([1-9]\d?)([ymw])")

Span = tuple[date | None, date]


def subject(run_id: int) -> str:
    """What the message of one backtest shows."""
    return f"{JOB}:{run_id}"


def progress(strategy: str, run_id: int, line: str) -> Message:
    """The message while it runs."""
    cancel = Button("Cancel", JOB, ("cancel", str(run_id)))
    return message(bold(f"Backtest of {strategy}"), f"\n{line}", buttons=[[cancel]])


async def backtest(desk: Desk, request: Request) -> None:
    """Ask the heavy lane for one; `cancel ID` is what the message's button says."""
    if not request.args:
        known, one = ", ".join(desk.plans), next(iter(desk.plans), "NAME")
        raise BadCommand(f"which strategy: {known}? For example: /backtest {one} 1y")
    if request.args[0] == "cancel":
        await _cancel(desk, request)
        return
    strategy = request.args[0].lower()[:40]
    today = desk.local(desk.market.now()).date()
    latest = desk.calendar.last_closed(desk.market.now()).day
    first, last = span("".join(request.args[1:4]) or "all", today, latest)
    async with desk.journal.transaction():
        others = await desk.journal.read(Run, state__in=WAITING)
        for other in others:
            if other.job.partition(":")[0] == JOB:
                name = other.job.partition(":")[2]
                raise BadCommand(
                    f"a backtest of {name} is running; one at a time: wait for it or cancel it"
                )
        args = {
            "request": request.id,
            "from": first.isoformat() if first else "",
            "to": last.isoformat(),
        }
        run = await asking.ask(desk, Run(f"{JOB}:{strategy}", desk.market.now(), args=args))
        if run is None:
            raise BadCommand(f"a backtest of {strategy} was asked for just now")
        said = progress(strategy, run.id, "waits for its turn")
        await notices.answer(desk, request, said, subject=subject(run.id))
    await desk.bell.ring("heavy", [run.id])


def span(text: str, today: date, latest: date) -> Span:
    """The days a period means, never after `latest`, the last session that has closed. Raises
    BadCommand for what is no period."""
    word = text.strip().lower()
    try:
        if word == "all":
            return None, latest
        if back := _BACK.fullmatch(word):
            return before(latest, int(back[1]), back[2]), latest
        start, dots, end = word.partition("..")
        first, last = days_of(start, today)[0], days_of(end if dots else start, today)[1]
    except ValueError:
        raise BadCommand(f"{text[:25]!r} is no period; write one like {PERIODS}") from None
    if first > last:
        raise BadCommand(f"{text[:25]!r} ends before it begins")
    if first > today:
        raise BadCommand(f"{text[:25]!r} has not come yet")
    return first, min(last, latest)


async def _cancel(desk: Desk, request: Request) -> None:
    """End the run here; its worker sees that and stops. Whatever the worker had still to say is
    not said, since it speaks only of a run that is running."""
    number = request.args[1] if len(request.args) > 1 else ""
    run_id = int(number) if number.isascii() and number.isdigit() and len(number) < 16 else 0
    for _ in range(TRIES):
        run = await desk.journal.first(Run, id=run_id)
        if run is None or run.job.partition(":")[0] != JOB:
            raise BadCommand("there is no such backtest")
        if run.state not in WAITING:
            raise DeskError("that backtest has ended already")
        who = desk.operator_name(request.operator)
        state = RunState.MISSED if run.state is RunState.DUE else RunState.DONE
        async with desk.journal.transaction():
            outcome = f"cancelled by {who}"
            moved = await desk.journal.move(
                run, state=state, outcome=outcome, finished_at=desk.wall.now()
            )
            if moved is not None:
                strategy = run.job.partition(":")[2]
                said = message(bold(f"Backtest of {strategy}"), f"\nCancelled by {who}.")
                await notices.answer(desk, request, said, subject=subject(run.id))
                return
    raise DeskError("the backtest is busy; press Cancel again")
