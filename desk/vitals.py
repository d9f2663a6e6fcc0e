"""Vitals: how the house stands on its machine. Measured by whoever knows Redis and the disk."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RedisPulse:
    """Whether Redis answers; `why` not, in a clause without passwords."""

    answers: bool
    why: str = ""
    ms: float = 0.0
    version: str = ""
    queued: Mapping[str, int] = field(default_factory=dict)  # jobs by lane


@dataclass(frozen=True, slots=True)
class HousePulse:
    """Bytes are of the disk that holds the data folder."""

    database: str  # "SQLite 3.45.1"
    database_ms: float  # of one read
    free: int
    total: int
    versions: Mapping[str, str]  # of the libraries that matter, by name


class Vitals(Protocol):
    async def redis(self) -> RedisPulse:
        """Never raises; takes at most a second."""
        ...

    async def house(self) -> HousePulse:
        """Raises QuarterdeckError where the database does not answer."""
        ...
