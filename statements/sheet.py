"""A table under one header: its columns, how its amounts and its days are written."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from statements.amounts import amount, currency_of, decimal_comma, is_nothing
from statements.columns import Columns
from statements.moments import Moments, day_first
from statements.statement import Statement, Terms
from statements.text import Row
from trading.errors import DataError

MONEY = ("price", "value", "amount", "quantity", "fee", "tax", "gross", "net", "pnl")
SIDES = ("buy", "sell", "entry", "exit")
TOTALS = frozenset({"total", "totals", "grand total", "grandtotal", "sum", "subtotal", "sub total"})
MOST_PREAMBLE = 40  # rows before a header


@dataclass(slots=True)
class Sheet:
    """`rows` are what stands under the header."""

    columns: Columns
    rows: list[Row]
    moments: Moments
    comma: bool
    currency: str  # of rows that name none

    @classmethod
    def of(
        cls, columns: Columns, rows: list[Row], sign: str, terms: Terms, statement: Statement
    ) -> "Sheet":
        """Raises DataError where days or decimals can be read in two ways."""
        names = [*MONEY, *(f"{side}_{what}" for side in SIDES for what in ("price", "value"))]
        money = [name for name in names if name in columns]
        figures = [
            text for row in rows for name in money for text in columns.cells(row.cells, name)
        ]
        days = [
            columns.cell(row.cells, name)
            for row in rows
            for name in ("at", *(f"{side}_at" for side in SIDES))
            if name in columns
        ]
        signed = currency_of(figures[:2_000])
        currency = terms.currency or signed or terms.base
        if not terms.currency and "currency" not in columns:
            statement.assume(f"amounts are {currency} (--currency says another)")
        return cls(
            columns,
            rows,
            Moments(terms.zone, terms.dates, day_first(days, terms.dates)),
            decimal_comma(figures, terms.decimal, sign == ";"),
            currency,
        )

    def number(self, cells: Sequence[str], meaning: str) -> Decimal | None:
        """None where there is nothing."""
        text = self.columns.cell(cells, meaning)
        if is_nothing(text):
            return None
        return self._amount(text, meaning)

    def total(self, cells: Sequence[str], meaning: str) -> Decimal:
        """The sum of all columns of that meaning; costs are positive however they are signed by
        who writes them."""
        if meaning not in self.columns:
            return Decimal(0)
        parts = [text for text in self.columns.cells(cells, meaning) if not is_nothing(text)]
        return sum((self._amount(text, meaning) for text in parts), Decimal(0))

    def _amount(self, text: str, meaning: str) -> Decimal:
        try:
            return amount(text, self.comma)
        except DataError as error:
            raise DataError(f"{meaning.replace('_', ' ')}: {error}") from None

    def said_currency(self, cells: Sequence[str], terms: Terms) -> str:
        return terms.currency or self.columns.cell(cells, "currency").upper() or self.currency


def is_total(row: Row) -> bool:
    words = [cell.strip().lower().rstrip(":") for cell in row.cells if cell.strip()]
    return any(word in TOTALS for word in words[:2])


def after_header(rows: list[Row], terms: Terms) -> tuple[Columns, list[Row], int] | None:
    """The columns under the first row that names trades, the rows after it, and how many were
    before; None where no row does."""
    for place, row in enumerate(rows[:MOST_PREAMBLE]):
        headings = {heading.strip().lower() for heading in row.cells}
        said = terms.columns
        if said and not {heading.strip().lower() for heading in said.values()} <= headings:
            continue
        columns = Columns(row.cells, said)
        if columns.are_round_trips or columns.are_transactions:
            return columns, rows[place + 1 :], place
    return None
