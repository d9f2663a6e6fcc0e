"""What each process of the house runs; the supervisor starts them, SIGTERM ends them."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any

import structlog

from choices import operators, telegram_token
from desk.desk import Desk
from folder import paper_address
from lanes.ears import Ear
from lanes.lane import run_lane
from markets import candle_feeds
from settings import Settings
from trading.clocks import Clocks
from trading.errors import ConfigError
from trading.shift import Shift
from wiring import Base, open_base, open_desk, paper_broker, voice_desk
from worker.beats import beat
from worker.minding import mind
from worker.watch import watch

log = structlog.get_logger(__name__)

#: Wall seconds after SIGTERM in which what is under way may end; what still runs is cut short and
#: left to the next process. The lanes' own are shorter: they hand over what they cut.
GRACE, LANE_GRACE, HEAVY_GRACE = 8.0, 7.0, 5.0
MOST_RUNS = 3  # of the heavy lane at a time: two long ones keep no scan waiting


async def until(
    stop: asyncio.Event,
    *loops: Coroutine[Any, Any, Any],
    orderly: Sequence[Coroutine[Any, Any, Any]] = (),
    shift: Shift | None = None,
    grace: float = GRACE,
) -> None:
    """Run loops side by side until `stop`; one that breaks ends them all.

    Then the shift is over: `orderly` ones finish what is under way and end by themselves. Those
    that still run after `grace` seconds of the machine are cancelled, as are the other loops once
    the orderly ones have ended. Only from here on do SIGTERM and SIGINT end the process in order:
    one that is still opening its parts has nothing under way, and may simply die.
    """
    running = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        running.add_signal_handler(number, stop.set)
    try:
        async with asyncio.TaskGroup() as group:
            working = [group.create_task(loop) for loop in orderly]
            others = [group.create_task(loop) for loop in loops]
            await (shift or Shift(stop)).over()
            late = (await asyncio.wait(working, timeout=grace))[1] if working else set()
            if late:
                log.warning("what was under way took too long and is handed over", loops=len(late))
            for task in (*late, *others):
                task.cancel()
    except ExceptionGroup as group:
        if isinstance(error := group.exceptions[0], ConfigError):
            raise error from None  # one line; a trace would say less
        raise


def _alive(
    base: Base, name: str, shift: Shift, desk: Desk | None = None
) -> tuple[Coroutine[Any, Any, None], ...]:
    """The process's own heartbeat, its eye on the others' and on its database. On a machine with a
    name it is called `fast@alpha`: several may serve one lane."""
    host, rest = base.settings.host, base.clocks.sleep
    name = f"{name}@{host}" if host else name
    return (
        beat(base.journal, base.wall, name, rest, shift),
        watch(desk or voice_desk(base), name, rest),
        mind(voice_desk(base), base.journal.same_version, rest),
    )


async def fast(settings: Settings, stop: asyncio.Event, clocks: Clocks) -> None:
    """Commands, decisions, orders, settlement; nothing that computes for long."""
    from mailing import keep_mailing
    from worker import rounds

    async with (
        open_desk(settings, clocks=clocks, owner="fast") as rooms,
        Ear(settings.redis, "orders") as ear,
    ):
        desk, demo = rooms.desk, rooms.base.demo
        desk.shift = shift = Shift(stop)
        conduct = partial(demo.conduct, desk) if demo else None
        desk.reconciled = False
        lane = run_lane(
            "fast",
            settings.redis,
            partial(rounds.carry_out, desk),
            max_jobs=4,
            stop=stop,
            grace=clocks.machine(LANE_GRACE),
        )
        await until(
            stop,
            *_alive(rooms.base, "fast", shift, desk),
            keep_mailing(desk, settings, clocks, f"fast-{settings.host}-{os.getpid()}"),
            rounds.start(desk),
            orderly=(
                lane,
                rounds.trade(desk, shift.rests(ear.heard), conduct=conduct),
                rounds.report(desk, shift.rests(clocks.sleep)),
                rounds.sweep(desk, shift.rests(clocks.sleep)),
            ),
            shift=shift,
            grace=clocks.machine(GRACE),
        )


async def heavy(settings: Settings, stop: asyncio.Event, clocks: Clocks) -> None:
    """Scans, marks and imports; long work beside them in processes of its own."""
    import watched
    from backup import Backups
    from replaying import replaying
    from worker import imports, jobs
    from worker.berths import Berths
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
        desk = rooms.desk
        desk.shift = shift = Shift(stop)
        berths = Berths(desk, partial(jobs.run, desk, research, clocks=clocks), most=MOST_RUNS)
        lane = run_lane(
            "heavy",
            settings.redis,
            berths.take,
            max_jobs=MOST_RUNS,
            stop=stop,
            job_timeout=LONGEST.total_seconds() + 60,  # each run has its own limit
            grace=clocks.machine(HEAVY_GRACE),
        )
        await until(
            stop,
            *([imports.watch(desk, partial(watched.news, settings), clocks.sleep)] if look else []),
            *_alive(base, "heavy", shift, desk),
            orderly=(lane, berths.sweep(shift.rests(clocks.sleep))),
            shift=shift,
            grace=clocks.machine(GRACE),
        )


async def draw(settings: Settings, stop: asyncio.Event, clocks: Clocks) -> None:
    """The one process that only draws."""
    from worker import draw as drawing

    async with open_base(settings, clocks=clocks) as base, Ear(settings.redis, "draw") as ear:
        drawing.warm()
        desk = voice_desk(base)
        desk.shift = shift = Shift(stop)
        await until(
            stop,
            *_alive(base, "draw", shift, desk),
            orderly=(drawing.draw_all(desk, shift.rests(ear.heard), theme=settings.theme),),
            shift=shift,
            grace=clocks.machine(GRACE),
        )


async def bot(settings: Settings, stop: asyncio.Event, clocks: Clocks) -> None:
    """Telegram's door and voice."""
    from bot import main
    from db.posts import NonceBook, PostBook

    api_base = f"http://127.0.0.1:{settings.phone_port}" if settings.mode == "demo" else ""
    async with open_base(settings, clocks=clocks) as base, Ear(settings.redis, "postman") as ear:
        desk = voice_desk(base)
        desk.shift = shift = Shift(stop)
        voice = main.run(
            desk,
            PostBook(base.journal),
            NonceBook(base.journal),
            token=telegram_token(settings),
            api_base=api_base,
            rest=ear.heard,
            clocks=clocks,
        )
        await until(
            stop,
            *_alive(base, "bot", shift),
            orderly=(voice,),
            shift=shift,
            grace=clocks.machine(GRACE),
        )


async def paper(settings: Settings, stop: asyncio.Event, clocks: Clocks) -> None:
    """The paper broker, a process of its own: killing a worker does not kill the broker."""
    from brokers.paper_server import serve

    async with open_base(settings, clocks=clocks) as base:
        await base.market.refresh()
        broker, shift = paper_broker(base), Shift(stop)
        try:
            await until(
                stop,
                *_alive(base, "paper", shift),
                orderly=(serve(broker, paper_address(settings), base.market, stop),),
                shift=shift,
                grace=clocks.machine(GRACE),
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
        shift = Shift(stop)
        await page.start(port=settings.phone_port)
        try:
            await until(stop, *_alive(base, "phone", shift), shift=shift)
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
