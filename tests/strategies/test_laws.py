"""Every registered strategy obeys the laws, and each law catches the strategy that breaks it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators import window
from indicators.recursion import wilder
from market.panel import Panel
from market.sample import sample_bars
from strategies.laws import first_violation
from strategies.registry import STRATEGIES
from trading.bars import Bars, Drawing, Floats, Rules, Strategy
from trading.types import Holding, Moment

every = pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=str)


def walk(seed: int, n: int, kind: str) -> Bars:
    """A random walk with what real bars have: gaps, flat stretches, sessions without volume."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0.0005, 0.02, n)
    if kind == "gaps":
        steps[rng.random(n) < 0.03] += rng.choice([-0.4, 0.3])
    elif kind == "trend with dips":
        steps = rng.normal(0.002, 0.005, n)
        steps[rng.random(n) < 0.05] = -0.05
    close = 100.0 * np.exp(np.cumsum(steps))
    if kind == "flat":
        close[:] = 100.0
    elif kind == "flat stretches":
        close[n // 3 : n // 2] = close[n // 3]
        close[-40:] = close[-min(n, 41)]
    opens = np.concatenate([close[:1], close[:-1] * np.exp(rng.normal(0, 0.004, n - 1))])
    reach = 0.0 if kind.startswith("flat") else 0.01
    high = np.maximum(opens, close) * (1 + reach * rng.random(n))
    low = np.minimum(opens, close) * (1 - reach * rng.random(n))
    volume = np.floor(rng.lognormal(12, 1, n))
    volume[rng.random(n) < 0.1] = 0.0
    days = np.datetime64("2020-01-01", "us") + np.arange(n) * np.timedelta64(1, "D")
    return Bars("WALK", days, opens, high, low, close, volume)


walks = st.builds(
    walk,
    st.integers(0, 10_000),
    st.integers(1, 420),
    st.sampled_from(["walk", "gaps", "trend with dips", "flat", "flat stretches"]),
)


@every
@settings(max_examples=40, deadline=None)
@given(bars=walks)
def test_the_laws_hold_on_random_walks(strategy: Strategy, bars: Bars) -> None:
    assert first_violation(strategy, bars) is None


@pytest.fixture(scope="module")
def panel() -> Panel:
    return Panel.from_frame(sample_bars())


@every
def test_the_laws_hold_on_real_bars(strategy: Strategy, panel: Panel) -> None:
    for symbol in panel.symbols[::40]:
        assert first_violation(strategy, panel[symbol], points=12) is None


@every
def test_a_bar_of_nan_neither_enters_nor_exits(strategy: Strategy, panel: Panel) -> None:
    bars = panel["AAPL"]
    for column in ("open", "high", "low", "close", "volume"):
        spoilt = getattr(bars, column).copy()
        spoilt[-1] = np.nan
        if strategy.decides is Moment.CLOSE and column == "close":
            rules = strategy.rules(replace(bars, close=spoilt))
            assert not rules.enter[-1]
            assert not rules.exit[-1]
    nothing = np.full(len(bars), np.nan)
    rules = strategy.rules(Bars("X", bars.ts, nothing, nothing, nothing, nothing, nothing))
    assert not rules.enter.any()
    assert not rules.exit.any()


@dataclass(frozen=True)
class Crossing:
    """Long above a five-bar average: lawful as it stands; `how` names the law it breaks."""

    how: str = ""
    name: str = "crossing"
    timeframe: str = "1d"
    holds: Holding = Holding.UNTIL_EXIT
    stackable: bool = False

    @property
    def warmup(self) -> int:
        return 4 if self.how == "short warmup" else 5

    @property
    def decides(self) -> Moment:
        return Moment.OPEN if self.how == "open" else Moment.CLOSE

    @property
    def drawing(self) -> Drawing:
        return Drawing({"average": ("mean" if self.how == "drawing" else "average",)})

    def rules(self, bars: Bars) -> Rules:
        close = bars.close
        average: Floats = wilder(close, 50) if self.how == "recursion" else window.sma(close, 5)
        if self.how == "tomorrow":
            average = np.append(average[1:], np.nan)
        enter = (close > average).astype(np.int8)
        leave = close < average
        strength = np.nan_to_num(close - average)
        if self.how == "both":
            leave = enter != 0
        if self.how == "strength":
            strength = np.full_like(close, np.nan)
        if self.how == "form":
            enter = enter[:-1]
        stop = close + 1.0 if self.how == "stop" else np.full_like(close, np.nan)
        return Rules(enter, leave, strength, stop, {"average": average})

    def explain(self, features: Mapping[str, float]) -> str:
        return f"five-bar average {features['average']:.2f}"


def test_a_lawful_strategy_passes() -> None:
    strategy: Strategy = Crossing()
    assert first_violation(strategy, walk(1, 200, "walk")) is None


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("tomorrow", "looks ahead"),
        ("short warmup", "state a longer warmup or forget faster"),
        ("recursion", "state a longer warmup or forget faster"),
        ("open", "reads the bar's future"),
        ("both", "enters and exits at once"),
        ("strength", "strength is not finite"),
        ("form", "enter has shape"),
        ("drawing", "its drawing shows 'mean'"),
        ("stop", "not on the losing side"),
    ],
)
def test_each_law_catches_who_breaks_it(how: str, says: str) -> None:
    found = first_violation(Crossing(how), walk(1, 200, "walk"))
    assert found
    assert says in found
    assert found.startswith("crossing: ")
    assert "\n" not in found


def test_a_strategy_that_only_claims_to_stack_is_caught() -> None:
    class Claims(Crossing):
        def rules(self, bars: Bars) -> Rules:
            rules = super().rules(bars)
            if bars.close.ndim == 1:
                return rules
            return replace(rules, enter=rules.enter[::-1] * np.int8(0))

    found = first_violation(Claims(stackable=True), walk(1, 200, "walk"))
    assert found
    assert "stacked with another" in found
