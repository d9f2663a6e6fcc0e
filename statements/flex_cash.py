"""Of a Flex statement, cash and units that moved without a trade, and exchange rates."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from statements.transfers import ASSUMED, carried
from statements.xml_elements import Element
from trading.errors import DataError
from trading.money import Adjustment, Flow, Rate
from trading.orders import Fill
from trading.types import Side

if TYPE_CHECKING:
    from statements.flex import Flex
    from statements.statement import Fact

ZERO = Decimal(0)
_FLOWS: tuple[tuple[str, Flow | None], ...] = (
    ("withholding", Flow.TAX),
    ("871(m)", Flow.TAX),
    ("sales tax", Flow.TAX),
    ("dividend", Flow.DIVIDEND),  # payment in lieu of dividends as well
    ("interest", Flow.INTEREST),
    ("deposit", None),  # or a withdrawal: the sign says
    ("withdrawal", None),
    ("fee", Flow.FEE),
    ("commission adjustment", Flow.FEE),
    ("price adjustment", Flow.FEE),
    ("cash receipt", None),
)


def flow_of(kind: str, amount: Decimal) -> Flow:
    """Raises DataError for a kind of cash nobody here knows."""
    word = kind.lower()
    for part, flow in _FLOWS:
        if part in word:
            return flow or (Flow.DEPOSIT if amount > 0 else Flow.WITHDRAWAL)
    raise DataError(f"cash of the kind {kind[:40]!r} is not understood")


def cash(flex: "Flex", element: Element) -> "tuple[Fact, ...] | str":
    if element.get("levelOfDetail").upper() == "SUMMARY":
        return "told again, in less detail"
    amount = flex.number(element, "amount")
    if not amount:
        return "no amount"
    kind = flow_of(element.get("type"), amount)
    at = flex.at(element, "dateTime", "settleDate", "reportDate")
    return (_moved(flex, element, kind, amount, at_=at),)


def transaction_tax(flex: "Flex", element: Element) -> "tuple[Fact, ...] | str":
    if element.get("source").upper() not in ("", "STANDALONE"):
        return "told by the trade"
    amount = flex.number(element, "taxAmount")
    at = flex.at(element, "date", "reportDate")
    return (_moved(flex, element, Flow.TAX, amount, at_=at),) if amount else "no amount"


def sales_tax(flex: "Flex", element: Element) -> "tuple[Fact, ...] | str":
    amount = flex.number(element, "salesTax")
    at = flex.at(element, "date")
    return (_moved(flex, element, Flow.TAX, amount, at_=at),) if amount else "no amount"


def transfer(flex: "Flex", element: Element) -> "tuple[Fact, ...] | str":
    """Cash or units that came or went."""
    amount = flex.number(element, "cashTransfer")
    if amount:
        kind = Flow.DEPOSIT if amount > 0 else Flow.WITHDRAWAL
        return (_moved(flex, element, kind, amount, at_=flex.at(element, "dateTime", "date")),)
    return _units(flex, element)


def _units(flex: "Flex", element: Element) -> "tuple[Fact, ...]":
    signed, price = flex.number(element, "quantity"), flex.number(element, "transferPrice")
    if not signed:
        raise DataError("no quantity")
    out = element.get("direction").upper() == "OUT" or (not element.get("direction") and signed < 0)
    symbol, currency = element.get("symbol"), flex.currency(element)
    account, at = flex.account_of(element), flex.at(element, "dateTime", "date", "reportDate")
    id_ = element.get("transactionID") or flex.digests.of(
        account, symbol, signed, price, at, element.get("direction"), element.get("account")
    )
    id_ = f"transfer:{id_}"
    multiplier = flex.terms.multiplier or flex.number(element, "multiplier") or Decimal(1)
    fill = Fill(
        "ib", account, id_, id_, flex.terms.strategy or "imported", symbol,
        Side.SELL if out else Side.BUY, abs(signed), price, ZERO, currency, at, multiplier,
    )  # fmt: skip
    facts, by_worth = carried(fill, abs(flex.number(element, "positionAmount")))
    if by_worth:
        flex.statement.assume(ASSUMED)
    return facts


def card(flex: "Flex", element: Element) -> "tuple[Fact, ...] | str":
    """What was paid by card, where its currency is named."""
    amount = flex.number(element, "amount")
    if "SUMMARY" in element.get("currency") or not amount:
        return "card payments in a summary of several currencies"
    kind = Flow.DEPOSIT if amount > 0 else Flow.WITHDRAWAL
    at_ = flex.at(element, "transactionDateTime", "postingDate", "reportDate")
    return (_moved(flex, element, kind, amount, at_=at_),)


def rate(flex: "Flex", element: Element) -> "tuple[Fact, ...] | str":
    one, into = element.get("fromCurrency").upper(), element.get("toCurrency").upper()
    value = flex.number(element, "rate")
    if one == into:
        return "a currency in itself"
    if value < 0:
        return "a rate that is not known"
    return (Rate(one, into, flex.at(element, "reportDate"), value, "IB"),)


def _moved(
    flex: "Flex", element: Element, kind: Flow, amount: Decimal, at_: datetime
) -> Adjustment:
    account, currency = flex.account_of(element), flex.currency(element)
    symbol, note = element.get("symbol"), element.get("description", "taxDescription")[:160]
    told = element.get("transactionID")
    reference = told or flex.digests.of(account, kind, amount, currency, at_, symbol, note)
    mine = kind not in (Flow.DEPOSIT, Flow.WITHDRAWAL) and bool(symbol)
    strategy = (flex.terms.strategy or "imported") if mine else ""
    return Adjustment(
        account, reference, kind, amount, currency, at_, strategy, note, symbol if mine else ""
    )


READERS: "Mapping[str, Callable[[Flex, Element], tuple[Fact, ...] | str]]" = {
    "CashTransaction": cash,
    "TransactionTax": transaction_tax,
    "SalesTax": sales_tax,
    "Transfer": transfer,
    "DebitCardActivity": card,
    "ConversionRate": rate,
}
