"""The Bot API's methods by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from phone.calls import Call
from phone.chats import Chats
from phone.commands import Commands
from phone.editing import Editing
from phone.files import Files
from phone.presses import Presses
from phone.refusal import Refusal, bad_request
from phone.sending import Sending
from phone.shapes import Json
from phone.updates import Updates

Method = Callable[[Call], Any | Awaitable[Any]]


class Methods:
    """Carries out a call by its method's name, which Telegram reads without regard to case."""

    def __init__(
        self,
        me: Json,
        chats: Chats,
        files: Files,
        updates: Updates,
        presses: Presses,
        commands: Commands,
        sending: Sending,
    ) -> None:
        self._me = me
        self._chats = chats
        self._files = files
        self._updates = updates
        self._presses = presses
        editing = Editing(chats, sending)
        table: dict[str, Method] = {
            "getMe": lambda call: self._me,
            "getUpdates": self.get_updates,
            "setWebhook": self.set_webhook,
            "deleteWebhook": self.delete_webhook,
            "getWebhookInfo": self.webhook_info,
            "setMyCommands": commands.set,
            "getMyCommands": commands.get,
            "deleteMyCommands": commands.delete,
            "sendMessage": sending.send_message,
            "sendPhoto": sending.send_photo,
            "sendDocument": sending.send_document,
            "sendChatAction": sending.send_chat_action,
            "editMessageText": editing.edit_text,
            "editMessageCaption": editing.edit_caption,
            "editMessageMedia": editing.edit_media,
            "editMessageReplyMarkup": editing.edit_keyboard,
            "deleteMessage": editing.delete,
            "pinChatMessage": editing.pin,
            "unpinChatMessage": editing.unpin,
            "unpinAllChatMessages": editing.unpin_all,
            "answerCallbackQuery": self.answer_press,
            "getFile": self.get_file,
            "getChat": self.get_chat,
        }
        self._table = {name.lower(): method for name, method in table.items()}

    async def carry_out(self, call: Call) -> Any:
        """The method's result; refuses names that are none of Telegram's."""
        method = self._table.get(call.method.lower())
        if method is None:
            raise Refusal(404, "Not Found")
        result = method(call)
        return await result if isinstance(result, Awaitable) else result

    async def get_updates(self, call: Call) -> list[Json]:
        allowed = call.json("allowed_updates")
        if allowed is not None and not isinstance(allowed, list):
            raise bad_request("can't parse allowed_updates JSON array")
        return await self._updates.take(
            call.number("offset"), call.number("limit", 100), call.number("timeout"), allowed
        )

    def set_webhook(self, call: Call) -> bool:
        """No webhook can leave this machine; an empty url only removes one."""
        if call.text("url"):
            raise bad_request("bad webhook: this stand-in delivers by getUpdates only")
        return self.delete_webhook(call)

    def delete_webhook(self, call: Call) -> bool:
        if call.flag("drop_pending_updates"):
            self._updates.forget()
        return True

    def webhook_info(self, call: Call) -> Json:
        return {
            "url": "",
            "has_custom_certificate": False,
            "pending_update_count": len(self._updates.pending),
        }

    def answer_press(self, call: Call) -> bool:
        if call.text("url"):
            raise bad_request("URL_INVALID")
        self._presses.answer(
            call.text("callback_query_id"), call.text("text"), call.flag("show_alert")
        )
        return True

    def get_file(self, call: Call) -> Json:
        stored = self._files.get(call.text("file_id"))
        return {
            "file_id": stored.file_id,
            "file_unique_id": stored.unique_id,
            "file_size": stored.size,
            "file_path": stored.path,
        }

    def get_chat(self, call: Call) -> Json:
        """ChatFullInfo, with the message pinned last."""
        chat = self._chats.known(call.text("chat_id"))
        full: Json = chat.api() | {
            "accent_color_id": 0,
            "max_reaction_count": 11,
            "accepted_gift_types": dict.fromkeys(
                (
                    "unlimited_gifts",
                    "limited_gifts",
                    "unique_gifts",
                    "premium_subscription",
                    "gifts_from_channels",
                ),
                False,
            ),
        }
        pinned = self._chats.find(chat.id, chat.pinned[-1]) if chat.pinned else None
        if pinned is not None:
            full["pinned_message"] = self._chats.api(pinned)
        return full
