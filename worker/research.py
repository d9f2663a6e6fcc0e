"""What the heavy lane's jobs need besides the desk; the doors never load it."""

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from market.store import BarStore
from trading.bars import Strategy
from worker.search import Benches

#: Strategy, first and last day ("" for the oldest). Yields {"done": sessions, "of": …, "day": …,
#: "trades": …} and at last {"result": …} or {"error": one line}; closing it ends the work.
Replaying = Callable[[str, str, str], AsyncGenerator[Mapping[str, Any], None]]


@dataclass(frozen=True, slots=True)
class Research:
    """Bars and rules. A job that needs more adds a field here, which `wiring` or the process
    that opens the lane fills."""

    store: BarStore
    strategies: Mapping[str, Strategy]
    replaying: Replaying | None = None
    benches: Benches = field(default_factory=Benches)
