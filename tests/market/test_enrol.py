"""Strangers become instruments by what their names, columns and prices tell."""

from decimal import Decimal

import polars as pl
import pytest

from market.enrol import strangers
from market.instruments import InstrumentBook
from trading.errors import DataError
from trading.types import Instrument

EMPTY = InstrumentBook([])


def enrolled(symbol: str, exchange: str, *closes: float, **traits: str) -> Instrument:
    bars = pl.DataFrame({"symbol": [symbol], "close": [list(closes or (10.0,))], **traits})
    [found] = strangers(bars, EMPTY, exchange)
    return found


@pytest.mark.parametrize(
    ("symbol", "exchange", "currency"),
    [
        ("AAPL", "XNYS", "USD"),
        ("TCS", "XNSE", "INR"),
        ("SAP", "XETR", "EUR"),
        ("EURGBP", "24/5", "GBP"),
        ("XAU_USD", "24/5", "USD"),
        ("BTCUSDT", "24/7", "USDT"),
        ("COINBASE:BTC-EUR", "24/7", "EUR"),
        ("BINANCE:ADAUSDT-PERP", "24/7", "USDT"),
        ("ETHBTC", "24/7", "BTC"),
        ("ABC", "XKRX", "USD"),
    ],
)
def test_the_currency_is_the_exchanges_or_the_names(
    symbol: str, exchange: str, currency: str
) -> None:
    assert enrolled(symbol, exchange).currency == currency


@pytest.mark.parametrize(
    ("closes", "tick"),
    [
        ((1.38681, 1.4), "0.00001"),
        ((67_000.0, 68_000.0), "1"),
        ((0.0007793, 0.00081), "0.0000001"),
        ((0.123456789, 1.0), "0.00000001"),
    ],
)
def test_the_step_of_a_coins_price_is_its_last_decimal(
    closes: tuple[float, ...], tick: str
) -> None:
    assert enrolled("AUSDT", "24/7", *closes).tick == Decimal(tick)


def test_a_stock_steps_by_a_cent_whatever_its_adjusted_prices_show() -> None:
    found = enrolled("AAPL", "XNYS", 24.569198)
    assert (found.tick, found.lot, found.multiplier) == (Decimal("0.01"), Decimal(1), Decimal(1))


@pytest.mark.parametrize("tick", ["free", "0", "-1", "NaN"])
def test_a_step_that_is_no_number_above_zero(tick: str) -> None:
    with pytest.raises(DataError, match=f"A: the tick '{tick}' is no number above zero"):
        enrolled("A", "XNYS", tick=tick)


def test_who_is_known_is_no_stranger() -> None:
    bars = pl.DataFrame({"symbol": ["A", "B"], "close": [[1.0], [1.0]]})
    book = InstrumentBook([Instrument("A", currency="EUR")])
    new = strangers(bars, book, "XNYS")
    assert [one.symbol for one in new] == ["B"]
    assert [one.currency for one in book.with_new(new).all()] == ["EUR", "USD"]
    assert book.with_new([Instrument("A")]).all()[0].currency == "EUR"
