"""/jobs: what runs by itself, when it ran and runs next; run one now, pause it, resume it."""

import re
from datetime import UTC, date, datetime, time, timedelta

from desk import asking, notices, timetable, wording
from desk.console.deciding import pressed
from desk.console.replies import operator, page_of
from desk.desk import Desk
from desk.timetable import Job
from trading.errors import BadCommand, DataError, DeskError
from trading.facts import Pause, Request, Run, RunState
from trading.messages import Button, Message, Span, bold, italic, message

PAGE = 8  # jobs on one page
LAST = 5  # runs shown of one job
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
SIGN = {
    RunState.DUE: "…",
    RunState.RUNNING: "▶",
    RunState.DONE: "✔",
    RunState.FAILED: "✖",
    RunState.MISSED: "⌛",
}
WORD = {
    RunState.DUE: " waiting",
    RunState.RUNNING: " running",
    RunState.DONE: "",
    RunState.FAILED: " failed",
    RunState.MISSED: " missed",
}


async def jobs(desk: Desk, request: Request) -> None:
    """`/jobs`, `/jobs NAME`, `/jobs run|pause|resume|retry NAME`, `/jobs page N`."""
    match request.args:
        case () | ("page", *_):
            said = await _listed(desk, page_of(request, 1))
            await notices.answer(desk, request, said, edits=pressed(request))
        case ("run", *rest):
            await _run(desk, request, _job(desk, rest, "run"))
        case ("pause", *rest):
            await _pause(desk, request, _job(desk, rest, "pause"), rest[1:])
        case ("resume", *rest):
            await _resume(desk, request, _job(desk, rest, "resume"))
        case ("retry", *rest):
            await _retry(desk, request, rest)
        case _:
            await _show(desk, request, _job(desk, list(request.args), ""))


def _job(desk: Desk, args: list[str], verb: str) -> Job:
    """The job that is named. Raises BadCommand showing how."""
    if not args:
        raise BadCommand(f"which job? For example: /jobs {verb} mark. /jobs lists them all")
    name = args[0].lower()
    found = next((job for job in desk.jobs.values() if job.name.lower() == name), None)
    if found is None:
        raise BadCommand(f"no job is called {args[0][:40]!r}; /jobs lists them all")
    return found


# The list


async def _listed(desk: Desk, page: int) -> Message:
    """One page, by group: a job's name, then how it went and when it runs next."""
    groups = list(dict.fromkeys(job.group for job in desk.jobs.values()))
    rows = sorted(desk.jobs.values(), key=lambda job: groups.index(job.group))
    pages = max(1, -(-len(rows) // PAGE))
    page = min(max(page, 1), pages)
    shown = rows[(page - 1) * PAGE : page * PAGE]
    halted = {pause.job: pause for pause in await timetable.paused(desk.journal, _now(desk))}
    of = f", {page}/{pages}" if pages > 1 else ""
    parts: list[str | Span] = [bold(f"{len(rows)} jobs{of}"), f", {_place(desk)} time\n"]
    group = ""
    for job in shown:
        if job.group != group:
            group = job.group
            parts += ["\n", italic(group), "\n"]
        last = await desk.journal.first(Run, job=job.name, order="-due_at")
        brief = job.name in halted or not job.enabled
        parts += [bold(job.name), f"\n{_went(desk, last, brief)}{_comes(desk, job, halted)}\n"]
    names = [Button(job.name, "jobs", (job.name,), once=False) for job in shown]
    buttons = [names[at : at + 2] for at in range(0, len(names), 2)]
    if pages > 1:
        buttons.append(
            [
                Button(label, "jobs", ("page", str(to)), once=False)
                for label, to in (("‹ Back", page - 1), ("More ›", page + 1))
                if 1 <= to <= pages
            ]
        )
    return message(*parts, buttons=buttons)


def _went(desk: Desk, run: Run | None, brief: bool) -> str:
    """`✔ Mon 16:02, 2.0 s`: at most what 360 px show beside when it comes next."""
    if run is None:
        return "not run yet"
    took = _took(run)
    spent = f", {took}" if took and run.state is RunState.DONE and not brief else ""
    return f"{SIGN[run.state]} {_moment(desk, run.due_at)}{spent}"


def _took(run: Run) -> str:
    if run.started_at is None or run.finished_at is None or run.state is RunState.MISSED:
        return ""
    seconds = (run.finished_at - run.started_at).total_seconds()
    if seconds < 10:
        return f"{max(seconds, 0):.1f} s"
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _comes(desk: Desk, job: Job, halted: dict[str, Pause]) -> str:
    """`, next Tue 16:02`; or why there is no next."""
    if not job.enabled:
        return ", switched off"
    if job.name in halted:
        return f", paused{_until(desk, halted[job.name])}"
    return f", next {_next(desk, job)}"


def _next(desk: Desk, job: Job) -> str:
    try:
        due = job.when.next(_now(desk))
    except DataError:
        return "unknown: the calendar has ended"
    return _moment(desk, due) if due else "unknown"


def _until(desk: Desk, pause: Pause) -> str:
    return f" until {_moment(desk, pause.until)}" if pause.until else ""


def _moment(desk: Desk, at: datetime) -> str:
    """The weekday within six days, else the date: `Mon 16:02`, `14 Feb 16:02`."""
    local, now = desk.local(at), desk.local(_now(desk))
    day = f"{local:%a}" if abs(local.date() - now.date()) < timedelta(6) else _date(local)
    return f"{day} {local:%H:%M}"


def _date(local: datetime) -> str:
    return f"{local.day} {local:%b}"


# One job


async def _show(desk: Desk, request: Request, job: Job, *, said: str = "") -> None:
    text = await _detail(desk, job, said)
    await notices.answer(desk, request, text, edits=pressed(request))


async def _detail(desk: Desk, job: Job, said: str) -> Message:
    """`said` is what was just done, above everything else."""
    halted = {pause.job: pause for pause in await timetable.paused(desk.journal, _now(desk))}
    runs = await desk.journal.read(Run, job=job.name, order="-due_at", limit=LAST)
    late = "every run is made up for" if job.catch_up else "only the latest is made up for"
    parts: list[str | Span] = [f"{said}\n\n"] if said else []
    parts += [
        bold(job.name),
        f"\n{wording.capital(job.about)}.\n" if job.about else "\n",
        f"When: {job.when.text}{_comes(desk, job, halted)}\n",
        f"Late: {_at_most(job)}; {late}\n",
        f"May take: {_span(job.limit)}\n",
    ]
    if job.name in halted and job.stops and not said:
        parts.append(f"While paused {job.stops}.\n")
    parts.append(f"\nLast runs, {_place(desk)} time:\n" if runs else "\nIt has not run yet.\n")
    for run in runs:
        again = f"; again {_wall(desk, run.not_before)}" if run.not_before else ""
        outcome = f": {run.outcome[:160]}" if run.outcome else ""
        took = f" in {_took(run)}" if _took(run) else ""
        went = f"{SIGN[run.state]}{WORD[run.state]} {_moment(desk, run.due_at)}{took}"
        parts.append(f"{went}{outcome}{again}\n")
    name = (job.name,)
    pause = Button("Pause", "jobs", ("pause", *name))
    if job.name in halted:
        pause = Button("Resume", "jobs", ("resume", *name))
    rows = [[Button("Run now", "jobs", ("run", *name)), pause]]
    if runs and runs[0].state is RunState.FAILED:
        rows.append([Button("Retry the failed run", "jobs", ("retry", str(runs[0].id)))])
    rows.append([Button("‹ All jobs", "jobs", once=False)])
    return message(*parts, buttons=rows)


def _at_most(job: Job) -> str:
    text = job.within.text
    return f"up to {text}" if text[:1].isdigit() else f"until the {text}"


def _wall(desk: Desk, at: datetime) -> str:
    minutes = max(0, round((at - desk.wall.now()).total_seconds() / 60))
    return f"in {minutes} min"


def _span(length: timedelta) -> str:
    minutes = length.total_seconds() / 60
    return f"{minutes:g} minutes" if minutes < 120 else f"{minutes / 60:g} hours"


# What changes something


async def _run(desk: Desk, request: Request, job: Job) -> None:
    """A run of its own, due now, besides the schedule."""
    run = await asking.ask(desk, Run(job.name, _now(desk), request_id=request.id))
    if run is None:
        raise DeskError(f"{job.name} was started this very moment; its outcome will come here")
    await desk.bell.ring("heavy", [run.id])
    if pressed(request):
        await _show(desk, request, job, said="Started; its outcome comes below.")
    else:
        await notices.answer(desk, request, f"Started {job.name}; its outcome comes here.")


async def _retry(desk: Desk, request: Request, args: list[str]) -> None:
    """The failed run itself, for the time it was due."""
    number = args[0] if args else ""
    run = None
    if number.isascii() and number.isdigit() and len(number) <= 15:
        run = await desk.journal.first(Run, id=int(number))
    if run is None:
        raise BadCommand("that run is gone; /jobs shows the jobs there are")
    moved = None
    if run.state is RunState.FAILED:
        moved = await desk.journal.move(
            run, state=RunState.DUE, not_before=None, started_at=None, request_id=request.id
        )
    if moved is None:
        raise DeskError(
            f"{run.job} is not waiting for a retry: /jobs {run.job} shows how it stands"
        )
    await desk.bell.ring("heavy", [run.id])
    due = wording.moment(desk.local(run.due_at))
    text = f"Trying {run.job} of {due} {_place(desk)} again; its outcome will come here."
    await notices.answer(desk, request, text)


async def _pause(desk: Desk, request: Request, job: Job, args: list[str]) -> None:
    now = _now(desk)
    until = _read_until(desk, args)
    row = await _row(desk, job, now)
    moved = await desk.journal.move(row, since=now, until=until, by=operator(request))
    if moved is None:
        raise DeskError(f"{job.name} was just paused or resumed by somebody else")
    what = f"{job.name} is paused{_until(desk, moved)}"
    how = job.stops or (
        "its runs are made up for when it is resumed" if job.catch_up else "its runs are missed"
    )
    await _show(desk, request, job, said=f"{what}: {how}.")
    await _tell_others(desk, request, what)


async def _resume(desk: Desk, request: Request, job: Job) -> None:
    now = _now(desk)
    row = await desk.journal.first(Pause, job=job.name)
    if row is None or not row.covers(now):
        raise DeskError(f"{job.name} is not paused")
    if await desk.journal.move(row, until=now, by=operator(request)) is None:
        raise DeskError(f"{job.name} was just paused or resumed by somebody else")
    how = "; what it missed is made up for" if job.catch_up else ""
    await _show(desk, request, job, said=f"{job.name} is resumed{how}.")
    await _tell_others(desk, request, f"{job.name} is resumed")


async def _row(desk: Desk, job: Job, now: datetime) -> Pause:
    """The job's own row; a new one is already over."""
    row = await desk.journal.first(Pause, job=job.name)
    if row is None:
        await desk.journal.append([Pause(job.name, now, now)])
        row = await desk.journal.first(Pause, job=job.name)
    assert row is not None
    return row


async def _tell_others(desk: Desk, request: Request, what: str) -> None:
    who = desk.operator_name(request.operator)
    await notices.tell(desk, message(f"{what}, by {who}."), but=request.operator)


def _read_until(desk: Desk, args: list[str]) -> datetime | None:
    """`3d`, `2025-02-10`, either after "until"; nothing is until resumed. Raises BadCommand."""
    words = args[1:] if args[:1] == ["until"] else args
    if not words:
        return None
    now, text = _now(desk), " ".join(words).lower()
    span = re.fullmatch(r"(\d{1,4}) ?([mhdw])", text)
    if span is not None and int(span[1]):
        return now + timedelta(**{UNITS[span[2]]: int(span[1])})
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadCommand(
            f"{text[:20]!r} is neither a date nor a duration; for example: "
            "/jobs pause mark 3d, or until 2026-02-10"
        ) from None
    until = datetime.combine(day, time(), desk.zone).astimezone(UTC)
    if until <= now:
        raise BadCommand(f"{text} is not ahead; it is {wording.day(desk.local(now))}")
    return until


def _now(desk: Desk) -> datetime:
    return desk.market.now()


def _place(desk: Desk) -> str:
    return wording.place(desk.calendar.zone)
