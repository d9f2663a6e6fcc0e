"""Two kinds of time: where the market's clock stands, as wall time goes on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.clocks import ScaledClock, SimulatedClock, SystemClock, market_time
from trading.facts import ClockReading, ClockStatus

WALL = datetime(2026, 3, 1, 12, tzinfo=UTC)
MARKET = datetime(2025, 2, 3, 14, tzinfo=UTC)
RUNNING = ClockReading(WALL, MARKET, 1350.0, ClockStatus.RUNNING)
STILL = [ClockStatus.HELD, ClockStatus.STEPPED]


def test_a_running_clock_gains_its_rate():
    at = market_time(RUNNING, WALL + timedelta(seconds=2))
    assert at == MARKET + timedelta(minutes=45)


@pytest.mark.parametrize("status", STILL)
def test_a_clock_that_is_held_stands_on_its_anchor(status: ClockStatus):
    held = replace(RUNNING, status=status)
    assert market_time(held, WALL + timedelta(days=3)) == MARKET


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.floats(1.0, 20_000.0))
def test_a_running_clock_never_goes_back_as_the_wall_goes_on(a: int, b: int, rate: float):
    reading = replace(RUNNING, rate=rate)
    early, late = (market_time(reading, WALL + timedelta(milliseconds=n)) for n in sorted((a, b)))
    assert MARKET <= early <= late


@given(st.integers(0, 10**6), st.floats(1.0, 20_000.0), st.floats(1.0, 20_000.0))
def test_anchoring_again_moves_no_time(after: int, rate: float, new_rate: float):
    """What pausing, running on and another speed do: the time shown at that instant stays."""
    now = WALL + timedelta(milliseconds=after)
    before = market_time(replace(RUNNING, rate=rate), now)
    for status in ClockStatus:
        assert market_time(ClockReading(now, before, new_rate, status), now) == before


async def test_a_scaled_clock_shows_the_row_as_last_refreshed():
    wall, rows = SimulatedClock(WALL), [RUNNING]

    async def fetch() -> ClockReading:
        return rows[-1]

    clock = ScaledClock(wall, fetch)
    with pytest.raises(RuntimeError, match="refreshed before it is read"):
        clock.now()
    assert await clock.refresh() == MARKET
    wall.at += timedelta(seconds=1)
    assert clock.now() == MARKET + timedelta(seconds=1350), "between refreshes it runs on"
    rows.append(replace(RUNNING, status=ClockStatus.HELD))
    assert clock.now() == MARKET + timedelta(seconds=1350)
    assert await clock.refresh() == MARKET
    assert clock.now() == MARKET


async def test_a_simulated_clock_stands_where_it_was_put():
    clock = SimulatedClock(MARKET)
    assert await clock.refresh() == clock.now() == MARKET


async def test_the_systems_clock_is_aware_and_in_utc():
    clock = SystemClock()
    before = clock.now()
    assert before.tzinfo is UTC
    assert before <= await clock.refresh()
