"""Reports: P&L by day and the positions, from marks, the ledger and the latest quotes."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from operator import attrgetter

from analytics.days import Day
from analytics.periods import Against, last
from desk import settle
from desk.desk import Desk
from desk.stretch import Stretch, stretch
from trading.errors import BadCommand, BrokerError, DataError
from trading.ledger import Ledger, Position, Trade
from trading.money import Mark, money
from trading.ports import Broker

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Profit:
    """P&L of a period, in `currency`, and the figures a reader compares it with. Where it is
    gross, fees and taxes are not taken off its days."""

    currency: str
    days: tuple[Day, ...]
    last: Day | None
    before_last: Day | None
    fees: Decimal  # of the period
    trades: tuple[Trade, ...]
    unrealised: Decimal
    as_of: datetime
    until: tuple[Day, ...] = ()  # every day up to the period's end
    ends: date = date.min  # the period's last day

    def over(self, days: int) -> Against:
        """The last so many days of the calendar, today among them where the period goes on,
        against as many before."""
        return last(self.until, days, self.ends)

    @property
    def total(self) -> Decimal:
        return sum((day.net for day in self.days), ZERO)

    @property
    def wins(self) -> int:
        return sum(trade.net_base > 0 for trade in self.trades)


@dataclass(frozen=True, slots=True)
class Held:
    """An open position at its latest price; amounts in base currency, `rate` base per unit of the
    instrument's."""

    position: Position
    price: Decimal
    priced_at: datetime
    rate: Decimal = Decimal(1)

    @property
    def value(self) -> Decimal:
        """Signed."""
        return self.position.value(self.price) * self.rate

    @property
    def unrealised(self) -> Decimal:
        """Of the price and of the exchange rate together."""
        return self.value - self.position.base

    @property
    def fx(self) -> Decimal:
        """What the exchange rate did to it."""
        return self.position.cost * self.rate - self.position.base


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
    raise BadCommand(f"{period[:20]!r} is no period; use one of: day, week, month, ytd, all")


async def held(desk: Desk, strategy: str | None = None) -> list[Held]:
    """Open positions at the latest known prices, the largest first."""
    ledger = await desk.books.ledger()
    now = desk.market.now()
    asked = min(now, known_end(desk))
    rows = []
    for position in ledger.held(strategy):
        quote = await desk.feed.quote(position.book.symbol, asked)
        price, at = (quote.price, quote.at) if quote else (position.average, now)
        rows.append(Held(position, price, at, known(ledger, position.currency, now)))
    return sorted(rows, key=lambda row: -abs(row.value))


def known_end(desk: Desk) -> datetime:
    """The end of the last day the exchange's calendar knows: no price is looked up after it."""
    return datetime.combine(desk.calendar.known_through, time.max, UTC)


def known(ledger: Ledger, currency: str, when: datetime) -> Decimal:
    """Base currency per unit of `currency`. Raises DataError where no rate is recorded: a figure
    made without one would be wrong."""
    rate = ledger.rates.at(currency, when)
    if rate.is_nan():
        base = ledger.rates.base
        raise DataError(
            f"no {currency}/{base} exchange rate is known: import one with "
            f"`quarterdeck import rates`, a file of date, currency, {base}"
        )
    return rate


@dataclass(frozen=True, slots=True)
class Parts:
    """What net P&L is made of, cumulative or of a period. Fees are a positive cost."""

    realised: Decimal = ZERO  # gross, closed lots, by price
    unrealised: Decimal = ZERO  # open lots, by price
    fees: Decimal = ZERO
    taxes: Decimal = ZERO
    fx: Decimal = ZERO  # what exchange rates did to closed and open lots

    @property
    def net(self) -> Decimal:
        return self.realised + self.unrealised + self.fx - self.fees - self.taxes

    @property
    def gross(self) -> Decimal:
        """Before fees and taxes."""
        return self.realised + self.unrealised + self.fx

    def __add__(self, other: "Parts") -> "Parts":
        return Parts(*(a + b for a, b in zip(self._all(), other._all(), strict=True)))

    def __sub__(self, other: "Parts") -> "Parts":
        return Parts(*(a - b for a, b in zip(self._all(), other._all(), strict=True)))

    def _all(self) -> tuple[Decimal, ...]:
        return self.realised, self.unrealised, self.fees, self.taxes, self.fx


#: Cumulative figures at the close of each session; today's as they stand now. Days ascend.
Course = Mapping[date, Parts]


async def courses(desk: Desk) -> dict[str, Course]:
    """Each strategy's course: the marks, and the books as they stand for what is not marked."""
    now = desk.market.now()
    found: dict[str, dict[date, Parts]] = {}
    for mark in await desk.journal.read(Mark, order="session"):
        course = found.setdefault(mark.strategy, {})
        saved = Parts(
            money(mark.realised),
            money(mark.unrealised),
            money(mark.fees),
            money(mark.taxes),
            money(mark.fx),
        )
        there = course.get(mark.session)  # in another account
        course[mark.session] = there + saved if there else saved
    open_rows = await held(desk)
    standing: dict[str, Parts] = {}
    for (strategy, _), one in (await desk.books.ledger()).totals.items():
        parts = Parts(one.realised, ZERO, one.fees, one.taxes, one.fx)
        standing[strategy] = standing.get(strategy, Parts()) + parts
    for row in open_rows:
        opened = Parts(unrealised=row.unrealised - row.fx, fx=row.fx)
        standing[row.position.book.strategy] += opened
    today = desk.local(now).date()
    if now > known_end(desk):
        begun = True  # whether there is a session nobody knows; what happened since counts
    else:
        session = desk.calendar.session_on(min(today, desk.calendar.known_through))
        begun = session is not None and session.open <= now
    if begun or not found or any(today in course for course in found.values()):
        for strategy, parts in standing.items():  # what happened since the last mark counts today
            found.setdefault(strategy, {})[today] = parts
    return dict(found)


def combined(several: Iterable[Course]) -> Course:
    """Their sum by day; a strategy that has no figures on a day keeps its last."""
    lines = list(several)
    if len(lines) == 1:
        return lines[0]
    total: dict[date, Parts] = {}
    latest = [Parts()] * len(lines)
    for day in sorted({day for line in lines for day in line}):
        latest = [line.get(day, before) for line, before in zip(lines, latest, strict=True)]
        total[day] = sum(latest, Parts())
    return total


def between(course: Course, first: date, last: date) -> Parts:
    """What the days from `first` to `last` added."""
    before = [parts for day, parts in course.items() if day < first]
    until = [parts for day, parts in course.items() if day <= last]
    return (until[-1] if until else Parts()) - (before[-1] if before else Parts())


def daily(course: Course, *, gross: bool = False) -> list[Day]:
    """Each day's own figures; gross, nothing is taken off them."""
    before, days = Parts(), []
    for day, parts in course.items():
        own = parts - before
        before = parts
        days.append(Day(day, own.gross) if gross else Day(day, own.net, own.fees, own.taxes))
    return days


def closed(desk: Desk, ledger: Ledger, first: date, last: date) -> list[Trade]:
    """The trades that ended on those days."""
    begin = datetime.combine(first, time.min, desk.zone)
    after = datetime.combine(last, time.max, desk.zone)
    place = attrgetter("closed_at")  # by which trades stand in order
    trades = ledger.trades
    ended = trades[bisect_left(trades, begin, key=place) : bisect_right(trades, after, key=place)]
    base = ledger.rates.base
    for trade in ended:
        if trade.currency != base and trade.net_base.is_nan():
            known(ledger, trade.currency, trade.opened_at)
    return ended


async def profit(
    desk: Desk, period: str | Stretch, strategy: str | None = None, *, gross: bool = False
) -> Profit:
    """P&L by session: the marks, and the books as they stand now for what is not marked. Raises
    BadCommand for a period that is none."""
    now = desk.market.now()
    span = stretch(period, desk.local(now).date()) if isinstance(period, str) else period
    found = await courses(desk)
    course = combined(line for name, line in found.items() if strategy in (None, name))
    until = [day for day in daily(course, gross=gross) if day.day <= span.last]
    open_rows = await held(desk, strategy)
    ended = closed(desk, await desk.books.ledger(), span.first, span.last)
    if strategy is not None:
        ended = [trade for trade in ended if trade.book.strategy == strategy]
    return Profit(
        desk.currency,
        tuple(day for day in until if day.day >= span.first),
        until[-1] if until else None,
        until[-2] if len(until) > 1 else None,
        between(course, span.first, span.last).fees,
        tuple(ended),
        sum((row.unrealised for row in open_rows), ZERO),
        now,
        tuple(until),
        span.last,
    )


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
            if rows:  # what was filled a moment ago is no difference
                await settle.collect(desk, broker)
                again = await position_differences(desk, broker)
                rows = [row for row in rows if row in again]
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
