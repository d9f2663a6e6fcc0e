"""A house under trial: real processes forked from a warmed parent, killed and brought back."""

import asyncio
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from brokers.adversary import Faults
from brokers.paper_client import PaperClient
from db.journal import OrmJournal
from desk.desk import Desk
from folder import paper_address
from lanes.leash import leashed
from lanes.server import RedisServer, claim_redis
from lanes.wire import connect
from phone import Person, Phone
from settings import Settings, load
from tests.faults import template
from tests.faults.clock import MARKET, clocks
from tests.faults.hand import Hand
from tests.faults.row import Case
from tests.faults.truth import Truth, truth
from trading.clocks import Clocks
from trading.errors import QuarterdeckError
from trading.facts import Notice, NoticeState, Request, RequestState
from trading.orders import WORKING, Order
from wiring import open_desk

UP = 10.0  # seconds of the machine a part may take to start


@dataclass(slots=True)
class Part:
    """One process of the house; `pid` is 0 while there is none."""

    name: str
    kind: str  # what `processes.run` calls it
    order: dict[str, Any]
    pid: int = 0
    wanted: bool = True  # started again when it dies
    expected: bool = False  # somebody here has asked for its death
    is_up: bool = False  # its loops run
    lives: int = 0
    number: signal.Signals = signal.SIGKILL  # what a life does to itself …
    draw: Callable[[], list[int]] | None = None  # … after so many steps, then so many more
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class House:
    """`async with case.house(…) as house`: everything up, each part what `processes.run` starts.

    Its parts are called paper, fast-1 … fast-N, bot, heavy, draw; one that dies, by us or by
    itself, is started again at once, as the supervisor would. The market stands inside a session
    of the shipped sample, so that what is decided goes at once; the wall runs `case.rate` times
    as fast as the machine. Leaving ends every part.
    """

    settings: Settings
    clocks: Clocks
    desk: Desk  # the trial's own, as the heavy lane's would be; it is never killed
    phone: Phone  # in this process: `phone.faults`, `phone.tap`, `phone.messages`
    hand: Hand  # who presses Approve on every card, and has seen all that came
    paper: PaperClient  # the trial's own, patient

    def __init__(
        self,
        case: Case,
        *,
        workers: int = 2,
        bot: bool = True,
        heavy: bool = False,
        draw: bool = False,
        operators: Sequence[int] = (1,),
        broker_dedupes: bool = True,
        faults: Faults | None = None,  # the broker's; its seconds are the machine's
    ) -> None:
        self.case = case
        self.operators = tuple(operators)
        self.broker_dedupes = broker_dedupes
        self.faults = faults or Faults()
        self.parts: dict[str, Part] = {}
        self.crashes: list[str] = []  # parts that died unasked, with their last words
        self._names = [f"fast-{n}" for n in range(1, workers + 1)]
        self._names += [n for n, on in (("bot", bot), ("heavy", heavy), ("draw", draw)) if on]
        self._data = case.folder / "d"
        self._stack = AsyncExitStack()
        self._redis: RedisServer
        self._redis_process: asyncio.subprocess.Process | None = None

    @property
    def journal(self) -> OrmJournal:
        """Of `desk`."""
        journal = self.desk.journal
        assert isinstance(journal, OrmJournal)
        return journal

    async def __aenter__(self) -> Self:
        try:
            await self._open()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._close()

    async def _open(self) -> None:
        case, began = self.case, time.time()
        await asyncio.to_thread(template.stock, self._data)
        (self._data / "logs").mkdir()
        url = await case.fresh()
        self._redis = await claim_redis(self._data)
        await self.redis_up()
        given = template.chosen(self._data, url, self._redis.url, self.operators)
        self.settings = load(**given)
        self.clocks = clocks(began, case.rate)
        people = [Person(one, f"Operator {one}") for one in self.operators]
        wall = self.clocks.wall
        self.phone = Phone(
            None,
            template.TOKEN,
            people,
            wall=lambda: wall.now().timestamp(),
            kept=1_000_000,  # nothing may be forgotten: an edit of it would come anew
        )
        self.hand = Hand(self.phone, case.random)
        await self.phone.start()
        self._stack.push_async_callback(self.phone.stop)
        case.fleet.wait()
        case.fleet.hear(self._heard)
        self._stack.callback(case.fleet.deaf)
        case.fleet.prepare(given)
        for name in ("paper", *self._names):
            kind, _, number = name.partition("-")
            order = {
                "tag": name,
                "name": kind,
                "settings": {**given, "host": number},
                "log": str(self._data / "logs" / f"{name}.log"),
                "began": began,
                "rate": case.rate,
                "market": MARKET.isoformat(),
                "seed": case.seed,
                "phone": self.phone.url,
                "faults": plain(self.faults),
                "dedupes": self.broker_dedupes,
            }
            self.parts[name] = Part(name, kind, order)
        await self.up("paper")
        self.paper = PaperClient(paper_address(self.settings), timeout=20, connect_timeout=5)
        self._stack.push_async_callback(self.paper.close)
        await self.paper.ready()
        rooms = await self._stack.enter_async_context(open_desk(self.settings, clocks=self.clocks))
        self.desk = rooms.desk
        for name in self._names:
            await self.up(name)

    async def _close(self) -> None:
        for part in self.parts.values():
            part.wanted, part.expected = False, True
        for name in [*self._names, "paper"]:
            await self.down(name)
        await self._stack.aclose()
        if self._redis_process is not None:
            await self.redis_down()
        if hasattr(self, "_redis"):
            await self._redis.stop()

    # Its parts.

    def _heard(self, told: dict[str, Any]) -> None:
        """What the warmed parent says: a part has a pid, or a pid has died."""
        if "tag" in told:
            part = self.parts[told["tag"]]
            part.pid = told["pid"]
            part.lives += 1
            part.changed.set()
        elif "up" in told:
            for part in self.parts.values():
                if part.pid == told["up"]:
                    part.is_up = True
                    part.changed.set()
        elif "died" in told:
            for part in self.parts.values():
                if part.pid == told["died"]:
                    self._died(part, told["status"])

    def _died(self, part: Part, status: int) -> None:
        if not part.expected and status != -signal.SIGKILL:
            self.crashes.append(f"{part.name} ended with {status}: {self.last_word(part.name)}")
        part.pid, part.expected, part.is_up = 0, False, False
        part.changed.set()
        if part.wanted:
            self._spawn(part)

    def _spawn(self, part: Part) -> None:
        steps = part.draw() if part.draw is not None else []
        self.case.fleet.spawn({**part.order, "steps": steps, "signal": part.number.value})

    async def _until(self, part: Part, condition: Callable[[], bool], within: float = UP) -> bool:
        """False for too long."""
        try:
            async with asyncio.timeout(within):
                while not condition():
                    part.changed.clear()
                    await part.changed.wait()
        except TimeoutError:
            return False
        return True

    async def up(self, name: str) -> None:
        part = self.parts[name]
        part.wanted = True
        if not part.pid:
            self._spawn(part)
        if not await self._until(part, lambda: part.is_up):
            raise RuntimeError(f"{name} does not start")

    async def down(self, name: str) -> None:
        """SIGKILL, and it stays away until `up`."""
        part = self.parts.get(name)
        if part is None:
            return
        part.wanted, part.expected = False, True
        if part.pid:
            self.send(name, signal.SIGKILL)
            await self._until(part, lambda: not part.pid)

    async def kill(self, name: str) -> None:
        """SIGKILL; it is started again at once."""
        await self._end(name, signal.SIGKILL)

    async def term(self, name: str) -> float:
        """SIGTERM; the machine's seconds until it was gone. It is started again at once."""
        return await self._end(name, signal.SIGTERM)

    async def _end(self, name: str, number: signal.Signals) -> float:
        part = self.parts[name]
        await self._until(part, lambda: part.pid > 0)
        lives, before = part.lives, time.monotonic()
        part.expected = True
        self.send(name, number)
        if not await self._until(part, lambda: part.lives > lives, 2 * UP):
            self.send(name, signal.SIGKILL)
            await self._until(part, lambda: part.lives > lives)
        return time.monotonic() - before

    async def outlives(self, name: str, seconds: float) -> bool:
        """Whether the part's present life lasts that many seconds of the machine, counted from
        when it was up."""
        part = self.parts[name]
        lives = part.lives
        await self._until(part, lambda: part.is_up or part.lives > lives)
        return not await self._until(part, lambda: part.lives > lives, seconds)

    def send(self, name: str, number: signal.Signals) -> None:
        pid = self.parts[name].pid
        if pid:
            self.case.fleet.send(pid, number)

    def halt(self, name: str) -> None:
        """SIGSTOP."""
        self.send(name, signal.SIGSTOP)

    def go_on(self, name: str) -> None:
        """SIGCONT."""
        self.send(name, signal.SIGCONT)

    def stopped(self, name: str) -> str:
        """Whether it stands still after a SIGSTOP: "inside" a transaction, "outside", "" for no."""
        try:
            state = Path(f"/proc/{self.parts[name].pid}/stat").read_text().rpartition(")")[2]
        except OSError:
            return ""
        note = self._data / "logs" / f"{name}.note"
        return (note.read_text() or "outside") if state.split()[0] == "T" else ""

    def last_word(self, name: str) -> str:
        lines = self.log(name).splitlines()
        return lines[-1][-300:] if lines else ""

    def log(self, name: str) -> str:
        path = self._data / "logs" / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    # How it stands.

    async def settle(self, within: float = 600.0) -> float | None:
        """Until nothing is working, unhandled or unsent; wall seconds it took, None for more than
        `within`."""
        before = time.monotonic()
        while (passed := (time.monotonic() - before) * self.case.rate) < within:
            try:
                if not await self.busy():
                    return passed
            except QuarterdeckError:  # the database is away
                pass
            await asyncio.sleep(0.05)
        return None

    async def busy(self) -> int:
        """Orders, requests and notices that are not through."""
        return (
            await self.journal.count(Order, state__in=tuple(WORKING))
            + await self.journal.count(Request, state=RequestState.NEW)
            + await self.journal.count(Notice, state=NoticeState.DUE)
        )

    @property
    def wall(self) -> datetime:
        return self.clocks.wall.now()

    async def calm(self) -> None:
        """The broker's faults end, and what it has put off has landed."""
        await self.paper.control(faults={})
        await asyncio.sleep(self.faults.late_by + self.faults.lag + 0.5)

    async def truth(self) -> Truth:
        """How it stands, with everything at rest."""
        return await truth(self.desk, self.journal, self.paper, self.hand if self._speaks else None)

    @property
    def _speaks(self) -> bool:
        return "bot" in self._names

    # What it stands on.

    async def redis_up(self) -> None:
        self._redis_process = await asyncio.create_subprocess_exec(
            *leashed(self._redis.argv),
            pass_fds=self._redis.pass_fds,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await self._redis.ready()

    async def redis_down(self) -> None:
        assert self._redis_process is not None
        self._redis_process.kill()
        await self._redis_process.wait()
        self._redis_process = None

    async def kill_redis(self) -> None:
        """SIGKILL; started again at once."""
        await self.redis_down()
        await self.redis_up()

    async def flush_redis(self) -> None:
        redis = connect(self._redis.url)
        try:
            await redis.flushall()
        finally:
            await redis.aclose()

    async def kill_database(self, away: float = 0.0) -> None:
        """PostgreSQL only: an immediate stop, and up again after `away` seconds of the machine."""
        server = self.case.server
        assert server is not None
        await asyncio.to_thread(server.kill)
        await asyncio.sleep(away)
        await asyncio.to_thread(server.up)


def plain(faults: Faults) -> dict[str, Any]:
    """As `Faults.from_json` reads it."""
    names = ("delay", "late_by", "lag", "parts", "duplicate", "reorder", "refusal")
    values: dict[str, Any] = {name: getattr(faults, name) for name in names}
    return values | {"chances": {fate.value: chance for fate, chance in faults.chances.items()}}
