"""Letters: one message sent or edited in place, remembered as the post that shows its subject."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import BufferedInputFile, InputMediaPhoto

from bot.ports import Nonces, Post, Posts
from bot.render import Rendered
from bot.voice import Key, Said, keyboard, keys, say
from logs import scrub
from trading.clocks import WallClock
from trading.facts import Notice, Picture, PictureState, Request
from trading.messages import Message, Span
from trading.ports import Journal

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Letters:
    bot: Bot
    journal: Journal
    posts: Posts
    nonces: Nonces
    wall: WallClock

    async def page(self, notice: Notice) -> int:
        """The page a list was left on."""
        post = await self.posts.get(notice.recipient, notice.subject) if notice.subject else None
        return post.page if post and post.page else 1

    async def shown(self, notice: Notice) -> bool:
        """Whether a message exists that this notice would edit."""
        return await self._target(notice) is not None

    async def send(self, notice: Notice, rendered: Rendered) -> None:
        """Show it: edit the message that shows this subject, or send a new one.

        Raises aiogram's errors for what the postman must decide: retry, give up, wait.
        """
        message = _scrubbed(rendered.message)
        picture = rendered.picture
        if picture is not None and picture.state is not PictureState.DRAWN:
            picture = None
        post = await self._target(notice)
        has_photo = picture is not None or (post is not None and post.has_photo)
        picture_id = picture.id if picture else (post.picture_id if post else None)
        said = say(message, caption=has_photo, picture=str(picture_id or ""))
        if post is not None and post.digest == said.digest:
            return
        rows = keys(message)
        page = int(notice.body.get("page", 0)) or (post.page if post else 1)
        await self._issue(notice, said, rows, post.message_id if post else None)
        try:
            message_id = await self._deliver(notice, post, said, rows, picture)
        except TelegramBadRequest as error:
            if not said.entities:
                raise
            log.warning("sent as plain text", notice=notice.id, error=str(error))
            plain = replace(said, entities=[])
            message_id = await self._deliver(notice, post, plain, rows, picture)
        await self.posts.put(
            notice.recipient,
            post.subject if post else _subject(notice),
            message_id=message_id,
            at=self.wall.now(),
            has_photo=has_photo,
            digest=said.digest,
            picture_id=picture_id,
            page=page,
        )

    async def _deliver(
        self,
        notice: Notice,
        post: Post | None,
        said: Said,
        rows: Sequence[Sequence[Key]],
        picture: Picture | None,
    ) -> int:
        if post is None:
            return await self._new(notice, said, rows, picture)
        try:
            await self._edit(notice, post, said, rows, picture)
        except TelegramBadRequest as error:
            if "message is not modified" in str(error):
                return post.message_id
            if "message to edit not found" in str(error) or "can't be edited" in str(error):
                return await self._new(notice, said, rows, picture)
            raise
        return post.message_id

    async def _target(self, notice: Notice) -> Post | None:
        if notice.edits and notice.answers is not None:
            request = await self.journal.first(Request, id=notice.answers)
            message_id = request.payload.get("message_id") if request else None
            if message_id is None:
                return None
            return await self.posts.find(notice.recipient, int(message_id))
        if not notice.subject:
            return None
        return await self.posts.get(notice.recipient, notice.subject)

    async def _new(
        self, notice: Notice, said: Said, rows: Sequence[Sequence[Key]], picture: Picture | None
    ) -> int:
        chat, markup = notice.recipient, keyboard(rows)
        if picture is not None:
            sent = await self.bot.send_photo(
                chat,
                photo=_photo(picture),
                caption=said.text,
                caption_entities=said.entities,
                parse_mode=None,
                reply_markup=markup,
                disable_notification=notice.silent,
            )
            await self._remember(picture, sent.photo[-1].file_id if sent.photo else "")
        else:
            sent = await self.bot.send_message(
                chat,
                said.text,
                entities=said.entities,
                parse_mode=None,
                reply_markup=markup,
                disable_notification=notice.silent,
            )
        await self.nonces.place([key.nonce for row in rows for key in row], sent.message_id)
        return sent.message_id

    async def _edit(
        self,
        notice: Notice,
        post: Post,
        said: Said,
        rows: Sequence[Sequence[Key]],
        picture: Picture | None,
    ) -> None:
        chat, markup, message_id = notice.recipient, keyboard(rows), post.message_id
        if picture is not None and picture.id != post.picture_id:
            edited = await self.bot.edit_message_media(
                InputMediaPhoto(
                    media=_photo(picture),
                    caption=said.text,
                    caption_entities=said.entities,
                    parse_mode=None,
                ),
                chat_id=chat,
                message_id=message_id,
                reply_markup=markup,
            )
            photo = getattr(edited, "photo", None)
            await self._remember(picture, photo[-1].file_id if photo else "")
        elif post.has_photo:
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

    async def _issue(
        self,
        notice: Notice,
        said: Said,
        rows: Sequence[Sequence[Key]],
        message_id: int | None,
    ) -> None:
        """Nonces are on disk before the buttons that carry them are on a screen."""
        await self.nonces.issue(
            [
                (key.nonce, key.button.verb, key.button.args, key.button.once)
                for row in rows
                for key in row
            ],
            recipient=notice.recipient,
            subject=_subject(notice),
            at=self.wall.now(),
            message_id=message_id,
            shown=said.digest,
        )

    async def _remember(self, picture: Picture, file_id: str) -> None:
        """Telegram's own id sends the same picture again without its bytes."""
        if file_id and not picture.handle:
            await self.journal.move(picture, handle=file_id)


def _subject(notice: Notice) -> str:
    return notice.subject or f"notice:{notice.id}"


def _photo(picture: Picture) -> BufferedInputFile | str:
    return picture.handle or BufferedInputFile(picture.png, f"{picture.kind}-{picture.id}.png")


def _scrubbed(message: Message) -> Message:
    """No token and no key leaves in a chat, whatever an error text contained."""
    return replace(message, text=tuple(Span(scrub(span.text), span.style) for span in message.text))
