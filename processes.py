"""What each process of the house runs; the supervisor starts them, SIGTERM ends them."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

import structlog

from choices import operators, telegram_token
from folder import paper_address
from lanes.ears import Ear
from lanes.lane import run_lane
from markets import candle_feeds
from settings import Settings
from trading.clocks import Clocks
from trading.errors import ConfigError
from wiring import Base, open_base, open_desk, paper_broker, voice_desk
from worker.beats import beat
from worker.minding import mind

log = structlog.get_logger(__name__)


async def until(stop: asyncio.Event, *loops: Coroutine[Any, Any, Any]) -> None:
    """Run loops side by side until `stop`, then cancel them; one that breaks ends them all.

    Only from here on do SIGTERM and SIGINT end the process in order: one that is still opening
    its parts has nothing under way, and may simply die.
    """
    running = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        running.add_signal_handler(number, stop.set)
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(loop) for loop in loops]
            await stop.wait()
            for task in tasks:
                task.cancel()
    except ExceptionGroup as group:
        if isinstance(error := group.exceptions[0], ConfigError):
            raise error from None  # one line; a trace would say less
        raise


def _mind(base: Base) -> Coroutine[Any, Any, None]:
    return mind(voice_desk(base), base.journal.same_version, base.clocks.sleep)


def _beats(base: Base, name: str) -> Coroutine[Any, Any, None]:
    """On a machine with a name that is `fast@alpha`: several may serve one lane."""
    host = base.settings.host
    return beat(base.journal, base.wall, f"{name}@{host}" if host else name, base.clocks.sleep)


async def fast(settings: Settings, stop: asyncio.Event, clocks: Clocks) -> None:
    """Commands, decisions, orders, settlement; nothing that computes for long."""
    from mailing import keep_mailing
    from worker import rounds

    async with (
        open_desk(settings, clocks=clocks, owner="fast") as rooms,
        Ear(settings.redis, "orders") as ear,
    ):
        desk, demo = rooms.desk, rooms.base.demo
        conduct = partial(demo.conduct, desk) if demo else None
        desk.reconciled = False
        await until(
            stop,
            run_lane(
                "fast",
                settings.redis,
                partial(rounds.carry_out, desk),
                max_jobs=4,
                stop=stop,
            ),
            rounds.trade(desk, ear.heard, conduct=conduct),
            rounds.report(desk, clocks.sleep),
            rounds.sweep(desk, clocks.sleep),
            keep_mailing(desk, settings, clocks, f"fast-{settings.host}-{os.getpid()}"),
            rounds.start(desk),
            _beats(rooms.base, "fast"),
            _mind(rooms.base),
        )


async def heavy(settings: Settings, stop: asyncio.Event, clocks: Clocks) -> None:
    """Scans, marks and imports; long work beside them in processes of its own."""
    import watched
    from backup import Backups
    from replaying import replaying
    from worker import imports, jobs
    from worker.research import Research
    from worker.shipped import LONGEST

    look = partial(watched.look, settings) if settings.imports.folder else None
    async with open_desk(settings, clocks=clocks, owner="heavy") as rooms:
        base = rooms.base
        rooms.desk.reconciled = False
        research = Research(
            rooms.store,
            rooms.strategies,
            partial(replaying, settings),
            look=look,
            backups=Backups(settings, base.journal, base.wall),
            candles=candle_feeds(settings),
        )
        await until(
            stop,
            run_lane(
                "heavy",
                settings.redis,
                partial(jobs.run, rooms.desk, research, clocks=clocks),
                max_jobs=3,  # two long ones keep no scan waiting
                stop=stop,
                job_timeout=LONGEST.total_seconds() + 60,  # each run has its own limit
            ),
            *(
                [imports.watch(rooms.desk, partial(watched.news, settings), clocks.sleep)]
                if look
                else []
            ),
            jobs.sweep(rooms.desk, research, clocks),
            _beats(rooms.base, "heavy"),
            _mind(rooms.base),
        )


async def draw(settings: Settings, stop: asyncio.Event, clocks: Clocks) -> None:
    """The one process that only draws."""
    from worker import draw as drawing

    async with open_base(settings, clocks=clocks) as base, Ear(settings.redis, "draw") as ear:
        drawing.warm()
        await until(
            stop,
            drawing.draw_all(voice_desk(base), ear.heard, theme=settings.theme),
            _beats(base, "draw"),
            _mind(base),
        )


async def bot(settings: Settings, stop: asyncio.Event, clocks: Clocks) -> None:
    """Telegram's door and voice."""
    from bot import main
    from db.posts import NonceBook, PostBook

    api_base = f"http://127.0.0.1:{settings.phone_port}" if settings.mode == "demo" else ""
    async with open_base(settings, clocks=clocks) as base, Ear(settings.redis, "postman") as ear:
        await until(
            stop,
            main.run(
                voice_desk(base),
                PostBook(base.journal),
                NonceBook(base.journal),
                token=telegram_token(settings),
                api_base=api_base,
                rest=ear.heard,
                clocks=clocks,
            ),
            _beats(base, "bot"),
            _mind(base),
        )


async def paper(settings: Settings, stop: asyncio.Event, clocks: Clocks) -> None:
    """The paper broker, a process of its own: killing a worker does not kill the broker."""
    from brokers.paper_server import serve

    async with open_base(settings, clocks=clocks) as base:
        await base.market.refresh()
        broker = paper_broker(base)
        try:
            await until(
                stop,
                serve(broker, paper_address(settings), base.market, stop),
                _beats(base, "paper"),
                _mind(base),
            )
        finally:
            broker.close()


async def phone(settings: Settings, stop: asyncio.Event, clocks: Clocks) -> None:
    """The local stand-in for Telegram, and the demo clock's buttons."""
    from phone import Person, Phone

    async with open_base(settings, clocks=clocks) as base:
        people = [Person(o.id, o.name) for o in operators(settings)]
        page = Phone(
            settings.data.absolute() / "phone",
            telegram_token(settings),
            people,
            clock=base.demo,
        )
        await page.start(port=settings.phone_port)
        try:
            await until(stop, _beats(base, "phone"), _mind(base))
        finally:
            await page.stop()


PROCESSES: dict[str, Callable[[Settings, asyncio.Event, Clocks], Awaitable[None]]] = {
    "paper": paper,
    "phone": phone,
    "bot": bot,
    "fast": fast,
    "heavy": heavy,
    "draw": draw,
}


async def run(name: str, settings: Settings, clocks: Clocks | None = None) -> None:
    """One process until SIGTERM or SIGINT. Raises ConfigError for a name nobody has."""
    if name not in PROCESSES:
        raise ConfigError(f"no process called {name!r}; there are: {', '.join(PROCESSES)}")
    stop = asyncio.Event()
    log.info("started", process=name)
    await PROCESSES[name](settings, stop, clocks or Clocks())
    log.info("stopped", process=name)
