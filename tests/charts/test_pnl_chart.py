"""What the P&L picture says: the total, the worst drawdown, bars wide enough to see."""

from datetime import date
from decimal import Decimal

import pytest

from charts import PnlDay
from charts.pnl import compose
from charts.sheet import Sheet
from tests.charts import samples


def said(sheet: Sheet) -> list[str]:
    return [text.get_text() for text in sheet.texts]


def test_the_total_is_the_sum_of_the_days() -> None:
    days = (PnlDay(date(2025, 7, 1), Decimal("100.10")), PnlDay(date(2025, 7, 2), -50))
    assert "+50.10" in said(compose(samples.book(days)))


def test_the_worst_drawdown_is_told_with_its_day() -> None:
    nets = [500, -200, -300, 100, 600, -50]
    days = tuple(PnlDay(date(2025, 7, i), net) for i, net in enumerate(nets, 1))
    assert "worst −500.00 on 3 Jul 2025" in said(compose(samples.book(days)))


def test_a_loss_from_the_first_day_is_a_drawdown_from_zero() -> None:
    assert "worst −40.00 on 1 Jul 2025" in said(
        compose(samples.book((PnlDay(date(2025, 7, 1), -40),)))
    )


def test_without_a_loss_there_is_no_drawdown() -> None:
    assert "none so far" in said(compose(samples.book((PnlDay(date(2025, 7, 1), 40),))))


@pytest.mark.parametrize(
    ("days", "title"),
    [(1, "Net by day"), (110, "Net by day"), (130, "Net by week"), (1260, "Net by month")],
)
def test_bars_grow_with_the_span(days: int, title: str) -> None:
    assert title in said(compose(samples.book(samples.pnl_days(days))))


def test_the_caller_may_choose_the_bars() -> None:
    assert "Net by month" in said(compose(samples.book(samples.pnl_days(60), bars="month")))


def test_no_days_is_said_kindly() -> None:
    assert "No trades yet" in said(compose(samples.book(())))


def test_the_currency_is_named() -> None:
    assert "EUR" in said(compose(samples.book(samples.pnl_days(5), currency="EUR")))
