"""What a candle chart says: prices, levels, marks, hollow and filled."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from charts import DARK, CandlesSpec, Level, Mark, Panel
from charts.candles import compose
from charts.marks import place_of
from charts.sheet import Sheet, printable
from tests.charts import samples
from trading.bars import Bars
from trading.types import Side


def said(sheet: Sheet) -> list[str]:
    return [text.get_text() for text in sheet.texts]


def two_bars(first: tuple[float, float], second: tuple[float, float]) -> Bars:
    start, close = (np.array(pair) for pair in zip(first, second, strict=True))
    ts = np.array(["2026-02-02", "2026-02-03"], "datetime64[us]")
    high, low = np.maximum(start, close), np.minimum(start, close)
    return Bars("AAPL", ts, start, high, low, close, np.full(2, 1e6))


def share(sheet: Sheet, colour: str) -> float:
    """The part of the picture painted in one colour."""
    pixels = np.asarray(samples.picture(sheet.png()), int)
    rgb = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return float((np.abs(pixels - rgb).max(axis=-1) <= 6).mean())


def test_a_rising_body_is_hollow_and_a_falling_one_is_filled() -> None:
    rising = compose(CandlesSpec(two_bars((90, 110), (90, 110)), "AAPL"))
    falling = compose(CandlesSpec(two_bars((110, 90), (110, 90)), "AAPL"))
    assert 0 < share(rising, DARK.up) < 0.4 * share(falling, DARK.down)


def test_the_last_price_is_named_at_the_right() -> None:
    spec = CandlesSpec(two_bars((181, 182), (182, 182.35)), "AAPL")
    assert "182.35" in said(compose(spec))


def test_a_level_at_the_last_price_says_it_once() -> None:
    spec = CandlesSpec(two_bars((181, 182), (182, 182.35)), "AAPL")
    texts = said(compose(replace(spec, levels=(Level("signal", 182.35),))))
    assert texts.count("182.35") == 1
    assert "signal" in texts


def test_a_level_far_away_is_pointed_at_and_does_not_flatten_the_candles() -> None:
    spec = samples.card(levels=(Level("target", 900), Level("stop", 20)))
    texts = said(compose(spec))
    assert {"▲ target", "900.00", "▼ stop", "20.00"} <= set(texts)


def test_a_line_out_of_sight_is_told_in_the_legend() -> None:
    bars = samples.bars(60)
    spec = samples.card(bars, overlays={"SMA 200": np.full(60, 12.5)})
    assert "SMA 200 ▼ 12.50" in said(compose(spec))


def test_the_currency_and_the_panel_with_its_value_are_named() -> None:
    texts = said(compose(samples.card(currency="EUR")))
    assert {"EUR", "RSI 14", "Bollinger 20, 2", "SMA 200"} <= set(texts)


def test_decimals_follow_the_instrument() -> None:
    spec = samples.card(samples.bars(90, price=1.08), decimals=5, levels=(Level("stop", 1.05123),))
    assert "1.05123" in said(compose(spec))


def test_a_fill_says_what_was_filled() -> None:
    bars = samples.bars()
    mark = samples.fill(bars, 310, label="filled 41 @ 182.35")
    assert "filled 41 @ 182.35" in said(compose(samples.card(bars, marks=(mark,))))


def test_a_label_that_finds_no_room_is_left_out() -> None:
    bars = samples.bars()
    marks = tuple(samples.fill(bars, i, label=f"filled {i} @ 182.35") for i in range(230, 320))
    labels = [text for text in said(compose(samples.card(bars, marks=marks))) if "filled" in text]
    assert 3 <= len(labels) < 90
    assert "filled 319 @ 182.35" in labels  # the latest comes first


def test_a_mark_stands_on_the_bar_that_holds_it() -> None:
    ts = np.array(["2026-01-29", "2026-01-30"], "datetime64[us]")  # Thursday, Friday

    def place(*moment: int) -> int | None:
        return place_of(Mark(datetime(*moment, tzinfo=UTC), 1.0, Side.BUY), ts)

    assert place(2026, 1, 29, 14, 30) == 0
    assert place(2026, 1, 30, 0, 0) == 1
    assert place(2026, 1, 30, 21, 0) == 1
    assert place(2026, 2, 2, 14, 30) == 2  # Monday, past the last bar
    assert place(2026, 1, 28, 14, 30) is None


def test_a_mark_before_the_first_bar_is_not_drawn() -> None:
    bars = samples.bars()
    mark = samples.fill(bars, 10, label="long ago")
    assert "long ago" not in said(compose(samples.card(bars, marks=(mark,))))


def test_a_bar_that_has_only_opened_is_drawn_at_its_open() -> None:
    bars = two_bars((181, 182), (183.25, np.nan))
    bars = replace(bars, high=np.array([182, np.nan]), low=np.array([181, np.nan]))
    assert "183.25" in said(compose(CandlesSpec(bars, "AAPL")))


def test_prices_that_never_move_are_drawn() -> None:
    assert compose(CandlesSpec(two_bars((100, 100), (100, 100)), "FLAT")).png()


def test_thresholds_close_together_are_both_named() -> None:
    bars = samples.bars()
    panel = Panel("RSI 14", samples.swing(bars.close), (45, 50), 0, 100)
    assert {"45", "50"} <= set(said(compose(samples.card(bars, panels=(panel,)))))


def test_a_panel_without_values_is_drawn() -> None:
    bars = samples.bars(30)
    spec = samples.card(bars, panels=(Panel("RSI 14", np.full(30, np.nan), (30, 50)),))
    assert "RSI 14" in said(compose(spec))


def test_dollars_emoji_and_newlines_in_a_title_are_plain_text() -> None:
    spec = CandlesSpec(two_bars((1, 2), (2, 3)), "$x_1$ 🚀\n日本", "a\tb")
    texts = said(compose(spec))
    assert texts[0] == "$x_1$ ? ??"
    assert compose(spec).png()


def test_what_the_font_has_is_kept() -> None:
    assert printable("Zürich · −1 € ▲") == "Zürich · −1 € ▲"
