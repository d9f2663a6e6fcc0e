"""The facts of money that are no executions: cash that moved, corporate actions, exchange rates,
and the marks and snapshots that cache what books and accounts were worth.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from trading.errors import DataError


class Flow(StrEnum):
    """Why cash moved without a trade."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    FEE = "fee"
    TAX = "tax"
    INTEREST = "interest"
    DIVIDEND = "dividend"
    FUNDING = "funding"  # of a perpetual or a margin loan
    FX = "fx"  # one leg of a conversion; the other is in another currency


#: Flows that are the owner's own money, neither gain nor cost.
CAPITAL = frozenset({Flow.DEPOSIT, Flow.WITHDRAWAL})


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Cash that moved without a trade. Positive is money in. Unique per (account, reference).

    A correction is another one with the opposite amount. The legs of a conversion are two, of
    kind "fx", whose references differ only in what follows their last "/".
    """

    account: str
    reference: str
    kind: str  # a Flow
    amount: Decimal
    currency: str
    at: datetime  # market time
    strategy: str = ""
    note: str = ""
    symbol: str = ""  # whose dividend or funding it is
    id: int = 0


class Change(StrEnum):
    """What a corporate action does to those who hold the instrument."""

    SPLIT = "split"  # `gives` new units for `takes` old ones; a bonus of 1 for 2 is 3 for 2
    SYMBOL = "symbol"  # the same units are called `into`
    SPINOFF = "spinoff"  # beside it, `gives` units of `into` for `takes`, with `share` of the cost
    MERGER = "merger"  # `gives` units of `into` for `takes`, and `price` in cash for each old unit
    EXERCISE = "exercise"  # of an option: `gives` units of `into` at `price` for `takes` contracts
    ASSIGNMENT = "assignment"  # the same, of one that was sold
    EXPIRY = "expiry"  # an option or a future ends, each unit worth `price`


@dataclass(frozen=True, slots=True)
class Action:
    """A corporate action or an option's end. Unique per (account, reference); it counts for every
    book of `symbol` in `account` ("" is every account) that is open at `at`.

    `right` is +1 for a call and -1 for a put: whether exercising buys or sells the underlying.
    """

    account: str
    reference: str
    kind: Change
    symbol: str
    at: datetime  # market time; before the first fill on the new terms
    gives: Decimal = Decimal(1)
    takes: Decimal = Decimal(1)
    into: str = ""
    share: Decimal = Decimal(0)  # of the cost, between 0 and 1
    price: Decimal = Decimal(0)  # in the instrument's currency
    units: Decimal = Decimal(0)  # how many are affected, unsigned; 0 is all
    right: int = 1
    note: str = ""
    id: int = 0

    @property
    def fault(self) -> str:
        """Why no ledger can carry it out, in a clause; "" where one can."""
        if not all(one.is_finite() for one in (self.gives, self.takes, self.share, self.price)):
            return "a figure of it is no number"
        if self.gives <= 0 or self.takes <= 0:
            return f"{self.gives:f} for {self.takes:f} is no ratio"
        if self.kind not in (Change.SPLIT, Change.EXPIRY) and self.into in ("", self.symbol):
            return f"{self.kind} names no other instrument"
        if not 0 <= self.share <= 1:
            return f"a share of {self.share:f} of the cost, which lies between 0 and 1"
        if not self.units >= 0 or self.right not in (1, -1):
            return "units are not below zero, and right is 1 or -1"
        return ""


@dataclass(frozen=True, slots=True)
class Rate:
    """What one unit of `currency` cost in `base`. Unique per (currency, base, at)."""

    currency: str
    base: str
    at: datetime  # market time
    value: Decimal
    source: str = ""
    id: int = 0


#: Snapshots are caches: money in millionths of the currency, so that SQL sums are exact.
MICRO = 1_000_000


def micro(value: Decimal) -> int:
    """In whole millionths, half to even. Raises DataError for what an exchange rate nobody
    recorded is part of."""
    if value.is_nan():
        raise DataError(
            "an exchange rate of the past is missing: import it with `quarterdeck import rates`"
        )
    return int((value * MICRO).to_integral_value())


def money(value: int) -> Decimal:
    return Decimal(value).scaleb(-6)


@dataclass(frozen=True, slots=True)
class Mark:
    """One strategy's book marked at one session's close. Unique per (session, account, strategy).

    Cumulative since the first fill, in millionths of `currency`, the base; rebuilt from facts at
    will.
    """

    session: date
    account: str
    strategy: str
    currency: str
    realised: int  # gross, closed lots, by price
    unrealised: int  # open lots at the close, by price
    fees: int  # positive cost
    exposure: int  # absolute market value held
    trades: int  # closed round trips so far
    taxes: int = 0  # positive cost
    fx: int = 0  # what exchange rates did to closed and open lots
    id: int = 0

    @property
    def net(self) -> int:
        return self.realised + self.unrealised + self.fx - self.fees - self.taxes


class Told(StrEnum):
    """Whose figures a snapshot's margin and buying power are."""

    NOBODY = ""  # neither the broker's nor by a rule: they are not known
    BROKER = "broker"
    RULE = "rule"  # exposure / leverage, and equity x leverage less exposure


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One account at one session's close. Unique per (session, account).

    Amounts in millionths of `currency`, the base; folded from facts at will, with the prices that
    `positions` keep. Those are rows of symbol, strategy, currency, units (signed), average, price
    ("" where none was known: at cost) and value (in base, signed); `trades` are the round trips
    closed since the close before: symbol, strategy, units, entry, exit and net (in base). All of
    them exact text.
    """

    session: date
    account: str
    currency: str
    equity: int  # net liquidation value: cash and what is held
    cash: int
    gross: int  # absolute value held
    net: int  # longs less shorts
    capital: int  # paid in less taken out since the first fact, at the rates of those days
    leverage: Decimal | None  # the most gross exposure the account allows, x equity
    margin: int | None
    buying_power: int | None
    told: Told
    positions: tuple[Mapping[str, str], ...]
    trades: tuple[Mapping[str, str], ...]
    id: int = 0

    @property
    def leverage_used(self) -> Decimal:
        """Gross exposure as a multiple of equity; 0 where there is none."""
        return Decimal(self.gross) / self.equity if self.equity > 0 else Decimal(0)
