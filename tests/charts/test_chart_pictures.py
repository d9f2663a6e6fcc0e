"""The pictures themselves: against references, small, readable, with every text in its place.

`CHARTS_WRITE_REFERENCES=1 pytest tests/charts/test_chart_pictures.py` draws the references anew;
look at them before they are kept.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from charts import Level, Panel, PnlSpec, ReplaySpec
from charts.bars import compose as compose_bars
from charts.calendar import compose as compose_calendar
from charts.candles import compose as compose_candles
from charts.compare import compose as compose_compare
from charts.digest import compose as compose_digest
from charts.pnl import compose as compose_pnl
from charts.replay import compose as compose_replay
from charts.sheet import CAP, Rect, Sheet
from charts.slippage import compose as compose_slippage
from charts.theme import HEIGHT, LABEL, WIDTH, contrast
from tests.charts import samples
from trading.types import Side

REFERENCES = Path(__file__).with_name("references")
TOLERANCE = 3.0  # RMS of 255; another font shifts text and gives over 12
HEAVIEST = 120_000  # bytes
PHONE = 360  # px


def entry() -> Sheet:
    return compose_candles(samples.card())


def filled_light() -> Sheet:
    bars = samples.bars()
    marks = (samples.fill(bars, 300), samples.fill(bars, 314, Side.SELL, "sold 41"))
    levels = (Level("stop", 108.25), Level("target", 131.5))
    spec = samples.card(bars, marks=marks, levels=levels, volume=True, theme="light")
    return compose_candles(spec)


def filled_next_open() -> Sheet:
    bars = samples.bars()
    return compose_candles(samples.card(bars, marks=(samples.fill(bars, len(bars)),)))


def crowded() -> Sheet:
    bars = samples.bars(60, price=50_000)
    last = round(float(bars.close[-1]), 1)
    names = ("signal", "stop", "target", "a level with a long name", "breakeven", "entry")
    levels = tuple(Level(name, last * (1 + i / 2000)) for i, name in enumerate(names))
    marks = tuple(samples.fill(bars, i, label=f"filled {i} @ 50,123.45") for i in range(40, 60, 3))
    panels = (Panel("RSI 14", samples.swing(bars.close), (30, 70)), Panel("ATR", bars.high * 0.02))
    spec = samples.card(bars, levels=levels, marks=marks, panels=panels, volume=True)
    return compose_candles(replace(spec, title="BTC_USD " * 9, subtitle="much to say " * 9))


def open_bar() -> Sheet:
    bars = samples.bars(100)
    unknown = {
        name: np.append(getattr(bars, name)[:-1], np.nan)
        for name in ("high", "low", "close", "volume")
    }
    return compose_candles(samples.card(replace(bars, **unknown)))


def tiny_price() -> Sheet:
    bars = samples.bars(90, price=1.0854)
    return compose_candles(samples.card(bars, decimals=5, levels=(Level("stop", 0.4),)))


def few_bars() -> Sheet:
    return compose_candles(samples.card(samples.bars(1), levels=()))


CANDLES = (entry, filled_light, filled_next_open, crowded, open_bar, tiny_price, few_bars)


def pnl_of(spec: PnlSpec) -> Callable[[], Sheet]:
    return lambda: compose_pnl(spec)


PNL = {
    "no_trades": samples.book(()),
    "one_day": samples.book(samples.pnl_days(1)),
    "two_days": samples.book(samples.pnl_days(2), theme="light"),
    "a_quarter": samples.book(samples.pnl_days(64)),
    "half_a_year": samples.book(samples.pnl_days(130)),
    "five_years": samples.book(samples.pnl_days(1260, size=9000), theme="light"),
    "millions": samples.book(samples.pnl_days(300, size=250_000)),
    "losses": samples.book(samples.losing_days(25)),
    "flat": samples.book(samples.flat_days(12)),
}
DIGESTS = {
    "digest_end": samples.digest(20, last=True),
    "digest_end_light": samples.digest(20, last=True, theme="light"),
    "digest_week": samples.digest(5),
    "digest_month": samples.digest(23, theme="light"),
    "digest_first_day": samples.digest(1, last=True),
    "digest_millions": samples.digest(5, size=3_000_000),
}
REPLAYS = {
    "replayed": samples.replayed(1255),
    "replayed_light": samples.replayed(504, theme="light"),
    "replayed_month": samples.replayed(21),
    "replayed_once": samples.replayed(1),
    "replayed_flat": samples.replayed(60, size=0.0),
    "replayed_millions": samples.replayed(300, capital=25_000_000.0, title="A long name " * 8),
}


BARS = {
    "bars_none": samples.bars_of(0),
    "bars_one": samples.bars_of(1, theme="light"),
    "bars_week": samples.bars_of(7),
    "bars_month": samples.bars_of(30, theme="light"),
    "bars_many": samples.bars_of(120),
    "bars_zero": samples.bars_of(5, size=0.0),
    "bars_huge": samples.bars_of(12, size=4e9),
    "bars_tiny": samples.bars_of(6, rows=(("3 Feb", 0.004), ("4 Feb", -0.0002)), currency="BTC"),
    "bars_named": samples.named_bars(12),
    "bars_named_three": samples.named_bars(3, theme="light"),
}
CALENDARS = {
    "year": samples.year_of(261),
    "year_light": samples.year_of(180, theme="light"),
    "year_weekends": samples.year_of(365, weekends=True),
    "year_none": samples.year_of(0),
    "year_one_day": samples.year_of(1, size=4e8),
    "year_zero": samples.year_of(40, size=0.0),
    "month": samples.month_of(23),
    "month_weekends": samples.month_of(31, weekends=True, theme="light"),
    "month_huge": samples.month_of(31, weekends=True, size=4e8),
    "month_none": samples.month_of(0),
}
COMPARES = {
    "compare_two": samples.compared(2, 130),
    "compare_three_light": samples.compared(3, 90, theme="light"),
    "compare_twelve": samples.compared(12, 260),
    "compare_most": samples.compared(12, 1000, theme="light"),
    "compare_years": samples.compared(4, 1000, size=4e6),
    "compare_one_day": samples.compared(1, 1),
    "compare_zero": samples.compared(2, 20, size=0.0),
    "compare_none": samples.compared(0, 1),
}
SLIPPAGES = {
    "slippage": samples.slipped(4),
    "slippage_twelve": samples.slipped(12, theme="light"),
    "slippage_one": samples.slipped(1),
    "slippage_zero": samples.slipped(2, size=0.0),
    "slippage_none": samples.slipped(0),
}


def replay_of(spec: ReplaySpec) -> Callable[[], Sheet]:
    return lambda: compose_replay(spec)


PICTURES = (
    {draw.__name__: draw for draw in CANDLES}
    | {k: pnl_of(v) for k, v in PNL.items()}
    | {k: replay_of(v) for k, v in REPLAYS.items()}
    | {k: partial(compose_digest, v) for k, v in DIGESTS.items()}
    | {k: partial(compose_bars, v) for k, v in BARS.items()}
    | {k: partial(compose_calendar, v) for k, v in CALENDARS.items()}
    | {k: partial(compose_compare, v) for k, v in COMPARES.items()}
    | {k: partial(compose_slippage, v) for k, v in SLIPPAGES.items()}
)
KEPT = ("entry", "filled_light", "filled_next_open", "crowded", "half_a_year", "five_years",
        "losses", "no_trades", "replayed", "replayed_light", "digest_end",
        "digest_week", "bars_week", "bars_named", "year", "month_weekends", "compare_three_light",
        "compare_twelve", "slippage")  # fmt: skip


def _where(sheet: Sheet, text: Text) -> Rect:
    (x, y), size = text.get_position(), float(text.get_fontsize())
    align = text.get_horizontalalignment()
    bold = text.get_fontweight() == "bold"
    return sheet.room_for(x, y + CAP / 2 * size, text.get_text(), size=size, bold=bold, align=align)


every_picture = pytest.mark.parametrize("name", PICTURES)


@every_picture
def test_the_picture_fits_a_phone_and_its_message(name: str) -> None:
    png = PICTURES[name]().png()
    wide, high = samples.picture(png).size
    assert wide == WIDTH
    assert HEIGHT <= high <= 1.25 * WIDTH
    assert len(png) < HEAVIEST


@every_picture
def test_no_text_leaves_the_picture_or_covers_another(name: str) -> None:
    sheet = PICTURES[name]()
    sheet.canvas.draw()
    boxes = {}
    for text in sheet.texts:
        if text.get_text():
            box = text.get_window_extent(sheet.canvas.get_renderer())
            assert min(box.x0, box.y0) >= 0, text
            assert box.x1 <= WIDTH, text
            assert box.y1 <= sheet.height, text
            boxes[text] = box
    for one, other in combinations(boxes, 2):
        a, b = boxes[one], boxes[other]
        apart_x = max(a.x0, b.x0) - min(a.x1, b.x1)
        apart_y = max(a.y0, b.y0) - min(a.y1, b.y1)
        both = one.get_text() + other.get_text()
        # an extent holds room for accents and descenders, which figures do not have
        slack = 3 if any(c.isalpha() for c in both) else 8
        assert apart_x >= -1 or apart_y >= -slack, both


@every_picture
def test_the_smallest_text_can_be_read_on_a_phone(name: str) -> None:
    sizes = {text.get_fontsize() for text in PICTURES[name]().texts}
    assert min(sizes) == LABEL
    assert min(sizes) * PHONE / WIDTH > 10
    assert max(sizes) > 1.2 * LABEL


@every_picture
def test_at_the_width_of_a_phone_every_text_still_stands_out(name: str) -> None:
    """Scaled to 360 px, the darkest and the lightest of where a text stands differ enough."""
    sheet = PICTURES[name]()
    whole = samples.picture(sheet.png())
    share = PHONE / WIDTH
    small = np.asarray(whole.resize((PHONE, round(whole.height * share)), Image.Resampling.LANCZOS))
    for text, box in ((t, _where(sheet, t)) for t in sheet.texts if t.get_text()):
        part = small[
            round((sheet.height - box.top) * share) : round((sheet.height - box.bottom) * share),
            round(box.left * share) : round(box.right * share),
        ]
        lights = np.sort(part.reshape(-1, 3) @ (0.2126, 0.7152, 0.0722))
        shades = [f"#{round(lights[i]):02x}" + f"{round(lights[i]):02x}" * 2 for i in (0, -1)]
        assert contrast(*shades) >= 2.5, text.get_text()


@every_picture
def test_only_the_bundled_font_is_used(name: str) -> None:
    for text in PICTURES[name]().texts:
        assert "DejaVuSans" in str(text.get_fontproperties().get_file())


@pytest.mark.parametrize("name", KEPT)
def test_the_picture_is_as_it_was(name: str) -> None:
    png = PICTURES[name]().png()
    path = REFERENCES / f"{name}.png"
    if os.environ.get("CHARTS_WRITE_REFERENCES"):
        path.write_bytes(png)
    now = np.asarray(samples.picture(png), float)
    then = np.asarray(samples.picture(path.read_bytes()), float)
    assert np.sqrt(((now - then) ** 2).mean()) < TOLERANCE


def test_the_same_facts_give_the_same_bytes() -> None:
    assert entry().png() == entry().png()
