"""Why a signal was rejected, said after the press: by a button, or in words of one's own."""

from datetime import timedelta

from desk import decide, notices
from desk.console.card_buttons import REASONS
from desk.console.replies import number, operator
from desk.desk import Desk
from trading.errors import BadCommand
from trading.facts import Request, RequestState

OTHER = "other"
LISTENS = timedelta(minutes=10)  # for the words after "Other"
LOOKED = 10  # of an operator's latest requests
LONGEST = 200  # characters kept


async def reason(desk: Desk, request: Request) -> None:
    """A reason's button under a rejected card."""
    signal_id = number(request, "reject")
    word = request.args[1] if len(request.args) > 1 else ""
    if word not in REASONS:
        raise BadCommand("that is no reason's button; /reject ID and your words rejects with them")
    if word != OTHER:
        said = REASONS[word].lower()
        await decide.explain(desk, signal_id, by=operator(request), reason=said)
        return
    signal = await decide.signal_of(desk, signal_id)
    text = f"Why was signal {signal_id} ({signal.symbol}) rejected? Reply with a few words."
    await notices.answer(desk, request, text)


async def heard(desk: Desk, request: Request) -> bool:
    """Whether a text that is no command was the reason just asked for, or a reply to a rejected
    card; then it is kept."""
    words = str(request.payload.get("said", "")).strip()[:LONGEST]
    if not words:
        return False
    signal_id = await _asked(desk, request)
    if signal_id is None:
        return False
    signal = await decide.explain(desk, signal_id, by=operator(request), reason=words)
    text = f"Kept with signal {signal_id} ({signal.symbol}): {words}"
    await notices.answer(desk, request, text)
    return True


async def _asked(desk: Desk, request: Request) -> int | None:
    """The signal that is meant: the card replied to, else the one asked about last."""
    kind, _, number_ = str(request.payload.get("about", "")).partition(":")
    if kind == "signal" and number_.isdigit():
        return int(number_)
    for earlier in await desk.journal.read(
        Request,
        operator=request.operator,
        recipient=request.recipient,
        id__not=request.id,
        received_at__gte=request.received_at - LISTENS,
        order="-id",
        limit=LOOKED,
    ):
        if earlier.state is RequestState.DONE and earlier.verb == "reason":
            return int(earlier.args[0]) if earlier.args[1:] == (OTHER,) else None
        if earlier.verb == "help" and earlier.payload.get("said"):
            return None  # it was answered already
    return None
