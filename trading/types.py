"""The words every room shares: sides, targets, moments, instruments, quotes."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


class Target(StrEnum):
    """The position a signal asks for; not an order."""

    LONG = "long"
    SHORT = "short"
    FLAT = "flat"


class Moment(StrEnum):
    """When in its bar a rule may be read: at the open (only the open is known) or at the close."""

    OPEN = "open"
    CLOSE = "close"


class Holding(StrEnum):
    UNTIL_EXIT = "until_exit"
    SESSION = "session"


class Mode(StrEnum):
    """Who decides a strategy's signals."""

    MANUAL = "manual"
    VETO = "veto"
    AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Instrument:
    symbol: str
    name: str = ""
    sector: str = ""
    exchange: str = ""
    calendar: str = "XNYS"
    currency: str = "USD"
    tick: Decimal = Decimal("0.01")  # price step, in currency
    lot: Decimal = Decimal(1)  # quantity step, in units
    multiplier: Decimal = Decimal(1)  # currency per point and unit
    broker: str = "paper"
    minimum: Decimal = Decimal(0)  # the least value of an entry, in currency


@dataclass(frozen=True, slots=True)
class Quote:
    """What one unit costs, and when that was known (market time, UTC)."""

    symbol: str
    price: Decimal
    at: datetime
    bid: Decimal | None = None
    ask: Decimal | None = None
    tradable: bool = True  # False while the instrument's session is closed


@dataclass(frozen=True, slots=True)
class Account:
    """The broker's own word on an account, in its base currency. What it does not say is None."""

    broker: str
    account: str
    currency: str
    cash: Decimal
    equity: Decimal
    at: datetime
    leverage: Decimal | None = None  # the most gross exposure, as a multiple of equity
    margin: Decimal | None = None  # in use
    buying_power: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Holdings:
    """The broker's net position in one instrument; quantity is signed, in units."""

    symbol: str
    quantity: Decimal
    average: Decimal
