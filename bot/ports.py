"""What the bot keeps for itself: which message shows what, and which button means what."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol


class Post(Protocol):
    """The message that shows a subject in one chat."""

    @property
    def subject(self) -> str: ...
    @property
    def message_id(self) -> int: ...
    @property
    def has_photo(self) -> bool: ...
    @property
    def digest(self) -> str: ...
    @property
    def picture_id(self) -> int | None: ...
    @property
    def page(self) -> int: ...
    @property
    def updated_at(self) -> datetime: ...


class Posts(Protocol):
    async def get(self, recipient: int, subject: str) -> Post | None: ...
    async def find(self, recipient: int, message_id: int) -> Post | None: ...
    async def put(
        self,
        recipient: int,
        subject: str,
        *,
        message_id: int,
        at: datetime,
        has_photo: bool = False,
        digest: str = "",
        picture_id: int | None = None,
        page: int = 0,
    ) -> Post: ...
    async def prune(self, before: datetime) -> int: ...


class Pressed(Protocol):
    """What a button meant."""

    @property
    def verb(self) -> str: ...
    @property
    def args(self) -> tuple[str, ...]: ...
    @property
    def created_at(self) -> datetime: ...


class Nonces(Protocol):
    """A button's nonce; `take` answers what was pressed, or a word why it counts for nothing:
    unknown, used, wrong_user, wrong_message."""

    async def issue(
        self,
        buttons: Sequence[tuple[str, str, tuple[str, ...], bool]],
        *,
        recipient: int,
        subject: str,
        at: datetime,
        message_id: int | None = None,
        shown: str = "",
    ) -> None: ...
    async def place(self, nonces: Sequence[str], message_id: int) -> None: ...
    async def take(
        self, nonce: str, *, user: int, recipient: int, message_id: int | None, at: datetime
    ) -> Pressed | str: ...
    async def prune(self, before: datetime) -> int: ...
