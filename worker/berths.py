"""Berths: how many runs one process carries at a time, whoever brings them.

The lane brings what Redis was rung for. The sweep brings by the database alone what nobody took,
so that with Redis away a scan comes seconds late, and not when Redis is back.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from desk.desk import Desk
from desk.squaring import JOB
from trading.facts import Run, RunState
from trading.shift import Rest
from worker.schedule import ready_runs
from worker.trouble import Trouble

log = structlog.get_logger(__name__)
SWEEP = 5.0  # wall seconds between looks at what nobody took


class Berths:
    """At most `most` runs of `work` at a time, of each id one."""

    def __init__(self, desk: Desk, work: Callable[[int], Awaitable[None]], most: int) -> None:
        self._desk = desk
        self._work = work
        self._most = most
        self._busy: set[int] = set()

    async def take(self, run_id: int) -> None:
        """Carry it out; a no-op where all berths are taken: it stays due, and is rung again."""
        if run_id in self._busy or len(self._busy) >= self._most or self._desk.shift.is_over:
            return
        self._busy.add(run_id)
        try:
            await self._work(run_id)
        finally:
            self._busy.discard(run_id)

    async def sweep(self, rest: Rest) -> None:
        """For ever: what was ready at two looks in a row is carried out here."""
        before: set[int] = set()
        trouble = Trouble("runs")
        async with asyncio.TaskGroup() as group:
            while True:
                with trouble.noted():
                    ready = await self._ready()
                    for run_id in sorted(ready & before):
                        group.create_task(self._swept(run_id))
                    before = ready
                await rest(SWEEP)

    async def _ready(self) -> set[int]:
        states = (RunState.DUE, RunState.RUNNING)
        rows = await self._desk.journal.read(Run, state__in=states, job__not=JOB)
        return {run.id for run in ready_runs(rows, self._desk.wall.now())}

    async def _swept(self, run_id: int) -> None:
        try:
            await self.take(run_id)
        except Exception:  # as in the lane: the row is still due, and the others go on
            log.exception("a run failed", run=run_id)
