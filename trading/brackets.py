"""A bracket: what ends one position without asking, and how far that has come."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trading.types import Side


class Trigger(StrEnum):
    """What ended a position, or is ending it."""

    NONE = ""
    STOP = "stop"
    TARGET = "target"
    SESSIONS = "sessions"


@dataclass(frozen=True, slots=True)
class Bracket:
    """The stop, target and last session of one position, prices in the instrument's currency.

    Unique per (strategy, account, symbol, opened_by, opened_at); of one book one at most is live.
    """

    strategy: str
    broker: str
    account: str
    symbol: str
    opened_by: str  # key of the order whose fill opened the position
    opened_at: datetime  # market time
    side: Side  # of the orders that close it
    entry: Decimal  # what the distances were measured from
    stop: Decimal | None = None
    trail: Decimal | None = None  # how far behind the best price the stop follows
    target: Decimal | None = None
    until: datetime | None = None  # market time it is left at
    rests: bool = False  # the stop is the broker's to watch, never ours too
    placed: int = 0  # orders made so far; the next one's key counts on
    action: int = 0  # the last corporate action that its prices have gone through
    moved_at: datetime | None = None  # market time the stop last followed the price
    fired: Trigger = Trigger.NONE  # set once, by compare-and-set; then what is left is closed
    fired_at: datetime | None = None  # market time
    note: str = ""  # why the position is not covered now
    ended_at: datetime | None = None  # market time; None while it is live
    id: int = 0
    version: int = 0

    @property
    def sign(self) -> int:
        """+1 of a long position, -1 of a short one."""
        return -self.side.sign

    def key(self, desk_id: str, number: int) -> str:
        """Our client order id of its `number`th order, the same for ever."""
        return f"{desk_id}-x{self.id}-{number}"
