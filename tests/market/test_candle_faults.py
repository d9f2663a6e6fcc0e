"""An exchange that misbehaves: what is lost is asked for again, what came is kept."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from market.candles import Patience, fetch_candles
from market.crypto import CandleFeed, Source
from market.store import BarStore
from tests.market import binance as stand_in
from tests.market.binance import Candle, binance
from tests.market.fetching import (
    DAY,
    EAGER,
    HOUR,
    START,
    answered,
    feed,
    fetched,
    ms,
    series,
    stored,
)
from trading.errors import DataError

# Faults


@pytest.mark.parametrize(
    "fault",
    [
        stand_in.too_often(),
        stand_in.too_often(0),
        stand_in.status(418),
        stand_in.status(500),
        stand_in.status(502),
        stand_in.status(503),
        stand_in.truncated,
        stand_in.broken_off,
        stand_in.silent,
        stand_in.nonsense,
    ],
    ids=["429", "429 with a wait", "418", "500", "502", "503", "truncated", "broken off",
         "silent", "nonsense"],
)  # fmt: skip
async def test_a_fault_is_got_over_and_nothing_is_lost(tmp_path: Path, fault: stand_in.Fault):
    candles = series(20)
    result, there = await fetched(tmp_path, candles, START + 20 * DAY, fault)
    assert stored(tmp_path) == candles
    assert len(there.asked) <= 3
    assert not result.troubled


@pytest.mark.parametrize("fault", [stand_in.shuffled, stand_in.doubled])
async def test_order_and_doubles_do_not_matter(tmp_path: Path, fault: stand_in.Fault):
    candles = series(20)
    result, _ = await fetched(tmp_path, candles, START + 20 * DAY, fault)
    assert stored(tmp_path) == candles
    assert result.came[0].bars == 20


async def test_an_empty_page_in_the_middle_is_asked_for_again(tmp_path: Path):
    candles = series(2_500, HOUR)
    async with binance({"BTCUSDT": {"1h": candles}}) as there:
        there.faults = [answered, stand_in.empty]
        result = await feed(there, tmp_path, timeframe="1h").fetch(START + 2_500 * HOUR)
    assert stored(tmp_path, "1h") == candles
    assert (result.came[0].missing, result.troubled) == (0, [])


async def test_a_wait_the_exchange_asks_for_is_kept(tmp_path: Path):
    waited = asyncio.get_running_loop().time()
    async with binance({"BTCUSDT": {"1d": series(3)}}) as there:
        there.faults = [stand_in.too_often(1)]
        patient = feed(there, tmp_path)
        patience = Patience(attempts=3, wait=0.0, longest=5.0)
        source = replace(patient.source, patience=patience)
        await CandleFeed(source, tmp_path, patient.book).fetch(START + 3 * DAY)
    assert asyncio.get_running_loop().time() - waited >= 1.0
    assert len(stored(tmp_path)) == 3


async def test_one_symbol_that_is_refused_does_not_stop_the_others(tmp_path: Path):
    async with binance({"BTCUSDT": {"1d": series(5)}, "ETHUSDT": {"1d": series(4)}}) as there:
        there.markets = [stand_in.market(s) for s in ("ADA", "BTC", "ETH")]
        symbols = ("ADA/USDT", "BTC/USDT", "ETH/USDT")
        result = await feed(there, tmp_path, symbols=symbols).fetch(START + 5 * DAY)
    bad, *good = result.came
    assert bad.text().startswith("ADA/USDT: nothing, binance refused: ")
    assert "Invalid symbol" in bad.text()
    assert [one.bars for one in good] == [5, 4]
    assert "ADA/USDT: binance refused" in result.summary()


async def test_what_came_is_stored_when_the_exchange_goes_away_and_the_rest_comes_later(
    tmp_path: Path,
):
    candles = series(2_500, HOUR)
    now = START + 2_500 * HOUR
    symbols = ("BTC/USDT", "ETH/USDT")
    both = {"BTCUSDT": {"1h": candles}, "ETHUSDT": {"1h": candles}}
    async with binance(both) as there:
        there.faults = [answered, *[stand_in.status(503)] * EAGER.attempts]
        result = await feed(there, tmp_path, symbols=symbols, timeframe="1h").fetch(now)
        first, second = result.came
        assert (first.bars, first.trouble) == (
            1000,
            "binance cannot be reached (ExchangeNotAvailable)",
        )
        assert second.trouble == "not asked", "an exchange that is away is not asked again"
        assert stored(tmp_path, "1h") == candles[:1000]
        result = await feed(there, tmp_path, symbols=symbols, timeframe="1h").fetch(now)
    assert stored(tmp_path, "1h") == candles
    assert stored(tmp_path, "1h", "ETH/USDT") == candles
    assert result.troubled == []


async def test_a_fetch_that_is_cancelled_keeps_what_came(tmp_path: Path):
    candles = series(1_500, HOUR)
    async with binance({"BTCUSDT": {"1h": candles}}) as there:
        asked = asyncio.Event()

        async def hold(request: Any, rows: list[Any]) -> Any:
            asked.set()
            return await stand_in.silent(request, rows)

        there.faults = [answered, hold]
        slow = feed(there, tmp_path, timeframe="1h")
        task = asyncio.ensure_future(slow.fetch(START + 1_500 * HOUR))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert stored(tmp_path, "1h") == candles[:1000]


async def test_an_exchange_that_is_not_there_is_one_line(tmp_path: Path):
    source = Source("coins", "binance", symbols=("BTC/USDT",), url="http://127.0.0.1:9",
                    patience=EAGER)  # fmt: skip
    with pytest.raises(DataError) as gone:
        await CandleFeed(source, tmp_path, tmp_path / "i.json").fetch(START)
    assert str(gone.value) == "coins: binance cannot be reached (ExchangeNotAvailable)"


# Whatever an exchange answers


class Fickle:
    """Pages cut, doubled, shuffled, overlapping and empty as Hypothesis likes."""

    id = "fickle"
    last_response_headers = None
    last_json_response = ()

    def __init__(self, candles: Sequence[Candle], choose: Callable[[Any], Any]) -> None:
        self.candles = candles
        self.choose = choose

    async def fetch_ohlcv(
        self, symbol: str, timeframe: str, since: int | None, limit: int | None
    ) -> list[list[Any]]:
        del symbol, timeframe
        if since is None:
            return [list(c) for c in self.candles[-(limit or 7) :]]
        early = self.choose(st.integers(0, 3)) * 3_600_000  # overlaps what was given
        page = [list(c) for c in self.candles if c[0] >= since - early][: limit or 7]
        if self.choose(st.booleans()):
            page += page[: self.choose(st.integers(0, 3))]
        if self.choose(st.booleans()):
            page.reverse()
        return page


@given(st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_finished_candle_is_stored_once_and_no_other(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
):
    there = data.draw(st.lists(st.booleans(), min_size=1, max_size=60))
    candles = [c for c, kept in zip(series(len(there), HOUR), there, strict=True) if kept]
    limit = data.draw(st.integers(4, 9))
    moments = sorted(data.draw(st.lists(st.integers(0, 61 * 60), min_size=1, max_size=3)))
    folder = tmp_path_factory.mktemp("fickle")
    store = BarStore(folder, "1h")
    for minutes in moments:
        now = START + timedelta(minutes=minutes)
        open_by_now = [c for c in candles if c[0] < ms(now) or c[0] == ms(START)]
        exchange = Fickle(open_by_now, data.draw)
        [came] = asyncio.run(
            fetch_candles(
                exchange,
                ["BTC/USDT"],
                store,
                since=START.date(),
                until=now,
                limit=limit,
                patience=EAGER,
            )
        )
        assert came.trouble == ""
        over = [c for c in candles if c[0] + 3_600_000 <= ms(now)]
        assert (stored(folder, "1h") if store.months() else []) == over
        if over:
            missing = (over[-1][0] - over[0][0]) // 3_600_000 + 1 - len(over)
            assert came.last == datetime.fromtimestamp(over[-1][0] / 1000, UTC)
            assert came.missing <= missing
