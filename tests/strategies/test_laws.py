"""Every registered strategy obeys the laws, and each law catches the strategy that breaks it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators import window
from indicators.recursion import wilder
from market.panel import Panel
from market.resample import resampled
from market.sample import sample_bars
from strategies.form import misfit
from strategies.laws import first_violation
from strategies.mean_reversion import MeanReversion
from strategies.registry import STRATEGIES
from strategies.trial import KINDS, walk
from trading.bars import Bars, Drawing, Floats, Rules, Strategy
from trading.types import Holding, Moment

every = pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=str)


@every
def test_its_docstring_says_what_it_bets_on_and_where_the_rule_is_from(strategy: Strategy) -> None:
    said = type(strategy).__doc__ or ""
    assert said.startswith("Bets that ")
    assert re.search(r"\*, (19|20)\d\d\)|\*\s\((19|20)\d\d\)", said), "a title and its year"


walks = st.builds(
    walk,
    st.integers(0, 10_000),
    st.integers(1, 420),
    st.sampled_from(KINDS),
)


@every
@settings(max_examples=40)
@given(bars=walks)
def test_the_laws_hold_on_random_walks(strategy: Strategy, bars: Bars) -> None:
    assert first_violation(strategy, bars) is None


@pytest.fixture(scope="module")
def panel() -> Panel:
    return Panel.from_frame(sample_bars())


@every
def test_the_laws_hold_on_real_bars(strategy: Strategy, panel: Panel) -> None:
    bars = resampled(panel, strategy.timeframe)
    for symbol in panel.symbols[::40]:
        assert first_violation(strategy, bars[symbol], points=12) is None
    assert first_violation(strategy, bars["AAPL"], thorough=True) is None


@every
def test_the_sample_makes_it_act(strategy: Strategy, panel: Panel) -> None:
    bars = resampled(panel, strategy.timeframe)
    rules = [strategy.rules(bars[symbol]) for symbol in panel.symbols[::10]]
    entries = sum(int((r.enter != 0).sum()) for r in rules)
    exits = sum(int(r.exit.sum()) for r in rules)
    assert entries > 50
    assert (exits > 50) == (strategy.holds is Holding.UNTIL_EXIT)


@every
def test_it_has_the_form_of_one_and_a_reason_in_words(strategy: Strategy) -> None:
    assert misfit(strategy) is None
    features = dict.fromkeys(strategy.rules(walk(1, 300)).features, 1.0)
    assert strategy.explain(features)
    assert strategy.explain({}) == ""
    assert "\n" not in strategy.explain(features)


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


def test_a_rare_entry_that_looks_ahead_is_found_when_every_bar_is_tried() -> None:
    class Peeks(MeanReversion):
        def rules(self, bars: Bars) -> Rules:
            rules = super().rules(bars)
            close = bars.close
            tomorrow = np.concatenate([close[..., 1:], close[..., -1:]], axis=-1)
            enter = rules.enter * (tomorrow >= close).astype(np.int8)
            nothing = np.full_like(close, np.nan)
            return replace(rules, enter=enter, strength=enter * 1.0, stop=nothing)

    tried = (
        first_violation(Peeks(), walk(seed, 460, kind), thorough=True)
        for seed, kind in enumerate(KINDS)
    )
    found = next(filter(None, tried))
    assert found.endswith("enter is 1 instead of 0: it looks ahead")


def test_a_strategy_that_remembers_is_caught() -> None:
    class Counts(Crossing):
        def rules(self, bars: Bars) -> Rules:
            calls.append(1)
            return replace(super().rules(bars), strength=np.full(len(bars), float(len(calls))))

    calls: list[int] = []
    found = first_violation(Counts(), walk(1, 200, "walk"))
    assert found == "crossing: asked a second time, strength is 2.0 instead of 1.0: it remembers"


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
