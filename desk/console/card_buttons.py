"""The buttons under a signal: what may be done with it as it stands, for one reader."""

from collections.abc import Sequence

from desk.clearing import HALF
from desk.story import Card
from trading.messages import Button
from trading.orders import OrderState
from trading.rounding import to_lot
from trading.signals import SignalState
from trading.types import Mode

Rows = Sequence[Sequence[Button]]

#: Why somebody rejects, by the word a button sends; "other" asks for text.
REASONS = {
    "price": "Price",
    "size": "Size",
    "news": "News",
    "dislike": "Don't like it",
    "other": "Other",
}


def buttons(card: Card) -> Rows:
    """Four in a row at most: more do not fit 360 px."""
    signal, number = card.signal, (str(card.signal.id),)
    if signal.state is SignalState.PENDING:
        return _snoozed(number) if card.snoozed is not None else _pending(card)
    why = _why(card)
    planned = card.order is not None and card.order.state is OrderState.PLANNED
    if signal.state is SignalState.APPROVED and planned:
        return [[Button("Withdraw", "withdraw", number, style="danger"), *why]]
    if signal.state is SignalState.REJECTED and card.decided_by == "you" and not signal.note:
        reasons = [Button(label, "reason", (*number, word)) for word, label in REASONS.items()]
        return [reasons[:3], reasons[3:], why]
    return [why]


def _pending(card: Card) -> Rows:
    signal, number = card.signal, (str(card.signal.id),)
    vetoes = signal.mode is Mode.VETO
    first = [
        Button("Approve now" if vetoes else "Approve", "approve", number, style="success"),
        Button("Veto" if vetoes else "Reject", "reject", number, style="danger"),
    ]
    more = list(_why(card))
    if not signal.is_exit and to_lot(signal.quantity * HALF, card.instrument.lot):
        more.insert(0, Button("Half", "approve", (*number, "half")))
    if not vetoes:
        more.append(Button("Snooze", "snooze", number, once=False))
    return [first, more]


def _why(card: Card) -> list[Button]:
    number = (str(card.signal.id),)
    return [
        Button("Why", "why", number, once=False),
        Button("Chart", "chart", number, once=False),
    ]


def _snoozed(number: tuple[str]) -> Rows:
    return [
        [
            Button("Show now", "snooze", (*number, "off")),
            Button("Reject", "reject", number, style="danger"),
        ]
    ]


def list_row(card: Card, decided: tuple[str, ...]) -> list[Button]:
    """Of an item in a list; `decided` are further arguments of its decisions."""
    signal, number = card.signal, (str(card.signal.id),)
    return [
        Button(f"✔ {signal.symbol}", "approve", (*number, *decided), style="success"),
        Button(f"✖ {signal.symbol}", "reject", (*number, *decided), style="danger"),
        Button("Why", "why", number, once=False),
    ]
