"""The laws a strategy obeys, or live and replay would tell different stories.

Each check returns the first violation as one line, or None. They run in the tests for every
registered strategy, and before a strategy of the user's is let near an account.
"""

from collections.abc import Iterable
from dataclasses import fields, replace

import numpy as np

from trading.bars import Bars, Floats, Rules, Strategy
from trading.types import Moment

TOLERANCE = 1e-9  # relative, for strength, stop and features; enter and exit are exact


def first_violation(
    strategy: Strategy, bars: Bars, points: int = 24, thorough: bool = False
) -> str | None:
    """All laws over `bars`, the slow ones at about `points` evenly spread bars and wherever the
    answer turns. `thorough` also asks for each bar as the last one known, which finds a rare entry
    that looks ahead. One instrument's bars, without NaN."""
    if not len(bars):
        return None
    rules = strategy.rules(bars)
    wrong = form_law(strategy, bars, rules) or repeat_law(strategy, bars, rules)
    if wrong:
        return wrong
    if thorough:
        wrong = edge_law(strategy, bars, rules)
        if wrong:
            return wrong
    ends = _ends(rules, len(bars), points)
    checks = [prefix_law, window_law]
    if strategy.decides is Moment.OPEN:
        checks.append(open_law)
    for law in checks:
        wrong = law(strategy, bars, rules, ends)
        if wrong:
            return wrong
    return stack_law(strategy, bars, rules) if getattr(strategy, "stackable", False) else None


def form_law(strategy: Strategy, bars: Bars, rules: Rules) -> str | None:
    """Arrays as long as the bars; enter -1, 0 or 1; an entry has a finite strength and never an
    exit on the same bar; the stop, if any, lies on the losing side of the price; only features
    are drawn."""
    name, shape = strategy.name, bars.close.shape
    named = {f.name: getattr(rules, f.name) for f in fields(rules)[:-1]} | dict(rules.features)
    for what, values in named.items():
        if values.shape != shape:
            return f"{name}: {what} has shape {values.shape}, the bars have {shape}"
    if rules.enter.dtype != np.int8 or rules.exit.dtype != np.bool_:
        return f"{name}: enter must be int8 and exit bool, not {rules.enter.dtype}, " + str(
            rules.exit.dtype
        )
    drawing = strategy.drawing
    shown = [n for names in drawing.overlays.values() for n in names]
    for drawn in (*shown, *(panel.feature for panel in drawing.panels)):
        if drawn not in rules.features:
            return f"{name}: its drawing shows {drawn!r}, which is none of its features"
    price = bars.open if strategy.decides is Moment.OPEN else bars.close
    entering = rules.enter != 0
    faults = {
        "enter is not -1, 0 or 1": ~np.isin(rules.enter, (-1, 0, 1)),
        "an entry's strength is not finite": entering & ~np.isfinite(rules.strength),
        "it enters and exits at once": entering & rules.exit,
        "the stop is not on the losing side": entering & (rules.enter * (price - rules.stop) <= 0),
    }
    for fault, where in faults.items():
        if where.any():
            return f"{name}: {fault} on {_when(bars, int(where.argmax()))}"
    return None


def repeat_law(strategy: Strategy, bars: Bars, rules: Rules) -> str | None:
    """Asked twice it answers the same: nothing is remembered, drawn by lot or read elsewhere."""
    wrong = _difference(strategy.rules(bars), rules, slice(None), slice(None))
    return f"{strategy.name}: asked a second time, {wrong}: it remembers" if wrong else None


def edge_law(strategy: Strategy, bars: Bars, rules: Rules) -> str | None:
    """Each bar's answer is the same while it is the last bar known: what a live scan would say."""
    for k in range(1, len(bars) + 1):
        known = bars[:k] if strategy.decides is Moment.CLOSE else _at_the_open(bars[:k])
        wrong = _difference(strategy.rules(known), rules, slice(-1, None), slice(k - 1, k))
        if wrong:
            when = _when(bars, k - 1)
            return f"{strategy.name}: when {when} was the last bar known, {wrong}: it looks ahead"
    return None


def prefix_law(strategy: Strategy, bars: Bars, rules: Rules, ends: Iterable[int]) -> str | None:
    """`rules(bars[:k])` equals the first k answers of `rules(bars)`: nothing looks ahead."""
    for k in ends:
        wrong = _difference(strategy.rules(bars[:k]), rules, slice(0, k), slice(0, k))
        if wrong:
            when = _when(bars, k - 1)
            return f"{strategy.name}: with the bars after {when} unknown, {wrong}: it looks ahead"
    return None


def window_law(strategy: Strategy, bars: Bars, rules: Rules, ends: Iterable[int]) -> str | None:
    """`rules(bars[k - warmup : k])` gives the same last answer as `rules(bars)` at k - 1."""
    for k in ends:
        if k >= strategy.warmup:
            short = strategy.rules(bars[k - strategy.warmup : k])
            wrong = _difference(short, rules, slice(-1, None), slice(k - 1, k))
            if wrong:
                return (
                    f"{strategy.name}: on {_when(bars, k - 1)}, from its {strategy.warmup} warm-up "
                    f"bars alone, {wrong}: state a longer warmup or forget faster"
                )
    return None


def open_law(strategy: Strategy, bars: Bars, rules: Rules, ends: Iterable[int]) -> str | None:
    """A strategy that decides at the open answers the same while the bar's high, low, close and
    volume are not known (NaN)."""
    for k in ends:
        early = strategy.rules(_at_the_open(bars[:k]))
        wrong = _difference(early, rules, slice(-1, None), slice(k - 1, k))
        if wrong:
            when = _when(bars, k - 1)
            return f"{strategy.name}: at the open of {when} {wrong}: it reads the bar's future"
    return None


def _at_the_open(bars: Bars) -> Bars:
    """The same with all but the open of the last bar unknown."""
    hidden = {}
    for column in ("high", "low", "close", "volume"):
        values = getattr(bars, column).copy()
        values[-1:] = np.nan
        hidden[column] = values
    return replace(bars, **hidden)


def stack_law(strategy: Strategy, bars: Bars, rules: Rules) -> str | None:
    """A stackable strategy answers two instruments at once as it answers each."""
    doubled = [np.stack([getattr(bars, f.name)] * 2) for f in fields(bars)[1:]]
    both = strategy.rules(Bars("", *doubled))
    for row in (0, 1):
        one = Rules(
            both.enter[row],
            both.exit[row],
            both.strength[row],
            both.stop[row],
            {name: values[row] for name, values in both.features.items()},
        )
        wrong = _difference(one, rules, slice(None), slice(None))
        if wrong:
            return f"{strategy.name}: stacked with another, {wrong}"
    return None


def _difference(got: Rules, true: Rules, here: slice, there: slice) -> str | None:
    for what in ("enter", "exit"):
        a, b = getattr(got, what)[here], getattr(true, what)[there]
        if not np.array_equal(a, b):
            at = int(np.flatnonzero(a != b)[0]) if a.shape == b.shape else 0
            return f"{what} is {a[at]} instead of {b[at]}"
    if got.features.keys() != true.features.keys():
        return "the features have other names"
    pairs: dict[str, tuple[Floats, Floats]] = {
        "strength": (got.strength, true.strength),
        "stop": (got.stop, true.stop),
        **{name: (got.features[name], true.features[name]) for name in true.features},
    }
    for what, (x, y) in pairs.items():
        a, b = x[here], y[there]
        apart = ~np.isclose(a, b, rtol=TOLERANCE, atol=0.0, equal_nan=True)
        if apart.any():
            at = int(apart.argmax())
            return f"{what} is {float(a[at])!r} instead of {float(b[at])!r}"
    return None


def _ends(rules: Rules, n: int, points: int) -> list[int]:
    """Where to cut: evenly, and just after the first and last few turns of the answer."""
    said = rules.enter.astype(np.int64) * 2 + rules.exit
    turns = np.flatnonzero(np.diff(said)) + 2
    even = np.linspace(1, n, min(points, n)).astype(np.int64)
    return sorted({*even.tolist(), *turns[: points // 4].tolist(), *turns[-points // 4 :].tolist()})


def _when(bars: Bars, row: int) -> str:
    return f"{bars.symbol} {np.datetime_as_string(bars.ts[row], 'm')}"
