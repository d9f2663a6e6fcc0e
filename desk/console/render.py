"""From an outbox row to what a reader should see now: the current facts, in words, whatever
voice says them."""

from dataclasses import dataclass, replace

from desk import rights, story
from desk.console import cards, codes
from desk.console.deciding import parse_scan
from desk.desk import Desk
from trading.facts import Notice, Picture, PictureState
from trading.messages import Message, Span
from trading.people import Role


@dataclass(frozen=True, slots=True)
class Rendered:
    message: Message
    picture: Picture | None = None


async def render(desk: Desk, notice: Notice, page: int) -> Rendered | None:
    """None where there is nothing to show any more. Without buttons the reader may not press."""
    shown = await _shown(desk, notice, page)
    if shown is None:
        return None
    return replace(shown, message=_pressable(desk, notice.recipient, shown.message))


def _pressable(desk: Desk, reader: int, said: Message) -> Message:
    from desk.console.verbs import VERBS  # which lists what is rendered here

    known = desk.operator(reader)
    if known is None or known.role is Role.OWNER:
        return said
    rows = [
        [
            button
            for button in row
            if button.verb not in VERBS
            or known.role.may(rights.needed(VERBS[button.verb], tuple(button.args)))
        ]
        for row in said.buttons
    ]
    return replace(said, buttons=tuple(tuple(row) for row in rows if row))


async def _shown(desk: Desk, notice: Notice, page: int) -> Rendered | None:
    if notice.kind == "card":
        signal_id = int(notice.subject.partition(":")[2])
        card = await story.card(desk, signal_id, reader=notice.recipient)
        return Rendered(cards.card_message(desk, card), card.picture)
    if notice.kind == "list":
        strategy, bar = parse_scan(notice.subject)
        said = await cards.list_message(desk, strategy, bar, page=page, reader=notice.recipient)
        return Rendered(said) if said else None
    if notice.kind == codes.KIND:
        return Rendered(*await codes.shown(desk, notice))
    picture = None
    if notice.picture_id is not None:
        picture = await desk.journal.first(Picture, id=notice.picture_id)
    said = Message.from_json(notice.body)
    if picture is not None and picture.state is PictureState.FAILED:
        what = "report" if picture.file_name else "picture"
        said = replace(said, text=(*said.text, Span(f"\nThe {what} could not be drawn.")))
    return Rendered(said, picture)
