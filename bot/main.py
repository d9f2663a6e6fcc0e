"""The bot's process: the poll and the postman side by side."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog
from aiogram import Bot, Dispatcher
from aiogram.types import BotCommand

from bot.aside import tell_outages
from bot.client import AWAY, open_bot
from bot.door import Door, router
from bot.letters import Letters
from bot.pace import Pace
from bot.poll import poll
from bot.ports import Nonces, Posts
from bot.postman import Postman, monotonic
from bot.reach import Reach
from desk import crew
from desk.console.people import INVITATION
from desk.console.verbs import VERBS
from desk.desk import Desk
from logs import register_secret
from trading.clocks import Clocks
from trading.facts import Cursor
from trading.ports import Journal

log = structlog.get_logger(__name__)
FIRST_PAUSE, LONGEST_PAUSE = 0.3, 30.0
KEEP = timedelta(days=90)  # what a message shows and what its buttons mean
FORGETTING = 6 * 3600.0  # wall seconds between two looks for what is older


async def run(
    desk: Desk,
    posts: Posts,
    nonces: Nonces,
    *,
    token: str,
    api_base: str,
    rest: Callable[[float], Awaitable[object]],
    clocks: Clocks | None = None,
) -> None:
    """Until the desk's shift is over. Telegram being away delays what it says; nothing is lost.
    `rest` waits for a ring or so many seconds of the machine."""
    clocks = clocks or Clocks()
    register_secret(token)
    bot = open_bot(token, api_base)
    await crew.muster(desk)
    door = Door(desk, nonces)
    dispatcher = Dispatcher()
    dispatcher.include_router(router(door))
    letters = Letters(bot, desk.journal, posts, nonces, desk.wall)
    reach = Reach(desk.journal, desk.wall)
    postman = Postman(desk, letters, Pace(lambda: monotonic() * clocks.rate), rest, clocks, reach)
    await reach.recall()
    try:
        async with asyncio.TaskGroup() as group:
            beside = [
                group.create_task(_menu(bot, clocks, None if api_base else desk.journal)),
                group.create_task(_forget(posts, nonces, clocks)),
                group.create_task(tell_outages(bot, desk, clocks.sleep)),
            ]
            work = [
                group.create_task(poll(bot, dispatcher, door, desk, clocks, reach)),
                group.create_task(postman.run()),
            ]
            await asyncio.wait(work)  # both end with the shift
            for task in beside:
                task.cancel()
    finally:
        await bot.session.close()


async def _menu(bot: Bot, clocks: Clocks, journal: Journal | None) -> None:
    """The command menu; tried until Telegram takes it. The bot's own name is kept in `journal`,
    for the links of invitations."""
    commands = [
        BotCommand(command=name, description=verb.help) for name, verb in VERBS.items() if verb.help
    ]
    pause = FIRST_PAUSE
    while True:
        try:
            await bot.set_my_commands(commands)
            if journal is not None:
                await _keep_name(journal, (await bot.me()).username or "")
            return
        except AWAY as error:
            log.warning("the command menu was not set", error=str(error), again_in=pause)
            await clocks.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)


async def _keep_name(journal: Journal, name: str) -> None:
    link = f"https://t.me/{name}?start="
    found = await journal.first(Cursor, name=INVITATION)
    if found is None:
        await journal.append([Cursor(INVITATION, link)])
    elif found.value != link:
        await journal.move(found, value=link)


async def _forget(posts: Posts, nonces: Nonces, clocks: Clocks) -> None:
    """Old messages are not edited any more, and their buttons say that they are too old."""
    while True:
        before = clocks.wall.now() - KEEP
        try:
            gone = await posts.prune(before) + await nonces.prune(before)
        except Exception:  # a busy database: nothing depends on it, and it is tried again
            log.exception("old posts and buttons were not pruned")
        else:
            log.info("old posts and buttons pruned", rows=gone)
        await clocks.sleep(FORGETTING)
