"""Statistics: what analytics needs of a stretch of days, from journal, ledger, marks and feed."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np

from analytics import excursion as excursions
from analytics.days import ZERO, Day
from analytics.excursion import Excursion
from analytics.stats import Stats, stats
from desk import report
from desk.desk import LAST, Desk
from desk.executions import bounds
from desk.leave import BY as AT_CLOSE
from trading.brackets import Bracket, Trigger
from trading.errors import DataError
from trading.ledger import Trade
from trading.ledger.fold import standing_fills
from trading.money import Adjustment, Flow, Mark, money
from trading.orders import Fill, Order
from trading.ports import KeepsBars
from trading.signals import Signal
from trading.types import Target

ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Statistics:
    """A stretch of days of one strategy ("" is all), in `currency`, the base. `trades` ended in
    it, `days` ascend, `capital` is the equity before the first: a strategy's is its allocation of
    the account's."""

    strategy: str
    first: date
    last: date
    currency: str
    capital: Decimal
    days: tuple[Day, ...]
    trades: tuple[Trade, ...]
    as_of: datetime

    @property
    def stats(self) -> Stats:
        return stats(self.trades, self.days, self.capital)


async def statistics(desk: Desk, first: date, last: date, strategy: str = "") -> Statistics:
    """Every session counts, from the first day that money was there, or (of a strategy) that it
    traded; `first` may be date.min. Raises DataError where an exchange rate is not known."""
    found = await report.courses(desk)
    everything = report.combined(found.values())
    course = found.get(strategy, {}) if strategy else everything
    ledger = await desk.books.ledger()
    ended = [
        trade
        for trade in report.closed(desk, ledger, first, last)
        if strategy in ("", trade.book.strategy)
    ]
    share = _share(desk, strategy)
    flows = [(day, amount * share) for day, amount in await _flows(desk)]
    since = min([*course, *(() if strategy else (day for day, _ in flows))], default=None)
    days = [] if since is None else _days(desk, course, max(first, since), last)
    begin = days[0].day if days else first
    earlier = [parts.net for day, parts in everything.items() if day < begin]
    capital = (earlier[-1] if earlier else ZERO) * share
    capital += sum((amount for day, amount in flows if day <= begin), ZERO)
    dates = [day.day for day in days]
    coming = _by_day(dates, [(day, amount) for day, amount in flows if day > begin])
    held = await _exposure(desk, dates, strategy)
    traded = await _traded(desk, dates, strategy)
    passing = _by_day(dates, [_passed(desk, trade) for trade in ended])
    return Statistics(
        strategy,
        first,
        last,
        desk.currency,
        capital,
        tuple(
            replace(
                day,
                exposure=held.get(day.day, ZERO) + passing.get(day.day, ZERO),
                traded=traded.get(day.day, ZERO),
                flow=coming.get(day.day, ZERO),
            )
            for day in days
        ),
        tuple(ended),
        desk.market.now(),
    )


def _days(desk: Desk, course: report.Course, first: date, last: date) -> list[Day]:
    """The course's days and every session between; one without figures added nothing."""
    now = desk.market.now()
    last = min(last, desk.local(now).date())
    days: dict[date, Day] = {}
    if first <= last:
        with suppress(DataError):  # a calendar that does not reach back so far
            found = desk.calendar.sessions(first, last)
            days = {one.day: Day(one.day, ZERO) for one in found if one.open <= now}
    days |= {one.day: one for one in report.daily(course) if first <= one.day <= last}
    return sorted(days.values(), key=lambda one: one.day)


def _share(desk: Desk, strategy: str) -> Decimal:
    plan = desk.plans.get(strategy)
    return plan.allowance.allocation if plan else ONE


async def _flows(desk: Desk) -> list[tuple[date, Decimal]]:
    """Cash that no trade moved, in base currency. Conversions only change its coin."""
    ledger = await desk.books.ledger()
    return [
        (
            desk.local(fact.at).date(),
            fact.amount * report.known(ledger, fact.currency, fact.at),
        )
        for fact in await desk.journal.read(Adjustment, kind__not=Flow.FX)
    ]


def _by_day(dates: Sequence[date], amounts: Sequence[tuple[date, Decimal]]) -> dict[date, Decimal]:
    """Each on its day, or on the next there is; what is later than all is left out."""
    found: dict[date, Decimal] = {}
    for day, amount in amounts:
        place = bisect_left(dates, day)
        if place < len(dates):
            found[dates[place]] = found.get(dates[place], ZERO) + amount
    return found


def _passed(desk: Desk, trade: Trade) -> tuple[date, Decimal]:
    """What came and went within a day was held through it, though no close shows it."""
    day = desk.local(trade.closed_at).date()
    same = desk.local(trade.opened_at).date() == day
    return day, trade.cost_base if same else ZERO


async def _exposure(desk: Desk, dates: Sequence[date], strategy: str) -> Mapping[date, Decimal]:
    """By day: as marked, else as it stands now."""
    if not dates:
        return {}
    only: dict[str, Any] = {"strategy": strategy} if strategy else {}
    found: dict[date, Decimal] = {}
    for mark in await desk.journal.read(Mark, session__gte=dates[0], **only):
        found[mark.session] = found.get(mark.session, ZERO) + money(mark.exposure)
    if dates[-1] == desk.local(desk.market.now()).date():
        rows = await report.held(desk, strategy or None)
        found.setdefault(dates[-1], sum((abs(row.value) for row in rows), ZERO))
    return found


async def _traded(desk: Desk, dates: Sequence[date], strategy: str) -> Mapping[date, Decimal]:
    """Value of all fills that stand by day, in base currency."""
    if not dates:
        return {}
    begin, end = bounds(desk, dates[0], dates[-1])
    only: dict[str, Any] = {"strategy": strategy} if strategy else {}
    ledger = await desk.books.ledger()
    fills = await desk.journal.read(Fill, at__gte=begin, at__lt=end, **only)
    worth = [
        (
            desk.local(fill.at).date(),
            fill.quantity
            * abs(fill.price)
            * fill.multiplier
            * report.known(ledger, fill.currency, fill.at),
        )
        for fill in standing_fills(fills)
    ]
    return _by_day(dates, worth)


REASONS = {
    Trigger.NONE: "stop",
    Trigger.STOP: "stop",
    Trigger.TARGET: "target",
    Trigger.SESSIONS: "last session",
}


async def exit_reasons(desk: Desk, trades: Sequence[Trade]) -> dict[str, str]:
    """Why each ended, in a word or two, by `Trade.closed_by`; one that nothing recorded explains
    is not there."""
    keys = {key for trade in trades for key in (trade.opened_by, trade.closed_by) if key}
    orders = {one.key: one for one in await desk.journal.read(Order, key__in=tuple(keys))}
    numbers = tuple({one.signal_id for one in orders.values() if one.signal_id is not None})
    signals = {one.id: one for one in await desk.journal.read(Signal, id__in=numbers)}
    openers = tuple({one.opened_by for one in trades if one.opened_by})
    brackets = await desk.journal.read(Bracket, opened_by__in=openers, fired__not="")
    ended = {bracket.opened_by: bracket.fired for bracket in brackets}
    found = {}
    for trade in trades:
        order = orders.get(trade.closed_by)
        if order is not None:
            entry = orders.get(trade.opened_by)
            opening = signals.get(entry.signal_id or 0) if entry else None
            fired = ended.get(trade.opened_by, Trigger.STOP)
            found[trade.closed_by] = _reason(
                trade, order, signals.get(order.signal_id or 0), opening, fired
            )
    return found


def _reason(
    trade: Trade, order: Order, signal: Signal | None, opening: Signal | None, fired: Trigger
) -> str:
    if order.purpose == "squareoff":
        return "square-off"
    if order.purpose == "exit":
        return REASONS[fired]
    if order.purpose == "manual" or signal is None:
        return "by hand"
    if signal.decided_by == AT_CLOSE:
        return "session close"
    if signal.target is not Target.FLAT:
        return "reversal"
    stop = opening.stop if opening is not None else None
    if stop is not None:
        beyond = signal.price <= stop if trade.quantity > 0 else signal.price >= stop
        if beyond:
            return "stop"
    return "exit rule"


async def excursion(desk: Desk, trade: Trade) -> Excursion | None:
    """MAE and MFE from the daily bars the feed keeps; None where it keeps none of them."""
    feed = desk.feed
    if not isinstance(feed, KeepsBars):
        return None
    first, last = desk.local(trade.opened_at).date(), desk.local(trade.closed_at).date()
    opening, closing = desk.calendar.session_on(first), desk.calendar.session_on(last)
    if opening is None or closing is None:
        return None
    symbol = trade.book.symbol
    bars = (await feed.bars((symbol,), first, min(closing.close, desk.market.now()))).get(symbol)
    if bars is None:
        return None
    whole = bars.ts[-1] == np.datetime64(last, "us")
    begun, ended = opening.open + LAST, closing.close - LAST
    certain = whole and trade.opened_at <= begun and trade.closed_at >= ended
    return excursions.excursion(trade, bars.high, bars.low, certain=certain)
