"""What a replay made: its trades, its course of equity, and the figures people compare."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analytics import ratios
from trading.bars import Floats
from trading.money import MICRO

Micros = NDArray[np.int64]  # millionths of the currency


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """One trade, flat to flat. Money in the account's currency, fees positive; times are market
    time in UTC."""

    number: int
    symbol: str
    side: str  # "long" or "short"
    quantity: Decimal  # the most units held
    signalled_at: datetime
    opened_at: datetime
    entry: Decimal  # average price paid
    closed_at: datetime
    exit: Decimal
    fees: Decimal
    net: Decimal
    returned: float  # net over what the entry cost, a fraction
    bars: int  # of the strategy's timeframe that were completed while it was held
    reason: str  # of the entry
    exit_reason: str


@dataclass(frozen=True)
class Result:
    """One strategy over one span. Picklable. The courses have one value a session, at its close,
    costs included; `hold` is the same money in the same instruments, bought once and kept.
    """

    strategy: str
    params: tuple[tuple[str, str], ...]  # set away from their defaults, as text
    symbols: int
    sample: bool  # the shipped bars: today's index members only
    currency: str
    capital: Decimal
    costs: str  # in words
    days: tuple[date, ...]
    net: Micros  # cumulative net P&L
    exposure: Micros  # absolute market value held, what passed within the session included
    hold: Floats  # equity of buy and hold, currency
    held: int  # instruments that buy and hold bought
    trades: tuple[RoundTrip, ...]
    unrealised: Decimal  # part of `profit` that is still open
    fees: Decimal
    slippage: Decimal  # lost against the open or close traded at; positive
    traded: Decimal  # value of all fills

    @cached_property
    def equity(self) -> Floats:
        """Capital and net P&L, currency, (sessions,)."""
        return float(self.capital) + self.net / MICRO

    @property
    def profit(self) -> Decimal:
        """Net P&L, what is open counted at the last close."""
        return Decimal(int(self.net[-1])) / MICRO

    @property
    def share(self) -> float:
        """Net P&L as a fraction of capital."""
        return float(self.profit / self.capital)

    @cached_property
    def growth(self) -> float | None:
        return ratios.growth(float(self.capital), float(self.equity[-1]), self.days)

    @cached_property
    def drawdown(self) -> ratios.Fall:
        return ratios.drawdown(float(self.capital), self.equity)

    @cached_property
    def sharpe(self) -> float | None:
        return ratios.sharpe(ratios.returns(float(self.capital), self.equity))

    @property
    def nets(self) -> Sequence[Decimal]:
        return [trade.net for trade in self.trades]

    @property
    def win_rate(self) -> float | None:
        return ratios.win_rate(self.nets)

    @cached_property
    def profit_factor(self) -> float | None:
        return ratios.profit_factor(self.nets)

    @property
    def average(self) -> Decimal | None:
        """Net P&L of the mean trade, currency."""
        return ratios.mean(self.nets)

    @cached_property
    def exposed(self) -> float:
        """Mean over the sessions of market value held over equity, a fraction."""
        return ratios.exposed(self.exposure / MICRO, self.equity)

    @cached_property
    def turnover(self) -> float:
        """Times a year that the mean equity was bought and sold: half of all fills' value."""
        return ratios.turnover(float(self.traded), self.equity, self.days)

    @property
    def hold_profit(self) -> float:
        return float(self.hold[-1]) - float(self.capital)

    @cached_property
    def hold_growth(self) -> float | None:
        return ratios.growth(float(self.capital), float(self.hold[-1]), self.days)

    @cached_property
    def hold_drawdown(self) -> ratios.Fall:
        return ratios.drawdown(float(self.capital), self.hold)

    @cached_property
    def hold_sharpe(self) -> float | None:
        return ratios.sharpe(ratios.returns(float(self.capital), self.hold))
