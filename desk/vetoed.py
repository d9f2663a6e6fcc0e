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
from desk.executions import bounds
from trading.bars import Bars, Strategy
from trading.errors import DataError
from trading.ports import KeepsBars
from trading.signals import Signal, SignalState
from trading.types import Holding, Moment, Target

VETOED = (SignalState.REJECTED, SignalState.EXPIRED)
WEEK = timedelta(days=7)
STEP = Decimal("0.00000001")  # prices of bars are floats: what is beyond says nothing
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
    by_strategy: dict[str, list[Signal]] = {}
    for signal in signals:
        by_strategy.setdefault(signal.strategy, []).append(signal)
    found = []
    for name, mine in by_strategy.items():
        found += await _of_strategy(desk, feed, name, mine)
    return sorted(found, key=lambda one: (one.course.entered, one.signal))


async def _of_strategy(
    desk: Desk, feed: KeepsBars, name: str, signals: Sequence[Signal]
) -> list[Vetoed]:
    """The signals are in the order of their entries."""
    rules, now = desk.strategies.get(name), desk.market.now()
    since = desk.local(signals[0].execute_at).date() - _warming(rules)
    symbols = {signal.symbol for signal in signals}
    daily = await feed.bars(symbols, since, now)
    own = daily
    if rules is not None and rules.timeframe != "1d":
        own = await feed.bars(symbols, since, now, rules.timeframe)
    exits: dict[str, NDArray[np.bool_]] = {}
    worth: dict[str, Decimal] = {}
    until: dict[str, date] = {}  # the day the latest entry that counts would have been left
    found = []
    for signal in signals:
        symbol, day = signal.symbol, desk.local(signal.execute_at).date()
        bars = daily.get(symbol)
        if bars is None or day <= until.get(symbol, date.min):
            continue
        if symbol not in exits:
            exits[symbol] = _exits(rules, bars, own.get(symbol))
            worth[symbol] = await _worth(desk, symbol)
        became = _course(desk, signal, bars, exits[symbol], rules)
        if became is not None:
            until[symbol] = became.left
            long = signal.target is Target.LONG
            each = Decimal(repr(became.gain(long=long))) * worth[symbol]
            gain = (each * signal.quantity).quantize(STEP)
            state, units = signal.state, signal.quantity
            found.append(Vetoed(signal.id, name, symbol, long, state, became, gain, units))
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


def _exits(rules: Strategy | None, bars: Bars, own: Bars | None) -> NDArray[np.bool_]:
    """The daily rows at whose open the strategy would leave, by its answers to its own bars; none
    where its rules are not known."""
    leaves = np.zeros(len(bars), np.bool_)
    if rules is None or own is None:
        return leaves
    said = np.asarray(rules.rules(own).exit, np.bool_)
    if rules.decides is Moment.OPEN:
        rows = np.searchsorted(bars.ts, own.ts[said])
    else:
        span = np.timedelta64(7 if rules.timeframe == "1w" else 1, "D")
        rows = np.searchsorted(bars.ts, own.ts[said] + span)  # the first day after the bar
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
