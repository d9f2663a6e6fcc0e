"""Two kinds of time: market time dates facts, wall time rules human windows and leases."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from trading.facts import ClockReading, ClockStatus


class WallClock(Protocol):
    def now(self) -> datetime:
        """Aware UTC."""
        ...


class MarketClock(Protocol):
    def now(self) -> datetime:
        """Aware UTC market time, as last refreshed."""
        ...

    async def refresh(self) -> datetime:
        """Read the clock's source again; each unit of work does so once, at its start."""
        ...


class SystemClock:
    """Live and paper: both kinds of time agree with the machine's."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251  the one place that asks the machine

    async def refresh(self) -> datetime:
        return self.now()


@dataclass(slots=True)
class SimulatedClock:
    """Replay and tests: time is set from event to event."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    async def refresh(self) -> datetime:
        return self.at


def market_time(reading: ClockReading, wall: datetime) -> datetime:
    """Where a scaled clock stands at wall time `wall`."""
    if reading.status is not ClockStatus.RUNNING:
        return reading.market_anchor
    return reading.market_anchor + (wall - reading.wall_anchor) * reading.rate


@dataclass(slots=True)
class ScaledClock:
    """The demo: wall time scaled over history by one shared row."""

    wall: WallClock
    fetch: Callable[[], Awaitable[ClockReading]]
    reading: ClockReading | None = None

    def now(self) -> datetime:
        if self.reading is None:
            raise RuntimeError("a scaled clock is refreshed before it is read")
        return market_time(self.reading, self.wall.now())

    async def refresh(self) -> datetime:
        self.reading = await self.fetch()
        return self.now()


@dataclass(frozen=True, slots=True)
class Clocks:
    """What a process tells time by. `rate` is wall seconds a second of the machine, so that a
    trial of what takes hours takes minutes: leases, beats, pauses and time limits shrink together.
    """

    wall: WallClock = field(default_factory=SystemClock)
    market: MarketClock | None = None  # None: the mode's own
    rate: float = 1.0

    def machine(self, seconds: float) -> float:
        """Seconds of the machine that `seconds` of wall time take."""
        return seconds / self.rate

    async def sleep(self, seconds: float) -> None:
        """`seconds` of wall time."""
        await asyncio.sleep(self.machine(seconds))
