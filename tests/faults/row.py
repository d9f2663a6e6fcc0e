"""A row of the trials: what is injected, what must hold, and what came of it."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from tests.faults.databases import Postgres, fresh
from tests.faults.fleet import Fleet

if TYPE_CHECKING:
    from tests.faults.house import House

SQLITE, POSTGRES = "sqlite", "postgres"
RATE = 20.0  # wall seconds a second of the machine


@dataclass(slots=True)
class Figures:
    """What one row came to. The named columns have places in the table; `more` goes into the
    JSON only. Times are wall seconds. `broken` says what did not hold; empty: it holds."""

    faults: int = 0  # injected
    orders: int = 0  # through the house, or the row's own things: cards, updates, runs
    lost: int = 0
    doubled: int = 0
    unknown: int = 0  # orders whose outcome stayed unknown until an operator said
    slowest: float | None = None  # the longest that what had to be told, or moved, took
    more: dict[str, float] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Case:
    """One row on one database: what its `run` is handed."""

    database: str  # "sqlite" or "postgres"
    folder: Path  # fresh, and short enough for sockets
    seed: int
    count: int  # how many faults: the row's full or short number
    rate: float
    is_full: bool
    fleet: Fleet  # forks the processes of its houses
    server: Postgres | None = None  # where `database` is "postgres"
    random: Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)

    async def fresh(self, name: str = "desk") -> str:
        """The url of a new database with our tables, for rows that need no house."""
        return await fresh(self.folder / f"{name}.sqlite3", self.server)

    def house(self, **choices: Any) -> "AbstractAsyncContextManager[House]":
        """`async with case.house(workers=2, bot=True, …) as house`; see `House` for the rest."""
        from tests.faults.house import House

        return House(self, **choices)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    name: str
    what: str  # is injected: "1,000 SIGKILLs at random points"
    holds: str  # what must: "0 lost, 0 doubled"
    full: int  # faults with `make faults`
    short: int  # and with pytest: a few seconds
    run: Callable[[Case], Awaitable[Figures]]
    databases: tuple[str, ...] = (SQLITE, POSTGRES)
    rate: float = RATE
