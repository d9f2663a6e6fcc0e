"""What a card, a list or /why shows of a signal: its facts read together, at one moment."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from desk import assent, judging, snoozing
from desk.decide import decider
from desk.desk import Desk
from desk.notices import card_subject
from risk.checks import Check
from trading.errors import DeskError
from trading.facts import Picture
from trading.orders import Fill, Order, OrderState
from trading.signals import Signal, SignalState
from trading.types import Instrument

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Card:
    """A signal as it stands, for one reader. Money in the instrument's currency."""

    signal: Signal
    instrument: Instrument
    order: Order | None
    filled: Decimal
    average: Decimal
    fees: Decimal
    decided_by: str  # "you", a name, "auto" or ""
    picture: Picture | None
    snoozed: datetime | None = None  # wall time it comes back to this reader
    first: str = ""  # who approved it and waits for a second person, by name
    checks: tuple[Check, ...] = ()  # of one that waits, as it was judged last

    @property
    def value(self) -> Decimal:
        """As sized on the signal's price; once filled, as paid."""
        if self.order is not None and self.order.state is OrderState.FILLED:
            return self.filled * self.average * self.instrument.multiplier
        return self.signal.quantity * self.signal.price * self.instrument.multiplier

    @property
    def share(self) -> Decimal | None:
        """The signal's value as a share of the equity it was sized on."""
        return self.value / self.signal.equity if self.signal.equity else None


async def card(desk: Desk, signal_id: int, *, reader: int = 0) -> Card:
    """Raises DeskError for a signal that does not exist."""
    signal = await desk.journal.first(Signal, id=signal_id)
    if signal is None:
        raise DeskError(f"there is no signal {signal_id}; /signals lists those waiting")
    orders = await desk.journal.read(Order, signal_id=signal_id, order="-id")
    order = orders[0] if orders else None  # those before it were changed into it
    keys = tuple(one.key for one in orders)
    fills = await desk.journal.read(Fill, order_key__in=keys) if orders else []
    picture = await desk.journal.first(Picture, subject=card_subject(signal_id), order="-id")
    shown = _card(desk, signal, order, fills, picture, reader)
    if signal.state is not SignalState.PENDING:
        return shown
    back = await snoozing.until(desk, reader, signal_id) if reader else None
    judged = await judging.latest(desk, signal_id)
    checks = tuple(judging.checks_of(judged)) if judged else ()
    first = await assent.first_of(desk, signal_id)
    return replace(shown, snoozed=back, first=first, checks=checks)


def _card(
    desk: Desk,
    signal: Signal,
    order: Order | None,
    fills: Sequence[Fill],
    picture: Picture | None,
    reader: int,
) -> Card:
    filled = sum((fill.quantity for fill in fills), ZERO)
    paid = sum((fill.quantity * fill.price for fill in fills), ZERO)
    return Card(
        signal,
        desk.instrument(signal.symbol),
        order,
        filled,
        paid / filled if filled else ZERO,
        sum((fill.fee + fill.tax for fill in fills), ZERO),
        decider(desk, signal, reader=reader),
        picture,
    )


async def listed(desk: Desk, strategy: str, bar: datetime, *, reader: int = 0) -> list[Card]:
    """The signals of one scan that have no card of their own, best first, without pictures."""
    signals = await desk.journal.read(
        Signal, strategy=strategy, bar=bar, carded=False, order="rank"
    )
    orders = {
        order.signal_id: order
        for order in await desk.journal.read(
            Order, signal_id__in=tuple(signal.id for signal in signals)
        )
    }
    keys = tuple(order.key for order in orders.values())
    fills: dict[str, list[Fill]] = {key: [] for key in keys}
    for fill in await desk.journal.read(Fill, order_key__in=keys):
        fills[fill.order_key].append(fill)
    return [
        _card(desk, signal, order, fills[order.key] if order else [], None, reader)
        for signal in signals
        for order in (orders.get(signal.id),)
    ]
