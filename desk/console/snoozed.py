"""/snooze: a card put away, and back before it is too late."""

from datetime import timedelta

from desk import notices, snoozing, story, wording
from desk.console import cards
from desk.console.deciding import pressed
from desk.console.replies import number
from desk.decide import require_pending
from desk.desk import Desk
from trading.errors import BadCommand
from trading.facts import Request
from trading.messages import Button, bold, message

#: What may be said after the number; None is shortly before the signal expires.
LENGTHS = {"15m": timedelta(minutes=15), "1h": timedelta(hours=1), "end": None}
LABELS = {"15m": "15 min", "1h": "1 hour", "end": "10 min before the end"}


async def snooze(desk: Desk, request: Request) -> None:
    """Without a length it asks for one, in place of the card's own buttons."""
    signal_id, word = number(request, "snooze"), "".join(request.args[1:2]).lower()
    if word == "off":
        await snoozing.wake(desk, request.operator, signal_id)
        await _again(desk, request, signal_id)
        return
    if word in LENGTHS:
        back = await snoozing.snooze(desk, request.operator, signal_id, LENGTHS[word])
        if not pressed(request):
            at = f"{desk.local(back):%H:%M} {wording.place(desk.calendar.zone)}"
            await notices.answer(desk, request, f"Signal {signal_id} is put away until {at}.")
        return
    if word:
        raise BadCommand(f"{word[:20]!r} is none of {', '.join(LENGTHS)}; try /snooze 17 15m")
    card = await story.card(desk, signal_id, reader=request.operator)
    require_pending(desk, card.signal)
    left = card.signal.expires_at - desk.market.now()
    fits = {"15m": timedelta(minutes=15), "1h": timedelta(hours=1), "end": snoozing.LAST_CALL}
    rows = [
        [
            Button(LABELS[name], "snooze", (str(signal_id), name))
            for name in ("15m", "1h")
            if fits[name] < left
        ],
        [Button(LABELS["end"], "snooze", (str(signal_id), "end"))]
        if left > snoozing.LAST_CALL + snoozing.SHORTEST
        else [],
        [Button("Back", "snooze", (str(signal_id), "off"))],
    ]
    said = cards.card_message(desk, card)
    asking = message(
        *said.text, bold("\nPut it away for how long?"), buttons=[row for row in rows if row]
    )
    await notices.answer(desk, request, asking, edits=pressed(request))


async def _again(desk: Desk, request: Request, signal_id: int) -> None:
    """The card with its own buttons, whether or not it was put away."""
    card = await story.card(desk, signal_id, reader=request.operator)
    said = cards.card_message(desk, card)
    await notices.answer(desk, request, said, edits=pressed(request))
