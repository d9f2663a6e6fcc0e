"""Letters: one message sent or edited in place, remembered as the post that shows its subject."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import structlog
from aiogram import Bot
from aiogram import types as telegram
from aiogram.exceptions import ClientDecodeError, TelegramBadRequest
from aiogram.types import BufferedInputFile, InputMediaDocument, InputMediaPhoto

from bot.ports import Nonces, Post, Posts
from bot.voice import Key, Said, keyboard, keys, say
from desk.console.render import Rendered
from desk.snoozing import comes_again
from logs import scrub
from trading.clocks import WallClock
from trading.facts import Notice, Picture, PictureState, Request
from trading.messages import Message, Span
from trading.ports import Journal

log = structlog.get_logger(__name__)
MISSED = "missed:"  # subjects of messages that tell of many things: no answer takes their place
OF_PICTURES = ("photo", "image", "file", "media", "document")  # as Telegram names what it refuses


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be shown; `picture` is drawn, or None."""

    notice: Notice
    message: Message
    rows: Sequence[Sequence[Key]]
    picture: Picture | None

    def said(self, *, caption: bool, picture_id: int | None = None) -> Said:
        return say(self.message, caption=caption, picture=str(picture_id or ""))

    @property
    def photo(self) -> BufferedInputFile | str:
        """Telegram's own id where it is known, else the bytes."""
        assert self.picture is not None
        name = self.picture.file_name or f"{self.picture.kind}-{self.picture.id}.png"
        return self.picture.handle or BufferedInputFile(self.picture.png, name)

    def simpler(self, error: str) -> Self | None:
        """After a refusal: the picture's bytes in place of its id, then without the picture where
        it was that, then plain words, then plain words alone, then None."""
        if self.picture is not None and self.picture.handle and self.picture.png:
            return replace(self, picture=replace(self.picture, handle=""))
        if self.picture is not None and any(word in error.lower() for word in OF_PICTURES):
            return replace(self, picture=None)
        if any(span.style for span in self.message.text):
            plain = tuple(Span(span.text) for span in self.message.text)
            return replace(self, message=replace(self.message, text=plain))
        return replace(self, picture=None) if self.picture is not None else None


@dataclass(frozen=True, slots=True)
class Shown:
    """What stands in the chat after a delivery."""

    message_id: int
    has_photo: bool
    picture_id: int | None


@dataclass(slots=True)
class Letters:
    bot: Bot
    journal: Journal
    posts: Posts
    nonces: Nonces
    wall: WallClock
    #: By reader and subject, new messages Telegram took whose post is not on record yet: with the
    #: database away in between, the next try edits them rather than send the same news again.
    _owed: dict[tuple[int, str], Shown] = field(default_factory=dict, init=False)

    async def page(self, notice: Notice) -> int:
        """The page a list was left on."""
        post = await self.posts.get(notice.recipient, notice.subject) if notice.subject else None
        return post.page if post and post.page else 1

    async def shown(self, notice: Notice) -> bool:
        """Whether a message exists that this notice would edit."""
        return await self._target(notice) is not None

    async def shown_since(self, notice: Notice) -> bool:
        """Whether its message was sent or edited after it was written: by itself, then."""
        post = await self._target(notice)
        return post is not None and post.updated_at >= notice.created_at

    async def send(self, notice: Notice, rendered: Rendered) -> bool:
        """Show it: edit the message that shows this subject, or send a new one. False where it
        stands there already.

        Raises aiogram's errors for what the postman must decide: retry, give up, wait.
        """
        message = _scrubbed(rendered.message)
        picture = rendered.picture
        if picture is not None and picture.state is not PictureState.DRAWN:
            picture = None
        post = await self._target(notice)
        if post is not None and comes_again(notice, post.updated_at):
            post = None  # a new message, below what was said meanwhile
        letter = Letter(notice, message, keys(message), picture)
        wanted = letter.said(
            caption=picture is not None or (post is not None and post.has_photo),
            picture_id=picture.id if picture else (post.picture_id if post else None),
        )
        if post is not None and post.digest == wanted.digest:
            return False
        await self._issue(letter, wanted, post.message_id if post else None)
        shown = await self._in_some_form(letter, post)
        await self.posts.put(
            notice.recipient,
            post.subject if post else _subject(notice),
            message_id=shown.message_id,
            at=self.wall.now(),
            has_photo=shown.has_photo,
            digest=letter.said(caption=shown.has_photo, picture_id=shown.picture_id).digest,
            picture_id=shown.picture_id,
            page=int(notice.body.get("page", 0)) or (post.page if post else 1),
        )
        self._owed.pop((notice.recipient, _subject(notice)), None)
        return True

    async def _in_some_form(self, letter: Letter, post: Post | None) -> Shown:
        while True:
            try:
                return await self._deliver(letter, post)
            except TelegramBadRequest as error:
                simpler = letter.simpler(str(error))
                if simpler is None:
                    raise
                log.warning("said more simply", notice=letter.notice.id, error=str(error))
                letter = simpler

    async def _deliver(self, letter: Letter, post: Post | None) -> Shown:
        if post is None:
            return await self._new(letter)
        try:
            return await self._edit(letter, post)
        except TelegramBadRequest as error:
            if "message is not modified" in str(error):
                picture_id = letter.picture.id if letter.picture else post.picture_id
                has_photo = letter.picture is not None or post.has_photo
                return Shown(post.message_id, has_photo, picture_id)
            # deleted by its reader, too old, or changed behind our back: the news still arrives
            log.info("shown anew", notice=letter.notice.id, error=str(error))
            return await self._new(letter)

    async def _target(self, notice: Notice) -> Post | None:
        """The post of the message to edit. A notice without a subject has its own, so that one
        sent just before a crash is not sent again."""
        pressed = await self.pressed(notice)
        if pressed is not None:
            return pressed
        place = (notice.recipient, _subject(notice))
        if (owed := self._owed.get(place)) is not None:
            await self.posts.put(
                *place,
                message_id=owed.message_id,
                at=self.wall.now(),
                has_photo=owed.has_photo,
                digest="",  # so that an edit follows, with buttons that are on record
                picture_id=owed.picture_id,
                page=1,
            )
            del self._owed[place]
        return await self.posts.get(*place)

    async def pressed(self, notice: Notice) -> Post | None:
        """The post whose button asked for this edit."""
        if not notice.edits or notice.answers is None:
            return None
        request = await self.journal.first(Request, id=notice.answers)
        message_id = request.payload.get("message_id") if request else None
        if message_id is None:
            return None
        post = await self.posts.find(notice.recipient, int(message_id))
        return None if post is not None and post.subject.startswith(MISSED) else post

    async def _new(self, letter: Letter) -> Shown:
        chat, markup = letter.notice.recipient, keyboard(letter.rows)
        picture, silent = letter.picture, letter.notice.silent
        said = letter.said(caption=picture is not None)
        if picture is not None:
            send = self.bot.send_document if picture.file_name else self.bot.send_photo
            sent = await _sent(
                send(
                    chat,
                    letter.photo,
                    caption=said.text,
                    caption_entities=said.entities,
                    parse_mode=None,
                    reply_markup=markup,
                    disable_notification=silent,
                )
            )
        else:
            sent = await _sent(
                self.bot.send_message(
                    chat,
                    said.text,
                    entities=said.entities,
                    parse_mode=None,
                    reply_markup=markup,
                    disable_notification=silent,
                )
            )
        shown = Shown(sent.message_id, picture is not None, picture.id if picture else None)
        self._owed[chat, _subject(letter.notice)] = shown
        if picture is not None:
            await self._remember(picture, sent.file_id)
        await self.nonces.place([key.nonce for row in letter.rows for key in row], sent.message_id)
        return shown

    async def _edit(self, letter: Letter, post: Post) -> Shown:
        if letter.picture is not None and letter.picture.id != post.picture_id:
            return await self._edit_photo(letter, letter.picture, post)
        has_photo = post.has_photo
        try:
            await self._edit_words(letter, post, caption=has_photo)
        except TelegramBadRequest as error:
            if "in the message to edit" not in str(error):  # "there is no text in the message …"
                raise
            # an edit whose reply was lost gave it a photo, or took it
            has_photo = not has_photo
            await self._edit_words(letter, post, caption=has_photo)
        same = has_photo is post.has_photo
        return Shown(post.message_id, has_photo, post.picture_id if same else None)

    async def _edit_photo(self, letter: Letter, picture: Picture, post: Post) -> Shown:
        said = letter.said(caption=True)
        media = InputMediaDocument if picture.file_name else InputMediaPhoto
        edited = await self.bot.edit_message_media(
            media(
                media=letter.photo,
                caption=said.text,
                caption_entities=said.entities,
                parse_mode=None,
            ),
            chat_id=letter.notice.recipient,
            message_id=post.message_id,
            reply_markup=keyboard(letter.rows),
        )
        if isinstance(edited, telegram.Message):
            await self._remember(picture, _file_id(edited))
        return Shown(post.message_id, has_photo=True, picture_id=picture.id)

    async def _edit_words(self, letter: Letter, post: Post, *, caption: bool) -> None:
        said, markup = letter.said(caption=caption), keyboard(letter.rows)
        chat, message_id = letter.notice.recipient, post.message_id
        if caption:
            await self.bot.edit_message_caption(
                chat_id=chat,
                message_id=message_id,
                caption=said.text,
                caption_entities=said.entities,
                parse_mode=None,
                reply_markup=markup,
            )
        else:
            await self.bot.edit_message_text(
                said.text,
                chat_id=chat,
                message_id=message_id,
                entities=said.entities,
                parse_mode=None,
                reply_markup=markup,
            )

    async def _issue(self, letter: Letter, said: Said, message_id: int | None) -> None:
        """Nonces are on disk before the buttons that carry them are on a screen."""
        await self.nonces.issue(
            [
                (key.nonce, key.button.verb, key.button.args, key.button.once)
                for row in letter.rows
                for key in row
            ],
            recipient=letter.notice.recipient,
            subject=_subject(letter.notice),
            at=self.wall.now(),
            message_id=message_id,
            shown=said.digest,
        )

    async def _remember(self, picture: Picture, file_id: str) -> None:
        """Telegram's own id sends the same picture again without its bytes."""
        if file_id and not picture.handle:
            await self.journal.move(picture, handle=file_id)


@dataclass(frozen=True, slots=True)
class Sent:
    """What Telegram says of a new message; `file_id` is of its picture."""

    message_id: int
    file_id: str = ""


async def _sent(call: Awaitable[telegram.Message]) -> Sent:
    """A message that went and whose description we cannot read has gone: sending it again for
    ever is no answer to that. Raises what the call raises otherwise."""
    try:
        sent = await call
    except ClientDecodeError as error:
        told = error.data if isinstance(error.data, dict) else {}
        result = told.get("result") if told.get("ok") is True else None
        number = result.get("message_id") if isinstance(result, dict) else None
        if not isinstance(number, int):
            raise
        log.warning("a message went, its description was not understood", message_id=number)
        return Sent(number)
    return Sent(sent.message_id, _file_id(sent))


def _file_id(sent: telegram.Message) -> str:
    if sent.document is not None:
        return sent.document.file_id
    return sent.photo[-1].file_id if sent.photo else ""


def _subject(notice: Notice) -> str:
    return notice.subject or f"notice:{notice.id}"


def _scrubbed(message: Message) -> Message:
    """No token and no key leaves in a chat, whatever an error text contained."""
    return replace(message, text=tuple(Span(scrub(span.text), span.style) for span in message.text))
