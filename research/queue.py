"""A search over many machines: its sets go out as runs of the heavy lane, and trials come back.

The journal is all there is between us and the workers. Only a few runs are open at a time, since
the schedule wakes the lane for every one that waits; a lost or doubled job changes nothing.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from research.grid import Params, words
from research.pool import Unit
from research.study import Study
from research.trials import key_of
from trading.clocks import WallClock
from trading.errors import DeskError
from trading.facts import Run, RunState, Trial
from trading.ports import Journal

OPEN = 16  # runs at a time
TIMES = 5  # a set is asked for, before something must be wrong
LOOK = 0.25  # seconds between two looks at the journal
QUIET = timedelta(seconds=60)  # without any worker, before we say so

Rest = Callable[[float], Awaitable[object]]


@dataclass(slots=True)
class Queue:
    """Hands out the units of one study and gives the trials as they come."""

    journal: Journal
    wall: WallClock
    study: Study
    base: Params  # all the strategy's own values
    rest: Rest

    async def run(self, units: Sequence[Unit]) -> AsyncGenerator[list[Trial], None]:
        """New trials, a few at a time, until every unit is evaluated. What others found earlier
        comes first.

        DeskError with a worker's own words where a unit failed, where one is done again and again
        without a result, or where none was taken for a minute; what waits is then taken back.
        """
        digest = self.study.digest
        missing = {
            (key_of(self._whole(unit)), fold.number) for unit in units for fold in unit.folds
        }
        waiting = list(reversed(units))
        asked: dict[int, Unit] = {}
        times: Counter[str] = Counter()
        seen, began = 0, self.wall.now()
        try:
            while True:
                found = await self.journal.read(Trial, study=digest, id__gt=seen)
                if found:
                    seen, began = found[-1].id, self.wall.now()
                    missing -= {(trial.params, trial.fold) for trial in found}
                    yield found
                if not missing:
                    return
                while waiting and len(asked) < OPEN:
                    unit = waiting.pop()
                    if self._lacks(unit, missing):
                        self._count(unit, times)
                        asked[await self._ask(unit)] = unit
                # what is over without trials waits for another turn: they may be on their way
                over = await self._over(asked)
                waiting[:0] = over
                if any(self._lacks(unit, missing) for unit in over):
                    seen = 0  # a lower id may be committed after a higher one
                if self.wall.now() - began > QUIET and not await self._taken(asked):
                    raise DeskError(
                        "no worker has taken a set for a minute: start the house "
                        "(`quarterdeck up`) on this database, here or elsewhere"
                    )
                await self.rest(LOOK)
        finally:
            await self._take_back(tuple(self._job(key) for key in times))

    def _whole(self, unit: Unit) -> dict[str, Any]:
        return {**self.base, **unit.params}

    def _lacks(self, unit: Unit, missing: set[tuple[str, int]]) -> bool:
        key = key_of(self._whole(unit))
        return any((key, fold.number) in missing for fold in unit.folds)

    def _count(self, unit: Unit, times: Counter[str]) -> None:
        key = key_of(self._whole(unit))
        times[key] += 1
        if times[key] > TIMES:
            raise DeskError(f"workers finish {words(unit.params)} without a result; see their log")

    async def _over(self, asked: dict[int, Unit]) -> list[Unit]:
        """The units whose runs have ended; their runs are forgotten."""
        runs = await self.journal.read(Run, id__in=tuple(asked)) if asked else []
        for run in runs:
            if run.state is RunState.FAILED:
                raise DeskError(f"a worker could not go on: {run.outcome}")
        ended = (RunState.DONE, RunState.MISSED)
        return [asked.pop(run.id) for run in runs if run.state in ended]

    def _job(self, key: str) -> str:
        return f"search:{self.study.digest}:{sha256(key.encode()).hexdigest()[:12]}"

    async def _ask(self, unit: Unit) -> int:
        key = key_of(self._whole(unit))
        run = Run(
            self._job(key),
            self.wall.now(),
            args={
                "study": self.study.to_json(),
                "params": json.loads(key),
                "folds": [fold.number for fold in unit.folds],
            },
        )
        writing = asyncio.ensure_future(self.journal.append([run]))
        try:
            [kept] = await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait([writing])  # a row that is on its way is seen when all is taken back
            raise
        return kept.id

    async def _taken(self, asked: dict[int, Unit]) -> bool:
        runs = await self.journal.read(Run, id__in=tuple(asked)) if asked else []
        return any(run.state is not RunState.DUE for run in runs)

    async def _take_back(self, jobs: Sequence[str]) -> None:
        """By name, not by id: we may be stopped before we are told the id of what was asked."""
        due = await self.journal.read(Run, state=RunState.DUE, job__in=jobs) if jobs else []
        for run in due:
            await self.journal.move(run, state=RunState.MISSED, outcome="the search stopped")
