"""ccxt's unified trades, as JSON: a list, or an object whose "trades" is one.

A fee in the coin itself is a disposal of that coin at the trade's price and a cost of the same
value: cash is as it was, the units are the exchange's. (ccxt manual, "Trade Structure".)
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from statements.amounts import amount
from statements.statement import Digests, Fact, Statement, Terms
from trading.errors import DataError
from trading.money import Adjustment, Flow
from trading.orders import Fill
from trading.types import Side

BROKER, ACCOUNT, STRATEGY = "ccxt", "ccxt", "imported"
ZERO, ONE = Decimal(0), Decimal(1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ROUNDED = Decimal("1e-6")  # a contract's size is what cost / (amount x price) comes to, about
DEEPEST = 64


def read(text: str, terms: Terms) -> Statement:
    """Raises DataError for what is no list of trades."""
    statement = Statement("ccxt trades")
    try:
        found = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise DataError(f"no JSON: {str(error)[:80]}") from None
    if isinstance(found, dict):
        found = found.get("trades", found)
    if not isinstance(found, list):
        raise DataError("no list of trades: ccxt's fetch_my_trades gives one")
    digests = Digests()
    for place, row in enumerate(found, 1):
        try:
            if not isinstance(row, dict):
                raise DataError("no trade")
            statement.take(place, _facts(row, terms, digests), _shown(row))
        except DataError as error:
            statement.refuse(place, str(error), _shown(row))
    return statement


def _facts(row: Mapping[str, Any], terms: Terms, digests: Digests) -> tuple[Fact, ...]:
    symbol = _word(row, "symbol")
    base, quote = _coins(symbol)
    units, price = abs(_number(row, "amount")), _number(row, "price")
    if not units or price < 0:
        raise DataError("no amount" if not units else f"a price of {price:f}")
    try:
        side = Side(_word(row, "side").lower())
    except ValueError:
        raise DataError(f"the side {row.get('side')!r} is neither buy nor sell") from None
    at = _moment(row)
    account, strategy = terms.account or ACCOUNT, terms.strategy or STRATEGY
    told = _word(row, "id", needed=False)
    id_ = f"{symbol}:{told}" if told else digests.of(account, symbol, side, units, price, at)
    key = _word(row, "order", needed=False) or id_
    size = terms.multiplier or (_contract(row, units, price) if ":" in symbol else ONE)
    fee, taken, apart = ZERO, ZERO, []
    for currency, cost in _fees(row):
        if currency in ("", quote):
            fee += cost
        elif currency == base and ":" not in symbol:
            taken += cost
        else:
            apart.append((currency, cost))
    facts: list[Fact] = [
        Fill(
            BROKER, account, id_, key, strategy, symbol, side, units, price, fee, quote, at, size
        )
    ]  # fmt: skip
    if taken:
        worth = taken * price
        way = Side.SELL if taken > 0 else Side.BUY  # a rebate in the coin brings some
        facts.append(
            Fill(
                BROKER, account, f"{id_}:fee", key, strategy, symbol, way, abs(taken), price,
                worth, quote, at,
            )
        )  # fmt: skip
    for currency, cost in apart:
        reference = f"{id_}:fee:{currency}"
        facts.append(
            Adjustment(
                account, reference, Flow.FEE, -cost, currency, at, strategy, "", symbol
            )
        )  # fmt: skip
    return tuple(facts)


def _coins(symbol: str) -> tuple[str, str]:
    """Of BTC/USDT, and of BTC/USDT:USDT, a contract settled in USDT."""
    pair, _, settled = symbol.partition(":")
    base, _, quote = pair.partition("/")
    if not base or not quote:
        raise DataError(f"{symbol[:30]!r} is no pair of coins")
    settled = settled.partition("-")[0]
    if settled and settled != quote:
        raise DataError(f"{symbol[:30]} settles in {settled}: inverse contracts are not understood")
    return base, quote


def _contract(row: Mapping[str, Any], units: Decimal, price: Decimal) -> Decimal:
    """How much of the coin one contract is; one where the cost does not say."""
    cost = _number(row, "cost", needed=False)
    if not cost or not price:
        return ONE
    size = cost / (units * price)
    for places in range(9):
        clean = size.quantize(ONE.scaleb(-places))
        if clean and abs(clean / size - 1) < ROUNDED:
            return clean.normalize()
    raise DataError(f"a cost of {cost:f} is no whole number of contracts at {price:f}")


def _fees(row: Mapping[str, Any]) -> list[tuple[str, Decimal]]:
    """`fees` where it tells any, else `fee`."""
    several = row.get("fees") or ([row["fee"]] if row.get("fee") else [])
    if not isinstance(several, list):
        raise DataError("fees are no list")
    found = []
    for one in several:
        if not isinstance(one, dict):
            raise DataError("a fee is no object")
        cost = _number(one, "cost", needed=False)
        if cost:
            found.append((_word(one, "currency", needed=False), cost))
    return found


def _moment(row: Mapping[str, Any]) -> datetime:
    word = _word(row, "timestamp", needed=False)
    if word:
        millis = amount(word)
        if not 0 < millis < 4_102_444_800_000:
            raise DataError(f"the timestamp {word[:20]!r} is no time in milliseconds")
        return EPOCH + timedelta(microseconds=int(millis * 1_000))
    try:
        found = datetime.fromisoformat(_word(row, "datetime"))
    except ValueError:
        raise DataError(f"{row.get('datetime')!r} is no time") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _number(row: Mapping[str, Any], name: str, *, needed: bool = True) -> Decimal:
    """Zero where it may be missing and is."""
    word = _word(row, name, needed=needed)
    try:
        return amount(word) if word else ZERO
    except DataError as error:
        raise DataError(f"{name}: {error}") from None


def _word(row: Mapping[str, Any], name: str, *, needed: bool = True) -> str:
    value = row.get(name)
    if value is None or value == "":
        if needed:
            raise DataError(f"no {name}")
        return ""
    if not isinstance(value, str):
        raise DataError(f"{name} is no word")
    return value.strip().encode("utf-8", "replace").decode()  # JSON may hold half a character


def _shown(row: object) -> str:
    try:
        return json.dumps(row)[:200]
    except (ValueError, RecursionError):
        return "…"
