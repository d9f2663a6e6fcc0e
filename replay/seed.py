"""The demo's past: six months replayed in memory, then loaded in bulk, telling nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from desk.desk import Desk
from replay.engine import Script, replay
from replay.journal import MemoryJournal
from trading.clocks import SimulatedClock
from trading.facts import ClockReading, Cursor
from trading.money import Adjustment, Mark, Snapshot
from trading.orders import Fill, Order
from trading.ports import Ranking, Session
from trading.signals import Signal
from trading.universes import Selection

#: What a person would take of a day's candidates, so that money is left for the first card.
ENTRIES_A_DAY = 2


@dataclass(frozen=True, slots=True)
class Past:
    """Facts to load, in an order that keeps references true."""

    facts: Mapping[type[Any], Sequence[Any]]

    @property
    def deposits(self) -> Sequence[Adjustment]:
        return self.facts[Adjustment]

    @property
    def fills(self) -> Sequence[Fill]:
        return self.facts[Fill]

    @property
    def orders(self) -> Sequence[Order]:
        return self.facts[Order]


async def live_through(
    desk: Desk,
    journal: MemoryJournal,
    clock: SimulatedClock,
    scripts: Sequence[Script],
    sessions: Sequence[Session],
    ranking: Ranking | None = None,
) -> Past:
    """The facts of a desk that traded `sessions`; the last close's scan is left to the demo."""
    most = {script.strategy.name: ENTRIES_A_DAY for script in scripts}
    await replay(desk, clock, scripts, sessions, approvals=most, scan_last=False, ranking=ranking)
    kinds = (Adjustment, Signal, Order, Fill, Mark, Snapshot, Selection)
    return Past({kind: journal.facts(kind) for kind in kinds})


def with_start(past: Past, reading: ClockReading, cursors: Sequence[Cursor]) -> Past:
    """The same facts, the clock's first reading and how far the broker was read."""
    numbered = [Cursor(c.name, c.value, id=n) for n, c in enumerate(cursors, 1)]
    first = ClockReading(
        reading.wall_anchor,
        reading.market_anchor,
        reading.rate,
        reading.status,
        reading.reason,
        id=1,
    )
    return Past({**past.facts, ClockReading: [first], Cursor: numbered})
