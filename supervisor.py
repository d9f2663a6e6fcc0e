"""Keeps the named child processes of one data folder running, and leaves none behind."""

import asyncio
import contextlib
import json
import logging
import os
import signal
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from lanes.leash import leashed
from lanes.locks import FileLock
from logs import scrub
from trading.errors import ConfigError, QuarterdeckError

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds before a restart; doubles from one to the other
SETTLED = 60.0  # seconds of life after which the pauses begin anew
HOPELESS = 5  # deaths within SETTLED seconds that are worth one clear line
LOG_LIMIT, LOGS_KEPT = 5_000_000, 3  # bytes; older files a child keeps


@dataclass(frozen=True, slots=True)
class Child:
    """`env` is added to ours. `ready` is awaited once, after the first start and before the next
    group starts; if it fails that is logged and the rest starts anyway."""

    name: str  # also its log's: <data>/logs/<name>.log
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], Awaitable[None]] | None = None
    pass_fds: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Death:
    """A child that ended unasked. `code` is its exit status, or minus the signal's number."""

    name: str
    pid: int
    code: int
    lived: float  # seconds
    pause: float  # seconds until it is started again
    hopeless: bool  # the fifth death in 60 s; later ones are not told until it has lived 60 s
    last_line: str  # of its log, scrubbed
    log: Path
    why: str = ""  # it was killed on purpose

    @property
    def how(self) -> str:
        return f"exit {self.code}" if self.code >= 0 else signal.Signals(-self.code).name

    def __str__(self) -> str:
        how = self.how
        if self.hopeless:
            head = f"{self.name} keeps dying ({HOPELESS} times in {SETTLED:.0f} s, {how}); retrying"
        else:
            head = f"{self.name} died ({how}) after {self.lived:.1f} s; again in {self.pause:g} s"
        return f"{head}: {self.why or self.last_line or 'no last word'} (see {self.log})"


async def note(death: Death) -> None:
    """What is done with a death unless told otherwise."""
    log.error("%s", death)


class Supervisor:
    """`with Supervisor(data) as supervisor: await supervisor.run(groups, stop)`.

    Entering takes the data folder: ConfigError if another supervisor has it. `on_death` is awaited
    for at most 5 s; what it raises is logged. `now` and `sleep` are replaced by tests.
    """

    def __init__(
        self,
        data: Path,
        *,
        on_death: Callable[[Death], Awaitable[None]] = note,
        grace: float = 10.0,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.data = data
        self.on_death = on_death
        self._grace = grace
        self._now = now
        self._sleep = sleep
        self._lock = FileLock(data / "supervisor.lock")
        self._alive: dict[str, asyncio.subprocess.Process] = {}
        self._why: dict[str, str] = {}  # children killed on purpose, not yet seen dead

    def __enter__(self) -> Self:
        try:
            (self.data / "logs").mkdir(mode=0o700, parents=True, exist_ok=True)
            taken = self._lock.take()
        except OSError as error:
            raise ConfigError(
                f"cannot use the data folder {self.data}: {error.strerror}; see QUARTERDECK_DATA"
            ) from error
        if not taken:
            raise ConfigError(
                f"already running (pid {self._lock.holder()}) on {self.data}; "
                "stop it first, or set QUARTERDECK_DATA to another folder"
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lock.release()

    @property
    def pids(self) -> dict[str, int]:
        """The children alive now."""
        return {name: process.pid for name, process in self._alive.items()}

    def kill(self, name: str, why: str) -> None:
        """SIGKILL, which also ends a stopped one; it is started again as any that dies, and `why`
        stands in its death."""
        process = self._alive.get(name)
        if process is not None:
            self._why[name] = why
            _kill_group(process)

    async def run(self, groups: Sequence[Sequence[Child]], stop: asyncio.Event) -> None:
        """Start group after group, restart what dies, until `stop` (which SIGINT and SIGTERM set).

        Then SIGTERM, the last group first so that Redis outlives its users; SIGKILL to what is
        left after `grace` seconds in all, or at a second signal.
        """
        if not self._lock.is_held:
            raise RuntimeError("enter the supervisor before it runs: `with Supervisor(data) as …`")
        with self._signals(stop):
            try:
                async with asyncio.TaskGroup() as keepers:
                    tasks: list[asyncio.Task[None]] = []
                    tasks.append(keepers.create_task(self._start(groups, keepers, tasks)))
                    await stop.wait()
                    for task in tasks:
                        task.cancel()
            finally:
                await self._end(groups)

    async def _start(
        self,
        groups: Sequence[Sequence[Child]],
        keepers: asyncio.TaskGroup,
        tasks: list[asyncio.Task[None]],
    ) -> None:
        for group in groups:
            tasks.extend(keepers.create_task(self._keep(child)) for child in group)
            for child in group:
                if child.ready is not None:
                    try:
                        await child.ready()
                    except (QuarterdeckError, OSError) as error:
                        log.warning(
                            "%s is not ready: %s; the rest starts anyway", child.name, error
                        )

    async def _keep(self, child: Child) -> None:
        deaths: deque[float] = deque(maxlen=HOPELESS)
        pause, told = FIRST_PAUSE, False
        while True:
            began = self._now()
            process = await self._spawn(child)
            self._alive[child.name] = process
            code = await process.wait()
            del self._alive[child.name]
            _kill_group(process)  # whatever it had started itself
            died, why = self._now(), self._why.pop(child.name, "")
            if died - began >= SETTLED:
                pause, told = FIRST_PAUSE, False
                deaths.clear()
            deaths.append(died)
            hopeless = len(deaths) == HOPELESS and died - deaths[0] <= SETTLED and not told
            if hopeless or not told:
                await self._tell(
                    Death(
                        child.name,
                        process.pid,
                        code,
                        died - began,
                        pause,
                        hopeless,
                        _last_line(self._log_of(child)),
                        self._log_of(child),
                        why,
                    )
                )
            told = told or hopeless
            await self._sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _spawn(self, child: Child) -> asyncio.subprocess.Process:
        path = self._log_of(child)
        _rotate(path)
        out = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            return await asyncio.create_subprocess_exec(
                *leashed(child.argv),
                env={**os.environ, **child.env},
                pass_fds=tuple(child.pass_fds),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        finally:
            os.close(out)

    async def _tell(self, death: Death) -> None:
        try:
            async with asyncio.timeout(5):
                await self.on_death(death)
        except Exception:  # telling must not end the keeping
            log.exception("could not tell: %s", death)

    async def _end(self, groups: Sequence[Sequence[Child]]) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._grace
        for group in reversed(groups):
            living = [self._alive[c.name] for c in group if c.name in self._alive]
            for process in living:
                _send(process, signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(deadline - loop.time(), 1.0)):
                    for process in living:
                        await process.wait()
            for process in living:
                if process.returncode is None:
                    log.warning("pid %d did not end in time; killed", process.pid)
                _kill_group(process)
                await process.wait()
        self._alive.clear()

    @contextlib.contextmanager
    def _signals(self, stop: asyncio.Event) -> Iterator[None]:
        """The first signal asks, the second insists."""
        loop = asyncio.get_running_loop()

        def asked() -> None:
            if stop.is_set():
                for process in self._alive.values():
                    _kill_group(process)
            stop.set()

        added = []
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(ValueError, RuntimeError):  # not the main thread
                loop.add_signal_handler(number, asked)
                added.append(number)
        try:
            yield
        finally:
            for number in added:
                loop.remove_signal_handler(number)

    def _log_of(self, child: Child) -> Path:
        return self.data / "logs" / f"{child.name}.log"


def _send(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)


def _kill_group(process: asyncio.subprocess.Process) -> None:
    """The child's process group is its own, so this reaches what it has started; then the child
    itself, which may be too young to have made its group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    _send(process, signal.SIGKILL)


def _rotate(path: Path) -> None:
    """`x.log` → `x.log.1` → … once it is over LOG_LIMIT; looked at when its child starts."""
    if not path.exists() or path.stat().st_size <= LOG_LIMIT:
        return
    for number in range(LOGS_KEPT, 0, -1):
        older = path.with_name(f"{path.name}.{number - 1}") if number > 1 else path
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{number}"))


def _last_line(path: Path) -> str:
    """The last thing said in a log, at most 200 characters; of a JSON line, its event."""
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(file.tell() - 8192, 0))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    line = next((line.strip() for line in reversed(lines) if line.strip()), "")
    with contextlib.suppress(ValueError, AttributeError):
        said = json.loads(line)
        cause = str(said.get("exception", "")).strip().splitlines()[-1:]
        line = ": ".join([str(said.get("event", line)), *cause])
    return scrub(line)[:200]
