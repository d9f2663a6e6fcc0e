"""Owners without locks: for one process that is alone with its journal, and for tests."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Alone:
    """`trading.ports.Owners` of a replay. Whoever is named in `dead` is taken for dead."""

    name: str = "alone"
    dead: set[str] = field(default_factory=set)

    async def mine(self) -> str:
        return self.name

    def holds(self, owner: str) -> bool:
        return owner == self.name

    async def is_dead(self, owner: str) -> bool:
        return owner in self.dead
