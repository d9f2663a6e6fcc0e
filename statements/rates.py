"""Exchange rates: date, currency, value; or a column a currency, as the ECB's eurofxref has it."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from statements.amounts import amount, decimal_comma, is_nothing
from statements.columns import bare
from statements.moments import Moments, day_first
from statements.statement import Statement, Terms
from statements.text import Row, table
from trading.errors import DataError
from trading.money import Rate

ECB, CROSS = "ECB", Decimal("1e-20")
_CODE = re.compile(r"[A-Z]{3,10}")
_DATES = frozenset({"date", "day", "at", "time", "timestamp", "reportdate"})
_VALUES = frozenset({"value", "rate", "close", "price", "exchangerate"})
_FROM = frozenset({"currency", "from", "fromcurrency", "ccy", "currencycode"})
_BASES = frozenset({"base", "to", "tocurrency", "basecurrency"})


def read(text: str, terms: Terms) -> Statement:
    """A value is what one unit of the currency cost in the base; in a file like the ECB's (Date,
    USD, JPY, GBP, CHF and more, no EUR) how many units one euro cost. Raises DataError for a file
    that is no table of rates."""
    rows, sign = table(text)
    header = [cell.strip() for cell in rows[0].cells]
    words = [bare(cell) for cell in header]
    dated = next((n for n, word in enumerate(words) if word in _DATES), None)
    if dated is None:
        raise DataError("no column of dates: rates are date, currency, value, or a column each")
    body = rows[1:]
    moments = Moments(
        terms.zone,
        terms.dates,
        day_first((_cell(row, dated) for row in body), terms.dates),
    )
    values = next((n for n, word in enumerate(words) if word in _VALUES), None)
    whose = next((n for n, word in enumerate(words) if word in _FROM), None)
    base = next((n for n, word in enumerate(words) if word in _BASES), None)
    figures = (cell for row in body for n, cell in enumerate(row.cells) if n != dated)
    comma = decimal_comma(figures, terms.decimal, sign == ";")
    one = terms.currency or terms.base
    if whose is not None and (values is not None or one in header):
        place = values if values is not None else header.index(one)
        statement = Statement("exchange rates, a row each")
        for row in body:
            try:
                into = _cell(row, base).upper() if base is not None else one
                currency = _cell(row, whose).upper()
                value = _rate(currency, into, _cell(row, place), comma)
                rate = Rate(currency, into, moments.at(_cell(row, dated)), value, "import")
                statement.take(row.line, (rate,), row.text)
            except DataError as error:
                statement.refuse(row.line, str(error), row.text)
        return statement
    return _wide(header, body, dated, moments, comma, one, terms)


def _wide(
    header: Sequence[str],
    body: Sequence[Row],
    dated: int,
    moments: Moments,
    comma: bool,
    base: str,
    terms: Terms,
) -> Statement:
    codes = {n: name for n, name in enumerate(header) if n != dated and _CODE.fullmatch(name)}
    if not codes:
        raise DataError("no column is named by a currency (EUR, GBP …)")
    ecb = header[dated] == "Date" and "EUR" not in codes.values() and "USD" in codes.values()
    ecb = ecb and {"JPY", "GBP", "CHF"} <= set(codes.values()) and not terms.currency
    statement = Statement("the ECB's euro rates" if ecb else "exchange rates, a column each")
    if ecb:
        statement.assume("one euro in each currency")
    for row in body:
        try:
            at = moments.at(_cell(row, dated))
            cells = {code: _cell(row, n) for n, code in codes.items()}
            given = {
                code: _rate(code, "EUR" if ecb else base, text, comma)
                for code, text in cells.items()
                if not is_nothing(text) and code != (None if ecb else base)
            }
            found = (
                _crossed(given, base, at)
                if ecb
                else tuple(Rate(code, base, at, value, "import") for code, value in given.items())
            )
            if found:
                statement.take(row.line, found, row.text)
            else:
                statement.skip("a day without rates")
        except DataError as error:
            statement.refuse(row.line, str(error), row.text)
    return statement


def _crossed(given: Mapping[str, Decimal], base: str, at: datetime) -> tuple[Rate, ...]:
    """How many units one euro cost, turned into what each currency cost in `base`: the euro as it
    is told, the others over the euro, rounded at 1e-20."""
    if base not in given:
        return tuple(Rate("EUR", code, at, value, ECB) for code, value in given.items())
    euro = given[base]
    crossed = [
        Rate(code, base, at, (euro / value).quantize(CROSS), ECB)
        for code, value in given.items()
        if code != base
    ]
    return (Rate("EUR", base, at, euro, ECB), *crossed)


def _rate(currency: str, base: str, text: str, comma: bool) -> Decimal:
    value = amount(text, comma)
    if value <= 0:
        raise DataError(f"a rate of {value:f}")
    if not _CODE.fullmatch(currency) or not _CODE.fullmatch(base) or currency == base:
        raise DataError(f"{currency[:12]!r} in {base[:12]!r} is no pair of currencies")
    return value


def _cell(row: Row, place: int) -> str:
    return row.cells[place].strip() if place < len(row.cells) else ""
