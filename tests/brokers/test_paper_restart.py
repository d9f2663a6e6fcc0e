"""The book on disk: what was answered survives any death of the process, once."""

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from brokers.costs import Costs
from brokers.paper_book import PaperBook
from brokers.paper_client import PaperClient
from tests.brokers.paper_floor import floor, order
from trading.errors import BrokerError, ConfigError, DataError, OutcomeUnknown
from trading.orders import OrderState

ROOT = Path(__file__).parents[2]


class Process:
    """The broker's process, killed and started at will."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.client = PaperClient(folder / "s", timeout=5.0)
        self.running: subprocess.Popen[bytes] | None = None

    async def start(self, session: str = "open", memory: str = "dedupes") -> None:
        command = [sys.executable, "-m", "tests.brokers.paper_process"]
        self.running = subprocess.Popen([*command, str(self.folder), session, memory], cwd=ROOT)
        await self.client.ready(20)

    def kill(self) -> None:
        if self.running is not None:
            os.kill(self.running.pid, signal.SIGKILL)
            self.running.wait()
            self.running = None


@asynccontextmanager
async def process(folder: Path) -> AsyncIterator[Process]:
    started = Process(folder)
    try:
        yield started
    finally:
        started.kill()
        await started.client.close()


async def test_a_restart_goes_on_where_it_stopped(tmp_path: Path) -> None:
    here = floor()
    first = here.persisted(tmp_path / "b.sqlite", costs=Costs())
    await first.submit(order("buy 10 AAPL", "k1"))
    await first.submit(order("sell 4 AAPL @ 110", "k2"))
    await first.submit(order("buy 1 MSFT @ 40", "k3"))
    await first.cancel("k3")
    before, books = await first.account(), first.statement
    first.close()

    second = here.persisted(tmp_path / "b.sqlite", costs=Costs())
    assert await second.account() == before
    assert second.statement.executions == books.executions
    assert [(t.ref, t.ack) for t in second.statement.tickets.values()] == [
        (t.ref, t.ack) for t in books.tickets.values()
    ]
    assert (await second.submit(order("buy 10 AAPL", "k1"))).state is OrderState.FILLED
    here.board.chalk("AAPL", "120")
    await second.work()
    fills, cursor = await second.fills("1")
    assert [f.order_key for f in fills] == ["k2"]
    assert cursor == "2"
    second.close()


async def test_two_books_never_share_an_execution_id(tmp_path: Path) -> None:
    ids = set()
    for name in ("a", "b"):
        broker = floor().persisted(tmp_path / name)
        await broker.submit(order("buy 1 AAPL"))
        ids |= broker.statement.execution_ids
        broker.close()
    assert len(ids) == 2


def test_a_book_is_open_in_one_process_at_a_time(tmp_path: Path) -> None:
    book = PaperBook(tmp_path / "b.sqlite")
    with pytest.raises(ConfigError, match="is in use by another process"):
        PaperBook(tmp_path / "b.sqlite")
    book.close()
    PaperBook(tmp_path / "b.sqlite").close()


def test_a_book_belongs_to_one_account(tmp_path: Path) -> None:
    floor().persisted(tmp_path / "b.sqlite").close()
    book = PaperBook(tmp_path / "b.sqlite")
    with pytest.raises(ConfigError, match="is paper in USD, not paper in EUR"):
        floor().broker(book=book, currency="EUR")
    book.close()


def test_a_book_of_another_layout_is_left_alone(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "b.sqlite")
    other.execute("PRAGMA user_version = 9")
    other.close()
    with pytest.raises(ConfigError, match="has layout 9, this program reads 1"):
        PaperBook(tmp_path / "b.sqlite")


def test_a_file_that_is_no_book_is_named(tmp_path: Path) -> None:
    (tmp_path / "b.sqlite").write_text("notes from the bridge, of no use to a database\n" * 50)
    with pytest.raises(ConfigError, match=r"b\.sqlite cannot be opened"):
        PaperBook(tmp_path / "b.sqlite")


def test_a_torn_row_is_named(tmp_path: Path) -> None:
    floor().persisted(tmp_path / "b.sqlite").close()
    other = sqlite3.connect(tmp_path / "b.sqlite")
    other.execute('UPDATE events SET body = \'{"account": "paper"}\'')
    other.commit()
    other.close()
    book = PaperBook(tmp_path / "b.sqlite")
    with pytest.raises(DataError, match="event 1: adjustment has no reference"):
        floor().broker(book=book)
    book.close()


async def test_what_cannot_be_written_is_not_in_the_books(tmp_path: Path) -> None:
    book = PaperBook(tmp_path / "b.sqlite")
    broker = floor().broker(book=book)
    pages = book.database.execute("PRAGMA page_count").fetchone()[0]
    book.database.execute(f"PRAGMA max_page_count = {pages}")  # a full disk
    placed: list[str] = []

    async def fill_the_disk() -> None:
        while len(placed) < 1000:
            await broker.submit(order("buy 1 AAPL @ 1", f"k{len(placed)}"))
            placed.append(f"k{len(placed)}")

    with pytest.raises(OutcomeUnknown, match=r"b\.sqlite cannot be written: .* full"):
        await fill_the_disk()
    assert list(broker.statement.newest) == placed
    book.database.execute("PRAGMA max_page_count = 10000")
    await broker.submit(order("buy 1 AAPL", f"k{len(placed)}"))
    assert len(list(book.events())) == len(broker.events)
    broker.close()


async def test_an_order_accepted_before_a_kill_fills_once_after_it(tmp_path: Path) -> None:
    async with process(tmp_path) as broker:
        await broker.start("closed")
        ack = await broker.client.submit(order("buy 10 AAPL", "k1"))
        assert ack.state is OrderState.ACCEPTED
        broker.kill()
        with pytest.raises(BrokerError, match="not sent"):
            await broker.client.find("k1")

        await broker.start("open")
        assert (await broker.client.submit(order("buy 10 AAPL", "k1"))).broker_ref == ack.broker_ref
        fills, cursor = await broker.client.fills("", wait=5)
        assert [(f.order_key, f.quantity) for f in fills] == [("k1", Decimal(10))]
        broker.kill()

        await broker.start("open")
        assert await broker.client.fills(cursor) == ([], cursor)
        assert (await broker.client.fills(""))[0] == fills


async def test_a_kill_after_acceptance_and_before_the_answer_loses_nothing(tmp_path: Path) -> None:
    async with process(tmp_path) as broker:
        await broker.start()
        await broker.client.control(faults={"delay": 30})
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(unknown(broker.client, "k1"))
            watching = PaperClient(tmp_path / "s", timeout=0.2)
            with pytest.raises(BrokerError, match="did not answer"):
                await watching.find("k1")  # the delay holds every answer, after acting
            await watching.close()
            broker.kill()
        assert sending.result() is OutcomeUnknown
        await broker.start()
        found = await broker.client.find("k1")
        assert found is not None
        assert found.state is OrderState.FILLED


async def unknown(client: PaperClient, key: str) -> type[BaseException] | None:
    try:
        await client.submit(order("buy 1 AAPL", key))
    except BrokerError as error:
        return type(error)
    return None


async def test_random_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    """Each order is sent under its own key until it is acknowledged, through a dozen kills."""
    dice = random.Random(7)
    keys = [f"k{n}" for n in range(60)]
    async with process(tmp_path) as broker:
        await broker.start()
        for round_ in range(0, len(keys), 5):
            batch = keys[round_ : round_ + 5]
            async with asyncio.TaskGroup() as group:
                sent = [group.create_task(unknown(broker.client, key)) for key in batch]
                await asyncio.sleep(dice.uniform(0, 0.02))
                broker.kill()
            await broker.start()
            for key, outcome in zip(batch, sent, strict=True):
                if outcome.result() is None:  # acknowledged: it must be there
                    assert await broker.client.find(key) is not None
                else:
                    await broker.client.submit(order("buy 1 AAPL", key))
        fills, _ = await broker.client.fills("")
        (held,) = await broker.client.positions()
    assert sorted(f.order_key for f in fills) == sorted(keys)
    assert held.quantity == len(keys)


async def test_a_transfer_and_a_limit_survive_a_restart(tmp_path: Path) -> None:
    here = floor()
    first = here.persisted(tmp_path / "b.sqlite")
    first.transfer("AAPL", Decimal("2.5"), Decimal(90))
    await first.submit(order("buy 1 AAPL @ 80", "k1"))
    before = await first.positions(), await first.working()
    first.close()
    again = here.persisted(tmp_path / "b.sqlite")
    assert (await again.positions(), await again.working()) == before
    assert [resting.limit for resting in before[1]] == [Decimal(80)]
    again.close()
