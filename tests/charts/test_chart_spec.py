"""Specs survive the database, and a bad one says where it is wrong."""

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from charts import CandlesSpec, DigestSpec, Level, Panel, PnlSpec, draw
from charts.candles import candles
from charts.specs.candles import SHOWN
from charts.theme import DARK
from tests.charts import samples
from trading.bars import Bars
from trading.errors import DataError


def stored(spec: CandlesSpec | PnlSpec) -> dict[str, Any]:
    """The spec as the drawing process reads it."""
    kept: dict[str, Any] = json.loads(json.dumps(spec.to_json(), allow_nan=False))
    return kept


def test_a_stored_candle_spec_is_the_same_spec() -> None:
    bars = samples.bars()
    spec = samples.card(bars, marks=(samples.fill(bars, 310),), volume=True, decimals=2)
    once = stored(spec)
    assert stored(CandlesSpec.from_json(once)) == once


def test_a_stored_candle_spec_draws_the_same_picture() -> None:
    spec = samples.card()
    direct = candles(
        spec.bars,
        title=spec.title,
        subtitle=spec.subtitle,
        overlays=spec.overlays,
        panels=spec.panels,
        levels=spec.levels,
        theme=DARK,
    )
    drawn = draw("candles", stored(spec))
    difference = np.asarray(samples.picture(direct), int) - np.asarray(samples.picture(drawn), int)
    assert np.sqrt((difference**2).mean()) < 0.5  # six digits move a line by less than a pixel


def test_only_what_is_drawn_is_stored() -> None:
    kept = stored(samples.card())
    assert len(kept["bars"]["close"]) == SHOWN
    assert kept["bars"]["ts"][0] == "2025-10-09"  # a daily bar is a date
    assert len(json.dumps(kept)) < 16_000


def test_nan_is_stored_as_null() -> None:
    bars = samples.bars(40)
    kept = stored(samples.card(bars, overlays={"SMA 20": np.full(40, np.nan)}))
    assert kept["overlays"]["SMA 20"] == [None] * 40
    assert np.isnan(CandlesSpec.from_json(kept).overlays["SMA 20"]).all()


def test_a_level_keeps_every_digit_of_its_price() -> None:
    kept = stored(samples.card(levels=(Level("stop", 1.0854321),)))
    assert kept["levels"][0]["price"] == "1.0854321"


def test_a_stored_pnl_spec_is_the_same_spec() -> None:
    once = stored(samples.book(samples.pnl_days(30), theme="light", bars="week"))
    assert stored(PnlSpec.from_json(once)) == once
    assert draw("pnl", once).startswith(b"\x89PNG")


def broken(**changes: Any) -> dict[str, Any]:
    return stored(samples.card()) | changes


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (broken(bars=None), "candles spec: bars: expected an object"),
        (broken(title=7), "candles spec: title should be text, not 7"),
        (broken(levles=[]), "candles spec: levles is not a known field"),
        (broken(levels=[{"name": "stop", "price": "low"}]), r"levels\[0\]: price should be a num"),
        (broken(levels=[{"name": "stop"}]), r"levels\[0\]: price is missing"),
        (broken(levels=[{"name": "stop", "price": True}]), r"levels\[0\]: price should be a num"),
        (broken(overlays={"SMA": [1, 2]}), r"overlay SMA has shape \(2,\) for 120 bars"),
        (broken(overlays={"SMA": "1"}), "overlays: SMA should be a list of numbers"),
        (broken(panels={}), "panels should be a list"),
        (broken(theme="blue"), "theme is 'blue'; expected dark or light"),
        (broken(volume=1), "volume should be true or false"),
        (broken(decimals="2"), "decimals should be a whole number"),
        (
            broken(marks=[{"ts": "noon", "price": 1, "side": "buy"}]),
            r"marks\[0\]: ts should be an ISO time, not 'noon'",
        ),
        (
            broken(marks=[{"ts": "2026-01-02T15:00", "price": 1, "side": "long"}]),
            r"marks\[0\]: side should be buy or sell, not 'long'",
        ),
    ],
)
def test_a_bad_candle_spec_says_where(spec: dict[str, Any], says: str) -> None:
    with pytest.raises(DataError, match=says):
        draw("candles", spec)


@pytest.mark.parametrize(
    ("days", "says"),
    [
        ([["2025-07-02", 1], ["2025-07-01", 1]], "days must ascend"),
        ([["2025-07-02"]], r"days\[0\] should be a pair"),
        ([["yesterday", 1]], r"days\[0\]: 0 should be an ISO date"),
        ([["2025-07-02", "NaN"]], r"days\[0\]: 1 should be a number"),
    ],
)
@pytest.mark.parametrize("kind", ["pnl", "digest"])
def test_bad_days_of_a_spec_say_where(kind: str, days: list[Any], says: str) -> None:
    with pytest.raises(DataError, match=says):
        draw(kind, {"title": "P&L", "days": days})


def test_a_digest_spec_comes_back_from_json_as_it_was() -> None:
    for spec in (samples.digest(20, last=True), samples.digest(5, theme="light")):
        assert DigestSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"days": [["2025-07-02", 1]], "highlight": "2025-07-03"}, "none of the days"),
        ({"days": [], "highlight": "soon"}, "highlight should be an ISO date"),
        ({"days": [[f"2025-{1 + n // 28:02}-{1 + n % 28:02}", n] for n in range(32)]}, "31 fit"),
        ({"days": [], "drawdown": True}, "drawdown"),
    ],
)
def test_a_bad_digest_spec_says_what_is_wrong(spec: dict[str, Any], says: str) -> None:
    with pytest.raises(DataError, match=says):
        draw("digest", {"title": "P&L", **spec})


def test_an_unknown_picture_is_refused() -> None:
    with pytest.raises(DataError, match="expected candles, pnl, .*digest or report"):
        draw("pie", {})


def test_bars_must_fit_and_ascend() -> None:
    bars = samples.bars(30)
    empty = Bars("AAPL", *(getattr(bars, c)[:0] for c in Bars.__slots__[1:]))
    with pytest.raises(DataError, match="no bars to draw"):
        CandlesSpec(empty, "AAPL")
    with pytest.raises(DataError, match="order of time"):
        CandlesSpec(replace(bars, ts=bars.ts[::-1]), "AAPL")
    with pytest.raises(DataError, match="high has 29 values for 30 bars"):
        CandlesSpec(replace(bars, high=bars.high[:29]), "AAPL")


def test_too_many_parts_are_refused() -> None:
    levels = tuple(Level(f"level {i}", 180 + i) for i in range(7))
    with pytest.raises(DataError, match="7 levels; at most 6 fit"):
        samples.card(levels=levels)
    bars = samples.bars(30)
    panels = tuple(Panel(f"panel {i}", bars.close) for i in range(3))
    with pytest.raises(DataError, match="3 panels; at most 2 fit"):
        samples.card(bars, panels=panels)


def test_importing_charts_does_not_load_matplotlib() -> None:
    code = "import sys, charts; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
