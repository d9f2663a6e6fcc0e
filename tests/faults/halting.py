"""A halt committed while other processes claim: what they claim after its commit is nothing.

The halt's own transaction reads which orders are on their way. All writers stand in one line, so
that list is exact: an order that was claimed and is not on it was claimed after the halt.
"""

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from multiprocessing.connection import Connection
from random import Random
from time import perf_counter
from typing import Any

from brokers.paper import PaperBroker
from db.journal import OrmJournal, open_journal
from desk import execute, inbox
from desk.halt import latch
from tests.faults.row import Case, Figures, Row
from tests.world import MONDAY, D, World, at, world
from trading.facts import Notice, Request, Run, Trading
from trading.orders import Ack, Order, OrderState
from trading.types import Side

CLAIMERS = 3
ORDERS = 9  # a round
TUESDAY = MONDAY.replace(day=4)
SYMBOLS = ("AAPL", "MSFT", "NVDA", "TSLA", "XOM")


class Book:
    """The paper broker, noting what was sent to it."""

    def __init__(self, broker: Any) -> None:
        self._broker = broker
        self.sent: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)

    async def submit(self, order: Order) -> Ack:
        self.sent.append(order.key)
        return Ack(order.key, OrderState.ACCEPTED)


async def opened(journal: OrmJournal) -> tuple[World, Book]:
    w = await world(journal)
    assert isinstance(w.broker, PaperBroker)
    book = Book(w.broker)
    w.desk.brokers = {"paper": book}  # type: ignore[dict-item]
    w.desk.limits = replace(w.desk.limits.of_history(), duplicate=timedelta(0))  # time stands still
    w.go(TUESDAY, 15)
    return w, book


def claimer(url: str, name: str, seed: int, pipe: Connection, barrier: Any) -> None:
    """A process that claims what is due, round by round, until it is told to end."""
    asyncio.run(_claims(url, name, Random(seed), pipe, barrier))


async def _claims(url: str, name: str, die: Random, pipe: Connection, barrier: Any) -> None:
    async with open_journal(url) as journal:
        w, book = await opened(journal)
        while await asyncio.to_thread(pipe.recv):
            due = await execute.due(w.desk)
            die.shuffle(due)
            book.sent.clear()
            barrier.wait(60)
            for order in due:
                await execute.execute(w.desk, order, owner=name)
            pipe.send(list(book.sent))


@contextmanager
def claimers(url: str, seed: int) -> Iterator[tuple[list[Connection], Any]]:
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(CLAIMERS + 1)
    pipes, processes = [], []
    for number in range(CLAIMERS):
        ours, theirs = context.Pipe()
        args = (url, f"claimer-{number}", seed + number, theirs, barrier)
        process = context.Process(target=claimer, args=args)
        process.start()
        pipes.append(ours)
        processes.append(process)
    try:
        yield pipes, barrier
    finally:
        for pipe in pipes:
            try:
                pipe.send(False)
            except OSError:
                continue
        for process in processes:
            process.join(20)
            if process.is_alive():
                process.kill()


async def prepare(w: World, number: int) -> None:
    """Trading is on, and there are orders to send; one of a square-off, which a halt lets go."""
    journal = w.journal
    async with journal.transaction():
        for kind in (Order, Notice, Request, Run):
            await journal.remove(kind, id__gt=0)
        await latch(journal, Trading.ACTIVE, by="operator:1", reason="/resume", at=w.clock.at)
        now = w.clock.at
        first = Order(
            "", "dip", "paper", "paper", "", Side.BUY, D(1), at(TUESDAY, 14, 30), now
        )  # fmt: skip
        orders = [
            replace(first, key=f"h-{number}-{n}", symbol=SYMBOLS[n % len(SYMBOLS)])
            for n in range(ORDERS)
        ]
        orders[-1] = replace(orders[-1], purpose="squareoff")
        await journal.append(orders)


async def halt(w: World, number: int) -> set[str]:
    """As the door does it; the keys on their way when it was committed."""
    request = Request("trial", str(number), "halt", w.clock.at, operator=1, recipient=1)
    async with w.journal.transaction():
        await inbox.receive(w.journal, request)
        rows = await w.journal.read(Order, state__not=OrderState.PLANNED)
        return {order.key for order in rows}


async def some_claimed(w: World, number: int) -> None:
    """Until so many orders are on their way."""
    async with asyncio.timeout(60):
        while await w.journal.count(Order, state__not=OrderState.PLANNED) < number:
            await asyncio.sleep(0)


async def run(case: Case) -> Figures:
    figures = Figures()
    url = await case.fresh()
    between, slowest = 0, 0.0
    async with open_journal(url) as journal:
        w, _ = await opened(journal)
        with claimers(url, case.seed) as (pipes, barrier):
            length = 0.05  # seconds a round takes; every other halt falls anywhere in it
            for number in range(case.count):
                await prepare(w, number)
                for pipe in pipes:
                    pipe.send(True)
                await asyncio.to_thread(barrier.wait, 60)
                began = perf_counter()
                if number % 2:
                    await asyncio.sleep(case.random.uniform(0.0, length))
                else:
                    await some_claimed(w, case.random.randint(1, ORDERS // 2))
                claimed = await halt(w, number)
                sent = [key for pipe in pipes for key in await asyncio.to_thread(pipe.recv)]
                length = 0.8 * length + 0.2 * (perf_counter() - began)
                slowest = max(slowest, perf_counter() - began)
                between += 0 < len(claimed) < ORDERS - 1
                check(figures, number, claimed, sent)
    figures.faults = case.count
    figures.more["halts between two claims"] = between
    if case.count >= 20 and between < case.count / 10:
        figures.broken.append(f"only {between} of {case.count} halts fell between two claims")
    return figures


def check(figures: Figures, number: int, claimed: set[str], sent: list[str]) -> None:
    figures.orders += len(sent)
    closing = f"h-{number}-{ORDERS - 1}"
    for key in sorted(set(sent) - claimed - {closing}):
        figures.broken.append(f"{key} was claimed and sent after the halt")
    for key in sorted(claimed - set(sent)):
        figures.lost += 1
        figures.broken.append(f"{key} was claimed and never sent")
    for key in sorted({key for key in sent if sent.count(key) > 1}):
        figures.doubled += 1
        figures.broken.append(f"{key} was sent {sent.count(key)} times")
    if closing not in sent:
        figures.broken.append(f"{closing}, of a square-off, did not go")


HALT = Row(
    "halt",
    "a halt committed while three processes claim",
    "no order claimed after the halt's commit",
    full=1_000,
    short=25,
    run=run,
    rate=1.0,
)
