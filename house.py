"""Starting the whole house: Redis first, then the processes, one URL, and Ctrl-C for all."""

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from configured import origin
from db.journal import open_journal
from desk import audit, crew
from lanes.server import claim_redis
from lookout import Lookout
from settings import Settings, as_environment
from supervisor import Child, Supervisor
from trading.clocks import SystemClock
from trading.errors import ConfigError
from trading.people import Member
from trading.shift import Shift
from vitals import redis_pulse

#: In the order they are started. They end in the reverse, so that the broker and the phone outlive
#: who still sends to them.
WORKERS = (("paper",), ("fast", "heavy", "draw", "bot"))


def _child(
    name: str, env: Mapping[str, str], ready: Callable[[], Awaitable[None]] | None = None
) -> Child:
    return Child(name, [sys.executable, "-m", "cli", "process", name], env=env, ready=ready)


async def run_house(settings: Settings) -> None:
    """Until Ctrl-C. Raises ConfigError before anything starts where a setting is wrong."""
    from choices import charges, plans, telegram_token
    from folder import check_addresses, instruments_file, prepare
    from mailing import route
    from market.instruments import InstrumentBook
    from markets import candle_feeds, universes
    from watched import first_look
    from wiring import calendar_of, strategies, timetable

    telegram_token(settings)
    route(settings)
    chosen = plans(settings, strategies(settings))
    check_addresses(settings)
    universes(settings)
    candle_feeds(settings)
    charges(settings)
    prepare(settings)
    timetable(settings, chosen, calendar_of(settings))
    first_look(settings, SystemClock().now())
    InstrumentBook.load(instruments_file(settings))  # what every part would die of
    with Supervisor(settings.data.absolute()) as supervisor:
        await _serve(settings, supervisor, WORKERS, await _greeting(settings))


async def _greeting(settings: Settings) -> str:
    if settings.operators:
        return "Quarterdeck is up; write /start to your bot."
    async with open_journal(settings.database_url) as journal:
        if await journal.count(Member):
            return "Quarterdeck is up; write /start to your bot."
    return (
        "Quarterdeck is up, and listens to nobody yet: run `quarterdeck pair` to become its owner."
    )


async def pair(settings: Settings) -> str:
    """A code for a new owner, and what to do with it."""
    from folder import prepare

    prepare(settings)
    async with open_journal(settings.database_url) as journal:
        now = SystemClock().now()
        async with journal.transaction():
            code = await crew.invite(journal, now)
            await audit.act(journal, now, "command line", "cli", "pair")
    minutes = int(crew.PAIRING.total_seconds() // 60)
    return (
        f"Send this to your bot within {minutes} minutes:\n\n    /start {code}\n\n"
        "Whoever sends it first becomes an owner of this desk; the code works once."
    )


async def reset_code(settings: Settings, operator: int) -> str:
    """Take an operator's authenticator away; the owners are told when the bot next sends."""
    from desk import codes
    from folder import lived_in
    from wiring import Silence, open_base, voice_desk

    lived_in(settings)
    async with open_base(settings, bell=Silence()) as base:
        desk = voice_desk(base)
        await crew.muster(desk)
        name = desk.operator_name(operator)
        if not await codes.forget(desk, operator):
            return f"{name} has no authenticator; nothing was changed."
        words = ("code", "reset", str(operator))
        await audit.act(base.journal, base.wall.now(), "command line", "cli", *words)
    return f"{name} has no authenticator any more; /code in the chat enrols another."


async def run_demo(settings: Settings) -> None:
    """Seed the data folder once, start everything, print one URL."""
    import demo
    from folder import prepare

    prepare(settings)
    with Supervisor(settings.data.absolute()) as supervisor:
        print("Quarterdeck demo: preparing six months of history …", flush=True)
        fresh = await demo.make(settings)
        if not fresh:
            print("Going on from where the last demo stopped (make demo-reset starts over).")
        port = _free_port(settings.phone_port)
        if port != settings.phone_port:
            print(f"Port {settings.phone_port} is taken; using {port}.")
        settings = settings.model_copy(update={"phone_port": port})
        text = f"Open http://127.0.0.1:{port} in a browser. Ctrl-C stops everything."
        await _serve(settings, supervisor, WORKERS, text, with_phone=True)
    print("Stopped.")


def reset_demo(settings: Settings) -> str:
    """Take the demo's data folder away, and say so. ConfigError for a folder that is not a demo's
    or whose house runs."""
    from folder import prepare

    folder = settings.data.absolute()
    if folder.is_dir() and any(folder.iterdir()):
        if not (folder / "format.json").exists():
            raise ConfigError(f"{folder} is no data folder of ours: nothing was removed")
        prepare(settings)
        with Supervisor(folder):
            shutil.rmtree(folder)
        return "The demo starts over with the next make demo."
    return "There is nothing to reset: the demo begins with the next make demo."


def environment(settings: Settings) -> dict[str, str]:
    """What the processes are given: the settings, and a place in the data folder for the list of
    fonts, which matplotlib would keep in the user's home."""
    fonts = os.environ.get("MPLCONFIGDIR") or str(settings.data.absolute() / "matplotlib")
    return {**as_environment(settings), **origin(), "MPLCONFIGDIR": fonts}


async def _serve(
    settings: Settings,
    supervisor: Supervisor,
    names: Sequence[Sequence[str]],
    text: str,
    *,
    with_phone: bool = False,
) -> None:
    """Redis, then the phone (its URL is told once it answers), then the rest."""
    stop = asyncio.Event()
    groups: list[list[Child]] = []
    redis = None
    if not settings.redis:
        redis = await claim_redis(settings.data.absolute())
        settings = settings.model_copy(update={"redis": redis.url})
        groups.append([Child("redis", redis.argv, ready=redis.ready, pass_fds=redis.pass_fds)])
    env = environment(settings)

    async def told() -> None:
        if with_phone:
            await _answers(settings.phone_port)
        print(await _standing(settings.redis, text), flush=True)

    if with_phone:
        groups.append([_child("phone", env, ready=told)])
    groups += [[_child(name, env) for name in group] for group in names]
    if not with_phone:
        groups[-1][-1] = replace(groups[-1][-1], ready=told)
    lookout = Lookout(settings, frozenset(c.name for group in groups for c in group) - {"redis"})
    supervisor.on_death = lookout.on_death
    try:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(lookout.run(supervisor, Shift(stop)))
            try:
                await supervisor.run(groups, stop)
            finally:
                watching.cancel()
    finally:
        if redis is not None:
            await redis.stop()


async def _standing(redis: str, text: str) -> str:
    """`text`, and what is wrong with Redis where it does not answer: that stops no part."""
    pulse = await redis_pulse(redis)
    if pulse.answers:
        return text
    return (
        f"{text}\nRedis is away: {pulse.why}. Presses take up to 5 s until it answers; if that is "
        "the wrong address or password, correct QUARTERDECK_REDIS."
    )


async def _answers(port: int, within: float = 60.0) -> None:
    """Until something listens on `port`."""
    async with asyncio.timeout(within):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            writer.close()
            return


def _free_port(wanted: int) -> int:
    """`wanted`, or the next one up that nobody listens on."""
    for port in range(wanted, wanted + 100):
        with socket.socket() as probe:
            # As the page's own server does: a port our last run left a moment ago is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ConfigError(
        f"no free port between {wanted} and {wanted + 99}; set QUARTERDECK_PHONE_PORT"
    )
