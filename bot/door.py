"""The door: an update becomes one recorded request. It decides nothing."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from aiogram import BaseMiddleware, F, Router
from aiogram.enums import ChatType
from aiogram.types import CallbackQuery, MaybeInaccessibleMessage, Message, TelegramObject, User

from bot.callbacks import Press
from bot.ports import Nonces, Posts
from desk import audit, crew, halt, inbox, rights
from desk.console import people
from desk.console.verbs import VERBS
from desk.desk import Desk
from trading.clocks import WallClock
from trading.facts import Request, RequestState
from trading.ports import Journal

log = structlog.get_logger(__name__)
MOST_ARGS = 20
MOST_CHARS = 64
MOST_SAID = 200  # characters of a text that is no command
MOST_NAMED = 1_000  # strangers the log names; a flood of them may not fill it

#: A press does not say when it was made, so a question is answered with yes soon or not at all: a
#: press that waited out a downtime must not let trading go on. What makes things safer may; a
#: signal has a time to live of its own.
SOON = timedelta(minutes=10)
CODE = re.compile(r"\d{6}", re.ASCII)
YES = ("yes",)
GROUPS = (ChatType.GROUP, ChatType.SUPERGROUP)
REMEMBERED = 200  # requests of a chat looked through for what a used button led to

WHY_NOT = {
    "unknown": "This button is too old. Send the command again.",
    "used": "Already pressed.",
    "stale": "This question is too old. Send the command again.",
    "wrong_user": "This button is somebody else's.",
    "wrong_message": "This button belongs to another message.",
}


@dataclass(frozen=True, slots=True)
class Door:
    """What the handlers need to record a request and wake the lane that carries it out."""

    desk: Desk
    nonces: Nonces
    posts: Posts | None = None

    @property
    def journal(self) -> Journal:
        return self.desk.journal

    @property
    def wall(self) -> WallClock:
        return self.desk.wall

    def knows(self, user: int) -> bool:
        return self.desk.operator(user) is not None

    async def still_knows(self, user: int) -> bool:
        """The same, of somebody who may have been revoked a moment ago."""
        if self.knows(user):
            await crew.refresh(self.desk)
        return self.knows(user)

    async def admit(self, user: User, text: str) -> bool:
        """Whether `/start CODE` let a stranger in; the owners are told."""
        verb, args = read_command(text)
        if verb != "start" or not args:
            return False
        async with self.journal.transaction():
            joined = await crew.admit(
                self.journal, args[0], user=user.id, name=user.first_name, now=self.wall.now()
            )
            if joined is None:
                return False
            await crew.refresh(self.desk)
            await people.tell_joined(self.desk, joined)
            who, now = f"operator:{user.id}", self.wall.now()
            await audit.act(self.journal, now, who, "telegram", "join", said=f"as {joined.role}")
        await self.desk.bell.ring("postman")
        return True

    async def record(
        self,
        update_id: int,
        user: User,
        chat: int,
        verb: str,
        args: tuple[str, ...],
        sent_at: datetime | None = None,
        **payload: Any,
    ) -> Request | None:
        """The request on disk; None where this update was recorded before. Whether its asker may
        is judged when it is carried out; only who may can halt from here."""
        request = Request(
            source="telegram",
            source_id=str(update_id),
            verb=verb,
            received_at=self.wall.now(),
            args=args,
            operator=user.id,
            recipient=chat,
            payload=payload,
            sent_at=sent_at,
        )
        known = VERBS.get(verb)
        may = known is not None and not rights.refusal(self.desk, request, known)
        return await inbox.receive(self.journal, request, halt.scopes(self.desk), latches=may)

    async def words(self, message: Message) -> dict[str, str]:
        """Of a text that is no command: what it says, and what the message shows that it replies
        to."""
        text, to = message.text or "", message.reply_to_message
        if text.startswith("/"):
            return {}
        post = None
        if to is not None and self.posts is not None:
            post = await self.posts.find(message.chat.id, to.message_id)
        return {"said": text[:MOST_SAID], "about": post.subject if post else ""}

    async def press(
        self, update_id: int, user: User, chat: int, message_id: int, nonce: str, *, seen: str = ""
    ) -> Request | str | None:
        """What the button asked for, on disk; a word of WHY_NOT where it counts for nothing."""
        now = self.wall.now()
        async with self.journal.transaction():
            taken = await self.nonces.take(
                nonce, user=user.id, recipient=chat, message_id=message_id, at=now
            )
            if isinstance(taken, str):
                again = await self._refused_before(chat, nonce) if taken == "used" else None
                if again is None:
                    return taken
                verb, args = again.verb, again.args
            else:
                verb, args = taken.verb, taken.args
                asked = args[-1:] == YES and verb not in inbox.LATCHING
                if asked and now - taken.created_at > SOON:
                    return "stale"
            return await self.record(
                update_id,
                user,
                chat,
                verb,
                args,
                pressed=True,
                message_id=message_id,
                nonce=nonce,
                seen=seen,
            )

    async def _refused_before(self, chat: int, nonce: str) -> Request | None:
        """The request a used button led to, where it was refused: nothing was changed by it, so
        the same button may ask again."""
        for request in await self.journal.read(
            Request, source="telegram", recipient=chat, order="-id", limit=REMEMBERED
        ):
            if request.payload.get("nonce") == nonce:
                refused = request.state in (RequestState.REFUSED, RequestState.FAILED)
                return request if refused else None
        return None

    async def wake(self, request: Request | None) -> None:
        """After the commit, so that the lane finds what it is woken for."""
        if request is not None:
            await self.desk.bell.ring("fast", [request.id])


class Allowed(BaseMiddleware):
    """Operators only, by integer id, in their own words, in a private chat or a group of the
    desk's. A stranger who knows a code becomes one, in private; any other gets silence, and the
    log names each once."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._named: set[tuple[int | None, str | None]] = set()

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        user, chat = _who(event), _where(event)
        own = not (isinstance(event, Message) and (event.forward_origin or event.sender_chat))
        if user is None or not own or not self._here(event, user, chat):
            self._name(user, chat)
            return None
        if not await self._door.still_knows(user.id):
            text = event.text if isinstance(event, Message) else None
            if chat != ChatType.PRIVATE or not await self._door.admit(user, text or ""):
                self._name(user, chat)
                return None
            log.info("joined the desk by a code", user=user.id)
        return await handler(event, data)

    def _here(self, event: TelegramObject, user: User, chat: str | None) -> bool:
        """A private chat has its person's id: an answer to any other would go to somebody else.
        In a group of the desk's only commands are for us."""
        where = _chat_of(event)
        if chat == ChatType.PRIVATE:
            return where == user.id
        if chat not in GROUPS or where not in self._door.desk.discipline.groups:
            return False
        return not isinstance(event, Message) or (event.text or "").startswith("/")

    def _name(self, user: User | None, chat: str | None) -> None:
        who = (user.id if user else None, chat)
        if who not in self._named and len(self._named) < MOST_NAMED:
            self._named.add(who)
            log.info("refused; said once", user=who[0], chat=chat)


def _who(event: TelegramObject) -> User | None:
    return event.from_user if isinstance(event, Message | CallbackQuery) else None


def _chat_of(event: TelegramObject) -> int | None:
    message = event.message if isinstance(event, CallbackQuery) else event
    chat = getattr(message, "chat", None)
    return chat.id if chat is not None else None


def _where(event: TelegramObject) -> str | None:
    if isinstance(event, Message):
        return event.chat.type
    if isinstance(event, CallbackQuery) and event.message is not None:
        return event.message.chat.type
    return None


def read_command(text: str) -> tuple[str, tuple[str, ...]]:
    """Verb and arguments of `/approve@desk_bot 17`; a one-time code alone answers the
    question for it; other text that is no command asks for help."""
    words = text.split()
    if len(words) == 1 and CODE.fullmatch(words[0]):
        return "code", (words[0],)
    if not words or not words[0].startswith("/"):
        return "help", ()
    verb = words[0][1:].partition("@")[0].lower()
    return verb[:MOST_CHARS], tuple(word[:MOST_CHARS] for word in words[1 : 1 + MOST_ARGS])


def router(door: Door) -> Router:
    routes = Router(name="door")
    allowed = Allowed(door)
    routes.message.middleware(allowed)
    routes.callback_query.middleware(allowed)

    @routes.message(F.text)
    async def on_message(message: Message, event_update: Any) -> None:
        assert message.from_user is not None
        verb, args = read_command(message.text or "")
        user, chat = message.from_user, message.chat.id
        said = await door.words(message) if verb == "help" else {}
        await door.wake(
            await door.record(event_update.update_id, user, chat, verb, args, message.date, **said)
        )

    @routes.callback_query(Press.filter())
    async def on_press(query: CallbackQuery, callback_data: Press, event_update: Any) -> None:
        assert query.message is not None
        chat, message_id = query.message.chat.id, query.message.message_id
        pressed = await door.press(
            event_update.update_id,
            query.from_user,
            chat,
            message_id,
            callback_data.nonce,
            seen=_seen(query.message),
        )
        if isinstance(pressed, str):
            await query.answer(WHY_NOT[pressed])
            return
        await door.wake(pressed)
        await query.answer()

    @routes.callback_query()
    async def on_strange_press(query: CallbackQuery) -> None:
        """Data we never wrote, or wrote in another version; silence would leave it spinning."""
        await query.answer(WHY_NOT["unknown"])

    return routes


def _seen(message: MaybeInaccessibleMessage) -> str:
    """What the message said whose button was pressed; "" where Telegram does not tell any more."""
    return (message.text or message.caption or "") if isinstance(message, Message) else ""
