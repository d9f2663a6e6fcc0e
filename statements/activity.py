"""Interactive Brokers' activity statement as CSV: sections under headers of their own.

A row begins with its section and what it is: Header, Data, SubTotal, Total. Of trades, an Order
counts unless the executions that made it stand below it; a ClosedLot tells again.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from statements import corporate
from statements.amounts import amount, is_nothing
from statements.corporate import FREE, action_of
from statements.flex import ACCOUNT, BROKER, STRATEGY
from statements.flex_cash import flow_of
from statements.moments import Moments
from statements.options import booked_at, end_of, ended
from statements.own import sound
from statements.statement import Digests, Fact, Statement, Terms, plain
from statements.text import Row
from statements.transfers import ASSUMED, carried
from trading.errors import DataError
from trading.money import Adjustment, Change, Flow
from trading.orders import Fill
from trading.types import Side

ZERO, ONE = Decimal(0), Decimal(1)
CASH = {
    "Deposits & Withdrawals": "deposit",
    "Dividends": "dividend",
    "Payment In Lieu Of Dividends": "dividend",
    "Withholding Tax": "withholding",
    "871(m) Withholding": "withholding",
    "Interest": "interest",
    "Broker Interest Paid": "interest",
    "Broker Interest Received": "interest",
    "Fees": "fee",
    "Other Fees": "fee",
    "Sales Tax Details": "sales tax",
}
_OPTION = re.compile(
    r"(?P<root>\S+) (?P<expiry>\d{2}[A-Z]{3}\d{2}) (?P<strike>\d+(?:\.\d+)?) (?P<right>[CP])"
)
_ISIN = re.compile(r"^(?P<symbol>[^\s(]+(?: [A-Z])?)\s*\([A-Z0-9]{6,}\)")
AGAIN = "told again, in less detail"


@dataclass(slots=True)
class _Reading:
    terms: Terms
    statement: Statement
    moments: Moments
    digests: Digests = field(default_factory=Digests)
    account: str = ACCOUNT
    multipliers: dict[str, Decimal] = field(default_factory=dict)
    booked: list[Fill] = field(default_factory=list)
    heads: corporate.Heads = field(default_factory=lambda: corporate.Heads(()))


Named = dict[str, str]  # a row's cells by their headings


def is_one(rows: Sequence[Row]) -> bool:
    return any(row.cells[1:2] == ["Header"] for row in rows[:3])


def read(rows: list[Row], terms: Terms) -> Statement:
    statement = Statement("IB activity statement")
    reading = _Reading(terms, statement, Moments(terms.zone, terms.dates))
    found = list(_named(rows))
    for section, named, _ in found:
        if section == "Account Information" and named.get("Field Name") == "Account":
            reading.account = named.get("Field Value", "") or ACCOUNT
        if section == "Financial Instrument Information" and named.get("Multiplier"):
            with_commas = named["Multiplier"].replace(",", "")
            if re.fullmatch(r"\d+(\.\d+)?", with_commas):
                for symbol in named.get("Symbol", "").split(","):
                    reading.multipliers[symbol.strip()] = Decimal(with_commas)
    reading.account = terms.account or reading.account
    actions = []
    for section, named, _ in found:
        if section == "Corporate Actions":
            with suppress(DataError):  # told when the row itself is read
                actions.append(_row(reading, named))
    reading.heads = corporate.Heads(actions)
    for place, (section, named, row) in enumerate(found):
        following = found[place + 1][1] if place + 1 < len(found) else {}
        try:
            facts = _facts(reading, section, named, following)
            if isinstance(facts, str):
                if facts:
                    statement.skip(facts)
                continue
            for fact in facts:
                sound(fact)
            statement.take(row.line, facts, row.text)
        except DataError as error:
            statement.refuse(row.line, str(error), row.text)
    if reading.moments.needed_zone and not terms.zone_said:
        statement.assume(f"times are of {terms.zone.key} (--zone says another)")
    return statement


def _named(rows: list[Row]) -> "Sequence[tuple[str, Named, Row]]":
    """Rows of data with the headings of their section; what is a total says so."""
    heads: dict[str, list[str]] = {}
    found = []
    for row in rows:
        section, kind, *cells = [cell.strip() for cell in (*row.cells, "", "")]
        if kind == "Header":
            heads[section] = cells
        elif kind == "Data" and section in heads:
            named = dict(zip(heads[section], cells, strict=False))
            found.append((section, named, row))
        elif kind in ("SubTotal", "Total"):
            found.append(("total", {}, row))
    return found


def _facts(
    reading: _Reading, section: str, named: Named, following: Named
) -> tuple[Fact, ...] | str:
    """ "" for what is no money that moved, and need not be counted."""
    if section == "total":
        return "a line of totals"
    if section == "Trades":
        level = named.get("DataDiscriminator", "")
        below = following.get("DataDiscriminator", "") == "Trade"
        if level not in ("Order", "Trade") or (level == "Order" and below):
            return AGAIN
        return _trade(reading, named)
    if section in CASH:
        return _cash(reading, CASH[section], named)
    if section == "Transaction Fees":
        return _cash(reading, "sales tax", named)
    if section == "Corporate Actions":
        return _corporate(reading, named)
    if section == "Transfers":
        return _transfer(reading, named)
    return ""


def _trade(reading: _Reading, named: Named) -> tuple[Fact, ...] | str:
    category, symbol = named.get("Asset Category", ""), named.get("Symbol", "")
    if not symbol:
        raise DataError("no symbol")
    currency = named.get("Currency") or reading.terms.base
    at = reading.moments.at(named.get("Date/Time", ""))
    signed, price = _number(named, "Quantity"), _number(named, "T. Price")
    if not signed:
        raise DataError("no quantity")
    if price < 0:
        raise DataError(f"a price of {price:f}")
    codes = named.get("Code", "")
    end = ended(codes)
    if end is not None and "Option" in category and not price:
        return _ended(reading, end, symbol, at, signed)
    if end in (Change.ASSIGNMENT, Change.EXERCISE):
        return "told by the option's end"
    fee = -_number(named, "Comm/Fee") if "Comm/Fee" in named else ZERO
    strategy = reading.terms.strategy or STRATEGY
    account = reading.account
    id_ = reading.digests.of(BROKER, account, symbol, signed, price, at, fee, currency)
    if category == "Forex":
        return _conversion(reading, named, symbol, signed, price, at, id_)
    fill = Fill(
        BROKER, account, id_, id_, strategy, symbol, Side.BUY if signed > 0 else Side.SELL,
        abs(signed), price, fee, currency, at, _multiplier(reading, named, category, symbol),
    )  # fmt: skip
    if "Ca" in re.split(r"[;, ]", codes):
        return (_cancelled(reading, fill),)
    reading.booked.append(fill)
    return (fill,)


def _cancelled(reading: _Reading, fill: Fill) -> Fill:
    """The reversal of the last equal trade the other way round. Raises DataError without one."""
    wanted = (fill.symbol, fill.side.opposite, fill.quantity, fill.price)
    for one in reversed(reading.booked):
        if (one.symbol, one.side, one.quantity, one.price) == wanted:
            reading.booked.remove(one)
            undone = f"{one.execution_id}:undone"
            return replace(fill, execution_id=undone, fee=ZERO, reverses=one.execution_id)
    raise DataError("cancels a trade that is not in this file")


def _conversion(
    reading: _Reading,
    named: Named,
    symbol: str,
    signed: Decimal,
    price: Decimal,
    at: datetime,
    id_: str,
) -> tuple[Fact, ...]:
    one, _, other = symbol.partition(".")
    if not one or not other:
        raise DataError(f"{symbol[:20]!r} is no pair of currencies")
    account, note = reading.account, f"{symbol} at {plain(price)}"
    facts: list[Fact] = [
        Adjustment(account, f"{id_}/{one}", Flow.FX, signed, one, at, note=note),
        Adjustment(account, f"{id_}/{other}", Flow.FX, -signed * price, other, at, note=note),
    ]
    for heading in named:
        match = re.fullmatch(r"Comm in ([A-Z]{3})|Comm/Fee", heading)
        paid = _number(named, heading) if match else ZERO
        if match and paid:
            into = match[1] or reading.terms.base
            strategy = reading.terms.strategy or STRATEGY
            kind = (Flow.FEE, paid, into, at, strategy, "", symbol)
            facts.append(Adjustment(account, f"{id_}:fee", *kind))
    return tuple(facts)


def _multiplier(reading: _Reading, named: Named, category: str, symbol: str) -> Decimal:
    """As the statement's instruments say, else what the proceeds come to."""
    if reading.terms.multiplier:
        return reading.terms.multiplier
    known = reading.multipliers.get(symbol)
    if known:
        return known
    if category in ("Stocks", "", "Bonds", "Funds", "Warrants"):
        return ONE
    for heading in ("Proceeds", "Notional Value"):
        worth = abs(_number(named, heading)) if heading in named else ZERO
        paid = abs(_number(named, "Quantity") * _number(named, "T. Price"))
        if worth and paid:
            size = (worth / paid).quantize(Decimal("0.01")).normalize()
            if size and abs(worth - size * paid) <= max(ONE, worth * Decimal("0.0001")):
                return size
    if "Option" in category:
        reading.statement.assume("options are of 100 where no multiplier is told")
        return Decimal(100)
    raise DataError("no multiplier: say --multiplier, or export with instrument information")


def _ended(
    reading: _Reading, kind: Change, symbol: str, at: datetime, signed: Decimal
) -> tuple[Fact, ...]:
    match = _OPTION.fullmatch(symbol)
    if kind is not Change.EXPIRY and match is None:
        raise DataError(f"an {kind} whose underlying {symbol[:30]!r} does not tell")
    root, strike, right = match.group("root", "strike", "right") if match else ("", "0", "C")
    size = reading.terms.multiplier or reading.multipliers.get(symbol, Decimal(100))
    moment = booked_at(at, reading.terms.zone)
    account = reading.account
    return (end_of(kind, account, symbol, moment, signed, size, root, Decimal(strike), right),)


def _cash(reading: _Reading, kind: str, named: Named) -> tuple[Fact, ...] | str:
    currency = named.get("Currency", "")
    day = named.get("Date") or named.get("Settle Date") or named.get("Date/Time") or ""
    if currency.lower().startswith("total") or not day:
        return "a line of totals"
    paid = _number(named, "Amount" if "Amount" in named else "Sales Tax")
    if not paid:
        return "no amount"
    note = (named.get("Description") or "")[:160]
    flow = flow_of(kind, paid)
    match = _ISIN.match(note)
    symbol = named.get("Symbol") or (match["symbol"] if match else "")
    mine = flow not in (Flow.DEPOSIT, Flow.WITHDRAWAL) and bool(symbol)
    at, account = reading.moments.at(day), reading.account
    reference = reading.digests.of(account, flow, paid, currency, at, note)
    strategy = (reading.terms.strategy or STRATEGY) if mine else ""
    return (
        Adjustment(
            account, reference, flow, paid, currency, at, strategy, note, symbol if mine else ""
        ),
    )


def _corporate(reading: _Reading, named: Named) -> tuple[Fact, ...] | str:
    if _is_total(named) or not named.get("Description"):
        return "a line of totals"
    found = action_of(_row(reading, named), reading.heads)
    if isinstance(found, str):
        return found
    if found.kind is Change.SPINOFF:
        reading.statement.assume(FREE)
    return (found,)


def _row(reading: _Reading, named: Named) -> corporate.Row:
    at = reading.moments.at(named.get("Date/Time") or named.get("Report Date") or "")
    return corporate.Row(
        reading.account,
        named.get("Description", ""),
        booked_at(at, reading.terms.zone),
        _number(named, "Quantity"),
        named.get("Currency", ""),
        codes=named.get("Code", ""),
    )


def _transfer(reading: _Reading, named: Named) -> tuple[Fact, ...] | str:
    """Units, cash, or both that came or went."""
    symbol, currency = named.get("Symbol", ""), named.get("Currency", "")
    signed, cash = _number(named, "Qty"), _number(named, "Cash Amount")
    if _is_total(named) or currency.lower().startswith("total"):
        return "a line of totals"
    at, account = reading.moments.at(named.get("Date", "")), reading.account
    direction = named.get("Direction", "")
    price = _number(named, "Xfer Price")
    id_ = reading.digests.of(account, symbol, signed, price, cash, at, direction, currency)
    facts: list[Fact] = []
    if cash:
        kind = Flow.DEPOSIT if cash > 0 else Flow.WITHDRAWAL
        facts.append(Adjustment(account, id_, kind, cash, currency, at, note="transferred"))
    if signed:
        out = direction.lower() == "out" or (not direction and signed < 0)
        category = named.get("Asset Category", "")
        fill = Fill(
            BROKER, account, f"transfer:{id_}", f"transfer:{id_}",
            reading.terms.strategy or STRATEGY, symbol, Side.SELL if out else Side.BUY,
            abs(signed), price, ZERO, currency, at,
            _multiplier(reading, named, category, symbol),
        )  # fmt: skip
        moved, by_worth = carried(fill, abs(_number(named, "Market Value")))
        facts += moved
        if by_worth:
            reading.statement.assume(ASSUMED)
    return tuple(facts) or "no amount"


def _is_total(named: Named) -> bool:
    return named.get("Asset Category", "").lower().startswith("total")


def _number(named: Named, heading: str) -> Decimal:
    text = named.get(heading, "")
    if is_nothing(text):
        return ZERO
    try:
        return amount(text)
    except DataError as error:
        raise DataError(f"{heading}: {error}") from None
