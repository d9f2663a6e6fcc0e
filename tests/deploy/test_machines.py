"""Several machines: processes that share a database and a Redis over TCP, and no file."""

import asyncio
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import backup
import demo
from brokers.paper_address import PaperAddress
from brokers.paper_client import PaperClient
from db.backup import GAP
from db.journal import OrmJournal, open_journal
from desk import inbox
from desk.books import Books
from folder import install_sample
from lanes.bell import RedisBell
from lanes.leash import leashed
from lanes.server import find_redis
from lanes.wire import AWAY, connect
from pulse import pulse
from settings import Settings, as_environment
from tests.deploy.conftest import Server, settings
from tests.flows.ship import free_port
from trading.clocks import SystemClock
from trading.errors import BrokerError, QuarterdeckError
from trading.facts import Beat, Request, RequestState, Run, RunState
from trading.orders import Fill, Order, OrderState
from trading.signals import Signal, SignalState

ROOT = Path(__file__).parents[2]


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    """A redis-server on a port, with a password."""
    port, password = free_port(), secrets.token_urlsafe(16)
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    file = tmp_path / "redis.conf"
    file.write_text(f"requirepass {password}\n")
    words = [find_redis(), str(file), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with subprocess.Popen(
        leashed(words), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as process:
        asyncio.run(answering(url))
        yield url
        process.terminate()


async def answering(url: str) -> None:
    client = connect(url)
    async with asyncio.timeout(10):
        while True:
            try:
                await client.ping()
                break
            except AWAY:
                await asyncio.sleep(0.05)
    await client.aclose()


@asynccontextmanager
async def machine(name: str, given: Settings, *parts: str) -> AsyncIterator[Path]:
    """Processes started as an operator starts them, in a folder of their own."""
    place = given.data.parent
    env = {k: v for k, v in os.environ.items() if not k.startswith("QUARTERDECK_")}
    env |= as_environment(given) | {"PYTHONPATH": str(ROOT), "QUARTERDECK_HOST": name}
    log = place / "log"
    started = []
    with log.open("w") as said:
        for part in parts:
            words = [sys.executable, "-m", "cli", *part.split()]
            started.append(
                await asyncio.create_subprocess_exec(
                    *leashed(words), cwd=place, env=env, stdout=said, stderr=said
                )
            )
        try:
            yield log
        finally:
            for process in started:
                process.terminate()
            for process in started:
                async with asyncio.timeout(20):
                    await process.wait()
            print(f"--- {name}\n{log.read_text()[-3000:]}")
    assert [process.returncode for process in started] == [0] * len(started)


async def until(condition: Callable[[], Coroutine[Any, Any, Any]], within: float = 60.0) -> Any:
    async with asyncio.timeout(within):
        while not (found := await condition()):
            await asyncio.sleep(0.1)
    return found


@pytest.fixture
def here(tmp_path: Path, redis: str, postgres: Server) -> Settings:
    """The machine of the orders and the paper broker."""
    password = secrets.token_urlsafe(16)
    (tmp_path / "here").mkdir()
    return settings(
        tmp_path / "here" / "data",
        redis=redis,
        database=postgres.create(),
        paper=f"tcp://:{password}@127.0.0.1:{free_port()}",
    )


@pytest.fixture
def there(here: Settings, tmp_path: Path) -> Settings:
    """The machine of the scans and pictures: the same addresses, another folder."""
    (tmp_path / "there").mkdir()
    return here.model_copy(update={"data": tmp_path / "there" / "data"})


@pytest.mark.timeout(240)
async def test_a_scan_on_one_machine_is_approved_and_filled_on_another(
    here: Settings, there: Settings
):
    assert await demo.make(here)
    install_sample(there)
    async with (
        open_journal(here.database_url) as journal,
        RedisBell(here.redis, patience=2.0) as bell,
        machine("here", here, "paper", "worker --lane fast"),
        machine("there", there, "worker --lane heavy", "draw"),
    ):
        cards = await approved(journal, bell)
        orders = await until(lambda: filled(journal, cards))
        requests = await journal.read(Request)
        assert {r.state for r in requests} == {RequestState.DONE}, requests
        for order in orders:
            assert await journal.count(Fill, order_key=order.key) >= 1
        async with PaperClient(PaperAddress.of(here.paper)) as broker:
            held = {held.symbol for held in await broker.positions()}
        assert {card.symbol for card in cards} <= held
        outcome = await job(journal, bell, "backup")
        assert "rows in " + str(there.data / "backups") in outcome, "where the heavy lane is"
        assert "rows agree" in await job(journal, bell, "restore-check")
        names = sorted(beat.name for beat in await journal.read(Beat))
        assert names == ["draw@there", "fast@here", "heavy@there", "paper@here"]
        assert "alive" in await pulse(named(here, "here"), "fast")
        with pytest.raises(QuarterdeckError, match="heavy@here has never been alive here"):
            await pulse(named(here, "here"), "heavy")
    assert not (there.data / "paper.sqlite3").exists()
    assert not (there.data / "quarterdeck.sqlite3").exists()
    assert not (here.data / "paper.sock").exists()
    async with open_journal(here.database_url) as journal:
        assert await journal.read(Beat) == [], "who ended in order is not silent"


async def approved(journal: OrmJournal, bell: RedisBell) -> list[Signal]:
    """Every card of the newest scan, once there is one, approved as if on the phone."""
    cards: list[Signal] = await until(lambda: scanned(journal))
    for card in cards:
        request = await inbox.receive(journal, approval(card))
        assert request is not None
        await bell.ring("fast", [request.id])
    return cards


@pytest.mark.timeout(300)
async def test_the_copy_of_a_desk_that_was_trading_goes_on_trading_on_another_machine(
    here: Settings, there: Settings, tmp_path: Path
):
    """From PostgreSQL, with orders on their way, to SQLite; no id or order key is given twice."""
    assert await demo.make(here)
    install_sample(there)
    async with (
        open_journal(here.database_url) as journal,
        RedisBell(here.redis, patience=2.0) as bell,
        machine("here", here, "paper", "worker --lane fast"),
        machine("there", there, "worker --lane heavy"),
    ):
        cards = await approved(journal, bell)
        await until(lambda: handled(journal))  # what is half done would wait for its lease to end
        await backup.by_hand(there, None)
        await until(lambda: filled(journal, cards))  # after the copy, which does not know it
    [file] = backup.kept(backup.backup_folder(there))
    (tmp_path / "third").mkdir()
    third = settings(tmp_path / "third" / "data", redis=here.redis)
    await backup.restore(third, file)
    install_sample(third)
    async with (
        open_journal(third.database_url) as journal,
        RedisBell(third.redis, patience=2.0) as bell,
        machine("third", third, "paper", "worker --lane fast", "worker --lane heavy"),
    ):
        again = await until(lambda: filled(journal, cards), 150)
        assert len(again) == len(cards), "what was approved is carried out, once"
        keys = [order.key for order in await journal.read(Order)]
        assert len(keys) == len(set(keys))
        async with PaperClient(third.data / "paper.sock") as broker:
            theirs = {held.symbol: held.quantity for held in await broker.positions()}
        ledger = Books(journal, SystemClock())
        assert (await ledger.ledger()).net("paper") == theirs
        assert (await job(journal, bell, "reconcile:now")).startswith("all agree: ")
        assert (await journal.read(Run, order="-id", limit=1))[0].id > GAP


def named(given: Settings, name: str) -> Settings:
    return given.model_copy(update={"host": name})


async def scanned(journal: OrmJournal) -> list[Signal]:
    """The cards of the first scan, once that is done; the demo's clock waits for them all."""
    if not await journal.count(Run, job="scan:mean_reversion", state=RunState.DONE):
        return []
    return await journal.read(Signal, state=SignalState.PENDING, carded=True)


async def job(journal: OrmJournal, bell: RedisBell, name: str) -> str:
    """Its outcome, once the heavy lane has done it."""
    [run] = await journal.append([Run(name, SystemClock().now())])
    await bell.ring("heavy", [run.id])
    done = await until(lambda: journal.first(Run, id=run.id, state=RunState.DONE))
    return str(done.outcome)


async def handled(journal: OrmJournal) -> bool:
    return not await journal.count(Request, state=RequestState.NEW)


async def filled(journal: OrmJournal, cards: list[Signal]) -> list[Order]:
    """Their orders, once every one is filled."""
    ids = tuple(card.id for card in cards)
    found = await journal.read(Order, signal_id__in=ids, state=OrderState.FILLED)
    return found if len(found) == len(cards) else []


def approval(card: Signal) -> Request:
    """As the bot records a press."""
    now = SystemClock().now()
    return Request(
        "telegram", f"press-{card.id}", "approve", now, (str(card.id),), 1, 1, sent_at=now
    )


async def test_a_paper_broker_on_the_network_answers_only_who_knows_its_password(
    here: Settings,
):
    await demo.make(here)
    address = PaperAddress.of(here.paper)
    assert address.remote is not None
    wrong = PaperAddress.of(here.paper.replace(address.remote.token, "x" * 20))
    async with machine("here", here, "paper"), PaperClient(address) as broker:
        await broker.ready(30)
        assert await broker.positions()
        async with PaperClient(wrong) as stranger:
            with pytest.raises(BrokerError, match="another paper broker's token"):
                await stranger.positions()
            with pytest.raises(BrokerError, match="another paper broker's token"):
                await stranger.cancel("k")
