"""The bot's process: the poll and the postman side by side."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from aiogram import Bot, Dispatcher
from aiogram.types import BotCommand

from bot.client import AWAY, open_bot
from bot.door import Door, router
from bot.letters import Letters
from bot.pace import Pace
from bot.poll import poll
from bot.ports import Nonces, Posts
from bot.postman import Postman, monotonic
from desk import crew
from desk.console.verbs import VERBS
from desk.desk import Desk
from logs import register_secret

log = structlog.get_logger(__name__)
FIRST_PAUSE, LONGEST_PAUSE = 0.3, 30.0


async def run(
    desk: Desk,
    posts: Posts,
    nonces: Nonces,
    *,
    token: str,
    api_base: str,
    rest: Callable[[float], Awaitable[object]],
) -> None:
    """Until the desk's shift is over. Telegram being away delays what it says; nothing is lost."""
    register_secret(token)
    bot = open_bot(token, api_base)
    await crew.muster(desk)
    door = Door(desk, nonces)
    dispatcher = Dispatcher()
    dispatcher.include_router(router(door))
    postman = Postman(
        desk, Letters(bot, desk.journal, posts, nonces, desk.wall), Pace(monotonic), rest
    )
    try:
        async with asyncio.TaskGroup() as group:
            beside = [group.create_task(_menu(bot))]
            work = [
                group.create_task(poll(bot, dispatcher, door, desk)),
                group.create_task(postman.run()),
            ]
            await asyncio.wait(work)  # both end with the shift
            for task in beside:
                task.cancel()
    finally:
        await bot.session.close()


async def _menu(bot: Bot) -> None:
    """The command menu; tried until Telegram takes it."""
    commands = [
        BotCommand(command=name, description=verb.help) for name, verb in VERBS.items() if verb.help
    ]
    pause = FIRST_PAUSE
    while True:
        try:
            await bot.set_my_commands(commands)
            return
        except AWAY as error:
            log.warning("the command menu was not set", error=str(error), again_in=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
