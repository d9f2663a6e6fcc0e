"""A signal names a target position, decided on one bar of one instrument by one strategy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trading.types import Mode, Moment, Target


class SignalState(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


#: Legal moves; the journal refuses every other.
SIGNAL_MOVES: Mapping[SignalState, frozenset[SignalState]] = {
    SignalState.PENDING: frozenset(
        {SignalState.APPROVED, SignalState.REJECTED, SignalState.EXPIRED}
    ),
    SignalState.APPROVED: frozenset({SignalState.WITHDRAWN, SignalState.EXPIRED}),
    SignalState.REJECTED: frozenset(),
    SignalState.EXPIRED: frozenset(),
    SignalState.WITHDRAWN: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Signal:
    """Unique per (strategy, symbol, bar, moment, leg): the same bar proposes once."""

    strategy: str
    symbol: str
    target: Target
    bar: datetime  # the bar's open time, UTC
    moment: Moment
    price: Decimal  # reference price when decided, in the instrument's currency
    quantity: Decimal  # size proposed; the decision sizes again
    proposed_at: datetime  # market time
    execute_at: datetime  # market time
    expires_at: datetime  # market time; no decision after it
    equity: Decimal = Decimal(0)  # the account's equity when it was sized, in its currency
    leg: int = 0  # negative: asked for by hand, in the request of that number
    strength: float = 0.0
    rank: int = 0  # 1 is the best of its scan
    stop: Decimal | None = None
    features: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    state: SignalState = SignalState.PENDING
    decided_by: str = ""  # "operator:42", "auto", "veto" (nobody did), "clock"
    decided_at: datetime | None = None  # market time
    note: str = ""  # why it was rejected, refused, or waits for a person after all
    carded: bool = False  # told as a full card of its own
    kept_stop: Decimal | None = None  # what will rest at the broker or be watched, as proposed
    mode: Mode = Mode.MANUAL  # who decides this one; a veto may become manual
    window: int = 0  # seconds of wall time a veto may come in, from when its card was taken
    veto_until: datetime | None = None  # wall time the window ends; None before it began
    limit: Decimal | None = None  # the worst price its order may trade at; None: at the market
    id: int = 0
    version: int = 0

    @property
    def by_hand(self) -> bool:
        """Asked for in a chat: its quantity is what was asked, neither sized nor the whole book."""
        return self.leg < 0

    @property
    def is_exit(self) -> bool:
        return self.target is Target.FLAT
