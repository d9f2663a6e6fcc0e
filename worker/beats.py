"""Heartbeats: each process says every ten seconds that it is alive."""

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from desk.beats import EVERY
from trading.clocks import WallClock
from trading.errors import QuarterdeckError
from trading.facts import Beat
from trading.ports import Journal
from trading.shift import Rest, Shift
from worker.trouble import PASSING, Trouble

BORN = "born"  # in a beat's detail: tells a process from a later one with its pid
MOST = 99  # processes of one name on one machine


async def beat(
    journal: Journal, wall: WallClock, name: str, rest: Rest, shift: Shift | None = None
) -> None:
    """For ever: one row a process, moved forward. With the database away it tries again.

    The row is taken away where the process ends in order, which is what `shift` says: who was sent
    home is not silent, and who broke is.
    """
    pulse, trouble = Pulse(journal, wall, name), Trouble("heartbeat")
    try:
        while True:
            with trouble.noted():
                await pulse.go()
            await rest(EVERY)
    finally:
        if shift is not None and shift.is_over:
            with suppress(*PASSING):  # the database went first
                await pulse.end()


class Pulse:
    """This process's row. Two of one name on one machine have one each, `fast` and `fast#2`, so
    that one's silence shows while the other lives; who is started again takes a dead one's."""

    def __init__(self, journal: Journal, wall: WallClock, name: str) -> None:
        self._journal = journal
        self._wall = wall
        self._name = name
        self._pid = os.getpid()
        self._born = born(self._pid)
        self._row: Beat | None = None

    async def go(self) -> None:
        now = self._wall.now()
        for _ in range(3):  # a watcher may write in the row between our look and our move
            row = self._row or await self._take(now)
            self._row = await self._journal.move(row, at=now)
            if self._row is not None:
                return
            current = await self._journal.first(Beat, id=row.id)
            self._row = current if current is not None and self._is_mine(current) else None

    async def end(self) -> None:
        if self._row is not None:
            await self._journal.remove(Beat, id=self._row.id, pid=self._pid)

    async def _take(self, now: datetime) -> Beat:
        detail = {BORN: self._born}
        for name in self._names():
            if new := await self._journal.append([Beat(name, now, self._pid, detail)]):
                return new[0]
            found = await self._journal.first(Beat, name=name)
            if found is None or (not self._is_mine(found) and lives(found)):
                continue
            known = {**found.detail, **detail}
            if moved := await self._journal.move(found, pid=self._pid, detail=known):
                return moved
        raise QuarterdeckError(
            f"{MOST} processes called {self._name} run on this machine: end some"
        )

    def _names(self) -> Iterator[str]:
        part, at, host = self._name.partition("@")
        yield self._name
        for number in range(2, MOST + 1):
            yield f"{part}#{number}{at}{host}"

    def _is_mine(self, row: Beat) -> bool:
        return row.pid == self._pid and row.detail.get(BORN, self._born) == self._born


def lives(row: Beat) -> bool:
    """Whether the process of this machine that wrote the row is there yet, if only stopped."""
    try:
        os.kill(row.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return bool(row.detail.get(BORN, "") == born(row.pid))


def born(pid: int) -> str:
    """When the kernel started it, in its own ticks; "" where it has ended or nobody can say."""
    with suppress(OSError):
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if state == "Z" else fields[18]
    return ""
