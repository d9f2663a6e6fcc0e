"""The lookout: the supervisor's own beat, its eye on its children, and its word of their deaths.

The supervisor needs no database to keep its children running. The lookout does, and waits for one
that is away: what it has to tell is kept until it can be written.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from desk import beats, crew, notices, wording
from desk.desk import Desk
from settings import Settings
from supervisor import Death, note
from trading.clocks import Clocks
from trading.facts import Beat, Lane
from trading.messages import Message, bold, message
from trading.shift import Shift
from wiring import Base, Silence, open_base, voice_desk
from worker.beats import Pulse
from worker.outages import RedisWatch
from worker.trouble import PASSING, Trouble
from worker.watch import Watch

log = structlog.get_logger(__name__)
NAME = "supervisor"
HUNG = timedelta(minutes=3)  # a child that lives and has not beaten for so long is killed
CALM = timedelta(seconds=60)  # a death later than this after the last one is a new message


class Keeper(Protocol):
    """What the lookout needs of the supervisor."""

    @property
    def pids(self) -> Mapping[str, int]: ...
    def kill(self, name: str, why: str) -> None: ...


@dataclass(slots=True)
class Fall:
    """The deaths of one child that came within CALM of each other: one message, edited."""

    first: datetime
    last: datetime
    death: Death
    count: int = 1
    told: int = 0  # deaths that stand in the message


@dataclass(slots=True)
class Lookout:
    """`on_death` is the supervisor's; `run` goes beside it. `children` are those that beat."""

    settings: Settings
    children: frozenset[str]
    clocks: Clocks = field(default_factory=Clocks)
    _falls: dict[str, Fall] = field(default_factory=dict, init=False)
    _news: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    async def on_death(self, death: Death) -> None:
        """Log it, and remember it to be told; never waits for the database."""
        await note(death)
        now = self.clocks.wall.now()
        fall = self._falls.get(death.name)
        if fall is None or now - fall.last > CALM:
            self._falls[death.name] = Fall(now, now, death)
        else:
            fall.last, fall.death, fall.count = now, death, fall.count + 1
        self._news.set()

    async def run(self, keeper: Keeper, shift: Shift) -> None:
        """Until cancelled. A database that is away is tried again at every beat."""
        trouble = Trouble("lookout")
        while True:
            try:
                with trouble.noted():
                    async with open_base(self.settings, bell=Silence(), clocks=self.clocks) as base:
                        await self._keep(base, keeper, shift)
            except Exception:  # looking out must not end the keeping
                log.exception("the lookout broke; it begins anew")
            await self.clocks.sleep(beats.EVERY)

    async def _keep(self, base: Base, keeper: Keeper, shift: Shift) -> None:
        desk = voice_desk(base)
        name = self._called(NAME)
        pulse, watch = Pulse(base.journal, base.wall, name), Watch(desk)
        redis, trouble = RedisWatch(desk, name), Trouble("lookout")
        try:
            while True:
                self._news.clear()
                with trouble.noted():
                    await pulse.go()
                    await self.tell_deaths(desk)
                    await self._expect(desk, keeper.pids)
                    self._kill_hung(watch, await watch.look(), base.wall.now(), keeper)
                    await redis.look()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self.clocks.machine(beats.EVERY)):
                        await self._news.wait()
        finally:
            if shift.is_over:
                with suppress(*PASSING):
                    await pulse.end()
                    # A child that did not end in time was killed by us: that is no silence.
                    names = tuple(self._called(child) for child in self.children)
                    await base.journal.remove(Beat, name__in=names)

    async def tell_deaths(self, desk: Desk) -> None:
        """Each fall is one message, edited as it goes on; one that does not end is said anew."""
        for name, fall in tuple(self._falls.items()):
            if fall.told == fall.count:
                if desk.wall.now() - fall.last > CALM:
                    del self._falls[name]
                continue
            count, hopeless = fall.count, fall.death.hopeless
            await crew.muster(desk)
            subject = f"death:{name}:{fall.first.isoformat()}{':on' if hopeless else ''}"
            await notices.tell(desk, _words(fall), lane=Lane.CRITICAL, subject=subject)
            fall.told = count

    async def _expect(self, desk: Desk, pids: Mapping[str, int]) -> None:
        """A child that never beats is silent too, from the moment it was started."""
        known = {row.name for row in await desk.journal.read(Beat)}
        for child, pid in pids.items():
            if child in self.children and (name := self._called(child)) not in known:
                await desk.journal.append([Beat(name, desk.wall.now(), pid)])

    def _kill_hung(self, watch: Watch, rows: list[Beat], now: datetime, keeper: Keeper) -> None:
        """A child that is stopped or hangs holds what it holds for ever: killed, it lets go."""
        found = {row.name: row for row in rows}
        for child, pid in keeper.pids.items():
            row = found.get(self._called(child))
            if row is not None and row.pid == pid and watch.silence(row) > HUNG:
                minutes = wording.lasted(now - row.at)
                keeper.kill(child, f"it lived but gave no sign of life for {minutes}")

    def _called(self, part: str) -> str:
        """As that process calls itself."""
        return f"{part}@{self.settings.host}" if self.settings.host else part


def _words(fall: Fall) -> Message:
    death = fall.death
    if death.hopeless:
        head = f"{wording.capital(death.name)} keeps dying"
        what = f"{fall.count} times in {wording.lasted(max(fall.last - fall.first, CALM))}"
        then = "It is tried again every 30 s."
    else:
        head = f"{wording.capital(death.name)} died"
        what = f"{fall.count} times within a minute" if fall.count > 1 else "once"
        then = "It is started again."
    last = f"\nIts log ends: {death.last_line.rstrip('.')}." if death.last_line else ""
    last = f"\n{wording.capital(death.why)}." if death.why else last
    return message(
        bold(f"{head} ({death.how})"),
        f"\n{wording.capital(what)}. {then}{last}\nMore in {death.log.name} under logs.",
    )
