"""What a digest's picture says: the day it tells of, the sum so far, a figure a bar of a week."""

from datetime import date

from charts import DigestSpec, PnlDay
from charts.digest import compose
from charts.sheet import Sheet
from charts.theme import THEMES
from tests.charts import samples

WEEK = tuple(PnlDay(date(2025, 2, 3 + n), net) for n, net in enumerate((840, -998.4, 191, 0, -157)))


def said(sheet: Sheet) -> list[str]:
    return [text.get_text() for text in sheet.texts]


def test_the_day_it_tells_of_is_named_with_its_figure_in_its_colour() -> None:
    sheet = compose(DigestSpec(WEEK, "Net P&L", highlight=date(2025, 2, 4)))
    [note] = [t for t in sheet.texts if t.get_text() == "4 Feb −998.40"]
    assert note.get_color() == THEMES["dark"].down


def test_a_week_without_a_day_of_its_own_has_a_figure_over_every_bar() -> None:
    texts = said(compose(DigestSpec(WEEK, "Net P&L")))
    assert {"+840", "−998", "+191", "−157"} <= set(texts)


def test_a_month_names_its_best_and_its_worst_day() -> None:
    days = samples.pnl_days(22)
    texts = said(compose(DigestSpec(days, "Net P&L")))
    nets = [float(day.net) for day in days]
    assert f"+{max(nets):,.0f}" in texts
    assert f"−{abs(min(nets)):,.0f}" in texts


def test_the_tag_is_the_sum_of_the_days() -> None:
    assert "−124.40" in said(compose(DigestSpec(WEEK, "Net P&L", currency="EUR")))
    assert "EUR" in said(compose(DigestSpec(WEEK, "Net P&L", currency="EUR")))


def test_no_days_is_said_kindly() -> None:
    assert "No trades yet" in said(compose(DigestSpec((), "Net P&L")))
