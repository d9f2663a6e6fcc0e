"""The job that fetches candles, through the real client from the stand-in."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from market.store import BarStore
from tests.market import binance as stand_in
from tests.market.binance import binance
from tests.market.fetching import DAY, EAGER, START, feed, series, stored
from tests.worker.synthetic import Station, station
from tests.worker.test_jobs import ended
from trading.facts import Notice, Run, RunState
from trading.messages import Message
from worker import jobs
from worker.research import Research


async def run(s: Station, job: str) -> Run:
    [one] = await s.w.journal.append([Run(job, s.w.clock.at)])
    await jobs.run(s.w.desk, s.research, one.id)
    return await ended(s, one)


async def test_the_job_stores_what_is_new_by_the_wall_clock_and_says_how_much(tmp_path: Path):
    s = await station(tmp_path / "stocks")
    async with binance({"BTCUSDT": {"1d": series(500)}}) as there:
        s.research = replace(s.research, candles={"coins": feed(there, tmp_path)})
        done = await run(s, "candles:coins")
    days = (s.w.clock.at - START) // DAY
    assert (done.state, done.outcome) == (RunState.DONE, f"coins: {days} bars of 1 symbol")
    newest = BarStore(tmp_path).known_through
    assert newest is not None
    assert newest + DAY <= s.w.clock.at < newest + 2 * DAY


async def test_trouble_fails_the_job_once_what_came_is_stored(tmp_path: Path):
    s = await station(tmp_path / "stocks")
    away = [stand_in.status(503)] * EAGER.attempts
    async with (
        binance({"BTCUSDT": {"1d": series(5)}}) as there,
        binance({"BTCUSDT": {"1h": series(5, timedelta(hours=1))}}) as other,
    ):
        there.faults = away
        s.research = replace(
            s.research,
            candles={
                "days": feed(there, tmp_path, name="days"),
                "hours": feed(other, tmp_path, name="hours", timeframe="1h"),
            },
        )
        failed = await run(s, "candles")
    assert failed.state is RunState.FAILED
    assert failed.outcome == (
        "days: 0 bars of 1 symbol; BTC/USDT: binance cannot be reached (ExchangeNotAvailable); "
        "hours: 5 bars of 1 symbol"
    )
    assert len(stored(tmp_path, "1h")) == 5, "the other feed was fetched all the same"
    [told] = await s.w.journal.read(Notice, recipient=1)
    assert "Job failed: candles" in Message.from_json(told.body).plain


async def test_a_feed_nobody_has_is_named_with_those_there_are(tmp_path: Path):
    s = await station(tmp_path)
    assert isinstance(s.research, Research)
    failed = await run(s, "candles:moons")
    assert failed.outcome == "no candle feed is called 'moons'; the settings have: none"
