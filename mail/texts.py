"""What a mail says of an event: the words Telegram shows, from the facts as they are now."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from desk.console.render import Rendered, render
from desk.desk import Desk
from logs import scrub
from mail.intake import PICTURE
from trading.errors import DeskError
from trading.facts import Notice, Picture, PictureState
from trading.messages import Message, Span, bold, message
from trading.signals import Signal

log = structlog.get_logger(__name__)
PATIENCE = timedelta(minutes=1)  # a digest waits so long for its picture
LONGEST = 120  # characters of a title


@dataclass(frozen=True, slots=True)
class Text:
    """One event in words. `name` is its own for ever, and `root` that of the first event of the
    same subject: "" where it has none, or is the first."""

    name: str
    title: str
    said: Message
    at: datetime  # wall time
    root: str = ""
    png: bytes = b""


async def text_of(desk: Desk, notice_id: int) -> Text | None:
    """None for a notice that has been pruned, or has nothing to show any more."""
    notice = await desk.journal.first(Notice, id=notice_id)
    if notice is None:
        return None
    symbol = ""
    try:
        rendered = await render(desk, replace(notice, recipient=0), 1)
        symbol = await _symbol(desk, notice)
    except DeskError as error:
        rendered = _instead(f"{notice.subject} changed, but cannot be shown", str(error))
    except (LookupError, TypeError, ValueError):  # a row nobody can read
        log.exception("a notice cannot be mailed as it is", notice=notice.id)
        rendered = _instead("A message cannot be shown", f"see notice {notice.id} in the log")
    if rendered is None:
        return None
    said = replace(
        rendered.message, text=tuple(Span(_clean(s.text), s.style) for s in rendered.message.text)
    )
    picture = await picture_of(desk, notice)
    drawn = picture is not None and picture.state is PictureState.DRAWN
    return Text(
        _name(notice),
        title(said, symbol),
        said,
        notice.created_at,
        await _root(desk, notice),
        picture.png if picture is not None and drawn else b"",
    )


def _instead(title: str, why: str) -> Rendered:
    return Rendered(message(bold(title), f"\n{why}. /signals, /orders and /positions show more."))


async def picture_of(desk: Desk, notice: Notice) -> Picture | None:
    """A digest's, which may have been told apart from its words; other mails go without."""
    if not notice.subject.startswith("digest:"):
        return None
    if notice.picture_id is None:
        apart = await desk.journal.first(
            Notice, subject=notice.subject + PICTURE, id__gt=notice.id, order="id"
        )
        if apart is None or apart.picture_id is None:
            return None
        notice = apart
    return await desk.journal.first(Picture, id=notice.picture_id)


async def waits_for_picture(desk: Desk, notice_id: int) -> bool:
    notice = await desk.journal.first(Notice, id=notice_id)
    picture = await picture_of(desk, notice) if notice else None
    return (
        picture is not None
        and picture.state is PictureState.WANTED
        and desk.wall.now() - picture.wanted_at < PATIENCE
    )


def title(said: Message, symbol: str = "") -> str:
    """The first line without its mark, after the symbol it is about where it names none."""
    lines = (line.strip() for line in said.plain.splitlines())
    line = next((line for line in lines if line), "something happened")
    line = re.sub(r"^[^\w/]+", "", line) or line
    if symbol and symbol not in line:
        line = f"{symbol} {line[:1].lower()}{line[1:]}"
    line = "".join(char if char.isprintable() else " " for char in line)
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


async def _symbol(desk: Desk, notice: Notice) -> str:
    if notice.kind != "card":
        return ""
    signal = await desk.journal.first(Signal, id=int(notice.subject.partition(":")[2]))
    return signal.symbol if signal else ""


def _name(notice: Notice) -> str:
    """With its moment, since after a restore ids are given again."""
    return f"{notice.id}-{int(notice.created_at.timestamp())}"


async def _root(desk: Desk, notice: Notice) -> str:
    if not notice.subject:
        return ""
    first = await desk.journal.first(
        Notice, subject=notice.subject, lane=notice.lane, kind=notice.kind
    )
    return _name(first) if first and first.id != notice.id else ""


def _clean(text: str) -> str:
    """Without a secret, and without lone surrogates, which no mail can carry."""
    return scrub(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))
