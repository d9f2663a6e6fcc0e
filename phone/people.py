"""Who holds a phone."""

from __future__ import annotations

from dataclasses import dataclass

from phone.shapes import Json


@dataclass(frozen=True, slots=True)
class Person:
    """A Telegram account; `id` is what an allow-list knows, `username` proves nothing."""

    id: int
    name: str
    username: str | None = None

    def api(self) -> Json:
        """The Bot API's User."""
        user: Json = {
            "id": self.id,
            "is_bot": False,
            "first_name": self.name,
            "language_code": "en",
        }
        if self.username:
            user["username"] = self.username
        return user
