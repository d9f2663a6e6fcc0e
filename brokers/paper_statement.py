"""The paper broker's statement: cash, positions, orders and executions, folded from its events."""

from dataclasses import dataclass, field
from decimal import Decimal

from brokers.paper_events import Accepted, Closed, Deposited, Event, Executed, Transferred
from trading.errors import BrokerError
from trading.orders import DONE, Ack, Fill, Order, OrderState, Resting
from trading.types import Holdings, Side

ZERO = Decimal(0)
AVERAGE_STEP = Decimal("0.00000001")  # an average price is shown to this


@dataclass(slots=True)
class Held:
    """One instrument's net position, at average cost."""

    multiplier: Decimal
    quantity: Decimal = ZERO  # signed, units
    average: Decimal = ZERO

    def add(self, signed: Decimal, price: Decimal) -> None:
        before = self.quantity
        after = before + signed
        if not before or (before > 0) != (after > 0):  # opened, closed or flipped
            self.average = price if after else ZERO
        elif abs(after) > abs(before):
            self.average = (before * self.average + signed * price) / after
        self.quantity = after

    def value(self, price: Decimal) -> Decimal:
        """Market value, signed."""
        return self.quantity * price * self.multiplier


@dataclass(slots=True)
class Ticket:
    """An order as the broker keeps it."""

    ref: str
    order: Order
    quantity: Decimal
    reserve: Decimal
    note: str = ""
    state: OrderState = OrderState.ACCEPTED
    filled: Decimal = ZERO
    value: Decimal = ZERO  # traded so far, account currency
    fees: Decimal = ZERO

    @property
    def remaining(self) -> Decimal:
        return self.quantity - self.filled

    @property
    def reserved(self) -> Decimal:
        """Buying power still held back for what is left of it."""
        if not self.filled or not self.reserve:
            return self.reserve
        return self.reserve * self.remaining / self.quantity

    @property
    def ack(self) -> Ack:
        return Ack(self.order.key, self.state, self.ref, self.note)


@dataclass(slots=True)
class Statement:
    """Apply events in order; ask in between. Nothing here decides anything."""

    cash: Decimal = ZERO
    held: dict[str, Held] = field(default_factory=dict)
    tickets: dict[str, Ticket] = field(default_factory=dict)  # by broker reference
    newest: dict[str, Ticket] = field(default_factory=dict)  # by our key; the last one placed
    working: dict[str, Ticket] = field(default_factory=dict)  # by broker reference, oldest first
    executions: list[Fill] = field(default_factory=list)
    execution_ids: set[str] = field(default_factory=set)

    def apply(self, event: Event) -> None:
        if isinstance(event, Executed):
            self._execute(event)
        elif isinstance(event, Accepted):
            ticket = Ticket(event.ref, event.order, event.quantity, event.reserve, event.note)
            self.tickets[event.ref] = ticket
            self.newest[event.order.key] = ticket
            self.working[event.ref] = ticket
        elif isinstance(event, Closed):
            ticket = self.tickets[event.ref]
            ticket.state = event.state
            ticket.note = event.note or ticket.note
            self.working.pop(event.ref, None)
        elif isinstance(event, Deposited):
            self.cash += event.adjustment.amount
        elif isinstance(event, Transferred):
            self._hold(event.symbol, event.multiplier, event.quantity, event.price)

    def _hold(self, symbol: str, multiplier: Decimal, signed: Decimal, price: Decimal) -> None:
        held = self.held.get(symbol)
        if held is None:
            held = self.held[symbol] = Held(multiplier)
        held.add(signed, price)
        if not held.quantity:
            del self.held[symbol]

    def _execute(self, event: Executed) -> None:
        fill = event.fill
        self.executions.append(fill)
        self.execution_ids.add(fill.execution_id)
        value = fill.quantity * fill.price * fill.multiplier
        self.cash -= value * fill.side.sign + fill.fee + fill.tax
        self._hold(fill.symbol, fill.multiplier, fill.quantity * fill.side.sign, fill.price)
        ticket = self.tickets.get(event.ref)
        if ticket is None:
            return
        ticket.filled += fill.quantity
        ticket.value += value
        ticket.fees += fill.fee
        if ticket.filled >= ticket.quantity:
            ticket.state = OrderState.FILLED
            self.working.pop(event.ref, None)
        elif ticket.state not in DONE:
            ticket.state = OrderState.PARTIALLY_FILLED

    def quantity(self, symbol: str) -> Decimal:
        held = self.held.get(symbol)
        return held.quantity if held else ZERO

    def pending(self, symbol: str, side: Side, besides: str = "") -> Decimal:
        """Units that other resting orders would trade on that side."""
        return sum(
            (
                ticket.remaining
                for ref, ticket in self.working.items()
                if ref != besides and ticket.order.symbol == symbol and ticket.order.side is side
            ),
            ZERO,
        )

    def reserved(self, besides: str = "") -> Decimal:
        """Buying power held back for resting orders."""
        return sum((t.reserved for ref, t in self.working.items() if ref != besides), ZERO)

    def find(self, key: str) -> Ack | None:
        ticket = self.newest.get(key)
        return ticket.ack if ticket else None

    def fills_after(self, cursor: str) -> tuple[list[Fill], str]:
        """Executions after the cursor, oldest first, and the new cursor.

        The cursor counts executions. BrokerError for one that this book never gave out: reading
        on from it would lose fills in silence.
        """
        seen = self.seen(cursor)
        return self.executions[seen:], str(len(self.executions))

    def seen(self, cursor: str) -> int:
        if cursor == "":
            return 0
        if not (cursor.isascii() and cursor.isdigit()):
            raise BrokerError(f"{cursor[:40]!r} is not a paper fill cursor; read from the start")
        seen = int(cursor)
        if seen > len(self.executions):
            raise BrokerError(
                f"paper fill cursor {seen} is past the book's {len(self.executions)} executions: "
                "the paper book was replaced; read from the start and reconcile"
            )
        return seen

    def resting(self) -> list[Resting]:
        """What works and may still trade, oldest first."""
        return [
            Resting(
                t.order.key, t.order.symbol, t.order.side, t.remaining, t.order.limit, t.order.stop
            )
            for t in self.working.values()
        ]

    def holdings(self) -> list[Holdings]:
        """Open positions by symbol, signed."""
        return [
            Holdings(symbol, held.quantity, held.average.quantize(AVERAGE_STEP).normalize() + 0)
            for symbol, held in sorted(self.held.items())
        ]
