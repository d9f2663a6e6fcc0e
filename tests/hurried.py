"""Clocks that run faster than the machine's, so that a silence of a minute takes seconds."""

import time
from datetime import UTC, datetime, timedelta

from trading.clocks import Clocks


class HurriedWall:
    """Wall time from `start` on, `rate` seconds a second of the machine."""

    def __init__(self, rate: float, start: datetime | None = None) -> None:
        self.rate = rate
        self.start = start or datetime.now(UTC)  # noqa: TID251
        self._began = time.monotonic()

    def now(self) -> datetime:
        return self.start + timedelta(seconds=(time.monotonic() - self._began) * self.rate)


def hurried(rate: float = 20.0) -> Clocks:
    return Clocks(wall=HurriedWall(rate), rate=rate)
