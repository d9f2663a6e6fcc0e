"""One row a trade, bought and sold. Each becomes fills whose net is the row's to the last digit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from statements.sheet import Sheet, is_total
from statements.statement import Digests, Statement, Terms, plain
from statements.transactions import ACCOUNT, BROKER, BUYS, SELLS, STRATEGY, cost, named
from trading.errors import DataError
from trading.orders import Fill
from trading.types import Side

ZERO, ONE = Decimal(0), Decimal(1)
STEP = Decimal("0.00000001")
DIGITS = 30
HALF_CENT = Decimal("0.01")  # what rounding may leave between figures of one row


def read(sheet: Sheet, terms: Terms, statement: Statement) -> None:
    digests = Digests()
    for row in sheet.rows:
        if is_total(row):
            statement.skip("a line of totals")
            continue
        try:
            statement.take(row.line, _fills(sheet, row.cells, terms, digests), row.text)
        except DataError as error:
            statement.refuse(row.line, str(error), row.text)


@dataclass(frozen=True, slots=True)
class Leg:
    side: Side
    at: datetime
    value: Decimal  # unsigned, in currency


@dataclass(frozen=True, slots=True)
class Common:
    """What both legs of a row share."""

    account: str
    strategy: str
    symbol: str
    quantity: Decimal
    currency: str
    multiplier: Decimal


def _fills(sheet: Sheet, cells: list[str], terms: Terms, digests: Digests) -> tuple[Fill, ...]:
    columns = sheet.columns
    symbol = named(columns.cell(cells, "symbol"))
    signed = sheet.number(cells, "quantity" if "quantity" in columns else "amount")
    if signed is None and "quantity" not in columns:
        signed = ONE  # a row of values alone is one unit of each
    if not signed:
        raise DataError("no quantity")
    multiplier = sheet.number(cells, "multiplier") or terms.multiplier or ONE
    if multiplier <= 0:
        raise DataError(f"a multiplier of {multiplier:f}")
    common = Common(
        terms.account or columns.cell(cells, "account") or ACCOUNT,
        terms.strategy or columns.cell(cells, "strategy") or STRATEGY,
        symbol,
        abs(signed),
        sheet.said_currency(cells, terms),
        multiplier,
    )
    first, last = _legs(sheet, cells, common, signed)
    fee, tax = cost(sheet, cells, "fee"), cost(sheet, cells, "tax")
    if last is not None:
        bought, sold = (first, last) if first.side is Side.BUY else (last, first)
        fee = _agreed(sheet, cells, sold.value - bought.value, fee, tax)
    elif any(sheet.number(cells, one) for one in ("net", "gross", "pnl")):
        raise DataError("a profit, and no exit")
    told = columns.cell(cells, "id")
    if not told:
        legs = [(one.side, one.at, one.value) for one in (first, last) if one is not None]
        shared = (common.account, symbol, common.quantity, common.currency, fee, tax)
        told = digests.of(BROKER, *shared, *(part for leg in legs for part in leg))
    opening = _cut(common, first, f"{told}:in", ZERO, ZERO)
    if last is None:
        return tuple(_cut(common, first, f"{told}:in", fee, tax))
    return (*opening, *_cut(common, last, f"{told}:out", fee, tax))


def _legs(
    sheet: Sheet, cells: list[str], common: Common, signed: Decimal
) -> tuple[Leg, Leg | None]:
    """Entry and exit; no exit of a trade that is still open."""
    columns = sheet.columns
    if any(f"buy_{what}" in columns for what in ("price", "value")):
        buy = _leg(sheet, cells, "buy", Side.BUY, common)
        sell = _leg(sheet, cells, "sell", Side.SELL, common)
        if buy is None or sell is None:
            only = buy or sell
            if only is None:
                raise DataError("neither a buy nor a sell")
            return only, None
        short = _is_short(columns.cell(cells, "side"), signed)
        if sell.at < buy.at or (sell.at == buy.at and short):
            return sell, buy
        return buy, sell
    short = _is_short(columns.cell(cells, "side"), signed)
    side = Side.SELL if short else Side.BUY
    entry = _leg(sheet, cells, "entry", side, common)
    if entry is None:
        raise DataError("no entry")
    left = _leg(sheet, cells, "exit", side.opposite, common)
    if left is not None and left.at < entry.at:
        raise DataError("the exit is before the entry")
    return entry, left


def _is_short(word: str, signed: Decimal) -> bool:
    said = word.lower()
    if said in SELLS:
        return True
    if said and said not in BUYS:
        raise DataError(f"the side {word[:20]!r} is neither long nor short")
    return signed < 0


def _leg(sheet: Sheet, cells: list[str], name: str, side: Side, common: Common) -> Leg | None:
    columns = sheet.columns
    price, value = sheet.number(cells, f"{name}_price"), sheet.number(cells, f"{name}_value")
    day, clock = columns.cell(cells, f"{name}_at"), columns.cell(cells, f"{name}_clock")
    own_time = f"{name}_at" in columns
    if not own_time:
        day, clock = columns.cell(cells, "at"), clock or columns.cell(cells, "clock")
    if (not price and not value) and (not day or not own_time):
        return None  # still open
    if price is None and value is None:
        raise DataError(f"no {name} price")
    if not day:
        raise DataError(f"no {name} time")
    units = common.quantity * common.multiplier
    if value is None:
        assert price is not None
        value = price * units
    elif price is not None:
        _same(name, price, abs(value), units)
    if value < 0 and side is Side.SELL:
        raise DataError(f"a {name} value of {value:f}")
    return Leg(side, sheet.moments.at(day, clock), abs(value))


def _same(name: str, price: Decimal, value: Decimal, units: Decimal) -> None:
    """A price is often an average, rounded; beyond that, price and value contradict each other."""
    slack = _unit(price) * units + _unit(value)
    if abs(price * units - value) > slack:
        raise DataError(
            f"the {name} value {value:f} is not {plain(units)} x {price:f}, "
            f"{plain(price * units - value)} apart"
        )


def _unit(figure: Decimal) -> Decimal:
    """One in its last place, a cent at the most exact."""
    exponent = figure.as_tuple().exponent
    return ONE.scaleb(max(int(exponent), -8)) if int(exponent) < 0 else HALF_CENT


def _agreed(sheet: Sheet, cells: list[str], made: Decimal, fee: Decimal, tax: Decimal) -> Decimal:
    """The fee with which the row adds up. Raises DataError with the difference where none does."""
    columns = sheet.columns
    gross, net = sheet.number(cells, "gross"), sheet.number(cells, "net")
    either = sheet.number(cells, "pnl")
    if gross is not None and gross != made:
        raise DataError(f"gross {gross:f} is not {made:f}, {plain(gross - made)} apart")
    if net is None and either is not None:
        if ("fee" in columns or "tax" in columns) and either in (made, made - fee - tax):
            return fee
        net = either
    if net is None:
        return fee
    if "fee" not in columns and (made - tax - net) >= -HALF_CENT:
        return made - tax - net  # what is not told is what is missing
    apart = net - (made - fee - tax)
    if apart:
        raise DataError(
            f"net {net:f} is not {plain(made)} less costs of {plain(fee + tax)}, "
            f"{plain(apart)} apart"
        )
    return fee


def _cut(common: Common, leg: Leg, id_: str, fee: Decimal, tax: Decimal) -> list[Fill]:
    """One fill, or two where the value does not divide by the quantity."""
    parts = priced(common.quantity, leg.value / common.multiplier)
    fills = []
    for number, (quantity, price) in enumerate(parts, 1):
        last = number == len(parts)
        fills.append(
            Fill(
                BROKER,
                common.account,
                id_ if number == 1 else f"{id_}:{number}",
                id_,
                common.strategy,
                common.symbol,
                leg.side,
                quantity,
                price,
                fee if last else ZERO,
                common.currency,
                leg.at,
                common.multiplier,
                tax if last else ZERO,
            )
        )
    return fills


def priced(quantity: Decimal, value: Decimal) -> Sequence[tuple[Decimal, Decimal]]:
    """Quantities and prices whose products add up to `value` exactly: one where it divides, else
    two, of which the second is one unit, or a power of ten below the quantity."""
    price = value / quantity
    if len(price.as_tuple().digits) <= DIGITS and price * quantity == value:
        return [(quantity, price)]
    price = price.quantize(STEP)
    small = min(ONE, ONE.scaleb(quantity.adjusted()))
    if small == quantity:
        small = small.scaleb(-1)
    rest = value - price * quantity
    return [(quantity - small, price), (small, price + rest / small)]
