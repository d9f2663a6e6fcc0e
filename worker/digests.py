"""The `digest` job: one of the digests, told unless it is switched off or muted. The end's
commits the session's snapshot either way."""

from desk import digest, marks, wording
from desk.console.digests import compose
from desk.desk import Desk
from trading.facts import Run
from worker.research import Research


async def tell(desk: Desk, _: Research, claimed: Run) -> str:
    """`digest:end` and the others, of the session in which the run came due."""
    kind = digest.known(claimed.job.partition(":")[2])
    session = desk.calendar.last_closed(claimed.due_at)
    if kind == "end" or session.day < desk.local(desk.market.now()).date():
        # With what came since its own mark, or before a mark that still waits.
        await marks.mark_session(desk, session)
    if kind not in desk.digests.sent:
        return f"the {kind} digest is switched off in the settings"
    muted = await digest.muted(desk)
    if kind in muted:
        until = muted[kind]
        return f"the {kind} digest is muted" + (f" until {until}" if until else "")
    written = await compose(desk, kind, claimed.due_at)
    await digest.tell(desk, written)
    return f"the {kind} digest told for {wording.short_day(written.day)}"
