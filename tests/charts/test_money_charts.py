"""What bars, calendars, comparisons and slippage say, and what they refuse."""

import json
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations, pairwise
from typing import Any

import pytest

from charts import PnlDay, draw
from charts.bars import compose as bars
from charts.calendar import Scale
from charts.calendar import compose as calendar
from charts.compare import compose as compare
from charts.compare import style
from charts.drawing import KINDS
from charts.pnl import compose as pnl
from charts.scale import money, short
from charts.sheet import Sheet
from charts.slippage import compose as slippage
from charts.specs import BarsSpec, CalendarSpec, CompareSpec, Shortfall, SlippageSpec
from charts.theme import DARK, THEMES, contrast
from tests.charts import samples
from tests.charts.reports import report
from trading.errors import DataError

SPECS = {
    "bars": samples.bars_of(7),
    "calendar": samples.year_of(30),
    "compare": samples.compared(3, 40),
    "slippage": samples.slipped(3),
    "pnl": samples.book(samples.pnl_days(3), gross=True, bars="month"),
    "report": report(10),
}


def said(sheet: Sheet) -> list[str]:
    return [text.get_text() for text in sheet.texts]


def days(*nets: float, first: date = date(2025, 2, 3)) -> tuple[PnlDay, ...]:
    return tuple(PnlDay(first + timedelta(i), net) for i, net in enumerate(nets))


def test_bars_tell_their_total_their_mean_and_each_figure_of_a_few() -> None:
    texts = said(bars(BarsSpec((("Mon", 100.25), ("Tue", -40)), "Net", currency="EUR")))
    assert {"total +60.25", "mean +30.12", "+100", "−40", "Mon", "Tue", "EUR"} <= set(texts)


def test_of_many_bars_the_best_and_the_worst_are_told() -> None:
    spec = samples.bars_of(60)
    nets = [net for _, net in spec.rows]
    assert {short(max(nets)), short(min(nets))} <= set(said(bars(spec)))


def test_named_bars_tell_every_figure_exactly() -> None:
    spec = samples.named_bars(12)
    assert {money(net, signed=True) for _, net in spec.rows} <= set(said(bars(spec)))


def test_less_than_a_cent_is_not_told_as_nothing() -> None:
    assert money(0.0002, signed=True) == "+0.00020"
    assert short(-0.0002) == "−0.00020"
    assert money(0.004) == "0.0040"
    assert (money(0.0), short(0.0)) == ("0.00", "0")
    assert money(0.1 + 0.2 - 0.3, signed=True) == "0.00"


def test_a_year_names_its_best_and_worst_day_and_its_total() -> None:
    spec = CalendarSpec(days(120.5, -80, 10), "2025", year=2025, currency="GBP")
    texts = said(calendar(spec))
    assert {"best 3 Feb +120.50", "worst 4 Feb −80.00", "total +50.50 GBP"} <= set(texts)
    assert {"Jan", "Dec", "Mon", "Fri"} <= set(texts)
    assert "Sat" not in texts


def test_weekends_show_where_something_was_traded_on_one() -> None:
    spec = CalendarSpec(days(5, first=date(2025, 2, 8)), "2025", year=2025)
    assert {"Sat", "Sun"} <= set(said(calendar(spec)))


def test_a_month_has_a_figure_for_each_day_traded() -> None:
    texts = said(calendar(CalendarSpec(days(120.5, -80, 0), "February", month="2025-02")))
    assert {"+120", "−80", "0", "3", "28"} <= set(texts)


def test_without_a_loss_there_is_no_worst_day() -> None:
    texts = said(calendar(CalendarSpec(days(1, 2), "2025", year=2025)))
    assert not any(text.startswith("worst") for text in texts)


@pytest.mark.parametrize("theme", THEMES.values(), ids=list(THEMES))
def test_figures_can_be_read_on_every_shade_of_a_calendar(theme: Any) -> None:
    scale = Scale(theme, 100)
    for value in range(-100, 101, 5):
        fill = scale.fill(value)
        assert contrast(theme.on(fill), fill) >= 3.9, value


def test_twelve_lines_differ_in_colour_or_dash_and_neighbours_in_both() -> None:
    styles = [style(DARK, i) for i in range(12)]
    assert all(one != other for one, other in combinations(styles, 2))
    for (colour, dash), (after, next_dash) in pairwise(styles):
        assert colour != after
        assert dash != next_dash


def test_a_comparison_tells_each_strategys_months_and_total() -> None:
    spec = CompareSpec(
        lines={"dip": days(100, 150), "gap": days(-20.5)},
        months={"dip": (("2025-01", 100.0), ("2025-02", 50.0)), "gap": (("2025-02", -20.6),)},
        title="Strategies",
    )
    texts = said(compare(spec))
    assert {"dip", "gap", "+150.00", "−20.50", "+100", "+50", "−21", "2025", "Feb"} <= set(texts)


def test_a_day_that_a_strategy_lacks_keeps_its_value() -> None:
    spec = CompareSpec({"a": days(10), "b": days(0, 1, 2)}, {}, "Strategies")
    assert {"+10.00", "+2.00"} <= set(said(compare(spec)))


def test_months_that_do_not_fit_are_said_to_be_left_out() -> None:
    assert "Net by month, last 5 of 12" in said(compare(samples.compared(3, 240)))


def test_slippage_tells_the_steps_and_their_sum_in_basis_points() -> None:
    texts = said(slippage(SlippageSpec((Shortfall("dip", 4.0, -1.5, 2.0),), "Slippage")))
    assert {"4.0", "−1.5", "2.0", "+4.5", "total bps", "dip"} <= set(texts)


def test_gross_days_are_named_gross() -> None:
    texts = said(pnl(samples.book(samples.pnl_days(5), gross=True)))
    assert {"Cumulative gross P&L", "Gross by day"} <= set(texts)


@pytest.mark.parametrize("kind", SPECS)
def test_a_stored_spec_is_the_same_spec_and_draws_the_same_bytes(kind: str) -> None:
    once = json.loads(json.dumps(SPECS[kind].to_json(), allow_nan=False))
    read: Any = KINDS[kind].from_json(once)
    assert read.to_json() == once
    assert draw(kind, once) == draw(kind, read.to_json())


@pytest.mark.parametrize("kind", SPECS)
def test_a_misspelt_field_is_refused(kind: str) -> None:
    with pytest.raises(DataError, match=f"{kind} spec: tittle is not a known field"):
        draw(kind, SPECS[kind].to_json() | {"tittle": "x"})


@pytest.mark.parametrize(
    ("make", "changes", "message"),
    [
        (samples.bars_of(2), {"stand": "heap"}, "stand is 'heap'; expected columns or rows"),
        (samples.bars_of(2), {"rows": (("a", 1.0),) * 121}, "121 columns; at most 120 fit"),
        (samples.bars_of(2), {"rows": (("a", float("nan")),)}, "net of a is not a number"),
        (samples.year_of(2), {"month": "2025-01"}, "either a year or a month"),
        (samples.month_of(2), {"month": "2025-13"}, "month is '2025-13'"),
        (samples.year_of(2), {"year": 2024}, "2025-01-01 is not in 2024"),
        (samples.compared(1, 2), {"months": {"x": ()}}, "x has months but no line"),
        (samples.compared(1, 2), {"lines": dict.fromkeys("abcdefghijklm", ())}, "13 strategies"),
        (samples.slipped(1), {"rows": (Shortfall("a", 1, 2, float("inf")),)}, "not a number"),
        (samples.slipped(1), {"theme": "pink"}, "theme is 'pink'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(make: Any, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        replace(make, **changes)
