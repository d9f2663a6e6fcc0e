"""Columns are known however they are spelt."""

import pytest

from market.columns import recognised
from trading.errors import DataError

YAHOO = ["Date", "Open", "High", "Low", "Close", "Adj Close", "Volume"]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (YAHOO, {"ts": "Date", "close": "Close", "adjusted_close": "Adj Close"}),
        (["t", "o", "h", "l", "c", "v"], {"ts": "t", "open": "o", "volume": "v"}),
        (["timestamp", "1. open", "4. close"], {"ts": "timestamp", "open": "1. open"}),
        (["<TICKER>", "<DATE>", "<TIME>"], {"symbol": "<TICKER>", "clock": "<TIME>"}),
        (["Open time", "Open", "Close time"], {"ts": "Open time", "open": "Open"}),
        (["", "open", "close"], {"ts": ""}),
        (["date", "close", "Name"], {"symbol": "Name"}),
        (["date", "close", "Name", "ticker"], {"symbol": "ticker", "name": "Name"}),
        (["Date", "Close/Last", "Volume"], {"close": "Close/Last"}),
        (["Date", "Dividends", "Stock Splits"], {"dividend": "Dividends", "split": "Stock Splits"}),
        (["TIMESTAMP", "TOTTRDQTY", "LAST", "CLOSE"], {"volume": "TOTTRDQTY", "close": "CLOSE"}),
    ],
)
def test_many_spellings(names: list[str], found: dict[str, str]) -> None:
    assert recognised(names, "x.csv").items() >= found.items()


def test_two_columns_spelt_alike_are_refused() -> None:
    with pytest.raises(DataError, match=r"x\.csv has two columns for one: 'Close' and 'close'"):
        recognised(["date", "Close", "close"], "x.csv")
