"""The report as a JSON-able spec: a PDF of two to four pages. Its figures come written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from charts.pieces import PnlDay
from charts.reading import Node
from charts.specs.heading import Month, check_days, check_months, days_json, read_days
from trading.errors import DataError

MOST_HEADLINES = 12
MOST_COLUMNS = 7
MOST_TABLES = 6
MOST_ROWS = 24  # of one table; a report has four pages at most


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts under `columns`; the first column stands left, the others right. A text that
    begins with + or − takes the colour of its sign."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""  # one line under it

    def __post_init__(self) -> None:
        if not 1 <= len(self.columns) <= MOST_COLUMNS:
            wide = len(self.columns)
            raise DataError(
                f"report: {self.title} has {wide} columns; expected 1 to {MOST_COLUMNS}"
            )
        if len(self.rows) > MOST_ROWS:
            raise DataError(
                f"report: {self.title} has {len(self.rows)} rows; at most {MOST_ROWS} fit"
            )
        if any(len(row) != len(self.columns) for row in self.rows):
            raise DataError(
                f"report: a row of {self.title} does not have {len(self.columns)} cells"
            )

    def to_json(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "columns": list(self.columns),
            "rows": [list(row) for row in self.rows],
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class ReportSpec:
    """Headline figures and a sentence; equity and drawdown over `days`; `months` ("2026-02", net)
    as years by months; then `tables` (by strategy, trades, costs) in order.

    `capital` is what the equity began with; 0 draws cumulative P&L instead. `as_of` and `agrees`
    stand on every page. `made_at` is the file's date: the same spec gives the same bytes.
    Paper is white, so the desk's theme is let through and not used.
    """

    title: str
    made_at: datetime
    as_of: str  # "as of 31 Mar 2026 20:00 UTC"
    agrees: str = ""  # "broker agrees 20:02 UTC"
    subtitle: str = ""
    currency: str = "USD"
    sentence: str = ""
    headlines: Sequence[tuple[str, str]] = ()  # name and figure as written
    days: Sequence[PnlDay] = ()
    capital: float = 0.0
    months: Sequence[Month] = ()
    tables: Sequence[Table] = ()

    def __post_init__(self) -> None:
        if self.made_at.utcoffset() is None:
            raise DataError("report: made_at has no zone")
        if len(self.headlines) > MOST_HEADLINES:
            raise DataError(
                f"report: {len(self.headlines)} headlines; at most {MOST_HEADLINES} fit"
            )
        if len(self.tables) > MOST_TABLES:
            raise DataError(f"report: {len(self.tables)} tables; at most {MOST_TABLES} fit")
        check_days("report", self.days)
        check_months("report", self.months)

    def to_json(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "made_at": self.made_at.isoformat(),
            "as_of": self.as_of,
            "agrees": self.agrees,
            "subtitle": self.subtitle,
            "currency": self.currency,
            "sentence": self.sentence,
            "headlines": [list(pair) for pair in self.headlines],
            "days": days_json(self.days),
            "capital": str(self.capital),
            "months": [[month, str(net)] for month, net in self.months],
            "tables": [table.to_json() for table in self.tables],
        }

    @classmethod
    def from_json(cls, spec: Mapping[str, Any]) -> "ReportSpec":
        """Raises DataError with the place of what is wrong or misspelt."""
        node = Node.of("report spec", spec)
        node.expect(*cls.__slots__, "theme")
        return cls(
            title=node.text("title"),
            made_at=node.moment("made_at"),
            as_of=node.text("as_of"),
            agrees=node.text("agrees", ""),
            subtitle=node.text("subtitle", ""),
            currency=node.text("currency", "USD"),
            sentence=node.text("sentence", ""),
            headlines=tuple((p.text("0"), p.text("1")) for p in node.pairs("headlines")),
            days=read_days(node),
            capital=node.number("capital") if "capital" in node.fields else 0.0,
            months=tuple((p.text("0"), p.number("1")) for p in node.pairs("months")),
            tables=tuple(_table(part) for part in node.nodes("tables")),
        )


def _table(node: Node) -> Table:
    node.expect("title", "columns", "rows", "note")
    columns = node.texts("columns")
    rows = tuple(
        tuple(row.text(str(i)) for i in range(len(columns)))
        for row in node.lists("rows", len(columns))
    )
    return Table(node.text("title"), columns, rows, node.text("note", ""))
