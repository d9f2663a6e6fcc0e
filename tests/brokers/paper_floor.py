"""A trading floor for the paper broker's tests: prices set by hand, orders in a trader's words."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from brokers.adversary import Adversary
from brokers.costs import Costs
from brokers.paper import PaperBroker
from brokers.paper_book import PaperBook
from brokers.paper_client import PaperClient
from brokers.paper_server import serve
from trading.clocks import SimulatedClock
from trading.orders import Order, OrderType
from trading.types import Instrument, Quote, Side

OPEN = datetime(2026, 2, 3, 14, 30, tzinfo=UTC)
FREE = Costs(Decimal(0), Decimal(0), Decimal(0), Decimal(0))
AAPL = Instrument("AAPL")
MSFT = Instrument("MSFT")
EURX = Instrument("EURX", currency="EUR")
COIN = Instrument("COIN", tick=Decimal("0.1"), lot=Decimal("0.001"))
FUTURE = Instrument("ESH6", tick=Decimal("0.25"), multiplier=Decimal(50))
_keys = itertools.count(1)


@dataclass
class Board:
    """A feed whose prices a test chalks up; a closed one still shows the last price."""

    clock: SimulatedClock
    prices: dict[str, Quote] = field(default_factory=dict)
    asked: int = 0

    def chalk(self, symbol: str, price: str, *, tradable: bool = True, **sides: Decimal) -> None:
        at = self.clock.now()
        self.prices[symbol] = Quote(symbol, Decimal(price), at, tradable=tradable, **sides)

    def close(self, symbol: str) -> None:
        self.prices[symbol] = replace(self.prices[symbol], tradable=False)

    async def quote(self, symbol: str, at: datetime) -> Quote | None:
        self.asked += 1
        return self.prices.get(symbol)

    def known_through(self) -> datetime:
        return self.clock.now()


class Listing:
    """The instruments of the floor."""

    def __init__(self, *listed: Instrument) -> None:
        self._listed = {instrument.symbol: instrument for instrument in listed}

    def find(self, symbol: str) -> Instrument | None:
        return self._listed.get(symbol)

    def all(self) -> Sequence[Instrument]:
        return list(self._listed.values())


@dataclass
class Floor:
    clock: SimulatedClock
    board: Board
    listing: Listing

    def broker(self, *, cash: str = "10000", costs: Costs = FREE, **wanted: Any) -> PaperBroker:
        """A paper broker without costs unless told, with 10,000 USD."""
        return PaperBroker(
            self.board, self.clock, self.listing, costs, cash=Decimal(cash), **wanted
        )

    def persisted(self, path: Path, **wanted: Any) -> PaperBroker:
        return self.broker(book=PaperBook(path), **wanted)


def floor(**prices: str) -> Floor:
    clock = SimulatedClock(OPEN)
    board = Board(clock)
    for symbol, price in (prices or {"AAPL": "100", "MSFT": "50"}).items():
        board.chalk(symbol, price)
    return Floor(clock, board, Listing(AAPL, MSFT, EURX, COIN, FUTURE))


def order(words: str, key: str = "", **fields: Any) -> Order:
    """`order("buy 10 AAPL")`, `order("sell 5 MSFT @ 51", reduce_only=True)`."""
    side, quantity, symbol, *limit = words.split()
    return replace(
        Order(
            key=key or f"order-{next(_keys)}",
            strategy="momentum",
            broker="paper",
            account="paper",
            symbol=symbol,
            side=Side(side),
            quantity=Decimal(quantity),
            execute_at=OPEN,
            created_at=OPEN,
            type=OrderType.LIMIT if limit else OrderType.MARKET,
            limit=Decimal(limit[1]) if limit else None,
        ),
        **fields,
    )


@asynccontextmanager
async def serving(
    broker: PaperBroker | Adversary, path: Path, clock: SimulatedClock, **wanted: Any
) -> AsyncIterator[PaperClient]:
    """The broker behind its real socket, ticking only when told (`client.work()`)."""
    stop, ready = asyncio.Event(), asyncio.Event()
    tick = wanted.pop("tick", 30.0)
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(broker, path, clock, stop, tick=tick, ready=ready))
        await ready.wait()
        async with PaperClient(path, **wanted) as client:
            try:
                yield client
            finally:
                stop.set()


KINDS = ("memory", "persisted", "served")


@asynccontextmanager
async def opened(
    kind: str, here: Floor, folder: Path, **wanted: Any
) -> AsyncIterator[PaperBroker | PaperClient]:
    """The same broker three ways: in this process, kept on disk, behind its socket."""
    if kind == "memory":
        yield here.broker(**wanted)
        return
    broker = here.persisted(folder / "paper.sqlite", **wanted)
    try:
        if kind == "persisted":
            yield broker
        else:
            async with serving(broker, folder / "s", here.clock) as client:
                yield client
    finally:
        broker.close()
