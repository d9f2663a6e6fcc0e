"""Digests: which there are, when they were moved to or muted, and how one is told."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from desk import notices
from desk.desk import DIGESTS, Desk
from desk.preferences import choose, chosen
from trading.errors import BadCommand
from trading.facts import Lane, Notice, NoticeState, Picture
from trading.messages import Message, bold, message
from trading.ports import Journal

CAPTION = 1024  # UTF-16 units that fit under a picture
MUTE, WHEN, SINCE = "mute:digest:", "when:digest:", "since:digest:"
ALWAYS = "always"

#: When each is told, in the schedule's grammar, unless the settings or a chat say otherwise.
WHENS: Mapping[str, str] = {
    "start": "open+5m",
    "middle": "middle",
    "end": "close+20m",
    "week": "last session of the week, close+30m",
    "month": "last session of the month, close+35m",
}
TITLES: Mapping[str, str] = {
    "start": "Start of session",
    "middle": "Middle of session",
    "end": "End of session",
    "week": "The week",
    "month": "The month",
}


@dataclass(frozen=True, slots=True)
class Digest:
    """One digest of the days up to `day`, ready to be told. `picture` is the spec of one."""

    kind: str
    day: date
    said: Message
    picture: Mapping[str, Any] | None = None

    @property
    def subject(self) -> str:
        return f"digest:{self.kind}:{self.day}"

    @property
    def fits(self) -> bool:
        """Whether the words go under the picture."""
        return len(self.said.plain.encode("utf-16-le")) // 2 <= CAPTION


def known(kind: str) -> str:
    """Raises BadCommand for a digest there is not."""
    if kind not in DIGESTS:
        raise BadCommand(f"{kind[:20]!r} is no digest; there are: {', '.join(DIGESTS)}")
    return kind


async def moved(journal: Journal) -> dict[str, str]:
    """Times chosen in the chat, by job: {"digest:end": "XNYS close+45m"}."""
    rows = await chosen(journal, WHEN)
    return {f"digest:{kind}": row.value for kind, row in rows.items()}


async def move(desk: Desk, kind: str, when: str, *, by: str) -> None:
    """`when` in the schedule's grammar, "" for its own time. Raises BadCommand for a text the
    schedule does not understand."""
    known(kind)
    if when and desk.digests.reads is not None:
        try:
            desk.digests.reads(when)
        except ValueError as error:
            raise BadCommand(f"{when[:60]!r}: {error}") from error
    async with desk.journal.transaction():
        await choose(desk, WHEN + kind, when, by=by)
        await choose(desk, SINCE + kind, desk.market.now().isoformat(), by=by)
    await place(desk)


async def place(desk: Desk) -> None:
    """Put the times chosen in a chat into this process's timetable, and take back those that
    no longer are."""
    chosen_times, reads = await moved(desk.journal), desk.digests.reads
    marked = {kind: row.value for kind, row in (await chosen(desk.journal, SINCE)).items()}
    table = dict(desk.jobs)
    for name in (f"digest:{kind}" for kind in DIGESTS):
        job = table.get(name)
        if job is None or reads is None:
            continue
        home = job.home or job.when
        try:
            when = reads(chosen_times[name]) if name in chosen_times else home
        except ValueError:  # an older version took it: the settings' own time stands
            when = home
        since = _moment(marked.get(name.partition(":")[2], ""))
        if when.text != job.when.text or since != job.since:
            table[name] = replace(job, when=when, home=home, since=since)
    desk.jobs = table


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:  # nothing is known of the move: as if there had been none
        return None


async def mute(desk: Desk, kind: str, until: date | None, *, by: str) -> None:
    """Not told before the day `until`; None mutes it for good."""
    await choose(desk, MUTE + known(kind), until.isoformat() if until else ALWAYS, by=by)


async def unmute(desk: Desk, kind: str, *, by: str) -> None:
    await choose(desk, MUTE + known(kind), "", by=by)


async def muted(desk: Desk) -> dict[str, date | None]:
    """Those muted today, with the day they come back; None is for good."""
    today = desk.local(desk.market.now()).date()
    found: dict[str, date | None] = {}
    for kind, row in (await chosen(desk.journal, MUTE)).items():
        until = None if row.value == ALWAYS else date.fromisoformat(row.value)
        if until is None or today < until:
            found[kind] = until
    return found


async def tell(desk: Desk, digest: Digest) -> None:
    """To every operator, behind all else. An unsent one of the same kind gives way to it; the
    same day's again edits the message that stands."""
    if not desk.operators:
        return
    silent = digest.kind in desk.digests.silent
    async with desk.journal.transaction():
        await _give_way(desk, digest)
        picture_id = await picture_of(desk, digest)
        if picture_id is None or digest.fits:
            await notices.tell(
                desk,
                digest.said,
                lane=Lane.DIGEST,
                subject=digest.subject,
                picture_id=picture_id,
                silent=silent,
            )
        else:
            await notices.tell(
                desk, digest.said, lane=Lane.DIGEST, subject=digest.subject, silent=silent
            )
            await notices.tell(
                desk,
                caption(digest),
                lane=Lane.DIGEST,
                subject=f"{digest.subject}:picture",
                picture_id=picture_id,
                silent=True,
            )
    if picture_id is not None:
        await desk.bell.ring("draw", [picture_id])


async def picture_of(desk: Desk, digest: Digest) -> int | None:
    if digest.picture is None:
        return None
    wanted = Picture("digest", digest.picture, desk.wall.now())
    return (await desk.journal.append([wanted]))[0].id


def caption(digest: Digest) -> Message:
    """Under a picture whose words stand above it in a message of their own."""
    return message(bold(TITLES[digest.kind]))


async def _give_way(desk: Desk, digest: Digest) -> None:
    waiting = await desk.journal.read(
        Notice, state=NoticeState.DUE, lane=Lane.DIGEST, leased_until=None
    )
    for notice in waiting:
        of = notice.subject.removesuffix(":picture")
        if of.startswith(f"digest:{digest.kind}:") and of != digest.subject:
            await desk.journal.move(notice, state=NoticeState.MERGED)
