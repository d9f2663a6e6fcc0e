"""A report to draw: a year of a paper account in four strategies."""

from datetime import UTC, datetime
from typing import Any

from charts.specs import ReportSpec, Table
from tests.charts import samples

MADE = datetime(2026, 4, 1, 6, 30, tzinfo=UTC)


def table(title: str = "By strategy", rows: int = 4, columns: int = 6) -> Table:
    names = ("strategy", "trades", "win rate", "net USD", "fees USD", "max drawdown")
    cells = ("41", "53.7 %", "+1,204.50", "12.30", "−310.00")
    return Table(
        title,
        names[:columns],
        tuple((samples.NAMES[i % 12], *cells[: columns - 1]) for i in range(rows)),
        note="Net is after fees and taxes.",
    )


def report(days: int = 250, *, years: int = 2, tables: int = 3, **changes: Any) -> ReportSpec:
    months = tuple(
        (f"{2027 - years + i // 12}-{i % 12 + 1:02}", float(day.net) * 20)
        for i, day in enumerate(samples.pnl_days(12 * years - 9 * bool(years)))
    )
    parts: dict[str, Any] = {
        "title": "Quarterdeck",
        "subtitle": "March 2026, paper account",
        "made_at": MADE,
        "as_of": "as of 31 Mar 2026 20:00 UTC",
        "agrees": "broker agrees 20:02 UTC",
        "sentence": "March made 1,204.50 USD after 92.10 of costs in 41 trades, the third month of "
        "profit in a row; the deepest drawdown was 310.00 on 9 March.",
        "headlines": (
            ("net P&L, USD", "+1,204.50"), ("return", "+1.2 %"), ("trades", "41"),
            ("win rate", "53.7 %"), ("profit factor", "1.41"), ("Sharpe", "1.12"),
            ("max drawdown, USD", "−310.00"), ("costs, USD", "92.10"),
        ),
        "days": samples.pnl_days(days),
        "capital": 100_000.0,
        "months": months,
        "tables": tuple(table(f"Table {i + 1}", rows=4 + i) for i in range(tables)),
    }  # fmt: skip
    return ReportSpec(**(parts | changes))
