"""What the chat hears of the jobs: failures and what was missed. Success is silent, unless it was
asked for or follows a failure."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, time

from desk import notices, wording
from desk.desk import Desk
from desk.timetable import Job
from trading.facts import Lane, Request, Run, RunState
from trading.messages import Button, bold, message

PAUSED = "paused"
SHOWN = 10  # jobs in one message


def too_late(job: Job, due: datetime, now: datetime) -> str:
    """ "found 3 hours late, its limit is 10m"."""
    late = wording.ago(now - due).removesuffix(" ago")
    late = "a moment" if late == "just now" else late
    return f"found {late} late, its limit is {job.within.text}"


async def tell_missed(desk: Desk, missed: Sequence[Run]) -> None:
    """One message for all that matter; what was paused was meant to be missed."""
    rows = [run for run in missed if run.outcome != PAUSED and _matters(desk, run)]
    if not rows:
        return
    counts = Counter(run.job for run in rows)
    last = {run.job: run for run in rows}  # oldest first, so the latest stays
    lines = []
    for job, run in list(last.items())[:SHOWN]:
        before = f" and {counts[job] - 1} before" if counts[job] > 1 else ""
        due = wording.moment(desk.local(run.due_at))
        lines.append(f"{job}, due {due}{before}: {run.outcome}.")
    if len(last) > SHOWN:
        lines.append(f"And {len(last) - SHOWN} more jobs.")
    title = f"{len(rows)} runs missed" if len(rows) > 1 else "A run was missed"
    place = wording.place(desk.calendar.zone)
    text = "\n".join([*lines, f"Times of {place}; /jobs shows what comes next."])
    await notices.tell(desk, message(bold(title), f"\n{text}"), topic="jobs")


def _matters(desk: Desk, run: Run) -> bool:
    job = desk.jobs.get(run.job)
    return job is not None and job.tells


async def tell_failed(desk: Desk, run: Run, advice: str = "") -> None:
    """The day's failures of one job in one message, which counts them and says what to do; a
    success begins another."""
    count = sum(other.failures for other in await _failed_today(desk, run))
    times = f" ({count} times today)" if count > 1 else ""
    due = wording.moment(desk.local(run.due_at))
    text = f"\nDue {due} {wording.place(desk.calendar.zone)}: {run.outcome}."
    if run.not_before is not None:
        wait = wording.ago(run.not_before - desk.wall.now()).removesuffix(" ago")
        text += f"\nIt is tried again in {wait}; Retry does so now."
    else:
        advice = advice or "Once that is put right, Retry runs it again for the same time."
        text += f"\n{advice}"
    retry = Button("Retry", "jobs", ("retry", str(run.id)))
    said = message(bold(f"Job failed: {run.job}{times}"), text, buttons=[[retry]])
    await notices.tell(
        desk, said, lane=Lane.CRITICAL, subject=await _alert(desk, run), topic="jobs"
    )


async def tell_done(desk: Desk, run: Run) -> None:
    """Whoever asked is answered; a failure that was told is followed by its end."""
    request = await desk.journal.first(Request, id=run.request_id) if run.request_id else None
    if request is not None:
        await notices.answer(desk, request, _sentence(run.outcome))
    if run.failures:
        times = "once" if run.failures == 1 else f"{run.failures} times"
        said = message(bold(f"Job done: {run.job}"), f"\nIt had failed {times}: now {run.outcome}.")
        await notices.tell(desk, said, subject=await _alert(desk, run), silent=True, topic="jobs")


def _sentence(outcome: str) -> str:
    """The outcome, begun as a sentence where it does not begin with a name."""
    word = outcome.partition(" ")[0]
    return f"{word.capitalize() if word.isalpha() else word}{outcome[len(word) :]}."


async def _failed_today(desk: Desk, run: Run) -> list[Run]:
    done = await _done_today(desk, run)
    since = done[-1].finished_at if done else _midnight(desk)
    return await desk.journal.read(
        Run, job=run.job, state=RunState.FAILED, finished_at__gte=since, order="id"
    )


async def _done_today(desk: Desk, run: Run) -> list[Run]:
    return await desk.journal.read(
        Run,
        job=run.job,
        state=RunState.DONE,
        id__not=run.id,
        finished_at__gte=_midnight(desk),
        order="finished_at",
    )


async def _alert(desk: Desk, run: Run) -> str:
    """The subject that a day's failures of a job share, up to its next success."""
    number = len(await _done_today(desk, run))
    return f"failed:{run.job}:{_midnight(desk):%Y-%m-%d}:{number}"


def _midnight(desk: Desk) -> datetime:
    """The start of the wall's day, UTC."""
    return datetime.combine(desk.wall.now().date(), time(), UTC)
