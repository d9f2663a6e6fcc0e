"""Which answers change when the future is hidden: the same rules, asked again on cut bars."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from market.panel import Panel
from market.resample import completed, opened, resampled
from strategies.answers import Answers, all_answers
from strategies.laws import TOLERANCE
from trading.bars import Strategy
from trading.errors import BadCommand
from trading.ports import Calendar, Session
from trading.types import Moment

CUTS = 24  # sessions after which the bars are hidden, evenly spread


@dataclass(slots=True)
class Lookahead:
    """What was asked and what came out differently. `first` is the earliest change in words."""

    strategy: str
    cuts: Sequence[date]
    instruments: int
    answers: int = 0  # compared, each bar of each instrument once a cut
    changed: int = 0
    by_part: dict[str, int] = field(default_factory=dict)  # "enter", "exit", "stop", a feature
    first: str = ""

    @property
    def clean(self) -> bool:
        return not self.changed

    def text(self) -> str:
        asked = (
            f"{self.strategy}: {self.answers:,} answers of {self.instruments} instruments, "
            f"with the bars after each of {len(self.cuts)} sessions hidden"
        )
        if self.clean:
            return f"{asked}: none changes."
        parts = ", ".join(f"{part} {count:,}" for part, count in self.by_part.items())
        return f"{asked}: {self.changed:,} change ({parts}).\nFirst: {self.first}"


def look_ahead(
    strategy: Strategy, daily: Panel, calendar: Calendar, first: date, last: date
) -> Lookahead:
    """Ask again after hiding what came later, at `CUTS` sessions from `first` to `last`.

    A strategy that decides at the open also loses the last bar's high, low, close and volume. Of
    a weekly strategy whole weeks are compared. BadCommand where no session completes a bar there.
    """
    cuts = _cuts(strategy, calendar, first, last)
    whole = all_answers(strategy, resampled(daily, strategy.timeframe))
    found = Lookahead(strategy.name, [session.day for session in cuts], len(daily))
    earliest: np.datetime64 | None = None
    for session in cuts:
        bar = completed(strategy.timeframe, session, calendar)
        assert bar is not None
        cut = _known(strategy, daily, session)
        short = all_answers(strategy, resampled(cut, strategy.timeframe))
        rows = np.flatnonzero(whole.ts <= np.datetime64(bar, "us"))
        found.answers += len(rows)
        changes = _changes(short, whole, rows)
        anything = np.zeros(len(rows), np.bool_)
        for part, where in changes.items():
            if where.any():
                found.by_part[part] = found.by_part.get(part, 0) + int(where.sum())
                anything |= where
        found.changed += int(anything.sum())
        if anything.any():
            at = np.flatnonzero(anything)
            row = at[np.argmin(whole.ts[rows[at]])]
            if earliest is None or whole.ts[rows[row]] < earliest:
                earliest = whole.ts[rows[row]]
                part = next(name for name, where in changes.items() if where[row])
                found.first = _example(whole, short, rows[row], int(row), part, session)
    return found


def _cuts(strategy: Strategy, calendar: Calendar, first: date, last: date) -> list[Session]:
    ends = [
        session
        for session in calendar.sessions(first, last)
        if completed(strategy.timeframe, session, calendar)
    ]
    # the first bars have no indicators yet, and after the last session nothing is hidden
    ends = ends[min(strategy.warmup, len(ends) // 2) : -1]
    if not ends:
        raise BadCommand(f"no session between {first} and {last} can be looked ahead of")
    places = np.linspace(0, len(ends) - 1, min(CUTS, len(ends))).astype(np.int64)
    return [ends[place] for place in dict.fromkeys(places.tolist())]


def _known(strategy: Strategy, daily: Panel, session: Session) -> Panel:
    """The bars as they stood when the strategy was asked of that session."""
    if strategy.decides is Moment.CLOSE:
        return _until(daily, session.day)
    stamp = np.datetime64(session.day, "us")
    at = np.flatnonzero(daily.ts == stamp)
    symbols = np.searchsorted(daily.offsets, at, "right") - 1
    opens = {
        daily.symbols[i]: float(daily.open[row])
        for i, row in zip(symbols.tolist(), at.tolist(), strict=True)
    }
    return opened(_until(daily, session.day - timedelta(days=1)), session.day, opens)


def _until(daily: Panel, day: date) -> Panel:
    kept = daily.ts <= np.datetime64(day, "us")
    offsets = np.concatenate([[0], np.cumsum(kept)])[daily.offsets]
    prices = (daily.open, daily.high, daily.low, daily.close, daily.volume)
    return Panel(daily.symbols, offsets, daily.ts[kept], *(column[kept] for column in prices))


def _changes(
    short: Answers, whole: Answers, rows: NDArray[np.int64]
) -> dict[str, NDArray[np.bool_]]:
    changes = {
        "enter": short.enter != whole.enter[rows],
        "exit": short.exit != whole.exit[rows],
    }
    unknown = np.full(len(rows), np.nan)
    figures = {
        "strength": (short.strength, whole.strength),
        "stop": (short.stop, whole.stop),
        **{n: (short.features.get(n, unknown), whole.features[n]) for n in whole.features},
    }
    for name, (ours, theirs) in figures.items():
        same = np.isclose(ours, theirs[rows], rtol=TOLERANCE, atol=0.0, equal_nan=True)
        changes[name] = ~same
    return changes


def _example(whole: Answers, short: Answers, row: int, place: int, part: str, cut: Session) -> str:
    symbol = whole.symbols[int(np.searchsorted(whole.offsets, row, "right")) - 1]
    day = np.datetime_as_string(whole.ts[row], "D")
    with_future = _value(whole, part, row)
    without = _value(short, part, place)
    return f"{symbol} {day}: {part} is {with_future}, but {without} when {cut.day} is the last day."


def _value(answers: Answers, part: str, row: int) -> str:
    values = answers.features[part] if part in answers.features else getattr(answers, part)
    value = values[row]
    return f"{value:.6g}" if isinstance(value, float) else str(value)
