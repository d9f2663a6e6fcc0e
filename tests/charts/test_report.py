"""The report's PDF: pages of A4, fonts inside, the same bytes from the same spec."""

import json
import re
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from itertools import combinations

import pytest
from PIL import Image

from charts import draw
from charts.paper import A4
from charts.report import compose
from charts.specs import ReportSpec, Table
from tests.charts import samples
from tests.charts.reports import MADE, report, table
from trading.errors import DataError

FULL = tuple(table(f"Table {i}", rows=24) for i in range(6))
REPORTS = {
    "usual": report(),
    "fullest": replace(report(1000, years=14), tables=FULL, title="Trading report " * 6,
                       sentence="long words " * 90,
                      headlines=(("a name of some length", "+1,234,567,890.12 USD"),) * 12),
    "no_capital": report(60, capital=0.0),
    "one_day": report(1, years=1),
    "all_zero": replace(report(), days=samples.flat_days(40)),
    "millions": replace(report(), days=samples.pnl_days(90, size=4e8), capital=1e10),
    "nothing": report(0, years=0, tables=0, headlines=()),
    "brief": replace(report(tables=1), sentence=""),
}  # fmt: skip
every_report = pytest.mark.parametrize("name", REPORTS)


def said(spec: ReportSpec) -> list[list[str]]:
    return [[text.get_text() for text in page.texts] for page in compose(spec).pages]


@every_report
def test_a_report_is_four_pages_of_a4_at_most_and_light(name: str) -> None:
    pdf = draw("report", REPORTS[name].to_json() | {"theme": "dark"})
    pages = len(re.findall(rb"/Type /Page\b", pdf))
    assert pdf.startswith(b"%PDF-")
    assert pages == len(compose(REPORTS[name]).pages) <= 4
    assert len(pdf) < 300_000
    sides = [float(side) for side in re.findall(rb"/MediaBox \[ 0 0 (\S+) (\S+) \]", pdf)[0]]
    assert sides == pytest.approx([A4.width, A4.height], abs=0.1)


@every_report
def test_no_text_leaves_its_page_or_covers_another(name: str) -> None:
    for page in compose(REPORTS[name]).pages:
        page.canvas.draw()
        renderer = page.canvas.get_renderer()
        boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in page.texts if t.get_text()]
        for text, box in boxes:
            assert A4.margin <= box.x0 < box.x1 <= A4.width - A4.margin + 1, text
            assert 0 < box.y0 < box.y1 < A4.height - A4.margin + 1, text
        for (one, a), (other, b) in combinations(boxes, 2):
            apart_x = max(a.x0, b.x0) - min(a.x1, b.x1)
            apart_y = max(a.y0, b.y0) - min(a.y1, b.y1)
            assert apart_x >= -1 or apart_y >= -2.5, one + " | " + other


def test_the_same_spec_gives_the_same_bytes_dated_as_it_says() -> None:
    spec = report().to_json()
    pdf = draw("report", spec)
    assert pdf == draw("report", json.loads(json.dumps(spec)))
    assert b"/CreationDate (D:20260401063000Z)" in pdf


def test_fonts_are_embedded_as_text() -> None:
    pdf = draw("report", report().to_json())
    fonts = re.findall(rb"/BaseFont /[A-Z]{6}\+(DejaVuSans\S*)", pdf)
    assert set(fonts) == {b"DejaVuSans", b"DejaVuSans-Bold"}
    assert b"/FontFile2" in pdf
    assert b"/Type3" not in pdf


def test_every_page_says_as_of_when_and_whether_the_broker_agrees() -> None:
    pages = said(report(tables=6))
    for number, texts in enumerate(pages, 1):
        assert "as of 31 Mar 2026 20:00 UTC, broker agrees 20:02 UTC" in texts
        assert any(text.endswith(f"page {number} of {len(pages)}") for text in texts)


def test_equity_begins_with_the_capital_and_its_last_value_is_told() -> None:
    days = samples.pnl_days(250)
    ends = 100_000 + sum(float(day.net) for day in days)
    assert f"{ends:,.0f}" in said(report())[0]
    assert "Cumulative net P&L" in said(report(capital=0.0))[0]


def test_a_table_of_months_sums_each_year() -> None:
    months = (("2025-12", 100.0), ("2026-01", -40.6), ("2026-02", 10.0))
    texts = said(replace(report(), months=months))[0]
    assert {"2025", "2026", "+100", "+100.00", "−41", "+10", "−30.60"} <= set(texts)


def test_tables_keep_their_texts_and_an_empty_one_says_so() -> None:
    texts = [text for page in said(_with(table(rows=0), table(rows=2))) for text in page]
    assert "none in this period" in texts
    assert texts.count("+1,204.50") == 3  # two rows and the headline
    assert "momentum_of_large_companies_after_earnings" not in texts


def _with(*tables: Table) -> ReportSpec:
    return replace(report(tables=0), tables=tables)


def test_a_long_headline_figure_is_written_smaller_and_whole() -> None:
    spec = replace(report(), headlines=(("Net P&L", "+12,345,678,901.23 USD"),))
    assert "+12,345,678,901.23 USD" in said(spec)[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"made_at": datetime(2026, 4, 1)}, "made_at has no zone"),
        ({"headlines": (("a", "b"),) * 13}, "13 headlines; at most 12 fit"),
        ({"tables": (table(),) * 7}, "7 tables; at most 6 fit"),
        ({"months": (("2026-13", 1.0),)}, "month is '2026-13'"),
        ({"days": samples.pnl_days(3)[::-1]}, "days must ascend"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        ReportSpec(**({"title": "R", "made_at": MADE, "as_of": "now"} | changes))  # type: ignore[arg-type]


def test_a_table_that_does_not_fit_is_refused() -> None:
    with pytest.raises(DataError, match="has 25 rows; at most 24 fit"):
        table(rows=25)
    bad = report().to_json()
    bad["tables"][0]["rows"][1] = ["too", "few"]
    with pytest.raises(DataError, match=r"tables\[0\]: rows\[1\] should be a list of 6"):
        draw("report", bad)


def test_a_stored_spec_is_the_same_spec() -> None:
    once = json.loads(json.dumps(report().to_json(), allow_nan=False))
    assert ReportSpec.from_json(once).to_json() == once


def test_a_page_can_be_a_picture_as_wide_as_asked() -> None:
    [first, *_] = compose(report(), A4.as_wide(720)).pages
    with Image.open(BytesIO(first.png())) as page:
        picture = page.convert("L")
    assert picture.width == 720
    ink = picture.point(lambda light: 255 * (light < 250)).getbbox()
    assert ink is not None
    assert ink[0] < 70
    assert ink[2] > 650  # from margin to margin, as on paper
