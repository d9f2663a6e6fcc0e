"""The limits, as values. Defaults follow common practice (SEC 15c3-5, NautilusTrader)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

from risk.aims import Aim
from trading.parts import Part

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Caps:
    """Limits of one account, strategy or instrument: fractions of equity, on top of the desk's.
    None asks for nothing."""

    order_notional: Decimal | None = None
    position_notional: Decimal | None = None
    gross_notional: Decimal | None = None
    net_exposure: Decimal | None = None
    sector: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Breakers:
    """What stops trading by itself; nothing here loosens it again. 0 asks for nothing."""

    loss_reducing: Decimal = Decimal("0.03")  # of the day, fractions of equity
    loss_halted: Decimal = Decimal("0.05")
    drawdown: Decimal = Decimal("0.10")  # from the highest equity, marked to market
    losses: int = 8  # trades lost in a row by one strategy
    rejects: int = 5  # entries one broker refused in a row


@dataclass(frozen=True, slots=True)
class Protections:
    """What locks a strategy or an instrument for some sessions. 0 asks for nothing."""

    stops: int = 4  # trades of a strategy that ended at their stop, within `stop_sessions`
    stop_sessions: int = 5
    poor_trades: int = 0  # trades in an instrument, that many at least, within `poor_sessions`
    poor_sessions: int = 60
    poor_profit: Decimal = Decimal(0)  # their sum, in currency, below which it is locked
    lock_sessions: int = 2


@dataclass(frozen=True, slots=True)
class Limits:
    """Fractions of equity unless said. 0 of a count or a time asks for nothing."""

    order_notional: Decimal = Decimal("0.05")
    position_notional: Decimal = Decimal("0.10")
    gross_notional: Decimal = Decimal("1.00")
    drift: Decimal = Decimal("0.01")  # signal price to the press; or half an ATR if larger
    collar: Decimal = Decimal("0.02")  # decision price to our own quote when the order is sent
    thin_collar: Decimal = Decimal("0.05")  # the same where the market is thin
    thin_spread: Decimal = Decimal("0.01")  # bid to ask, of the price, from which it is
    net_exposure: Decimal = Decimal("1.00")  # longs less shorts
    sector: Decimal = Decimal("0.40")  # everything held in one sector
    leverage: Decimal | None = None  # gross over equity; None: what the broker allows
    margin: Decimal = Decimal("0.80")  # in use, where the broker says it
    quote_age: timedelta = timedelta(seconds=5)  # of a feed that streams
    bar_age: int = 2  # sessions closed since the price, of a feed of sessions
    duplicate: timedelta = timedelta(seconds=60)
    skew: timedelta = timedelta(seconds=2)  # of the broker's clock against ours
    rate: int = 10  # entries a minute
    rate_symbol: int = 3  # of them in one instrument
    rate_wait: timedelta = timedelta(minutes=5)  # an entry over the rate ends after that
    breakers: Breakers = field(default_factory=Breakers)
    protections: Protections = field(default_factory=Protections)
    accounts: Mapping[str, Caps] = field(default_factory=dict)
    strategies: Mapping[str, Caps] = field(default_factory=dict)
    symbols: Mapping[str, Caps] = field(default_factory=dict)

    def of_history(self) -> "Limits":
        """Those of a replay, where nobody could resume and no wire is flooded: sizes alone."""
        zero = Decimal(0)
        calm = Breakers(zero, zero, zero, 0, 0)
        none = Protections(stops=0, poor_trades=0)
        return replace(self, rate=0, rate_symbol=0, breakers=calm, protections=none)


def tightest(limits: Iterable[Decimal | None]) -> Decimal | None:
    return min((limit for limit in limits if limit is not None), default=None)


@dataclass(frozen=True, slots=True)
class Allowance:
    """One strategy's money: fractions of the account's equity."""

    allocation: Decimal = Decimal("0.80")
    position: Decimal = Decimal("0.05")  # aimed at by each entry without a rule
    max_positions: int = 20
    amount: Decimal | None = None  # in place of `allocation`: money, in the desk's currency
    aim: Aim | None = None  # the rule that sizes an entry

    def limit(self, equity: Decimal) -> Decimal:
        """What the strategy may use in all, in currency; never below zero."""
        return max(self.allocation * equity if self.amount is None else self.amount, ZERO)

    def with_part(self, part: Part) -> "Allowance":
        """The same with another allocation."""
        if part.amount is not None:
            return replace(self, amount=part.amount)
        assert part.share is not None
        return replace(self, allocation=part.share, amount=None)
