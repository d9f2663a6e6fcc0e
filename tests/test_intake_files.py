"""Every real file there is: brought in, with the exact counts of what is wrong with it."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.test_intake import House
from trading.errors import DataError

OPEN_DATA = Path(__file__).parents[2] / "shared/data/open"


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.mark.parametrize("how", [{"adjusted": True}, {"actions": True}])
def test_adjusting_costs_no_bar_and_gives_the_vendors_closes(
    house: House, how: dict[str, object]
) -> None:
    file = OPEN_DATA / "us_sp500_71_daily_unadjusted_2016-04_2021-04.parquet"
    if not file.exists():
        pytest.skip("the unadjusted file is not here")
    wanted = {name: str(file) if name == "actions" else True for name in how}
    assert "  stored      89,269 new" in house.bring(file, **wanted)
    closes = house.stores.store("XNYS").read().close
    assert np.abs(closes / pl.read_parquet(file)["adjusted_close"].to_numpy() - 1).max() < 3e-6


REPORTS = {
    "us_other_350_daily_2023-03_2024-03": (
        "XNYS 1d: 81,252 bars of 348 symbols",
        "left out    2 whose high or low does not hold open and close: GBBKR 2024-03-07",
        "volume      2,393 bars in which nothing traded",
        "moves       129 out of line: CPOP 2023-10-27 +626 %",
        "splits      16 moves like a split nobody adjusted for: OTLK 2023-08-30 -80 %",
    ),
    "us_sp500_daily_adj_2021-02_2026-02": (
        "XNYS 1d: 624,586 bars of 503 symbols",
        "gaps        1 bar missing in 1 gap of 1 symbol; longest 1, FISV after 2025-11-11",
    ),
    "us_sp500_71_daily_unadjusted_2016-04_2021-04": (
        "XNYS 1d: 89,269 bars of 71 symbols",
        "unadjusted  prices as given; 69,588 have another adjusted close (--adjusted takes it)",
    ),
    "us_etf_daily_raw_2010_2021": ("XNYS 1d: 19,503 bars of 7 symbols", "AAPL 2014-06-09 -86 %"),
    "us_equity_1m_sample_2013_2023": ("XNYS 1m: 17,770 bars of 6 symbols", "New York's hours"),
    "nse_nifty50_daily_unadjusted_2015-01_2021-12": (
        "XNSE 1d: 85,059 bars of 50 symbols",
        "left out    246 on days XNSE was closed: 2015-02-28, 2016-10-30",
        "in INR",
    ),
    "futures_es_gc_1m_2013-10_2020-01": (
        "CME Globex Equity 1m: 31,991 bars of 23 symbols",
        "volume      229 bars in which nothing traded",
    ),
    "fx_oanda_1d_5pairs_2007_2018": (
        "24/5 1d: 15,769 bars of 5 symbols",
        "sundays     3,134 made part of the Monday after",
        "volume      15,769 bars whose volume nobody knows",
        "in GBP, USD",
    ),
    "fx_oanda_1h_eurusd_nzdusd_xauusd_2017_2019": (
        "24/5 1h: 37,082 bars of 3 symbols",
        "gaps        1,321 bars missing in 569 gaps of 3 symbols",
    ),
    "fx_oanda_1m_eurusd_nzdusd_xauusd_2014-05": ("24/5 1m: 46,131 bars of 3 symbols",),
    "crypto_1m_sample_days_2016_2026": ("24/7 1m: 33,913 bars of 11 symbols",),
    "crypto_binance_btcusdt_1h_long": (
        "24/7 1h: 58,419 bars of BTCUSDT",
        "gaps        128 bars missing in 28 gaps of 1 symbol; longest 33, BTCUSDT after 2018-02-08",
        "volume      4 bars in which nothing traded",
    ),
    "crypto_binance_btcusdt_1m_2024-04-02_07": ("24/7 1m: 7,207 bars of BTCUSDT",),
    "crypto_binance_spot_15m_2024-01_2024-09": ("24/7 15m: 143,882 bars of 6 symbols",),
    "crypto_binance_spot_1d_2024-01_2024-09": ("24/7 1d: 31,474 bars of 136 symbols", "in USDT"),
    "crypto_binance_spot_1h_2024-01_2024-09": ("24/7 1h: 755,566 bars of 136 symbols",),
    "crypto_binance_spot_5m_2024-05_2024-09": ("24/7 5m: 73,842 bars of 2 symbols",),
    "us_sp500_dividends_splits_2021-02_2026-02": ("has no column for open",),
    "us_sp500_symbols": ("has no column for time",),
}
TOLD = {"nse": "XNSE", "futures": "CME Globex Equity"}


def test_every_file_there_is_has_its_report() -> None:
    if not OPEN_DATA.is_dir():
        pytest.skip("the shared data is not here")
    assert {file.stem for file in OPEN_DATA.glob("*.parquet")} == set(REPORTS)


@pytest.mark.parametrize("name", sorted(REPORTS))
def test_a_real_file_is_read_and_reported(house: House, name: str) -> None:
    file = OPEN_DATA / f"{name}.parquet"
    if not file.exists():
        pytest.skip(f"{name} is not here")
    rows = len(pl.read_parquet(file))
    try:
        text = house.bring(file, exchange=TOLD.get(name.partition("_")[0], ""))
    except DataError as refused:
        text = str(refused)
        rows = 0
    for line in REPORTS[name]:
        assert line in text
    [stored] = house.stored.values() or [0]
    assert rows - stored <= 246 or name.startswith("fx_oanda_1d"), "left out, as told"
