"""What one process remembers of the orders it handles; forgetting it all delays, never doubles."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal


@dataclass(slots=True)
class Search:
    """How far the search for one order at its broker has come. Wall times."""

    next_at: datetime
    absent_since: datetime | None = None  # the broker first said it has none, nobody sending it
    looks: int = 0


@dataclass(slots=True)
class Quiet:
    """Since when nothing that was seen of an instrument has changed. Wall time."""

    seen: frozenset[object]
    since: datetime


@dataclass(slots=True)
class Hands:
    sending: set[str] = field(default_factory=set)  # keys whose submit is under way right now
    away: set[str] = field(default_factory=set)  # brokers that could not be asked; logged once
    searches: dict[tuple[str, int], Search] = field(default_factory=dict)  # by key and attempt

    refused: set[str] = field(default_factory=set)  # keys a broker would not have a second time
    caught: dict[str, frozenset[object]] = field(default_factory=dict)  # ended orders, by broker
    looked: tuple[datetime, datetime] | None = None  # last look of the breakers: market, wall
    paid: tuple[datetime, Decimal] | None = None  # wall time; paid in by the brokers' word
    skews: dict[str, timedelta] = field(default_factory=dict)  # a broker's clock less ours
    over: dict[int, datetime] = field(default_factory=dict)  # market time an order waits since
    still: dict[tuple[str, str], Quiet] = field(default_factory=dict)  # by broker and symbol

    def quiet(self, broker: str, symbol: str, seen: frozenset[object], now: datetime) -> datetime:
        """Since when it looks as it does now; what merely left the picture changes nothing."""
        before = self.still.get((broker, symbol))
        since = before.since if before is not None and seen <= before.seen else now
        self.still[broker, symbol] = Quiet(seen, since)
        return since

    def search(self, key: str, attempt: int, now: datetime) -> Search:
        return self.searches.setdefault((key, attempt), Search(now))

    def keep_over(self, ids: set[int]) -> None:
        """Whatever else waited for the order rate has gone."""
        for id_ in self.over.keys() - ids:
            del self.over[id_]

    def keep(self, keys: set[str]) -> None:
        """Whatever else was searched for is settled, by whomever."""
        for found in [known for known in self.searches if known[0] not in keys]:
            del self.searches[found]
        self.refused &= keys

    def forget(self, key: str) -> None:
        self.refused.discard(key)
        for found in [known for known in self.searches if known[0] == key]:
            del self.searches[found]
