"""Of a Flex statement, what happened to instruments: corporate actions, and options' ends."""

from decimal import Decimal
from typing import TYPE_CHECKING

from statements.corporate import FREE, Row, action_of
from statements.options import booked_at, end_of, ended
from statements.xml_elements import Element
from trading.errors import DataError
from trading.money import Change

if TYPE_CHECKING:
    from statements.flex import Flex
    from statements.statement import Fact

_EAE = {
    "assignment": Change.ASSIGNMENT,
    "exercise": Change.EXERCISE,
    "expiration": Change.EXPIRY,
    "expire": Change.EXPIRY,
}
OPTIONS = frozenset({"OPT", "FOP", "WAR"})
TOLD = "told by the option's end"
ZERO, ONE = Decimal(0), Decimal(1)


def corporate(flex: "Flex", element: Element) -> "tuple[Fact, ...] | str":
    """What is clear from its words. What else there is wants a person: DataError."""
    found = action_of(row_of(flex, element), flex.heads)
    if isinstance(found, str):
        return found
    if found.kind is Change.SPINOFF:
        flex.statement.assume(FREE)
    return (found,)


def row_of(flex: "Flex", element: Element) -> Row:
    """Raises DataError for a date that is none."""
    at = flex.at(element, "dateTime", "reportDate")
    return Row(
        flex.account_of(element),
        element.get("description", "actionDescription"),
        booked_at(at, flex.terms.zone),
        flex.number(element, "quantity"),
        element.get("currency"),
        element.get("symbol"),
        element.get("code"),
    )


def option(flex: "Flex", element: Element) -> "tuple[Fact, ...] | str":
    kind = _EAE.get(element.get("transactionType").lower())
    if kind is None:
        if element.get("transactionType").lower() in ("buy", "sell"):
            return TOLD
        raise DataError(f"an option's end not understood: {element.get('transactionType')}")
    return _end(flex, element, kind, flex.account_of(element), "date")


def booked(flex: "Flex", element: Element, account: str) -> "tuple[Fact, ...] | str | None":
    """What a trade of no exchange is when it tells of an option's end; None for any other."""
    kind = ended(element.get("notes", "code"))
    if kind is None or element.get("transactionType") not in ("BookTrade", ""):
        return None
    is_option = element.get("assetCategory") in OPTIONS or bool(element.get("putCall"))
    if not is_option:  # the shares that changed hands
        return TOLD if kind is not Change.EXPIRY else None
    if flex.number(element, "tradePrice", "price"):
        return None
    at = flex.at(element, "dateTime", "tradeDate")
    day = f"{at.astimezone(flex.terms.zone):%Y-%m-%d}"
    told = {(owner, symbol) for owner, symbol, on in flex.told_ends if on == day}
    if (account, element.get("symbol")) in told:
        return TOLD
    return _end(flex, element, kind, account, "dateTime", "tradeDate")


def _end(
    flex: "Flex", element: Element, kind: Change, account: str, *dates: str
) -> "tuple[Fact, ...]":
    at = booked_at(flex.at(element, *dates), flex.terms.zone)
    underlying = element.get("underlyingSymbol")
    strike = flex.number(element, "strike")
    units = flex.number(element, "quantity")
    if not units:
        raise DataError("no quantity")
    if kind is not Change.EXPIRY and (not underlying or not element.get("putCall") or not strike):
        raise DataError(f"an {kind} that does not name underlying, strike and right")
    multiplier = flex.number(element, "multiplier") or ONE
    symbol, right = element.get("symbol"), element.get("putCall")
    return (end_of(kind, account, symbol, at, units, multiplier, underlying, strike, right),)
