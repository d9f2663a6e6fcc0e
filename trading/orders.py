"""Orders, their legal moves, and the fills that settle them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trading.types import Side


class OrderState(StrEnum):
    PLANNED = "planned"
    SUBMITTING = "submitting"
    ACCEPTED = "accepted"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    UNKNOWN = "unknown"  # sent, outcome not known; its instrument is blocked


_S = OrderState
DONE = frozenset({_S.FILLED, _S.CANCELLED, _S.REJECTED, _S.EXPIRED})
AT_BROKER = frozenset({_S.SUBMITTING, _S.ACCEPTED, _S.PARTIALLY_FILLED, _S.UNKNOWN})
IN_DOUBT = frozenset({_S.SUBMITTING, _S.UNKNOWN})
WORKING = AT_BROKER | {_S.PLANNED}

#: Legal moves; the journal refuses every other. A fill may arrive before its acknowledgement.
ORDER_MOVES: Mapping[OrderState, frozenset[OrderState]] = {
    _S.PLANNED: frozenset(
        {
            _S.SUBMITTING,
            _S.CANCELLED,
            _S.EXPIRED,
            _S.REJECTED,
            _S.PARTIALLY_FILLED,  # sent before, proven absent, and there after all:
            _S.FILLED,  # it is not sent again
        }
    ),
    _S.SUBMITTING: frozenset(
        {
            _S.PLANNED,  # only where the broker was proven not reached, or not to have it
            _S.ACCEPTED,
            _S.PARTIALLY_FILLED,
            _S.FILLED,
            _S.REJECTED,
            _S.CANCELLED,
            _S.UNKNOWN,
        }
    ),
    _S.ACCEPTED: frozenset(
        {_S.PARTIALLY_FILLED, _S.FILLED, _S.CANCELLED, _S.REJECTED, _S.EXPIRED, _S.UNKNOWN}
    ),
    _S.PARTIALLY_FILLED: frozenset({_S.FILLED, _S.CANCELLED, _S.EXPIRED, _S.UNKNOWN}),
    _S.UNKNOWN: frozenset(
        {
            _S.PLANNED,  # proven not to have arrived
            _S.SUBMITTING,  # sent again, to a broker that places a key once
            _S.ACCEPTED,
            _S.PARTIALLY_FILLED,
            _S.FILLED,
            _S.REJECTED,
            _S.CANCELLED,
            _S.EXPIRED,
        }
    ),
    _S.FILLED: frozenset(),
    _S.CANCELLED: frozenset({_S.FILLED}),  # a fill that crossed the cancel on the wire
    _S.REJECTED: frozenset(),
    _S.EXPIRED: frozenset({_S.FILLED}),
}


class OrderType(StrEnum):
    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"  # rests until the market is at `stop` or beyond, then trades at the market


@dataclass(frozen=True, slots=True)
class Order:
    """`key` is our client order id: derived from the signal, the same for ever, unique."""

    key: str
    strategy: str
    broker: str
    account: str
    symbol: str
    side: Side
    quantity: Decimal  # units, positive
    execute_at: datetime  # market time; not sent before
    created_at: datetime  # market time
    type: OrderType = OrderType.MARKET
    limit: Decimal | None = None
    stop: Decimal | None = None
    reference: Decimal | None = None  # the price the decision was made on; the collar's centre
    reduce_only: bool = False
    purpose: str = "signal"  # signal | exit | squareoff | manual
    signal_id: int | None = None
    state: OrderState = OrderState.PLANNED
    owner: str = ""  # who claimed it and may still send it; "" where nobody can
    leased_until: datetime | None = None  # wall time; nobody but its owner looks before
    claimed_at: datetime | None = None  # wall time of the first claim since it was planned
    attempts: int = 0  # how often it was claimed to be sent
    asked_at: datetime | None = None  # wall time operators were asked what became of it
    broker_ref: str = ""
    note: str = ""  # the broker's or the desk's reason
    submitted_at: datetime | None = None  # market time
    done_at: datetime | None = None  # market time
    id: int = 0
    version: int = 0

    @property
    def is_done(self) -> bool:
        return self.state in DONE


ADOPTED = "adopted:"  # how the execution id begins of a fill that no broker has shown


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution, unique per (broker, account, execution_id). Fees and taxes are positive
    costs. A correction is a fill that `reverses` another of its broker and account: both stay, and
    neither counts.
    """

    broker: str
    account: str
    execution_id: str
    order_key: str
    strategy: str
    symbol: str
    side: Side
    quantity: Decimal  # units, positive
    price: Decimal
    fee: Decimal
    currency: str
    at: datetime  # market time
    multiplier: Decimal = Decimal(1)
    tax: Decimal = Decimal(0)
    reverses: str = ""  # an execution id
    id: int = 0

    @property
    def is_adopted(self) -> bool:
        """An operator took the broker's position for ours; no order and no execution stand behind
        it."""
        return self.execution_id.startswith(ADOPTED)


@dataclass(frozen=True, slots=True)
class Ack:
    """A broker's answer about one of our orders, to `submit`, `find` or `cancel`."""

    key: str
    state: OrderState
    broker_ref: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Resting:
    """An order that works at the broker, ours or not; `quantity` is what is left of it, units."""

    key: str
    symbol: str
    side: Side
    quantity: Decimal
    limit: Decimal | None = None  # None: at the market
    stop: Decimal | None = None  # of a stop order
