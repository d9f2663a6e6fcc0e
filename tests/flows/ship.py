"""The whole demo as its own processes: started as a user starts it, met through its phone."""

import asyncio
import json
import os
import re
import signal
import socket
import sqlite3
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
from aiohttp import ClientSession, ClientTimeout

from brokers.paper_client import PaperClient

ROOT = Path(__file__).parents[2]
YOU = 1  # the demo's operator


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Ship:
    """`python -m cli demo` on a data folder of its own."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = free_port()
        self.url = ""  # as it was told; another port where ours was not free any more
        self.said: list[str] = []
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, within: float = 90.0) -> None:
        """Until it has told its address."""
        env = {k: v for k, v in os.environ.items() if not k.startswith("QUARTERDECK_")}
        env |= {
            "PYTHONPATH": str(ROOT),
            "QUARTERDECK_DATA": str(self.data),
            "QUARTERDECK_PHONE_PORT": str(self.port),
        }
        self.data.parent.mkdir(parents=True, exist_ok=True)
        self.said, self.url = [], ""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "cli",
            "demo",
            cwd=self.data.parent,
            env=env,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(within):
            while not self.url:
                line = await self._process.stdout.readline()
                assert line, f"it ended: {self.said}"
                self.said.append(line.decode().rstrip())
                told = re.search(r"http://127\.0\.0\.1:\d+", self.said[-1])
                self.url = told[0] if told else ""

    async def stop(self) -> int:
        """Ctrl-C; returns the exit status."""
        assert self._process is not None
        assert self._process.stdout is not None
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGINT)
        async with asyncio.timeout(30):
            rest = await self._process.stdout.read()
            self.said += rest.decode().splitlines()
            return await self._process.wait()

    async def scuttle(self) -> None:
        """Whatever a failed test has left; its logs go into the report."""
        print(self.logs())
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def crew(self) -> dict[str, psutil.Process]:
        """The processes of the house by name."""
        assert self._process is not None
        found = {}
        for child in psutil.Process(self._process.pid).children(recursive=True):
            try:
                words = child.cmdline()
            except psutil.Error:
                continue
            if "redis-server" in " ".join(words):
                found["redis"] = child
            elif words[-2:-1] == ["process"]:
                found[words[-1]] = child
        return found

    async def kill(self, name: str) -> int:
        """SIGKILL; returns the pid that died."""
        child = self.crew()[name]
        child.kill()
        return int(child.pid)

    async def back(self, name: str, dead: int, within: float = 20.0) -> None:
        """Until the supervisor has started it again."""
        await self.until(lambda: name in self.crew() and self.crew()[name].pid != dead, within)

    async def until(self, condition: Callable[[], Any], within: float = 20.0) -> Any:
        async with asyncio.timeout(within):
            while not (found := condition()):
                await asyncio.sleep(0.05)
        return found

    # The phone in the operator's hand, over HTTP.

    async def messages(self) -> list[dict[str, Any]]:
        body = await self._get(f"/control/messages/{YOU}")
        rows: list[dict[str, Any]] = body["messages"]
        return rows

    async def press(self, message: dict[str, Any], label: str) -> None:
        for row in message["keyboard"]:
            for key in row:
                if label in key["text"]:
                    await self.do(
                        "press",
                        person_id=YOU,
                        chat_id=YOU,
                        message_id=message["message_id"],
                        callback_data=key["callback_data"],
                    )
                    return
        raise LookupError(f"no button {label!r} under {message}")

    async def do(self, act: str, **arguments: Any) -> None:
        async with ClientSession(timeout=ClientTimeout(10)) as session:
            async with session.post(f"{self.url}/control/{act}", json=arguments) as reply:
                assert reply.status == 200, await reply.text()

    async def message(
        self, fits: Callable[[dict[str, Any]], bool], within: float = 30.0
    ) -> dict[str, Any]:
        """The newest of the bot's messages that fits, once there is one."""
        async with asyncio.timeout(within):
            while True:
                for row in reversed(await self.messages()):
                    if row["sender"]["is_bot"] and fits(row):
                        return row
                await asyncio.sleep(0.05)

    async def _get(self, path: str) -> dict[str, Any]:
        async with ClientSession(timeout=ClientTimeout(10)) as session:
            async with session.get(self.url + path) as reply:
                body: dict[str, Any] = json.loads(await reply.text())
                return body

    # Its books, read beside it.

    def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """A question to the journal, past every process of the house."""
        opened = sqlite3.connect(f"file:{self.data / 'quarterdeck'}.sqlite3?mode=ro", uri=True)
        try:
            opened.execute("PRAGMA busy_timeout=5000")
            return opened.execute(sql, values).fetchall()
        finally:
            opened.close()

    async def held(self) -> dict[str, Decimal]:
        """What the paper broker itself says is held."""
        async with PaperClient(self.data / "paper.sock") as broker:
            return {row.symbol: row.quantity for row in await broker.positions()}

    def logs(self) -> str:
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}"
            for path in sorted((self.data / "logs").glob("*.log"))
        )


def words(message: dict[str, Any]) -> str:
    return str(message["text"] or message["caption"] or "")


def buttons(message: dict[str, Any]) -> list[str]:
    return [key["text"] for row in message["keyboard"] for key in row]
