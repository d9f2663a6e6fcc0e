"""The demo as a user starts it, in a process of its own on a folder of its own, with its clock in
our hand."""

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import sys
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import ClientError, ClientSession, ClientTimeout

import demo
from choices import DEMO_OPERATOR
from db.journal import OrmJournal, open_journal
from db.posts import Meta
from lanes.leash import leashed
from replay.demo_clock import DemoClock
from settings import PREFIX, Settings, StrategySettings
from trading.clocks import SystemClock
from trading.errors import QuarterdeckError
from trading.facts import (
    Notice,
    NoticeState,
    Picture,
    PictureState,
    Request,
    RequestState,
    Run,
    RunState,
)
from trading.orders import Order, OrderState
from trading.ports import Calendar
from transcript.script import Clock
from wiring import calendar_of

ROOT = Path(demo.__file__).parent
STARTS = 120.0  # seconds the house may take until its page answers
ENDS = 30.0
DESK_ID = "demo"  # order keys begin with it; every desk's own elsewhere
OPERATOR = DEMO_OPERATOR.id


class StepFailed(QuarterdeckError):
    """What was awaited did not come."""


@dataclass(slots=True)
class House:
    """The running demo: its phone over HTTP, its clock and its books by the journal."""

    url: str
    journal: OrmJournal
    clock: DemoClock
    calendar: Calendar
    _web: ClientSession

    @property
    def zone(self) -> ZoneInfo:
        """The exchange's."""
        return ZoneInfo(self.calendar.zone)

    async def messages(self) -> list[dict[str, Any]]:
        """The chat as it stands, oldest first; the phone's own rows."""
        rows: list[dict[str, Any]] = (await self._get(f"/control/messages/{OPERATOR}"))["messages"]
        return rows

    async def say(self, text: str) -> None:
        await self._post("say", person_id=OPERATOR, text=text)

    async def press(self, message_id: int, data: str) -> None:
        await self._post(
            "press",
            person_id=OPERATOR,
            chat_id=OPERATOR,
            message_id=message_id,
            callback_data=data,
        )

    async def photo(self, file_id: str) -> bytes:
        try:
            async with self._web.get(f"{self.url}/media/{file_id}") as reply:
                reply.raise_for_status()
                return await reply.read()
        except (ClientError, TimeoutError) as error:
            raise StepFailed(f"a picture could not be fetched from the phone: {error}") from error

    async def now(self) -> datetime:
        """Market time, aware UTC."""
        return datetime.fromisoformat((await self.clock.state())["now"])

    async def put(self, to: Clock) -> datetime:
        """Stand the market's clock at the next such moment; returns it."""
        at = await self.now()
        after = timedelta(minutes=1 if to is Clock.OPEN else 6)
        session = self.calendar.session_at(at) or self.calendar.next_session(at)
        if to is Clock.CLOSE:
            evening = self.calendar.last_closed(at).close + after
            goal = evening if at < evening else session.close + after
        else:
            goal = self.calendar.next_session(at).open + after
        await self.clock.stand(goal)
        return goal

    async def at_work(self) -> str:
        """What is under way, in a word; "" while the house waits for the operator alone."""
        if (await self._get("/control/updates"))["pending"]:
            return "an update of the phone"
        at = await self.now()
        new = (RequestState.NEW,)
        due = (RunState.DUE, RunState.RUNNING)
        sending = (OrderState.SUBMITTING,)
        count = self.journal.count
        for what, many in (
            ("a command", await count(Request, state__in=new)),
            ("a job", await count(Run, state__in=due)),
            ("an order", await count(Order, state__in=sending)),
            ("an order", await count(Order, state=OrderState.PLANNED, execute_at__lte=at)),
            ("a picture", await count(Picture, state=PictureState.WANTED)),
            ("a notice", await count(Notice, state=NoticeState.DUE)),
        ):
            if many:
                return what
        return ""

    async def _get(self, path: str) -> Any:
        try:
            async with self._web.get(self.url + path) as reply:
                reply.raise_for_status()
                return await reply.json()
        except (ClientError, TimeoutError) as error:
            raise StepFailed(f"the phone does not answer: {error}") from error

    async def _post(self, act: str, **arguments: Any) -> None:
        try:
            async with self._web.post(f"{self.url}/control/{act}", json=arguments) as reply:
                if reply.status != 200:
                    raise StepFailed(f"the phone refused to {act}: {await reply.text()}")
        except (ClientError, TimeoutError) as error:
            raise StepFailed(f"the phone does not answer: {error}") from error


@contextlib.asynccontextmanager
async def running(
    data: Path, strategies: Mapping[str, StrategySettings] | None = None
) -> AsyncIterator[House]:
    """The house on the empty folder `data`, its clock standing; no process is left of it after.

    It runs on the settings' defaults, whatever the user's are: the script knows what those bring
    about. `strategies` it runs in place of the default's.
    """
    settings = Settings.model_construct(mode="demo", data=data)
    said = {}
    if strategies:
        settings = settings.model_copy(update={"strategies": dict(strategies)})
        chosen = {name: one.model_dump(mode="json") for name, one in strategies.items()}
        said[f"{PREFIX}STRATEGIES"] = json.dumps(chosen)
    await demo.make(settings)
    async with open_journal(settings.database_url) as journal:
        calendar = calendar_of(settings)
        await Meta(journal).settle("desk_id", DESK_ID)
        clock = DemoClock(journal, SystemClock(), calendar)
        await clock.pause()
        async with _process(data, said) as url, ClientSession(timeout=ClientTimeout(10)) as web:
            yield House(url, journal, clock, calendar, web)


@contextlib.asynccontextmanager
async def _process(data: Path, said: Mapping[str, str]) -> AsyncIterator[str]:
    """`quarterdeck demo` until its address is told; ended in order, and killed should we die."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    env["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), env.get("PYTHONPATH", ""))))
    env |= {f"{PREFIX}DATA": str(data), f"{PREFIX}PHONE_PORT": str(_free_port()), **said}
    process = await asyncio.create_subprocess_exec(
        *leashed([sys.executable, "-m", "cli", "demo"]),
        cwd=data,
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    try:
        yield await _address(process.stdout)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        try:
            async with asyncio.timeout(ENDS):
                await process.stdout.read()
                await process.wait()
        except TimeoutError:
            process.kill()  # and its children with it: each is leashed to it
            await process.wait()


async def _address(out: asyncio.StreamReader) -> str:
    said: deque[str] = deque(maxlen=5)
    try:
        async with asyncio.timeout(STARTS):
            while line := (await out.readline()).decode(errors="replace").strip():
                said.append(line)
                if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                    return found[0]
    except TimeoutError:
        raise StepFailed(f"the demo was not up after {STARTS:.0f} s: {' / '.join(said)}") from None
    raise StepFailed(f"the demo ended as it started: {' / '.join(said)}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
