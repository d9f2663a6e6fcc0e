"""The verb about digests: which come and when, one to look at now, mute, unmute, move."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

from desk import digest, notices, wording
from desk.console import digest_day, digest_period
from desk.console.deciding import pressed
from desk.console.replies import operator
from desk.desk import DIGESTS, Desk
from desk.digest import TITLES, WHENS, Digest
from desk.timetable import Job
from trading.errors import BadCommand, DataError
from trading.facts import Request
from trading.messages import Button, Message, Span, bold, message

LONGEST = 366  # days a digest is muted at most, other than for good
WRITERS: dict[str, Callable[[Desk, datetime], Awaitable[Digest]]] = {
    "start": digest_day.start,
    "middle": digest_day.middle,
    "end": digest_day.end,
    "week": digest_period.week,
    "month": digest_period.month,
}
PERIOD = {"middle": "day", "end": "day", "week": "week", "month": "month"}  # of /pnl


async def compose(desk: Desk, kind: str, at: datetime) -> Digest:
    """The digest that is due at `at` (market time); its figures are those of now."""
    written = await WRITERS[kind](desk, at)
    buttons = [
        Button("Positions", "positions", once=False),
        Button("Digests", "digest", once=False),
    ]
    if kind in PERIOD:
        buttons.insert(0, Button("P&L", "pnl", (PERIOD[kind],), once=False))
    return replace(written, said=replace(written.said, buttons=(tuple(buttons),)))


async def digests(desk: Desk, request: Request) -> None:
    match [word.lower() for word in request.args]:
        case []:
            await _list(desk, request)
        case ["mute", kind, *rest] if len(rest) < 2:
            until = _until(desk, rest[0]) if rest else None
            await digest.mute(desk, kind, until, by=operator(request))
            await _list(desk, request)
        case ["unmute", kind]:
            await digest.unmute(desk, kind, by=operator(request))
            await _list(desk, request)
        case ["move", kind, "default"]:
            await digest.move(desk, kind, "", by=operator(request))
            await _list(desk, request)
        case ["move", kind, _, *_]:
            when = " ".join(request.args[2:])[:80]
            await digest.move(desk, kind, when, by=operator(request))
            await _list(desk, request)
        case [kind] if kind in DIGESTS:
            await _preview(desk, request, kind)
        case _:
            raise BadCommand(
                f"/digest alone lists them; or one of {', '.join(DIGESTS)}; or mute, unmute or "
                "move and its name; for example: /digest move end close+45m"
            )


def _until(desk: Desk, word: str) -> date:
    """A day, or a number of days from today. Raises BadCommand."""
    today = desk.local(desk.market.now()).date()
    try:
        if word.isascii() and word.isdigit() and 0 < int(word[:6]) <= LONGEST:
            return today + timedelta(days=int(word))
        until = date.fromisoformat(word)
    except ValueError:
        until = date.min
    if until <= today:
        raise BadCommand(
            f"{word[:20]!r} is neither a number of days (1 to {LONGEST}) nor a day to come; for "
            f"example: /digest mute end 7, or /digest mute end {today + timedelta(days=7)}"
        )
    return until


async def _preview(desk: Desk, request: Request, kind: str) -> None:
    written = await compose(desk, kind, desk.market.now())
    said = replace(written.said, text=(Span("Preview\n", "italic"), *written.said.text))
    written = replace(written, said=said)
    drawn = await digest.picture_of(desk, written)
    if drawn is None or written.fits:
        await notices.answer(desk, request, said, picture_id=drawn)
    else:
        await notices.answer(desk, request, said)
        await notices.answer(
            desk,
            request,
            digest.caption(written),
            subject=f"preview:{request.id}",
            picture_id=drawn,
        )
    if drawn is not None:
        await desk.bell.ring("draw", [drawn])


async def _list(desk: Desk, request: Request) -> None:
    await notices.answer(desk, request, await listed(desk), edits=pressed(request))


def _next(desk: Desk, job: Job) -> datetime | None:
    try:
        return job.when.next(desk.market.now())
    except DataError:  # its calendar has ended, which a job of its own tells
        return None


async def listed(desk: Desk) -> Message:
    """Each with its time and whether it comes, for every operator alike."""
    muted, moved = await digest.muted(desk), await digest.moved(desk.journal)
    parts: list[str | Span] = [bold("Digests"), f" · {wording.place(desk.calendar.zone)}\n"]
    buttons = []
    for kind in DIGESTS:
        own = moved.get(f"digest:{kind}")
        job = desk.jobs.get(f"digest:{kind}")
        time = own or (job.when.text if job else WHENS[kind])
        due = _next(desk, job) if job and job.enabled else None
        state = ""
        if kind not in desk.digests.sent:
            state = "switched off in the settings"
        elif kind in muted:
            until = muted[kind]
            state = f"muted until {wording.short_day(until)}" if until else "muted"
        elif kind in desk.digests.silent:
            state = "without a sound"
        parts += ["\n", bold(TITLES[kind]), f" ({kind})"]
        parts.append(f"\n{time}{' (moved)' if own else ''}")
        if due is not None and kind in desk.digests.sent and kind not in muted:
            parts.append(f"\nnext {wording.moment(desk.local(due))}")
        parts.append(f"\n{state}\n" if state else "\n")
        row = [Button(TITLES[kind], "digest", (kind,), once=False)]
        if kind in muted:
            row.append(Button("Unmute", "digest", ("unmute", kind), once=False))
        elif kind in desk.digests.sent:
            row.append(Button("Mute", "digest", ("mute", kind), once=False))
        buttons.append(row)
    parts.append(
        "\nA name previews one now. /digest mute end 7 mutes for seven days, /digest move end "
        "close+45m moves one, for every operator; /digest move end default moves it back."
    )
    return message(*parts, buttons=buttons)
