"""Interactive Brokers' Flex XML: trades, cash, corporate actions, options' ends, rates.

Only executions count. Orders, symbol summaries and closed lots tell the same again; orders are
taken where a file holds no execution of that account. (IB, Flex Queries: "Level of Detail".)
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from functools import partial

from statements import flex_cash, flex_ends
from statements.amounts import amount
from statements.corporate import Heads
from statements.moments import Moments
from statements.own import sound
from statements.statement import Digests, Fact, Statement, Terms
from statements.xml_elements import Element, elements
from trading.errors import DataError
from trading.money import Adjustment, Flow
from trading.orders import Fill
from trading.types import Side

BROKER, ACCOUNT, STRATEGY = "ib", "ib", "imported"
ZERO, ONE = Decimal(0), Decimal(1)
TRADES = frozenset({"Trade", "TradeConfirm", "Order", "TradeTransfer"})
AGAIN = frozenset({"SymbolSummary", "AssetSummary", "Lot", "WashSale", "TradesOrder"})
_REVISION = re.compile(r"(?P<stem>.+\.)(?P<number>\d{2})")
LEVELS = {"ORDER", "SYMBOL_SUMMARY", "ASSET_SUMMARY", "CLOSED_LOT", "WASH_SALE", "SUMMARY"}


class Flex:
    """What the parts of one statement share."""

    def __init__(self, terms: Terms, statement: Statement) -> None:
        self.terms, self.statement = terms, statement
        self.moments = Moments(terms.zone, terms.dates)
        self.digests = Digests()
        self.account = ""  # of the statement around
        self.executed: set[str] = set()  # accounts with executions
        self.told_ends: set[tuple[str, str, str]] = set()
        self.ids: dict[str, str] = {}  # trade id -> execution id
        self.heads = Heads(())

    def account_of(self, element: Element) -> str:
        return self.terms.account or element.get("accountId") or self.account or ACCOUNT

    def at(self, element: Element, *names: str) -> datetime:
        text = element.get(*names)
        if not text:
            raise DataError("no date")
        return self.moments.at(text)

    def number(self, element: Element, *names: str) -> Decimal:
        """Zero where nothing is said."""
        text = element.get(*names)
        if not text or text == "--":
            return ZERO
        try:
            return amount(text)
        except DataError as error:
            raise DataError(f"{names[0]}: {error}") from None

    def currency(self, element: Element) -> str:
        found = element.get("currency") or self.terms.currency
        if not found:
            self.statement.assume(f"amounts are {self.terms.base} where none is named")
        return found or self.terms.base


def read(data: bytes, terms: Terms) -> Statement:
    """Raises DataError for what is no XML of theirs."""
    statement = Statement("IB Flex XML")
    found = elements(data)
    flex = Flex(terms, statement)
    readers: Mapping[str, Callable[[Element], tuple[Fact, ...] | str]] = {
        **{tag: partial(_trade, flex) for tag in TRADES},
        "CorporateAction": partial(flex_ends.corporate, flex),
        "OptionEAE": partial(flex_ends.option, flex),
        **{tag: partial(reader, flex) for tag, reader in flex_cash.READERS.items()},
    }
    _look_ahead(flex, found)
    for element in found:
        if element.tag == "FlexStatement":
            flex.account = element.get("accountId")
            continue
        if element.get("levelOfDetail").upper() in LEVELS and element.tag in AGAIN | {"Trade"}:
            statement.skip("told again, in less detail")
            continue
        if element.tag in AGAIN:
            statement.skip("told again, in less detail")
            continue
        reader = readers.get(element.tag)
        if reader is None:
            if "currency" in element.attributes or "accountId" in element.attributes:
                statement.skip(f"{element.tag}: no money that moved")
            continue
        _one(statement, element, reader)
    if flex.moments.needed_zone and not terms.zone_said:
        statement.assume(f"times are of {terms.zone.key} (--zone says another)")
    return statement


def _one(
    statement: Statement, element: Element, reader: Callable[[Element], tuple[Fact, ...] | str]
) -> None:
    try:
        facts = reader(element)
        if isinstance(facts, str):
            statement.skip(facts)
            return
        for fact in facts:
            sound(fact)
        statement.take(element.line, facts, element.text)
    except DataError as error:
        what = element.get("symbol")
        reason = f"{what}: {error}" if what else str(error)
        statement.refuse(element.line, reason, element.text)


def _look_ahead(flex: Flex, found: list[Element]) -> None:
    """What a row must know of later ones: which accounts show executions, which options ended by
    a section of their own, and the execution id behind each trade id."""
    account = ""
    rows = []
    for element in found:
        if element.tag == "FlexStatement":
            flex.account = account = element.get("accountId")
        if element.tag == "CorporateAction":
            with suppress(DataError):  # told when the row itself is read
                rows.append(flex_ends.row_of(flex, element))
        owner = flex.terms.account or element.get("accountId") or account or ACCOUNT
        level = element.get("levelOfDetail").upper()
        if element.tag in ("Trade", "TradeConfirm") and level not in LEVELS:
            flex.executed.add(owner)
            id_ = element.get("ibExecID", "execID") or element.get("tradeID")
            flex.ids[element.get("tradeID")] = id_
        if element.tag == "OptionEAE":
            try:
                day = f"{flex.at(element, 'date'):%Y-%m-%d}"
            except DataError:
                continue
            flex.told_ends.add((owner, element.get("symbol"), day))
    flex.heads, flex.account = Heads(rows), ""


def _trade(flex: Flex, element: Element) -> tuple[Fact, ...] | str:
    account = flex.account_of(element)
    if element.tag == "Order" and account in flex.executed:
        return "told again, in less detail"
    ended = flex_ends.booked(flex, element, account)
    if ended is not None:
        return ended
    signed, price = flex.number(element, "quantity"), flex.number(element, "tradePrice", "price")
    word = element.get("buySell").upper()
    cancels = "(CA" in word or "CA" in re.split(r"[;, ]", element.get("notes", "code").upper())
    side = _side(word, signed)
    if not signed:
        raise DataError("no quantity")
    at = _when(flex, element)
    currency = flex.currency(element)
    costs = _costs(flex, element)
    tax = -flex.number(element, "taxes", "tax")
    symbol = element.get("symbol")
    id_ = element.get("ibExecID", "execID") or element.get("tradeID")
    if element.tag == "Order":
        id_ = element.get("ibOrderID", "orderID")
    if not id_:
        id_ = flex.digests.of(BROKER, account, symbol, side, abs(signed), price, at, costs, tax)
    key = element.get("ibOrderID", "orderID") or id_
    fee_currency = element.get("ibCommissionCurrency", "commissionCurrency") or currency
    strategy = flex.terms.strategy or STRATEGY
    if element.get("assetCategory") == "CASH" and "." in symbol:
        legs = _conversion(account, symbol, id_, side.sign * abs(signed), price, at, currency)
        paid = _apart(account, id_, strategy, -costs - tax, fee_currency, at, symbol)
        return (*legs, *paid)
    fee = costs if fee_currency == currency else ZERO
    multiplier = flex.terms.multiplier or flex.number(element, "multiplier") or ONE
    fill = Fill(
        BROKER, account, id_, key, strategy, symbol, side, abs(signed), price, fee, currency, at,
        multiplier, tax,
    )  # fmt: skip
    if cancels:
        return (_reversal(flex, element, fill),)
    apart: tuple[Adjustment, ...] = ()
    if fee_currency != currency:
        apart = _apart(account, id_, strategy, -costs, fee_currency, at, symbol)
    before = _before(id_)
    if before:
        return (_undo(fill, before), fill, *apart)
    return (fill, *apart)


def _side(word: str, signed: Decimal) -> Side:
    if word.startswith(("BUY", "SELL")):
        return Side.BUY if word.startswith("BUY") else Side.SELL
    return Side.BUY if signed > 0 else Side.SELL


def _when(flex: Flex, element: Element) -> datetime:
    whole = element.get("dateTime")
    if whole:
        return flex.moments.at(whole)
    return flex.moments.at(element.get("tradeDate", "reportDate"), element.get("tradeTime"))


def _costs(flex: Flex, element: Element) -> Decimal:
    """Positive. A transfer's trade may carry another broker's commission as well."""
    paid = -flex.number(element, "ibCommission", "commission")
    if element.tag == "TradeTransfer":
        paid += abs(flex.number(element, "awayBrokerCommission"))
        paid += abs(flex.number(element, "regulatoryFee"))
    return paid


def _conversion(
    account: str,
    symbol: str,
    id_: str,
    signed: Decimal,
    price: Decimal,
    at: datetime,
    currency: str,
) -> tuple[Adjustment, ...]:
    """EUR.USD bought is euros in and dollars out; no position."""
    one, _, other = symbol.partition(".")
    into = other or currency
    paid = -signed * price
    note = f"{symbol} at {price:f}"
    return (
        Adjustment(account, f"{id_}/{one}", Flow.FX, signed, one, at, note=note),
        Adjustment(account, f"{id_}/{into}", Flow.FX, paid, into, at, note=note),
    )


def _apart(
    account: str,
    id_: str,
    strategy: str,
    amount_: Decimal,
    currency: str,
    at: datetime,
    symbol: str,
) -> tuple[Adjustment, ...]:
    """A cost in another currency than the trade's."""
    if not amount_:
        return ()
    reference = f"{id_}:fee"
    return (Adjustment(account, reference, Flow.FEE, amount_, currency, at, strategy, "", symbol),)


def _reversal(flex: Flex, element: Element, fill: Fill) -> Fill:
    told = element.get("origTradeID")
    original = flex.ids.get(told, "") or told
    if original in ("", "0", fill.execution_id):
        raise DataError("cancels a trade and does not say which")
    return _undo(fill, original)


def _undo(fill: Fill, original: str) -> Fill:
    """The fill that takes another out of the books; its own figures count for nothing."""
    return Fill(
        fill.broker, fill.account, f"{original}:undone", fill.order_key, fill.strategy,
        fill.symbol, fill.side.opposite, fill.quantity, fill.price, ZERO, fill.currency, fill.at,
        fill.multiplier, reverses=original,
    )  # fmt: skip


def _before(id_: str) -> str:
    """The execution that this one corrects: …01.02 comes in the place of …01.01."""
    match = _REVISION.fullmatch(id_)
    if match is None or id_.count(".") < 3 or int(match["number"]) < 2:
        return ""
    return f"{match['stem']}{int(match['number']) - 1:02d}"
