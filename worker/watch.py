"""Watching each other: a process that falls silent is told once, by whoever is still alive."""

from datetime import datetime, timedelta

from desk import beats, crew, notices, wording
from desk.desk import Desk
from trading.facts import Beat, Lane
from trading.messages import bold, message
from trading.shift import Rest
from worker.outages import RedisWatch
from worker.trouble import Trouble

#: Of a longer gap between two of our own looks no more counts: we were away ourselves, stopped,
#: asleep with the machine or without a database, and so may the others have been.
STALL = timedelta(seconds=30)


async def watch(desk: Desk, name: str, rest: Rest) -> None:
    """For ever: look at the others and at Redis every ten wall seconds."""
    eyes, redis = Watch(desk), RedisWatch(desk, name)
    trouble = Trouble("watch")
    while True:
        with trouble.noted():
            await eyes.look()
            await redis.look()
        await rest(beats.EVERY)


class Watch:
    """Several watchers tell once: each moves the silent row by compare-and-set, which also fails
    where its owner has just beaten. A silence is what we have seen of it, by our own clock."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._last: datetime | None = None
        self._seen: dict[int, tuple[datetime, timedelta]] = {}  # by row: its beat, our wait since

    async def look(self) -> list[Beat]:
        """Tells what changed; returns the rows it saw."""
        now = self._desk.wall.now()
        found = await self._desk.journal.read(Beat, order="name")
        passed = min(now - self._last, STALL) if self._last else timedelta(0)
        self._last = now
        self._seen = {
            beat.id: (beat.at, self.silence(beat) + passed if self._knows(beat) else timedelta(0))
            for beat in found
        }
        for beat in beats.expected(found, now):
            if (told := beat.detail.get(beats.TOLD)) is not None:
                if told != beat.at.isoformat():
                    await self._tell_back(beat)
            elif self.silence(beat) > beats.SILENT:
                await self._tell_silent(beat, now)
        return found

    def silence(self, beat: Beat) -> timedelta:
        """How long we have looked without seeing it beat."""
        return self._seen[beat.id][1] if self._knows(beat) else timedelta(0)

    def _knows(self, beat: Beat) -> bool:
        return beat.id in self._seen and self._seen[beat.id][0] == beat.at

    async def _tell_silent(self, beat: Beat, now: datetime) -> None:
        desk = self._desk
        await crew.muster(desk)
        meaning = beats.MEANING.get(beats.part(beat.name), "")
        said = message(
            bold(f"{wording.capital(beat.name)} is silent"),
            f"\n{meaning} Last heard of {wording.ago(now - beat.at)}, at {_moment(desk, beat.at)}. "
            "/health shows the rest.",
        )
        async with desk.journal.transaction():
            since = beat.at.isoformat()
            if await desk.journal.move(beat, detail={**beat.detail, beats.TOLD: since}) is None:
                return
            await notices.tell(desk, said, lane=Lane.CRITICAL, subject=_subject(beat.name, since))
        await desk.bell.ring("postman")

    async def _tell_back(self, beat: Beat) -> None:
        desk = self._desk
        await crew.muster(desk)
        since = str(beat.detail[beats.TOLD])
        away = wording.lasted(beat.at - datetime.fromisoformat(since))
        said = message(
            bold(f"{wording.capital(beat.name)} is back after {away}"),
            f"\nIt was silent from {_moment(desk, datetime.fromisoformat(since))}.",
        )
        detail = {key: value for key, value in beat.detail.items() if key != beats.TOLD}
        async with desk.journal.transaction():
            if await desk.journal.move(beat, detail=detail) is None:
                return  # it beat, or another watcher told; the next look sees which
            await notices.tell(desk, said, lane=Lane.CRITICAL, subject=_subject(beat.name, since))
        await desk.bell.ring("postman")


def _subject(name: str, since: str) -> str:
    """One message an outage: that it is back stands where its silence was told."""
    return f"silence:{name}:{since}"


def _moment(desk: Desk, at: datetime) -> str:
    return f"{desk.local(at):%H:%M:%S} {wording.place(desk.calendar.zone)}"
