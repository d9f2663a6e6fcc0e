"""Two desks of two processes over one journal and one broker that lets both down."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from brokers.adversary import Adversary, Fate, Faults
from brokers.paper import PaperBroker
from desk.desk import Desk
from tests.world import MONDAY, World, world
from trading.facts import Notice
from trading.messages import Message
from trading.orders import Ack, Order, OrderState
from trading.owners import Alone
from trading.ports import Journal
from trading.types import Side
from worker import rounds

TUESDAY = MONDAY.replace(day=4)


class Wire:
    """One process's line to the broker. `stop` stops the process just before its next request is
    on the wire, or just before its answer is read; it goes on when `go` is called."""

    def __init__(self, broker: Adversary) -> None:
        self._broker = broker
        self.stop = ""  # "", "before" or "after"
        self.stopped = False
        self._going = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)

    async def _here(self, point: str) -> None:
        if self.stop == point:
            self.stop, self.stopped = "", True
            self._going.clear()
            await self._going.wait()
            self.stopped = False

    def go(self) -> None:
        self._going.set()

    async def submit(self, order: Order) -> Ack:
        await self._here("before")
        try:
            return await self._broker.submit(order)
        finally:
            await self._here("after")


@dataclass
class Process:
    """One fast worker: its desk, its line, and what it is doing."""

    desk: Desk
    wire: Wire
    task: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        owners = self.desk.owners
        assert isinstance(owners, Alone)
        return owners.name

    async def look(self) -> None:
        """Begin one look, unless it is still in the last, and let it get as far as it can."""
        if self.task is None or self.task.done():
            self.task = asyncio.ensure_future(rounds.trade_once(self.desk))
        await settle_down()
        if self.task.done():
            self.task.result()

    async def wake(self) -> None:
        self.wire.stop = ""
        self.wire.go()
        await settle_down()

    async def die(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)


async def settle_down() -> None:
    for _ in range(60):
        await asyncio.sleep(0)


@dataclass
class House:
    w: World
    adversary: Adversary
    workers: list[Process] = field(default_factory=list)
    dead: set[str] = field(default_factory=set)
    born: int = 0

    def hire(self) -> Process:
        self.born += 1
        wire = Wire(self.adversary)
        desk = replace(
            self.w.desk,
            owners=Alone(f"fast@h{self.born}:1", self.dead),
            brokers={"paper": wire},  # type: ignore[dict-item]
        )
        worker = Process(desk, wire)
        self.workers.append(worker)
        return worker

    async def kill(self, worker: Process) -> Process:
        """A SIGKILL; another takes its place."""
        await worker.die()
        self.workers.remove(worker)
        self.dead.add(worker.name)
        return self.hire()

    async def pass_time(self, seconds: float) -> None:
        self.w.clock.at += timedelta(seconds=seconds)
        await self.adversary.work()

    async def settle(self, rounds_: int = 60, every: float = 2.0) -> None:
        """Everybody looks again and again."""
        for _ in range(rounds_):
            for worker in self.workers:
                await worker.look()
            await self.pass_time(every)

    async def order(self, key: str = "k1") -> Order:
        found = await self.w.journal.first(Order, key=key)
        assert found is not None
        return found

    async def plan(self, *texts: str, **changes: Any) -> list[Order]:
        """`buy 10 AAPL`, due now; their keys are k1, k2, …"""
        now = self.w.clock.at
        orders = []
        for number, text in enumerate(texts, 1):
            side, quantity, symbol = text.split()
            units = Decimal(quantity)
            order = Order(
                f"k{number}", "dip", "paper", "paper", symbol, Side(side), units, now, now
            )
            orders.append(replace(order, **changes))
        return await self.w.journal.append(orders)

    def placed(self) -> list[str]:
        """The keys the broker holds, each as often as it was placed; what lags or is late too."""
        book = self.adversary.broker.statement
        return sorted(ticket.order.key for ticket in book.tickets.values())

    async def told(self) -> list[str]:
        rows = await self.w.journal.read(Notice, kind="text", recipient=1)
        return [Message.from_json(row.body).plain for row in rows]


async def house(
    *fates: Fate,
    faults: Faults | None = None,
    dedupes: bool = False,
    workers: int = 2,
    journal: Journal | None = None,
) -> House:
    """Tuesday 15:00, the market open; what becomes of the next orders sent is `fates`."""
    w = await world(journal)
    inner = w.broker
    assert isinstance(inner, PaperBroker)

    def monotonic() -> float:
        return w.clock.at.timestamp()

    adversary = Adversary(inner, faults, monotonic=monotonic)
    adversary.set(adversary.faults, dedupes=dedupes)
    adversary.plan(*fates)
    w.desk.brokers = {"paper": adversary}
    w.go(TUESDAY, 15)
    found = House(w, adversary)
    for _ in range(workers):
        found.hire()
    return found


async def states(here: House) -> Sequence[OrderState]:
    return [order.state for order in await here.w.journal.read(Order)]
