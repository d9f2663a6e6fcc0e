"""Vetoed: what rejected and expired entries would have made or lost, from the feed's bars."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.vetoed import Course, Vetoed, course
from desk import report
from desk.desk import LAST, Desk
from desk.figures import bounds
from trading.bars import Bars, Strategy
from trading.errors import DataError
from trading.ports import KeepsBars
from trading.signals import Signal, SignalState
from trading.types import Holding, Moment, Target

VETOED = (SignalState.REJECTED, SignalState.EXPIRED)
WEEK = timedelta(days=7)
SPARE = timedelta(days=30)  # holidays, and sessions in which an instrument did not trade


async def vetoed(desk: Desk, first: date, last: date, strategy: str = "") -> list[Vetoed]:
    """Entries proposed on those days, oldest first. One that came while an earlier one of its
    book would still have been held is left out: it would never have been proposed. Without bars
    of an instrument there is nothing to say. Raises DataError where this process has none at all.
    """
    feed = desk.feed
    if not isinstance(feed, KeepsBars):
        raise DataError("no bars are kept here to judge signals by; ask where the prices are")
    begin, end = bounds(desk, first, last)
    only: dict[str, Any] = {"strategy": strategy} if strategy else {}
    signals = await desk.journal.read(
        Signal,
        order="execute_at,id",
        state__in=VETOED,
        target__not=Target.FLAT,
        proposed_at__gte=begin,
        proposed_at__lt=end,
        **only,
    )
    books: dict[tuple[str, str], list[Signal]] = {}
    for signal in signals:
        books.setdefault((signal.strategy, signal.symbol), []).append(signal)
    found = []
    for (name, symbol), mine in books.items():
        found += await _of_book(desk, feed, name, symbol, mine)
    return sorted(found, key=lambda one: (one.course.entered, one.signal))


async def _of_book(
    desk: Desk, feed: KeepsBars, name: str, symbol: str, signals: Sequence[Signal]
) -> list[Vetoed]:
    rules = desk.strategies.get(name)
    now = desk.market.now()
    since = desk.local(signals[0].execute_at).date() - _warming(rules)
    bars = await feed.bars(symbol, since, now)
    if not len(bars):
        return []
    exits = await _exits(feed, rules, bars, desk)
    worth = await _worth(desk, symbol)
    found: list[Vetoed] = []
    for signal in signals:
        if found and desk.local(signal.execute_at).date() <= found[-1].course.left:
            continue
        became = _course(desk, signal, bars, exits, rules)
        if became is not None:
            long = signal.target is Target.LONG
            gain = Decimal(repr(became.gain(long=long))) * signal.quantity * worth
            found.append(Vetoed(signal.id, name, symbol, long, signal.state, became, gain))
    return found


def _course(
    desk: Desk, signal: Signal, bars: Bars, exits: NDArray[np.bool_], rules: Strategy | None
) -> Course | None:
    day = desk.local(signal.execute_at).date()
    session = desk.calendar.session_on(day)
    if session is None:
        return None
    row = int(np.searchsorted(bars.ts, np.datetime64(day, "us")))
    if row == len(bars) or bars.ts[row] != np.datetime64(day, "us"):
        return None
    plan = desk.plans.get(signal.strategy)
    holds = rules.holds if rules is not None else plan.holds if plan else Holding.UNTIL_EXIT
    return course(
        bars,
        long=signal.target is Target.LONG,
        first=row,
        at_close=signal.execute_at >= session.close - LAST,
        exits=exits,
        stop=float(signal.stop) if signal.stop is not None else None,
        one_session=holds is Holding.SESSION,
    )


async def _exits(
    feed: KeepsBars, rules: Strategy | None, bars: Bars, desk: Desk
) -> NDArray[np.bool_]:
    """The daily rows at whose open the strategy would leave; none where its rules are not known."""
    leaves = np.zeros(len(bars), np.bool_)
    if rules is None:
        return leaves
    first: date = bars.ts[0].astype("datetime64[D]").item()
    read = bars
    if rules.timeframe != "1d":
        read = await feed.bars(bars.symbol, first, desk.market.now(), rules.timeframe)
        if not len(read):
            return leaves
    said = np.asarray(rules.rules(read).exit, np.bool_)
    if rules.decides is Moment.OPEN:
        rows = np.searchsorted(bars.ts, read.ts[said])
    else:
        span = np.timedelta64(7 if rules.timeframe == "1w" else 1, "D")
        rows = np.searchsorted(bars.ts, read.ts[said] + span)  # the first day after the bar
    leaves[rows[rows < len(bars)]] = True
    return leaves


def _warming(rules: Strategy | None) -> timedelta:
    if rules is None:
        return timedelta()
    return rules.warmup * (WEEK if rules.timeframe == "1w" else WEEK / 5) + SPARE


async def _worth(desk: Desk, symbol: str) -> Decimal:
    """Base currency per point and unit, at the latest rate."""
    instrument = desk.instruments.find(symbol)
    if instrument is None:
        return Decimal(1)
    ledger = await desk.books.ledger()
    return instrument.multiplier * report.known(ledger, instrument.currency, desk.market.now())
