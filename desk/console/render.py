"""From an outbox row to what a reader should see now: the current facts, in words, whatever
voice says them."""

from dataclasses import dataclass, replace

from desk import notices, story
from desk.console import cards
from desk.console.deciding import parse_scan
from desk.desk import Desk
from desk.snoozing import AGAIN
from trading.facts import Notice, Picture, PictureState
from trading.messages import Message, Span
from trading.signals import SignalState


@dataclass(frozen=True, slots=True)
class Rendered:
    message: Message
    picture: Picture | None = None


async def render(desk: Desk, notice: Notice, page: int) -> Rendered | None:
    """None where there is nothing to show any more."""
    if notice.kind in ("card", AGAIN):
        card = await story.card(desk, notices.signal_of(notice.subject), reader=notice.recipient)
        if notice.kind == AGAIN and card.signal.state is not SignalState.PENDING:
            return None
        return Rendered(cards.card_message(desk, card), card.picture)
    if notice.kind == "list":
        strategy, bar = parse_scan(notice.subject)
        said = await cards.list_message(desk, strategy, bar, page=page, reader=notice.recipient)
        return Rendered(said) if said else None
    picture = None
    if notice.picture_id is not None:
        picture = await desk.journal.first(Picture, id=notice.picture_id)
    said = Message.from_json(notice.body)
    if picture is not None and picture.state is PictureState.FAILED:
        what = "report" if picture.file_name else "picture"
        said = replace(said, text=(*said.text, Span(f"\nThe {what} could not be drawn.")))
    return Rendered(said, picture)
