"""The `digest` job: one of the digests, told unless it is switched off or muted."""

from desk import digest, marks, wording
from desk.console.digests import compose
from desk.desk import Desk
from trading.facts import Run
from worker.research import Research


async def tell(desk: Desk, _: Research, claimed: Run) -> str:
    """`digest:end` and the others, of the session in which the run came due."""
    kind = digest.known(claimed.job.partition(":")[2])
    if kind not in desk.digests.sent:
        return f"the {kind} digest is switched off in the settings"
    muted = await digest.muted(desk)
    if kind in muted:
        until = muted[kind]
        return f"the {kind} digest is muted" + (f" until {until}" if until else "")
    session = desk.calendar.last_closed(claimed.due_at)
    if session.day < desk.local(desk.market.now()).date():
        await marks.mark_session(desk, session)  # made up for late: its own mark may still wait
    written = await compose(desk, kind, claimed.due_at)
    await digest.tell(desk, written)
    return f"the {kind} digest told for {wording.short_day(written.day)}"
