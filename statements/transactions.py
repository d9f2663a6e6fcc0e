"""One row an execution: symbol, signed amount, price, date, and whatever else stands beside."""

from decimal import Decimal

from statements.sheet import Sheet, is_total
from statements.statement import Digests, Statement, Terms
from trading.errors import DataError
from trading.orders import Fill
from trading.types import Side

BUYS = frozenset({"buy", "b", "bot", "bought", "long", "buy to open", "buy to close", "purchase"})
SELLS = frozenset({"sell", "s", "sld", "sold", "short", "sell to open", "sell to close", "sale"})
ZERO, ONE = Decimal(0), Decimal(1)
BROKER, ACCOUNT, STRATEGY = "import", "imported", "imported"


def read(sheet: Sheet, terms: Terms, statement: Statement) -> None:
    digests = Digests()
    for row in sheet.rows:
        if is_total(row):
            statement.skip("a line of totals")
            continue
        try:
            statement.take(row.line, (_fill(sheet, row.cells, terms, digests),), row.text)
        except DataError as error:
            statement.refuse(row.line, str(error), row.text)


def _fill(sheet: Sheet, cells: list[str], terms: Terms, digests: Digests) -> Fill:
    columns = sheet.columns
    symbol = named(columns.cell(cells, "symbol"))
    signed = sheet.number(cells, "quantity" if "quantity" in columns else "amount")
    price = sheet.number(cells, "price")
    if signed is None or not signed:
        raise DataError("no quantity")
    if price is None or price < 0:
        raise DataError("no price" if price is None else f"a price of {price:f}")
    side, quantity = sided(columns.cell(cells, "side"), signed)
    at = sheet.moments.at(columns.cell(cells, "at"), columns.cell(cells, "clock"))
    fee, tax = cost(sheet, cells, "fee"), cost(sheet, cells, "tax")
    currency = sheet.said_currency(cells, terms)
    account = terms.account or columns.cell(cells, "account") or ACCOUNT
    multiplier = sheet.number(cells, "multiplier") or terms.multiplier or ONE
    if multiplier <= 0:
        raise DataError(f"a multiplier of {multiplier:f}")
    told = columns.cell(cells, "id")
    facts = (symbol, side.value, quantity, price, at, fee, tax, currency)
    id_ = told or digests.of(BROKER, account, *facts)
    return Fill(
        BROKER,
        account,
        id_,
        columns.cell(cells, "order") or id_,
        terms.strategy or columns.cell(cells, "strategy") or STRATEGY,
        symbol,
        side,
        quantity,
        price,
        fee,
        currency,
        at,
        multiplier,
        tax,
    )


def named(symbol: str) -> str:
    if not symbol:
        raise DataError("no symbol")
    return symbol


def cost(sheet: Sheet, cells: list[str], meaning: str) -> Decimal:
    """What is written as a cost, with either sign: a file that shows money out as negative and one
    that shows it as positive mean the same."""
    return abs(sheet.total(cells, meaning))


def sided(word: str, signed: Decimal) -> tuple[Side, Decimal]:
    """By the word where there is one, else by the quantity's sign. Raises DataError where a
    negative quantity was bought."""
    said = word.lower()
    if not said:
        return (Side.BUY if signed > 0 else Side.SELL), abs(signed)
    if said in BUYS:
        if signed < 0:
            raise DataError(f"bought {signed:f}: quantity and side disagree")
        return Side.BUY, signed
    if said in SELLS:
        return Side.SELL, abs(signed)
    raise DataError(f"the side {word[:20]!r} is neither buy nor sell")
