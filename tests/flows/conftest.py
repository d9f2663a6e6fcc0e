"""A deck: phone, bot, fast lane, drawing and desk in one process, every part the real one."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import structlog
from aiogram.client.session.aiohttp import AiohttpSession

from bot import client
from bot import main as bot_main
from charts import CandlesSpec, Level, warm
from db.journal import OrmJournal, open_journal
from db.posts import NonceBook, PostBook
from db.schema import migrate
from desk import propose
from desk.desk import Desk
from lanes.bell import RedisBell
from lanes.ears import Ear
from lanes.lane import run_lane
from lanes.leash import leashed
from lanes.server import claim_redis
from lanes.wire import connect
from phone import Message, Person, Phone
from tests.world import ANN, BOB, MONDAY, World, answer, explain, world
from trading.bars import Bars
from trading.clocks import SystemClock
from trading.orders import Fill, Order
from trading.signals import Signal
from wiring import NoPrices
from worker import draw, rounds

TOKEN = "4242:a-token-for-nobody-but-these-flows"
TUESDAY = MONDAY.replace(day=4)
STRANGER = 99


@pytest.fixture(autouse=True)
def prompt_goodbyes(monkeypatch: pytest.MonkeyPatch) -> None:
    """aiogram's session without its quarter second of TLS courtesy at the end."""

    async def close(session: AiohttpSession) -> None:
        if session._session is not None and not session._session.closed:
            await session._session.close()

    monkeypatch.setattr(client.AiohttpSession, "close", close)


@pytest.fixture(autouse=True)
def plain_logs() -> Iterator[None]:
    """structlog's own default draws each traceback with its locals, slowly."""
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, plain])
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "desk.db"
    asyncio.run(migrate(path))
    warm()
    return path


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = asyncio.run(claim_redis(tmp_path_factory.mktemp("redis")))
    with subprocess.Popen(
        leashed(server.argv), pass_fds=server.pass_fds, stdin=subprocess.DEVNULL
    ) as process:
        asyncio.run(server.ready())
        yield server.url
        process.terminate()
    asyncio.run(server.stop())


def bars(symbol: str) -> Bars:
    """Forty days that end on Monday at 100."""
    random = np.random.default_rng(7)
    days = np.busday_offset("2024-12-10", np.arange(40)).astype("datetime64[us]")
    close = np.linspace(120, 100, 40) + random.normal(0, 0.5, 40)
    start = close + random.normal(0, 0.5, 40)
    high, low = np.maximum(start, close) + 0.4, np.minimum(start, close) - 0.4
    return Bars(symbol, days, start, high, low, close, np.full(40, 1e6))


def chart(signal: Signal) -> Mapping[str, Any]:
    level = Level("signal", signal.price)
    return CandlesSpec(bars(signal.symbol), title=signal.symbol, levels=(level,)).to_json()


class Deck:
    """`phone` is the operators' hands and eyes; `world` what they trade on. Market time stands
    until `go`; wall time is the machine's, since Telegram's is."""

    def __init__(self, folder: Path, redis: str) -> None:
        self.folder = folder
        self.redis = redis
        self.people = [Person(ANN.id, ANN.name), Person(BOB.id, BOB.name)]
        self.phone = Phone(folder / "phone", TOKEN, self.people)
        self.world: World
        self.voice: Desk  # the bot's own, on a connection of its own
        self._parts: dict[str, tuple[asyncio.Task[None], asyncio.Event]] = {}

    @property
    def desk(self) -> Desk:
        return self.world.desk

    @property
    def journal(self) -> OrmJournal:
        journal = self.desk.journal
        assert isinstance(journal, OrmJournal)
        return journal

    async def open(self, stack: AsyncExitStack, **choices: Any) -> None:
        await self.phone.start()
        stack.push_async_callback(self.phone.stop)
        redis = connect(self.redis)
        await redis.flushdb()
        await redis.aclose()
        self.bell = await stack.enter_async_context(RedisBell(self.redis, patience=2.0))
        journal = await stack.enter_async_context(open_journal(self.folder / "desk.db"))
        self.world = await world(journal, **choices)
        self.desk.wall, self.desk.bell = SystemClock(), self.bell
        bots = await stack.enter_async_context(open_journal(self.folder / "desk.db"))
        self.voice = Desk(
            journal=bots,
            market=self.desk.market,
            wall=self.desk.wall,
            feed=NoPrices(),
            instruments=self.desk.instruments,
            calendar=self.desk.calendar,
            brokers={},
            plans={},
            bell=self.bell,
            desk_id=self.desk.desk_id,
            operators=self.desk.operators,
        )

    # The parts, each of which can be stopped and started as a process can.

    async def start(self, *names: str) -> None:
        for name in names or ("bot", "fast", "draw"):
            stop, up = asyncio.Event(), asyncio.Event()
            part: Callable[[asyncio.Event, asyncio.Event], Awaitable[None]]
            part = getattr(self, f"_{name}")
            self._parts[name] = (asyncio.ensure_future(part(stop, up)), stop)
            async with asyncio.timeout(10):
                await up.wait()

    async def stop(self, *names: str) -> None:
        """Cancelled where it stands; an error it had died of before is raised."""
        for name in names or tuple(self._parts):
            task, stop = self._parts.pop(name)
            stop.set()
            task.cancel()
            await asyncio.wait([task], timeout=10)
            if not task.cancelled():
                task.result()

    async def _bot(self, stop: asyncio.Event, up: asyncio.Event) -> None:
        async with Ear(self.redis, "postman") as ear:
            up.set()
            await bot_main.run(
                self.voice,
                PostBook(self.voice.journal),  # type: ignore[arg-type]
                NonceBook(self.voice.journal),  # type: ignore[arg-type]
                token=TOKEN,
                api_base=self.phone.api_base,
                rest=ear.heard,
            )

    async def _fast(self, stop: asyncio.Event, up: asyncio.Event) -> None:
        async with Ear(self.redis, "orders") as ear, asyncio.TaskGroup() as group:
            handle = partial(rounds.carry_out, self.desk)
            group.create_task(
                run_lane("fast", self.redis, handle, max_jobs=4, stop=stop, grace=0.5)
            )
            group.create_task(rounds.trade(self.desk, ear.heard, owner="fast-1"))
            group.create_task(rounds.sweep(self.desk, asyncio.sleep))
            up.set()

    async def _draw(self, stop: asyncio.Event, up: asyncio.Event) -> None:
        async with Ear(self.redis, "draw") as ear:
            up.set()
            await draw.draw_all(self.desk, ear.heard, theme="dark")

    # What happens on deck.

    async def scan(self, *symbols: str, pictures: bool = False) -> list[Signal]:
        """Monday's close proposes these, strongest first."""
        answers = [answer(s, strength=9.0 - n) for n, s in enumerate(symbols)]
        return await propose.propose(
            self.desk, "dip", answers, explain=explain, chart=chart if pictures else None
        )

    async def go(self, hour: int, minute: int = 0, *, day: Any = TUESDAY) -> None:
        """The market's clock stands there now, and whoever trades looks."""
        self.world.go(day, hour, minute)
        await self.bell.ring("orders")

    async def open_market(self) -> None:
        await self.go(14, 30)

    async def card(self, signal: Signal, who: int = ANN.id) -> Message:
        return await self.phone.message(who, f"signal {signal.id}")

    async def press(self, message: Message, label: str, who: int | None = None) -> str:
        """Taps a button; returns the toast."""
        return (await self.phone.tap(message, label, who).answered()).text

    async def shows(self, message: Message, words: str, timeout: float = 5.0) -> Message:
        """The same message, once it says `words`."""

        def found() -> Message | None:
            now = self.phone.chats.find(message.chat_id, message.message_id)
            return now if now is not None and words in now.words else None

        changed = await self.phone.wait_for(found, timeout)
        assert changed is not None
        return changed

    async def ask(self, text: str, words: str = "", who: int = ANN.id) -> Message:
        """Writes to the bot and returns the newest answer that contains `words`."""
        before = self.phone.messages(who)[-1].message_id if self.phone.messages(who) else 0
        self.phone.say(who, text)
        return await self.phone.message(who, lambda m: m.message_id > before and words in m.words)

    async def until(self, condition: Callable[[], Any], timeout: float = 5.0) -> None:
        """For what no screen shows, such as calls that went wrong."""
        async with asyncio.timeout(timeout):
            while not condition():
                await asyncio.sleep(0.01)

    async def met(self) -> None:
        """Every fault asked for has struck."""
        await self.until(lambda: self.phone.faults.waiting == 0)

    async def orders(self) -> list[Order]:
        return await self.journal.read(Order)

    async def fills(self) -> list[Fill]:
        return await self.journal.read(Fill)

    async def bought(self, *symbols: str) -> list[Signal]:
        """Held since Tuesday's open, approved by Ann on the phone."""
        signals = await self.scan(*symbols)
        for signal in signals:
            await self.press(await self.card(signal), "Approve")
            await self.shows(await self.card(signal), "Approved")
        await self.open_market()
        for signal in signals:
            await self.shows(await self.card(signal), "Filled")
        return signals

    def sent(self, who: int = ANN.id) -> list[Message]:
        """What the bot has written to somebody, oldest first."""
        return [m for m in self.phone.messages(who) if m.from_bot]

    def calls(self, *methods: str) -> list[str]:
        """Outcomes of the Bot API calls made so far."""
        return [call.outcome for call in self.phone.calls if call.method in methods]


OpenDeck = Callable[..., Awaitable[Deck]]


@pytest.fixture
async def new_deck(tmp_path: Path, migrated: Path, redis_server: str) -> AsyncIterator[OpenDeck]:
    """`await new_deck(cards=1)`: a deck with nothing running yet."""
    stack = AsyncExitStack()
    decks: list[Deck] = []

    async def opened(**choices: Any) -> Deck:
        shutil.copy(migrated, tmp_path / "desk.db")
        deck = Deck(tmp_path, redis_server)
        await deck.open(stack, **choices)
        decks.append(deck)
        return deck

    yield opened
    try:
        for deck in decks:
            await deck.stop()
    finally:
        await stack.aclose()


@pytest.fixture
async def deck(new_deck: OpenDeck) -> Deck:
    """Everything running."""
    deck = await new_deck()
    await deck.start()
    return deck
