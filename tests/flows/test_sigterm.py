"""SIGTERM in the middle of work: it is finished or handed over, neither lost nor doubled.

Real processes, real signals; the broker or Telegram in this process takes its time to answer.
"""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from brokers.adversary import Adversary, Faults
from brokers.paper_server import serve
from choices import DEMO_OPERATOR, DEMO_TOKEN
from db.journal import OrmJournal, open_journal
from folder import install_sample, paper_address
from lanes.leash import leashed
from lanes.server import RedisServer, start_redis
from phone import Person, Phone
from settings import Settings, as_environment, load
from tests.flows.ship import ROOT, free_port
from trading.clocks import Clocks, SimulatedClock, SystemClock
from trading.facts import Beat, Notice, NoticeState, Request, Run, RunState
from trading.messages import bold, message
from trading.orders import Fill, Order, OrderState
from trading.types import Side
from wiring import Silence, open_base, paper_broker

AT = datetime(2025, 2, 4, 14, 35, tzinfo=UTC)  # five minutes after New York's open
PROGRAM = f"""
import asyncio, sys
from datetime import datetime
import processes
from settings import load
from trading.clocks import Clocks, SimulatedClock
market = SimulatedClock(datetime.fromisoformat({AT.isoformat()!r}))
clocks = Clocks(market=market, rate=float(sys.argv[2]))
asyncio.run(processes.run(sys.argv[1], load(), clocks))
"""


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[RedisServer]:
    server = await start_redis(tmp_path)
    yield server
    await server.stop()


@pytest.fixture
def given(tmp_path: Path, redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    return load(mode="paper", data=tmp_path / "data", redis=redis.url, telegram_token="1:x")


class Part:
    """One process of the house."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process = process
        self.log = log

    async def told_to_end(self) -> float:
        """SIGTERM; the seconds it took to end, in order."""
        began = time.monotonic()
        self.process.terminate()
        async with asyncio.timeout(20):
            code = await self.process.wait()
        assert code == 0, self.log.read_text()[-3000:]
        print(f"ended in {time.monotonic() - began:.1f} s")
        return time.monotonic() - began


@asynccontextmanager
async def part(name: str, given: Settings, rate: float = 1.0) -> AsyncIterator[Part]:
    """Started, and ended at the latest with the block. Its log goes into the report. `rate` hurries
    its rests and the time it gives what is under way."""
    log = given.data.parent / f"{name}-{time.monotonic_ns()}.log"
    env = {**as_environment(given), "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    with log.open("w") as said:
        process = await asyncio.create_subprocess_exec(
            *leashed([sys.executable, "-c", PROGRAM, name, str(rate)]),
            env=env,
            stdout=said,
            stderr=said,
        )
    try:
        yield Part(process, log)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
            await process.wait()
        print(f"--- {name}\n{log.read_text()[-3000:]}")


async def until(condition: Callable[[], Coroutine[Any, Any, Any]], within: float = 40.0) -> Any:
    async with asyncio.timeout(within):
        while not (found := await condition()):
            await asyncio.sleep(0.02)
    return found


@asynccontextmanager
async def broker(given: Settings, faults: Faults) -> AsyncIterator[Adversary]:
    """The paper broker in this process, with its books on disk."""
    clock, stop = SimulatedClock(AT), asyncio.Event()
    async with open_base(given, bell=Silence(), clocks=Clocks(market=clock)) as base:
        adversary = Adversary(paper_broker(base), faults)
        async with asyncio.TaskGroup() as group:
            group.create_task(serve(adversary, paper_address(given), clock, stop))
            try:
                yield adversary
            finally:
                stop.set()
        adversary.broker.close()


def order(symbol: str) -> Order:
    return Order(f"k-{symbol}", "dip", "paper", "paper", symbol, Side.BUY, Decimal(1), AT, AT)


@pytest.mark.timeout(120)
async def test_an_order_being_submitted_is_acknowledged_and_the_next_is_left_to_the_next(
    given: Settings,
):
    install_sample(given)
    async with (
        open_journal(given.database_url) as journal,
        broker(given, Faults(delay=2.0)) as adversary,
    ):
        await journal.append([order("AAPL"), order("MSFT"), order("XOM")])
        async with part("fast", given) as fast:
            await until(lambda: taken(adversary))
            assert [o.state for o in await journal.read(Order, symbol="AAPL")] == [
                OrderState.SUBMITTING
            ]
            assert await fast.told_to_end() < 10
        states = {o.symbol: o.state for o in await journal.read(Order)}
        assert states["AAPL"] in (OrderState.ACCEPTED, OrderState.FILLED), "acknowledged"
        assert {states["MSFT"], states["XOM"]} == {OrderState.PLANNED}, "not begun"
        assert await journal.count(Beat) == 0, "who ended in order is not silent"
        adversary.set(Faults())
        async with part("fast", given) as fast:
            await until(lambda: all_filled(journal))
            await fast.told_to_end()
        fills = await journal.read(Fill)
        assert sorted(fill.symbol for fill in fills) == ["AAPL", "MSFT", "XOM"]
        held = {h.symbol: h.quantity for h in await adversary.broker.positions()}
        assert held == dict.fromkeys(("AAPL", "MSFT", "XOM"), Decimal(1))


async def taken(adversary: Adversary) -> bool:
    return await adversary.broker.find("k-AAPL") is not None


async def all_filled(journal: OrmJournal) -> bool:
    return not await journal.count(Order, state__not=OrderState.FILLED)


@pytest.mark.timeout(120)
async def test_a_message_being_sent_is_sent_once_and_the_others_are_left_to_the_next(
    given: Settings,
):
    given = given.model_copy(update={"mode": "demo", "phone_port": free_port()})
    install_sample(given)
    person = Person(DEMO_OPERATOR.id, DEMO_OPERATOR.name)
    phone = Phone(given.data / "phone", DEMO_TOKEN, [person])
    await phone.start(port=given.phone_port)
    try:
        async with open_journal(given.database_url) as journal:
            phone.faults.delay(2.0, method="sendMessage")
            said = [message(bold(f"News {n}")).to_json() for n in range(5)]
            now = SystemClock().now()
            await journal.append([Notice(person.id, "text", now, body=body) for body in said])
            async with part("bot", given) as bot:
                await until(lambda: struck(phone))
                assert await bot.told_to_end() < 10
            due = await journal.read(Notice, state=NoticeState.DUE)
            assert len(due) == 4, "the one under way was sent, and no other begun"
            assert heard(phone) == ["News 0"]
            async with part("bot", given) as bot:
                await until(lambda: sent(journal))
                assert await bot.told_to_end() < 10, "and its long poll held it up in nothing"
        assert heard(phone) == [f"News {n}" for n in range(5)]
    finally:
        await phone.stop()


async def struck(phone: Phone) -> bool:
    return phone.faults.waiting == 0


async def sent(journal: OrmJournal) -> bool:
    return not await journal.count(Notice, state=NoticeState.DUE)


def heard(phone: Phone) -> list[str]:
    return [m.words for m in phone.messages(DEMO_OPERATOR.id) if m.from_bot]


@pytest.mark.timeout(180)
async def test_a_long_run_is_handed_over_and_another_worker_takes_it_at_once(given: Settings):
    install_sample(given)
    async with open_journal(given.database_url) as journal:
        [asked] = await journal.append(
            [Request("test", "1", "backtest", SystemClock().now(), recipient=1)]
        )
        args = {"request": asked.id, "from": "2024-01-02", "to": "2025-02-03"}
        run = Run("backtest:mean_reversion", AT, args=args, request_id=asked.id)
        async with part("heavy", given, rate=20) as first:
            await until(lambda: journal.first(Beat, name="heavy"))
            [run] = await journal.append([run])
            taken = await until(lambda: journal.first(Run, id=run.id, state=RunState.RUNNING))
            async with part("heavy", given, rate=20) as second:
                await until(lambda: journal.first(Beat, name="heavy#2"))
                assert await first.told_to_end() < 10
                left = await until(lambda: journal.first(Run, id=run.id, version__gt=taken.version))
                assert left.state in (RunState.DUE, RunState.RUNNING, RunState.DONE)
                done = await until(lambda: journal.first(Run, id=run.id, state=RunState.DONE), 60)
                assert done.outcome
                await second.told_to_end()
        assert await journal.count(Beat) == 0
