"""Figures of a stretch of days, for digests: all from the marks, the ledger and the reports."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from analytics.days import Day
from analytics.shortfall import Execution
from desk import report
from desk.desk import Desk
from desk.executions import bounds, executions
from desk.report import Held, Parts
from trading.ledger import Trade
from trading.orders import Order, OrderState
from trading.signals import Signal, SignalState

ZERO = Decimal(0)


@dataclass(frozen=True)
class Figures:
    """The days from `first` to `last`, in `currency`. `gains` are by strategy, the best first."""

    first: date
    last: date
    currency: str
    gains: Mapping[str, Parts]
    days: tuple[Day, ...]  # those of the stretch
    before: tuple[Day, ...]  # all earlier ones
    trades: tuple[Trade, ...]
    executions: tuple[Execution, ...]
    drawdown: Decimal  # at the last day, from the highest point ever; 0 or positive

    @cached_property
    def total(self) -> Parts:
        return sum(self.gains.values(), Parts())

    @property
    def wins(self) -> int:
        return sum(trade.net_base > 0 for trade in self.trades)

    @property
    def turnover(self) -> Decimal:
        """Value bought and sold."""
        return sum((one.traded for one in self.executions), ZERO)

    def best_trades(self) -> list[Trade]:
        return sorted(self.trades, key=lambda trade: -trade.net_base)

    @property
    def idle(self) -> bool:
        return not (self.executions or self.trades or self.total != Parts())


async def figures(desk: Desk, first: date, last: date) -> Figures:
    found = await report.courses(desk)
    total = report.combined(found.values())
    days = [day for day in report.daily(total) if day.day <= last]
    gains = {name: report.between(course, first, last) for name, course in found.items()}
    return Figures(
        first,
        last,
        desk.currency,
        dict(sorted(gains.items(), key=lambda item: (-item[1].net, item[0]))),
        tuple(day for day in days if day.day >= first),
        tuple(day for day in days if day.day < first),
        tuple(report.closed(desk, await desk.books.ledger(), first, last)),
        tuple(await executions(desk, first, last)),
        drawdown(days),
    )


def drawdown(days: list[Day]) -> Decimal:
    """How far the last day's cumulative net is below the highest, which is never under 0."""
    total = peak = ZERO
    for day in days:
        total += day.net
        peak = max(peak, total)
    return peak - total


@dataclass(frozen=True, slots=True)
class Purse:
    """Cash, the absolute value held and equity, all brokers together, at the latest prices."""

    cash: Decimal
    exposure: Decimal
    equity: Decimal

    def share(self, value: Decimal) -> Decimal:
        return value / self.equity if self.equity > 0 else ZERO


async def purse(desk: Desk, rows: list[Held]) -> Purse:
    """`rows` are everything held."""
    ledger = await desk.books.ledger()
    prices = {row.position.book.symbol: row.price for row in rows}
    for position in ledger.held():
        prices.setdefault(position.book.symbol, position.average)
    accounts = [broker.account_id for broker in desk.brokers.values()]
    now = desk.market.now()
    cash = {key: amount for key, amount in ledger.cash.items() if key[0] in accounts}
    return Purse(
        sum((amount * report.known(ledger, key[1], now) for key, amount in cash.items()), ZERO),
        sum((abs(row.value) for row in rows), ZERO),
        sum((ledger.equity_base(account, prices, now) for account in accounts), ZERO),
    )


@dataclass(frozen=True, slots=True)
class Undone:
    """How many of each came to nothing in a stretch of days."""

    rejected: int  # signals turned down
    expired: int  # signals nobody decided
    orders: int  # orders that ended without what they asked for


async def undone(desk: Desk, first: date, last: date) -> Undone:
    begin, end = bounds(desk, first, last)
    decided = {"decided_at__gte": begin, "decided_at__lt": end}
    ended = (OrderState.REJECTED, OrderState.EXPIRED, OrderState.CANCELLED)
    return Undone(
        await desk.journal.count(Signal, state=SignalState.REJECTED, **decided),
        await desk.journal.count(Signal, state=SignalState.EXPIRED, **decided),
        await desk.journal.count(Order, state__in=ended, done_at__gte=begin, done_at__lt=end),
    )
