"""What the heavy lane's jobs need besides the desk; the doors never load it."""

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from market.crypto import CandleFeed
from market.store import BarStore
from trading.bars import Strategy
from worker.search import Benches

#: Strategy, first and last day ("" for the oldest). Yields {"done": sessions, "of": …, "day": …,
#: "trades": …} and at last {"result": …} or {"error": one line}; closing it ends the work.
Replaying = Callable[[str, str, str], AsyncGenerator[Mapping[str, Any], None]]


class Looked(Protocol):
    """What a look at the watched folder did."""

    @property
    def refused(self) -> tuple[str, ...]: ...
    @property
    def session(self) -> date | None: ...
    @property
    def text(self) -> str: ...


class Backups(Protocol):
    """Each says in a clause what it did."""

    async def make(self) -> str: ...
    async def check(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Research:
    """Bars and rules. A job that needs more adds a field here, which `wiring` or the process
    that opens the lane fills."""

    store: BarStore
    strategies: Mapping[str, Strategy]
    replaying: Replaying | None = None
    benches: Benches = field(default_factory=Benches)
    #: Takes what the watched folder brought by that wall time; None where no folder is watched.
    look: Callable[[datetime], Looked] | None = None
    backups: Backups | None = None
    candles: Mapping[str, CandleFeed] = field(default_factory=dict)  # by the name in the settings
