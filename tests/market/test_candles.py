"""Candles through the real ccxt client, from a Binance that misbehaves, into the store."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from market.calendars import RoundTheClock
from market.candles import Came, fetch_candles, newest, span_of
from market.crypto import CandleFeed
from market.history import HistoryFeed
from market.instruments import InstrumentBook
from market.store import BarStore
from tests.market import binance as stand_in
from tests.market.binance import Candle, binance
from tests.market.fetching import (
    DAY,
    EAGER,
    HOUR,
    START,
    feed,
    fetched,
    ms,
    series,
    stored,
)
from trading.errors import ConfigError, DataError
from trading.types import Instrument

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "open"
# What is stored


async def test_candles_are_stored_as_the_exchange_gave_them(tmp_path: Path):
    candles = series(40)
    result, _ = await fetched(tmp_path, candles, START + 40 * DAY)
    assert stored(tmp_path) == candles
    [came] = result.came
    assert came.text() == "BTC/USDT: 40 bars to 9 Feb 2024 00:00 UTC"
    assert result.summary() == "coins: 40 bars of 1 symbol"


@pytest.mark.parametrize("late", [timedelta(0), timedelta(microseconds=-1), -DAY / 2])
async def test_the_candle_that_is_not_over_is_left_out(tmp_path: Path, late: timedelta):
    candles = series(10)
    await fetched(tmp_path, candles, START + 10 * DAY + late)
    assert len(stored(tmp_path)) == (10 if not late else 9)


async def test_a_second_fetch_goes_on_from_the_last_bar_and_takes_its_correction(tmp_path: Path):
    first, after = series(10), series(15)
    after[9] = (after[9][0], 109.0, 120.0, 100.0, 115.0, 77.0)
    result, there = await fetched(tmp_path, after, START + 15 * DAY, before=first)
    assert stored(tmp_path) == after
    assert [int(q["startTime"]) for q in there.asked] == [first[9][0]]
    assert result.came[0].bars == 5


async def test_nothing_new_is_said_and_changes_nothing(tmp_path: Path):
    candles = series(10)
    now = START + 10 * DAY
    result, _ = await fetched(tmp_path, candles, now, before=candles)
    assert result.came[0].text() == "BTC/USDT: nothing new since 10 Jan 2024 00:00 UTC"
    assert stored(tmp_path) == candles


async def test_pages_follow_each_other_without_a_hole_or_an_overlap(tmp_path: Path):
    candles = series(2_345, HOUR)
    async with binance({"BTCUSDT": {"1h": candles}}) as there:
        result = await feed(there, tmp_path, timeframe="1h").fetch(START + 2_345 * HOUR)
    assert stored(tmp_path, "1h") == candles
    assert [int(q["startTime"]) for q in there.asked] == [
        candles[0][0],
        candles[1000][0],
        candles[2000][0],
    ]
    assert result.came[0].missing == 0


async def test_missing_candles_are_counted_not_made_up(tmp_path: Path):
    candles = [c for n, c in enumerate(series(30)) if n not in (7, 8, 20)]
    result, _ = await fetched(tmp_path, candles, START + 30 * DAY)
    assert stored(tmp_path) == candles
    assert result.came[0].text().endswith("27 bars to 30 Jan 2024 00:00 UTC, 3 missing")


async def test_a_candle_that_is_no_bar_costs_itself_alone(tmp_path: Path):
    candles = series(5)
    at = [c[0] for c in candles]
    candles[1] = (at[1], 100.0, 90.0, 99.0, 101.0, 1.0)  # its high is below its low
    candles[2] = (at[2], 0.0, 0.0, 0.0, 0.0, 0.0)
    candles[3] = (at[3] + 1, 100.0, 102.0, 99.0, 101.0, 1.0)  # daily, but not of midnight
    result, _ = await fetched(tmp_path, candles, START + 6 * DAY)
    assert [row[0] for row in stored(tmp_path)] == [at[0], at[4]]
    assert (result.came[0].refused, result.came[0].missing) == (3, 3)


async def test_a_hole_longer_than_a_page_is_crossed_and_the_end_of_a_market_is_not(tmp_path: Path):
    candles = [*series(3), *series(3, start=START + 1_000 * DAY)]

    class Windowed:
        """Answers for the window asked, as some exchanges do, and no further."""

        id, last_response_headers, last_json_response, asked = "windowed", None, [], 0

        async def fetch_ohlcv(
            self, symbol: str, timeframe: str, since: int | None, limit: int | None
        ) -> list[list[Any]]:
            self.asked += 1
            limit = limit or 300
            if since is None:
                return [list(c) for c in candles[-limit:]]
            until = since + limit * 86_400_000
            return [list(c) for c in candles if since <= c[0] < until]

    exchange, store = Windowed(), BarStore(tmp_path)
    far = START + 4_000 * DAY
    [came] = await fetch_candles(
        exchange, ["BTC/USDT"], store, since=START.date(), until=far, limit=300, patience=EAGER
    )
    assert (came.bars, came.missing) == (6, 997)
    assert exchange.asked < 12, "three thousand days after the last candle are not walked"


# A source that makes no sense


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"exchange": "binanse"}, "ccxt knows no exchange 'binanse'; nearest: binance"),
        ({"timeframe": "7m"}, "binance has no 7m candles, but: "),
        ({"timeframe": "1w"}, "'1w' is no timeframe"),
        ({"symbols": ("BTC/USDTT",)}, "binance has no market 'BTC/USDTT'; nearest: BTC/USDT"),
        ({"symbols": (), "quote": "EUR"}, "binance has no market that trades in 'EUR'"),
    ],
)
async def test_a_source_that_makes_no_sense_is_one_line(
    tmp_path: Path, changes: dict[str, Any], line: str
):
    async with binance({"BTCUSDT": {"1d": series(3)}}) as there:
        source = replace(feed(there, tmp_path).source, **changes)
        with pytest.raises((ConfigError, DataError)) as wrong:
            await CandleFeed(source, tmp_path, tmp_path / "i.json").fetch(START + DAY)
    assert str(wrong.value).startswith(line)
    assert not (tmp_path / "bars").exists()


# Instruments


async def test_markets_become_instruments_and_what_an_operator_set_stays(tmp_path: Path):
    book = tmp_path / "instruments.json"
    mine = Instrument("BTC/USDT", "Bitcoin", broker="coinbase", tick=Decimal(1))
    InstrumentBook([mine, Instrument("AAPL", "Apple Inc.")]).save(book)
    async with binance({"BTCUSDT": {"1d": series(3)}, "SHIBUSDT": {"1d": series(3)}}) as there:
        there.markets = [
            stand_in.market("BTC"),
            stand_in.market("SHIB", tick="0.00000001", step="1"),
            stand_in.market("BTC", "EUR"),
        ]
        result = await feed(there, tmp_path, symbols=(), quote="USDT").fetch(START + 3 * DAY)
    assert [one.symbol for one in result.came] == ["BTC/USDT", "SHIB/USDT"]
    known = {one.symbol: one for one in InstrumentBook.load(book).all()}
    assert set(known) == {"AAPL", "BTC/USDT", "SHIB/USDT"}
    shib, bitcoin = known["SHIB/USDT"], known["BTC/USDT"]
    assert (shib.tick, shib.lot) == (Decimal("0.00000001"), Decimal(1))
    assert (shib.currency, shib.exchange, shib.calendar) == ("USDT", "Binance", "24/7")
    assert (shib.name, shib.sector, shib.multiplier) == ("SHIB in USDT", "Crypto", Decimal(1))
    assert (bitcoin.name, bitcoin.broker, bitcoin.tick) == ("Bitcoin", "coinbase", Decimal("0.01"))


async def test_the_recorded_exchange_information_gives_its_own_steps(tmp_path: Path):
    file = SHARED / "api_samples" / "binance" / "binance_btc_usdt_exchange_info.json"
    if not file.exists():
        pytest.skip("the recorded replies are not on this machine")
    async with binance({"BTCUSDT": {"1d": series(3)}}) as there:
        there.markets = json.loads(file.read_text())["symbols"]
        await feed(there, tmp_path).fetch(START + 3 * DAY)
    [one] = InstrumentBook.load(tmp_path / "instruments.json").all()
    assert (one.symbol, one.tick, one.lot) == ("BTC/USDT", Decimal("0.01"), Decimal("0.00001"))


# What others read


async def test_the_history_feed_serves_quotes_of_what_was_fetched(tmp_path: Path):
    await fetched(tmp_path, series(10), START + 10 * DAY)
    quotes = HistoryFeed(BarStore(tmp_path), RoundTheClock())
    quote = await quotes.quote("BTC/USDT", START + 4 * DAY + HOUR)
    assert quote is not None
    assert (quote.price, quote.at, quote.tradable) == (Decimal(104), START + 4 * DAY, True)
    assert quotes.known_through() == START + 10 * DAY


@pytest.mark.parametrize("timeframe", ["1d", "1h"])
async def test_real_candles_of_many_pairs_come_back_to_the_last_digit(
    tmp_path: Path, timeframe: str
):
    file = SHARED / f"crypto_binance_spot_{timeframe}_2024-01_2024-09.parquet"
    if not file.exists():
        pytest.skip("the recorded candles are not on this machine")
    frame = pl.read_parquet(file)
    pairs = [s for s in frame["symbol"].unique().sort() if s.endswith("USDT")][:12]
    candles: dict[str, dict[str, list[Candle]]] = {}
    for pair in pairs:
        rows = (
            frame.filter(symbol=pair)
            .sort("ts")
            .select("ts", "open", "high", "low", "close", "volume")
        )
        candles[pair] = {timeframe: [(ms(at), *prices) for at, *prices in rows.rows()]}
    now = frame["ts"].max() + span_of(timeframe)
    async with binance(candles) as there:
        there.faults = [stand_in.truncated, stand_in.shuffled, stand_in.too_often(0)]
        await feed(there, tmp_path, symbols=(), quote="USDT", timeframe=timeframe).fetch(now)
    for pair in pairs:
        symbol = pair.removesuffix("USDT") + "/USDT"
        assert stored(tmp_path, timeframe, symbol) == candles[pair][timeframe]


def test_the_newest_bar_of_each_is_found_however_old(tmp_path: Path):
    store = BarStore(tmp_path)
    frames = [
        pl.DataFrame(
            [(s, at, 1.0, 1.0, 1.0, 1.0, None)],
            ["symbol", "ts", "open", "high", "low", "close", "volume"],
            orient="row",
        ).with_columns(pl.col("volume").cast(pl.Float64))
        for s, at in (("OLD", START), ("NEW", START + 100 * DAY))
    ]
    store.write(pl.concat(frames))
    found = newest(store, ["OLD", "NEW", "NEVER"], START)
    assert found == {"OLD": START, "NEW": START + 100 * DAY}
    assert newest(store, ["OLD"], START + 60 * DAY) == {}, "asked for from later on"


@pytest.mark.parametrize("wrong", ["", "m", "1w", "h1", "1.5h", "1M"])
def test_what_is_no_timeframe_is_refused(wrong: str):
    with pytest.raises(DataError, match="is no timeframe"):
        span_of(wrong)


def test_what_came_in_words():
    last = datetime(2024, 8, 31, tzinfo=UTC)
    came = Came("BTC/USDT", last, bars=1_240, missing=2, refused=1, trouble="binance is away")
    assert came.text() == (
        "BTC/USDT: 1,240 bars to 31 Aug 2024 00:00 UTC, 2 missing, 1 refused, binance is away"
    )
