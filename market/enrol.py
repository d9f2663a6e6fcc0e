"""Symbols nobody knew, as instruments: what columns, the exchange and the prices tell of them."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import polars as pl

from market.columns import TRAITS
from market.exchanges import CRYPTO, CURRENCIES, FX
from market.placing import quoted_in
from trading.errors import DataError
from trading.ports import Instruments
from trading.types import Instrument

STEPS = ("tick", "lot", "multiplier")
COIN_LOT = Decimal("0.00001")
TICKS = {"XNSE": Decimal("0.05"), "XBOM": Decimal("0.05")}


def strangers(
    bars: pl.DataFrame, book: Instruments, exchange: str, currency: str = "", default: str = "USD"
) -> list[Instrument]:
    """Instruments for the symbols that the book lacks. `bars` has a row a symbol and file: its
    last closes and TRAITS. `currency` is the one told, `default` the account's. DataError for a
    step that is no number above zero."""
    unknown = [s for s in bars["symbol"].unique().sort().to_list() if book.find(s) is None]
    if not unknown:
        return []
    mine = bars.filter(pl.col("symbol").is_in(unknown))
    traits = [one for one in TRAITS if one in bars.columns]
    told = mine.group_by("symbol").agg(*(pl.col(one).drop_nulls().last() for one in traits))
    by_symbol = {row["symbol"]: row for row in told.iter_rows(named=True)}
    steps = _steps(mine) if exchange in {CRYPTO, FX} else {}
    return [
        _instrument(symbol, by_symbol[symbol], exchange, currency, default, steps.get(symbol))
        for symbol in unknown
    ]


def _instrument(
    symbol: str,
    told: Mapping[str, Any],
    exchange: str,
    currency: str,
    default: str,
    step: Decimal | None,
) -> Instrument:
    guessed = quoted_in(symbol, exchange) or CURRENCIES.get(exchange) or default
    return Instrument(
        symbol=symbol,
        name=told.get("name") or "",
        sector=told.get("sector") or "",
        exchange=told.get("exchange") or exchange,
        calendar=exchange,
        currency=(currency or told.get("currency") or guessed).upper(),
        tick=_step(told, "tick", symbol) or step or TICKS.get(exchange, Decimal("0.01")),
        lot=_step(told, "lot", symbol) or (COIN_LOT if exchange == CRYPTO else Decimal(1)),
        multiplier=_step(told, "multiplier", symbol) or Decimal(1),
    )


def _step(told: Mapping[str, Any], name: str, symbol: str) -> Decimal | None:
    if not told.get(name):
        return None
    try:
        value = Decimal(told[name])
    except InvalidOperation:
        value = Decimal(0)
    if not value.is_finite() or value <= 0:
        raise DataError(f"{symbol}: the {name} {told[name]!r} is no number above zero")
    return value


def _steps(bars: pl.DataFrame) -> dict[str, Decimal]:
    """The decimal place that holds a symbol's last closes, at most eight."""
    closes = bars.select("symbol", "close").explode("close")
    holds = [
        ((pl.col("close") * 10**n - (pl.col("close") * 10**n).round()).abs() < 1e-4)
        .all()
        .alias(str(n))
        for n in range(9)
    ]
    found = {}
    for row in closes.group_by("symbol").agg(*holds).iter_rows(named=True):
        places = next((n for n in range(9) if row[str(n)]), 8)
        found[row["symbol"]] = Decimal(1).scaleb(-places)
    return found
