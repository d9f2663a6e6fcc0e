"""Telegram not answering: everything waits, longer each time; who fails alone steps aside."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 30.0  # seconds between tries while nothing goes through
PATIENT = 3  # failures after which a message lets the next one try
LONGEST_ASIDE = 60.0  # seconds


@dataclass(slots=True)
class Outage:
    """Kept in memory: a new process tries at once. `clock` is monotonic wall seconds."""

    clock: Callable[[], float]
    _until: float = 0.0
    _failures: int = 0  # since something last went through
    _strikes: Counter[int] = field(default_factory=Counter)
    _alone: Counter[int] = field(default_factory=Counter)
    _aside: dict[int, float] = field(default_factory=dict)

    @property
    def is_on(self) -> bool:
        return self._failures > 0

    def wait(self) -> float:
        """Seconds until anything is tried again."""
        return max(0.0, self._until - self.clock())

    def hope(self) -> None:
        """Something else got through: the next one is tried at once."""
        self._until = 0.0

    def aside(self, notice: int) -> float:
        """Seconds this one lets others go first; ends when any of them goes through."""
        return max(0.0, self._aside.get(notice, 0.0) - self.clock())

    def failed(self, notice: int) -> int:
        """Returns how often it failed just after another one had gone through."""
        now = self.clock()
        self._alone[notice] += self._failures == 0
        self._strikes[notice] += 1
        if self._strikes[notice] >= PATIENT:
            pause = min(2.0 ** min(self._strikes[notice], 10), LONGEST_ASIDE)
            self._aside[notice] = now + pause
        self._until = now + min(FIRST_PAUSE * 2.0 ** min(self._failures, 10), LONGEST_PAUSE)
        self._failures += 1
        return self._alone[notice]

    def passed(self, notice: int) -> bool:
        """It went through; True where that ends an outage, so that all are tried in order."""
        ended = self._failures > 0
        self._failures = 0
        self._until = 0.0
        self._aside.clear()
        self._strikes.pop(notice, None)
        self._alone.pop(notice, None)
        return ended
