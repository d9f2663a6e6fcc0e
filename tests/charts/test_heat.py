"""Heat maps: every figure in its place, readable on a phone, and strict about their specs."""

import json
from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest

from charts import HeatSpec, draw
from charts.heat import SHADES, _shade, compose
from charts.sheet import Sheet
from charts.theme import DARK, HEIGHT, LABEL, LIGHT, WIDTH, _luminance, contrast
from tests.charts import samples
from trading.errors import DataError


def heat(columns: int, rows: int, **changes: object) -> HeatSpec:
    cells = [
        [float(np.sin(r / 3) * np.cos(c / 4)) for c in range(columns)] for r in range(max(rows, 1))
    ]
    spec = HeatSpec(
        title="mean_reversion",
        subtitle="out of sample, Aug 2023 to Feb 2026",
        column_name="rsi_enter",
        columns=tuple(str(20 + 5 * c) for c in range(columns)),
        row_name="width" if rows else "",
        rows=tuple(f"{1 + r / 4:g}" for r in range(rows)),
        cells=cells,
        metric="Sharpe ratio",
        best=(rows // 2, columns // 2) if rows else (0, columns // 2),
        best_name=f"best of {columns * max(rows, 1):,}",
    )
    return replace(spec, **changes)


PICTURES = {
    "few": heat(5, 4),
    "light": heat(6, 5, theme="light"),
    "one_cell": heat(1, 1),
    "one_row": heat(7, 1),
    "many": heat(60, 60),
    "wide": heat(60, 2, theme="light"),
    "bars": heat(8, 0),
    "many_bars": heat(60, 0),
    "all_equal": heat(3, 3, cells=[[0.5] * 3] * 3),
    "holes": heat(3, 2, cells=[[None, 1.0, 2.0], [0.1, None, None]], best=None),
    "nothing": heat(2, 2, cells=[[None] * 2] * 2, best=None),
    "long_names": replace(
        heat(4, 4), rows=("a value of great length",) * 4, columns=("another long value",) * 4,
        column_name="a parameter " * 9, row_name="named by a talker " * 9, metric="much " * 40,
        best_name="best " * 40, title="title " * 30, unit=" %",
    ),
}  # fmt: skip
every_picture = pytest.mark.parametrize("name", PICTURES)


def said(sheet: Sheet) -> list[str]:
    return [text.get_text() for text in sheet.texts]


@every_picture
def test_the_picture_fits_a_phone_and_its_message(name: str):
    png = draw("heat", PICTURES[name].to_json())
    assert samples.picture(png).size == (WIDTH, HEIGHT)
    assert len(png) < 120_000


@every_picture
def test_no_text_leaves_the_picture_or_covers_another(name: str):
    sheet = compose(PICTURES[name])
    sheet.canvas.draw()
    boxes = [
        (text.get_text(), text.get_window_extent(sheet.canvas.get_renderer()))
        for text in sheet.texts
        if text.get_text()
    ]
    for text, box in boxes:
        assert min(box.x0, box.y0) >= 0, text
        assert box.x1 <= WIDTH, text
        assert box.y1 <= HEIGHT, text
    for (one, a), (other, b) in combinations(boxes, 2):
        apart_x = max(a.x0, b.x0) - min(a.x1, b.x1)
        apart_y = max(a.y0, b.y0) - min(a.y1, b.y1)
        assert apart_x >= -1 or apart_y >= -8, one + " | " + other


@every_picture
def test_the_smallest_text_can_be_read_on_a_phone(name: str):
    assert min(text.get_fontsize() for text in compose(PICTURES[name]).texts) == LABEL


def test_few_cells_show_their_figures_and_many_only_the_scale():
    few, many = said(compose(PICTURES["few"])), said(compose(PICTURES["many"]))
    figures = [f"{v:.2f}".replace("-", "−") for row in PICTURES["few"].cells for v in row]
    assert sum(text in figures for text in few) >= 20
    assert len(many) < 60


def test_one_parameter_is_drawn_as_bars_with_their_figures():
    spec = heat(3, 0, cells=[[0.25, -1.5, 2.0]], unit=" %", best=(0, 2))
    assert {"0.25 %", "−1.50 %", "2.00 %", "Framed: best of 3"} <= set(said(compose(spec)))


def test_the_shades_are_ordered_by_their_light_alone():
    """So grey prints and colour-blind eyes see the same order."""
    light = [_luminance(_shade(place / (SHADES - 1))) for place in range(SHADES)]
    assert all(one < other for one, other in pairwise(light))


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
def test_figures_can_be_read_on_every_shade(theme):
    for place in range(SHADES):
        fill = _shade(place / (SHADES - 1))
        assert contrast(theme.on(fill), fill) >= 4.0


@every_picture
def test_a_stored_spec_is_the_same_spec(name: str):
    once = json.loads(json.dumps(PICTURES[name].to_json(), allow_nan=False))
    assert json.loads(json.dumps(HeatSpec.from_json(once).to_json())) == once


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"cells": [[1.0, 2.0]]}, "the cells are not 2 rows of 2"),
        ({"cells": [[1.0], [2.0, 3.0]]}, "the cells are not 2 rows of 2"),
        ({"cells": [[1.0, float("nan")], [1.0, 2.0]]}, "leave it out as None"),
        ({"best": (2, 0)}, "no cell (2, 0)"),
        ({"columns": ()}, "0 columns, 2 rows"),
        ({"theme": "neon"}, "theme is 'neon'"),
        ({"decimals": 9}, "decimals is 9"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes: dict[str, object], said: str):
    with pytest.raises(DataError) as refused:
        replace(heat(2, 2), **changes)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"cells": [1.0]}, "heat spec: cells[0] should be a list of numbers"),
        ({"best": [1]}, "heat spec: best should be a row and a column"),
        ({"columns": [1, 2]}, "heat spec: columns should be a list of texts"),
        ({"bset": [0, 0]}, "heat spec: bset is not a known field"),
    ],
)
def test_a_bad_spec_says_where_it_is_wrong(changes: dict[str, object], said: str):
    with pytest.raises(DataError) as refused:
        draw("heat", heat(2, 2).to_json() | changes)
    assert str(refused.value).startswith(said)
