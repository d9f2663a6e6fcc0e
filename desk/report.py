"""Reports: P&L by day and the positions, from marks, the ledger and the latest quotes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from desk.desk import Desk
from desk.marks import money
from trading.errors import BadCommand, BrokerError
from trading.facts import Mark
from trading.ledger import Position, Trade
from trading.ports import Broker

ZERO = Decimal(0)
PERIODS = ("day", "week", "month", "ytd", "all")


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    net: Decimal  # that day's change of realised + unrealised − fees


@dataclass(frozen=True, slots=True)
class Profit:
    """Net P&L of a period, in `currency`, and the figures a reader compares it with."""

    currency: str
    days: tuple[Day, ...]
    last: Day | None
    before_last: Day | None
    fees: Decimal
    trades: tuple[Trade, ...]
    unrealised: Decimal
    as_of: datetime

    @property
    def total(self) -> Decimal:
        return sum((day.net for day in self.days), ZERO)

    @property
    def wins(self) -> int:
        return sum(trade.net > 0 for trade in self.trades)


@dataclass(frozen=True, slots=True)
class Held:
    position: Position
    price: Decimal
    priced_at: datetime

    @property
    def unrealised(self) -> Decimal:
        return self.position.unrealised(self.price)


def first_day(period: str, today: date) -> date:
    """The first day of a period that ends today. Raises BadCommand for a word it is not."""
    match period:
        case "day":
            return today
        case "week":
            return today - timedelta(days=today.weekday())
        case "month":
            return today.replace(day=1)
        case "ytd":
            return today.replace(month=1, day=1)
        case "all":
            return date.min
    raise BadCommand(f"{period[:20]!r} is no period; use one of: {', '.join(PERIODS)}")


async def held(desk: Desk, strategy: str | None = None) -> list[Held]:
    """Open positions at the latest known prices, the largest first."""
    ledger = await desk.books.ledger()
    rows = []
    for position in ledger.held(strategy):
        quote = await desk.feed.quote(position.book.symbol, desk.market.now())
        rows.append(
            Held(position, quote.price, quote.at)
            if quote
            else Held(position, position.average, desk.market.now())
        )
    return sorted(rows, key=lambda row: -abs(row.position.value(row.price)))


async def profit(desk: Desk, period: str, strategy: str | None = None) -> Profit:
    """Net P&L by session: the marks, and the books as they stand now for what is not marked."""
    now = desk.market.now()
    today = desk.local(now).date()
    start = first_day(period, today)
    marks = await desk.journal.read(Mark, order="session")
    cumulative = _cumulative(m for m in marks if strategy in (None, m.strategy))
    ledger = await desk.books.ledger()
    open_rows = await held(desk, strategy)
    unrealised = sum((row.unrealised for row in open_rows), ZERO)
    books = [p for b, p in ledger.positions.items() if strategy in (None, b.strategy)]
    standing = sum((p.realised - p.fees for p in books), ZERO) + unrealised
    session = desk.calendar.session_on(today)
    begun = session is not None and session.open <= now
    if books and (today in cumulative or begun or not cumulative):
        cumulative[today] = standing  # what happened since the last mark counts today
    days = _daily(cumulative)
    inside = tuple(day for day in days if day.day >= start)
    trades = tuple(
        trade
        for trade in ledger.trades
        if strategy in (None, trade.book.strategy) and desk.local(trade.closed_at).date() >= start
    )
    return Profit(
        desk.currency,
        inside,
        days[-1] if days else None,
        days[-2] if len(days) > 1 else None,
        sum((p.fees for p in books), ZERO),
        trades,
        unrealised,
        now,
    )


def _cumulative(marks: Iterable[Mark]) -> dict[date, Decimal]:
    """Cumulative net by session over the strategies; one that has no mark that day keeps its last.

    A strategy's marks run on while it is flat, so a gap only stands before its first.
    """
    totals: dict[date, int] = {}
    for mark in marks:
        totals[mark.session] = totals.get(mark.session, 0) + mark.net
    return {day: money(net) for day, net in sorted(totals.items())}


def _daily(cumulative: dict[date, Decimal]) -> list[Day]:
    before, days = ZERO, []
    for day, net in sorted(cumulative.items()):
        days.append(Day(day, net - before))
        before = net
    return days


@dataclass(frozen=True, slots=True)
class Agreement:
    """Whether the broker's books say the same as ours."""

    at: datetime
    differences: tuple[str, ...]
    error: str = ""


async def broker_agrees(desk: Desk) -> Agreement:
    """Compare net positions, broker by broker."""
    differences = []
    for broker in desk.brokers.values():
        try:
            rows = await position_differences(desk, broker)
        except BrokerError as error:
            return Agreement(desk.market.now(), (), str(error))
        differences += [
            f"{symbol} {broker.name} {theirs:f}, ours {ours:f}" for symbol, theirs, ours in rows
        ]
    return Agreement(desk.market.now(), tuple(differences))


async def position_differences(desk: Desk, broker: Broker) -> list[tuple[str, Decimal, Decimal]]:
    """Each instrument whose net position the broker has otherwise: symbol, theirs, ours."""
    ours = (await desk.books.ledger()).net(broker.account_id)
    theirs = {h.symbol: h.quantity for h in await broker.positions()}
    return [
        (symbol, theirs.get(symbol, ZERO), ours.get(symbol, ZERO))
        for symbol in sorted(ours.keys() | theirs.keys())
        if ours.get(symbol, ZERO) != theirs.get(symbol, ZERO)
    ]
