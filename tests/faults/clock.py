"""The trials' clocks: a wall that all processes read alike, faster than the machine's."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from trading.clocks import Clocks, SimulatedClock

#: Inside a session of the shipped sample: 11:00 in New York on a Tuesday.
MARKET = datetime(2026, 2, 10, 16, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Hurried:
    """Wall time since `began` (the machine's, Unix seconds), `rate` times as fast."""

    began: float
    rate: float

    def now(self) -> datetime:
        passed = time.time() - self.began
        return datetime.fromtimestamp(self.began, UTC) + timedelta(seconds=passed * self.rate)


def clocks(began: float, rate: float, market: datetime = MARKET) -> Clocks:
    """The market stands at MARKET, so that what is decided goes at once and nothing expires."""
    return Clocks(Hurried(began, rate), SimulatedClock(market), rate)


def patient(rate: float) -> None:
    """What the machine itself takes to answer over a socket is not hurried with the clock: the
    paper broker's process keeps a quarter of a second of it. Changes nothing at a rate of 20."""
    import wiring

    vars(wiring)["PAPER_TIMEOUT"] = max(5.0, 0.25 * rate)
    vars(wiring)["PAPER_CONNECT"] = max(1.0, 0.05 * rate)
