from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.panel import Panel
from market.sample import sample_bars
from strategies.answers import RUN_BARS, Answers, all_answers, bars_needed, last_answers
from strategies.mean_reversion import MeanReversion
from strategies.registry import STRATEGIES, find, register
from trading.bars import Bars, Drawing, Rules
from trading.errors import ConfigError, DataError
from trading.types import Holding, Moment


class Scripted:
    """Says what its volume column says: +1 or -1 enters, 9 exits, anything else nothing."""

    name, timeframe, warmup = "scripted", "1d", 1
    holds, drawing = Holding.UNTIL_EXIT, Drawing()

    def __init__(self, decides: Moment = Moment.CLOSE, stackable: bool = False) -> None:
        self.decides = decides
        self.stackable = stackable
        self.calls = 0

    def rules(self, bars: Bars) -> Rules:
        self.calls += 1
        said = bars.volume
        enter = np.where(np.abs(said) == 1, said, 0).astype(np.int8)
        stop = np.where(enter > 0, bars.close - 1, np.nan)
        return Rules(enter, said == 9, np.abs(said), stop, {"said": said, "none": said * np.nan})

    def explain(self, features: Mapping[str, float]) -> str:
        return str(features)


def said(**scripts: list[int]) -> Panel:
    """A panel where each symbol's volume says these on consecutive days, all ending today."""
    longest = max(map(len, scripts.values()))
    symbols = tuple(sorted(scripts))
    offsets = np.cumsum([0, *(len(scripts[s]) for s in symbols)])
    days = [np.arange(longest - len(scripts[s]), longest) for s in symbols]
    ts = np.concatenate(days).astype("datetime64[D]").astype("datetime64[us]")
    volume = np.concatenate([np.array(scripts[s], float) for s in symbols])
    close = 100.0 + np.arange(len(volume))
    return Panel(symbols, offsets, ts, close - 0.5, close, close, close, volume)


def day(n: int) -> np.datetime64:
    return np.datetime64(n, "D").astype("datetime64[us]")


def test_only_those_who_enter_or_exit_answer_in_symbol_order() -> None:
    panel = said(C=[0, 1], A=[0, 9], B=[1, 0], D=[-1, -1])
    answers = last_answers(Scripted(), panel)
    assert [(a.symbol, a.enter, a.exit) for a in answers] == [
        ("A", 0, True),
        ("C", 1, False),
        ("D", -1, False),
    ]
    entry = answers[1]
    assert (entry.bar, entry.since, entry.price, entry.stop) == (day(1), day(1), 105.0, 104.0)
    assert dict(entry.features) == {"said": 1.0}  # a feature not yet known is left out
    assert answers[2].since == day(0)
    assert answers[2].stop is None


def test_exits_can_be_asked_for_only_where_something_is_held() -> None:
    answers = all_answers(Scripted(), said(A=[9], B=[9], C=[1], D=[0]))
    assert [a.symbol for a in answers.on(day(0))] == ["A", "B", "C"]
    assert [a.symbol for a in answers.on(day(0), held={"B", "D"})] == ["B", "C"]
    assert [a.symbol for a in answers.on(day(0), held=())] == ["C"]
    assert answers.on(day(0), held={"A", "B", "C"}) == answers.on(day(0))
    assert answers.on(day(1), held={"A"}) == []


def test_since_is_where_the_unbroken_run_began() -> None:
    answers = all_answers(Scripted(), said(A=[1, 1, 0, 1, 1, 1, -1, -1]))
    runs = [int(answers.since[row]) for row in range(8)]
    assert runs == [0, 0, 2, 3, 3, 3, 6, 6]


def test_a_run_does_not_cross_into_the_next_symbol() -> None:
    answers = all_answers(Scripted(), said(A=[1, 1], B=[1, 1]))
    assert answers.since.tolist() == [0, 0, 2, 2]


def test_a_run_is_followed_back_at_most_fifty_bars() -> None:
    panel = said(A=[1] * 200)
    whole = all_answers(Scripted(), panel).on(day(199))
    scan = last_answers(Scripted(), panel.tail(bars_needed(Scripted())))
    assert whole == scan
    assert scan[0].since == day(199 - RUN_BARS)


def test_an_answer_on_an_older_bar_is_past() -> None:
    panel = said(A=[0, 0, 1], B=[0, 0, 1])
    stale = Panel(
        panel.symbols, panel.offsets, panel.ts - np.array([0] * 3 + [1] * 3, "timedelta64[D]"),
        panel.open, panel.high, panel.low, panel.close, panel.volume,
    )  # fmt: skip
    assert [a.symbol for a in last_answers(Scripted(), stale)] == ["A"]


def test_an_open_strategy_answers_at_the_open_price() -> None:
    (answer,) = last_answers(Scripted(Moment.OPEN), said(A=[0, 1]))
    assert answer.price == 100.5


def test_neighbours_of_one_length_are_asked_together() -> None:
    panel = said(**{f"S{i:03}": [0, 1, 9] for i in range(130)}, T=[1], U=[9, 1])
    single, stacked = Scripted(), Scripted(stackable=True)
    one, many = all_answers(single, panel), all_answers(stacked, panel)
    assert (single.calls, stacked.calls) == (132, 5)
    assert equal(one, many)


def test_an_answer_of_the_wrong_length_is_refused() -> None:
    class Short(Scripted):
        def rules(self, bars: Bars) -> Rules:
            return super().rules(bars[1:])

    with pytest.raises(DataError, match="scripted answered A with arrays that are not as long"):
        all_answers(Short(), said(A=[1, 1]))


def test_an_empty_panel_says_nothing() -> None:
    assert last_answers(Scripted(), Panel.empty()) == []


def equal(a: Answers, b: Answers) -> bool:
    columns = ("enter", "exit", "strength", "stop", "since")
    return all(
        np.array_equal(getattr(a, c), getattr(b, c), equal_nan=c in {"strength", "stop"})
        for c in columns
    ) and all(np.array_equal(a.features[n], b.features[n], equal_nan=True) for n in b.features)


@pytest.fixture(scope="module")
def panel() -> Panel:
    whole = Panel.from_frame(sample_bars())
    return Panel.from_frame(
        whole.frame().filter(whole.frame()["symbol"].is_in(whole.symbols[::12]))
    )


@pytest.fixture(scope="module")
def replay(panel: Panel) -> Answers:
    return all_answers(MeanReversion(), panel)


@settings(max_examples=25)
@given(back=st.integers(0, 1_000))
def test_a_scan_says_what_a_replay_says_of_that_bar(
    panel: Panel, replay: Answers, back: int
) -> None:
    days = np.unique(panel.ts)
    bar = days[len(days) - 1 - back]
    frame = panel.frame()
    known = Panel.from_frame(frame.filter(frame["ts"].dt.replace_time_zone(None) <= bar.item()))
    scan = last_answers(MeanReversion(), known.tail(bars_needed(MeanReversion())))
    assert scan == replay.on(bar)


def test_a_trader_reads_the_reason() -> None:
    strategy = MeanReversion()
    entry = {
        "close": 182.08, "rsi": 24.1, "band_low": 188.1, "band_mid": 200.0, "band_high": 211.9,
        "trend": 176.4, "atr": 3.0,
    }  # fmt: skip
    assert strategy.explain(entry) == (
        "RSI(14) 24.1 under 40; close 3.2 % below the 20-day band at 188.10; "
        "above its 200-day average 176.40"
    )
    assert strategy.explain(entry | {"close": 201.0, "rsi": 63.0}) == (
        "RSI(14) 63.0 over 60; close above the 20-day average 200.00; "
        "above its 200-day average 176.40"
    )
    dear = {"close": 1_031.39, "band_low": 1_035.41, "band_mid": 1_050.0, "trend": 1_009.11}
    assert strategy.explain(dear) == (
        "close 0.4 % below the 20-day band at 1,035.41; above its 200-day average 1,009.11"
    )
    assert strategy.explain({"close": 10.0}) == ""


def test_the_sample_offers_candidates_on_most_days() -> None:
    answers = all_answers(MeanReversion(), Panel.from_frame(sample_bars()))
    days, place = np.unique(answers.ts, return_inverse=True)
    entries = np.bincount(place, weights=answers.enter != 0)[200:]
    assert len(days) == 1_255
    assert 2 <= np.median(entries) <= 15
    assert np.mean(entries == 0) < 0.15


def test_the_registry_finds_by_name_and_names_what_there_is() -> None:
    assert find("mean_reversion") is STRATEGIES["mean_reversion"]
    with pytest.raises(ConfigError, match="no strategy is called 'momentum'; there are mean_rev"):
        find("momentum")
    with pytest.raises(ConfigError, match="two strategies are called 'mean_reversion'"):
        register(MeanReversion(), MeanReversion(rsi=2))
