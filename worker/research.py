"""What the heavy lane's jobs need besides the desk; the doors never load it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from market.store import BarStore
from trading.bars import Strategy


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
    backups: Backups | None = None
