"""The Bot API client: one session, our base URL, updates fetched as raw JSON."""

from typing import Any

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import PRODUCTION, TelegramAPIServer
from aiogram.exceptions import AiogramError
from aiogram.methods import TelegramMethod

#: Only what we serve: fewer ways in, and an update of another kind never reaches us.
ALLOWED_UPDATES = ["message", "callback_query"]
POLL_SECONDS = 30
SLACK = 15  # seconds more than it was asked to wait before a poll counts as lost
SEND_SECONDS = 20  # a call that hangs longer counts as lost, and the next may go

#: What a call raises where Telegram, or a proxy before it, does not answer as agreed: an HTML page
#: in place of JSON is a ClientDecodeError, which is no TelegramAPIError; garbage is a UnicodeError.
AWAY = (AiogramError, OSError, UnicodeError)


class GetRawUpdates(TelegramMethod[list[dict[str, Any]]]):
    """getUpdates without parsing, so that one undecodable update blocks no other."""

    __returning__ = list[dict[str, Any]]
    __api_method__ = "getUpdates"

    offset: int | None = None
    limit: int | None = None
    timeout: int = POLL_SECONDS
    allowed_updates: list[str] = ALLOWED_UPDATES


def open_bot(token: str, api_base: str = "") -> Bot:
    """`api_base` is the address of a Bot API server; "" is Telegram's own."""
    server = TelegramAPIServer.from_base(api_base) if api_base else PRODUCTION
    return Bot(token, session=AiohttpSession(api=server, timeout=SEND_SECONDS))
