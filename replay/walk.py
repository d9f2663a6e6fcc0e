"""Walk: a session's bar as a way of prices, so that stops and targets inside it are met.

A daily bar does not say which came first, its high or its low: each position is taken to meet what
is against it first, its stop before its target. A stop fills at its own price, or at the open where
that lies beyond it, each slipped as ever.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol, runtime_checkable

from brokers.paper import PaperBroker
from desk import brackets, execute, exits, settle
from desk.desk import Desk
from risk.exits import way
from trading.clocks import SimulatedClock
from trading.orders import AT_BROKER, Order
from trading.ports import Session

LOOKS = 6  # a target: seen, its stop cancelled, the close placed, filled, the bracket ended


@runtime_checkable
class Walks(Protocol):
    """A feed whose prices can be moved along inside a session's bar."""

    def span(self, symbol: str, session: Session) -> tuple[Decimal, Decimal, Decimal] | None:
        """Open, low and high of that session; None without a bar."""
        ...

    def visit(self, prices: Mapping[str, Decimal]) -> None:
        """What these symbols cost until the next visit; of none, every price is its own again."""
        ...


def wanted(desk: Desk) -> bool:
    return any(plan.exits for plan in desk.plans.values())


async def walk(desk: Desk, clock: SimulatedClock, session: Session, owner: str) -> None:
    """Between the open and the last minute; a feed without bars leaves the price at the open."""
    if not isinstance(desk.feed, Walks):
        return
    ways = await _ways(desk, desk.feed, session)
    steps = max((len(prices) for prices in ways.values()), default=0)
    span = (session.close - session.open) / (steps + 2)
    try:
        for step in range(steps):
            clock.at = session.open + span * (step + 1)
            desk.feed.visit({s: prices[step] for s, prices in ways.items() if step < len(prices)})
            await mind(desk, owner)
    finally:
        desk.feed.visit({})


async def _ways(desk: Desk, feed: Walks, session: Session) -> dict[str, list[Decimal]]:
    """By symbol what its brackets are to meet, nearest to the open first."""
    first: dict[str, set[Decimal]] = {}
    second: dict[str, set[Decimal]] = {}
    opens: dict[str, Decimal] = {}
    for row in await brackets.live(desk):
        bar = feed.span(row.symbol, session)
        if bar is None:
            continue
        opened, low, high = bar
        against, along = way(row.sign, opened, low, high, row.stop, row.target)
        opens[row.symbol] = opened
        first.setdefault(row.symbol, set()).add(against)
        second.setdefault(row.symbol, set()).add(along)
    return {
        symbol: [
            *sorted(first[symbol], key=lambda price, at=opened: abs(price - at)),  # type: ignore[misc]
            *sorted(second[symbol], key=lambda price, at=opened: abs(price - at)),  # type: ignore[misc]
        ]
        for symbol, opened in opens.items()
    }


async def mind(desk: Desk, owner: str) -> None:
    """Brokers and brackets at the prices of now, until nothing moves."""
    before = None
    for _ in range(LOOKS):
        for broker in desk.brokers.values():
            if isinstance(broker, PaperBroker):
                await broker.work()
            await settle.collect(desk, broker)
        await execute.follow(desk)
        await execute.execute_due(desk, owner=owner)
        await exits.keep(desk, owner=owner)
        live = tuple((row.id, row.version) for row in await brackets.live(desk))
        working = await desk.journal.read(Order, state__in=tuple(AT_BROKER))
        now = live, tuple((order.id, order.version) for order in working)
        if now == before:
            return
        before = now
