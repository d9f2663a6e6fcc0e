"""Redis away is told once among all processes, and once more when it answers again."""

import json
from datetime import datetime

from desk import beats, crew, notices, wording
from desk.desk import Desk
from trading.facts import Beat, Cursor, Lane
from trading.messages import Message, bold, message

MEMORY = "redis:away"  # the cursor that holds who told it, and since when; "" while it answers
PATIENCE = 2  # looks without an answer before it is told: one restart of Redis is no news


class RedisWatch:
    """One a process; `name` is its own. Who told that Redis is away also tells its return, so that
    two machines of which one alone is cut off do not contradict each other."""

    def __init__(self, desk: Desk, name: str) -> None:
        self._desk = desk
        self._name = name
        self._missed = 0
        self._since: datetime | None = None

    async def look(self) -> None:
        if self._desk.vitals is None:
            return
        pulse = await self._desk.vitals.redis()
        now = self._desk.wall.now()
        if pulse.answers:
            self._missed, self._since = 0, None
            await self._tell_back(now)
            return
        self._missed += 1
        self._since = self._since or now
        if self._missed >= PATIENCE:
            await self._tell_away(self._since, pulse.why)

    async def _tell_away(self, since: datetime, why: str) -> None:
        desk = self._desk
        cursor = await self._memory()
        if cursor.value:
            return
        await crew.muster(desk)
        said = message(
            bold("Redis is away: presses take up to 5 s"),
            f"\n{wording.capital(why)}. Nothing is lost: all work is found in the database until "
            "it answers again.",
        )
        value = json.dumps({"by": self._name, "since": since.isoformat()})
        await self._move(cursor, value, said, since.isoformat())

    async def _tell_back(self, now: datetime) -> None:
        desk = self._desk
        cursor = await desk.journal.first(Cursor, name=MEMORY)
        if cursor is None or not cursor.value:
            return
        told = json.loads(cursor.value)
        if told["by"] != self._name and await self._is_alive(told["by"], now):
            return
        await crew.muster(desk)
        away = wording.lasted(now - datetime.fromisoformat(told["since"]))
        said = message(bold(f"Redis is back after {away}"), "\nPresses are carried out at once.")
        await self._move(cursor, "", said, told["since"])

    async def _move(self, cursor: Cursor, value: str, said: Message, since: str) -> None:
        desk = self._desk
        async with desk.journal.transaction():
            if await desk.journal.move(cursor, value=value) is None:
                return  # another process told it
            await notices.tell(desk, said, lane=Lane.CRITICAL, subject=f"{MEMORY}:{since}")
        await desk.bell.ring("postman")

    async def _memory(self) -> Cursor:
        await self._desk.journal.append([Cursor(MEMORY, "")])
        found = await self._desk.journal.first(Cursor, name=MEMORY)
        assert found is not None
        return found

    async def _is_alive(self, name: str, now: datetime) -> bool:
        row = await self._desk.journal.first(Beat, name=name)
        return row is not None and not beats.is_silent(row, now)
