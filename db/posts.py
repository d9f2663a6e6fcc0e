"""What the voice remembers about the messages it has shown; none of it is a fact."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from db.journal import OrmJournal
from db.tables import Table
from db.voice_models import EntryRow, NonceRow, PostRow
from trading.errors import DamagedRow


@dataclass(frozen=True, slots=True)
class Post:
    """The message that shows a subject to a recipient. Unique per (recipient, subject)."""

    recipient: int
    subject: str  # "signal:17"
    message_id: int
    updated_at: datetime  # wall time
    has_photo: bool = False
    digest: str = ""  # of the text and buttons last shown
    picture_id: int | None = None
    page: int = 0
    id: int = 0


class PostBook:
    """Shares the journal's transactions."""

    def __init__(self, journal: OrmJournal) -> None:
        self._journal = journal
        self._store = journal.store
        self._table = Table(Post, PostRow, ("recipient", "subject"), journal.store.dialect)

    async def get(self, recipient: int, subject: str) -> Post | None:
        return await self._first(recipient=recipient, subject=subject)

    async def find(self, recipient: int, message_id: int) -> Post | None:
        """The newest subject a message shows."""
        return await self._first(recipient=recipient, message_id=message_id)

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
    ) -> Post:
        """Records or replaces what shows this subject to this recipient."""
        post = Post(recipient, subject, message_id, at, has_photo, digest, picture_id, page)
        table = self._table
        rows = await self._store.write(table.upsert(), table.values(post, table.written))
        return table.fact(rows[0])

    async def remove(self, recipient: int, subject: str) -> None:
        await self._store.write(*self._table.delete({"recipient": recipient, "subject": subject}))

    async def prune(self, before: datetime) -> int:
        """Forgets those last shown before `before`; returns how many."""
        return len(await self._store.write(*self._table.delete({"updated_at__lt": before})))

    async def _first(self, **where: object) -> Post | None:
        """One that cannot be read is as none: its subject is shown anew, and recorded over it."""
        rows = await self._store.read(*self._table.select(where, "-updated_at", 1))
        try:
            return self._table.fact(rows[0]) if rows else None
        except DamagedRow as error:
            self._journal.met(error.row)
            return None


@dataclass(frozen=True, slots=True)
class Nonce:
    """What one shown button stands for, so that what a phone sends back names nothing."""

    nonce: str
    recipient: int
    subject: str
    verb: str
    created_at: datetime  # wall time
    args: tuple[str, ...] = ()
    user: int = 0  # who may press; 0 is whoever the door allows
    once: bool = True
    message_id: int | None = None  # the message that carries it, once known
    shown: str = ""  # digest of what was shown with it
    used_at: datetime | None = None  # wall time
    id: int = 0


class Refusal(StrEnum):
    """Why a press counts for nothing."""

    UNKNOWN = "unknown"
    USED = "used"
    WRONG_USER = "wrong_user"
    WRONG_MESSAGE = "wrong_message"  # another chat or message than it was shown in


class NonceBook:
    """Shares the journal's transactions: taken with the request recorded, or not at all."""

    def __init__(self, journal: OrmJournal) -> None:
        self._journal = journal
        self._store = journal.store
        self._table = Table(Nonce, NonceRow, ("nonce",), journal.store.dialect)

    async def issue(
        self,
        buttons: Sequence[tuple[str, str, tuple[str, ...], bool]],
        *,
        recipient: int,
        subject: str,
        at: datetime,
        message_id: int | None = None,
        shown: str = "",
        user: int = 0,
    ) -> None:
        """One nonce a button of a message: (nonce, verb, args, once). All or none."""
        nonces = [
            Nonce(nonce, recipient, subject, verb, at, args, user, once, message_id, shown)
            for nonce, verb, args, once in buttons
        ]
        table = self._table
        async with self._store.transaction():
            for start in range(0, len(nonces), table.chunk):
                part = nonces[start : start + table.chunk]
                rows = [table.values(nonce, table.written) for nonce in part]
                await self._store.write(*table.insert(rows, with_ids=False))

    async def place(self, nonces: Sequence[str], message_id: int) -> None:
        """The message that carries these is known now."""
        where = {"nonce__in": nonces}
        await self._store.write(*self._table.update({"message_id": message_id}, where))

    async def take(
        self, nonce: str, *, user: int, recipient: int, message_id: int | None, at: datetime
    ) -> Nonce | Refusal:
        """What was pressed, or why it counts for nothing. A `once` nonce is taken by exactly one
        caller, whoever else tries at the same moment; the others see USED."""
        rows = await self._store.read(*self._table.select({"nonce": nonce}, limit=1))
        if not rows:
            return Refusal.UNKNOWN
        try:
            found = self._table.fact(rows[0])
        except DamagedRow as error:  # what it stood for is not known, so it stands for nothing
            self._journal.met(error.row)
            return Refusal.UNKNOWN
        if found.recipient != recipient or found.message_id not in {None, message_id}:
            return Refusal.WRONG_MESSAGE
        if found.user not in {0, user}:
            return Refusal.WRONG_USER
        if not found.once:
            return found
        where = {"nonce": nonce, "used_at": None}
        taken = await self._store.write(*self._table.update({"used_at": at}, where))
        return self._table.fact(taken[0]) if taken else Refusal.USED

    async def prune(self, before: datetime) -> int:
        """Forgets those issued before `before`; their buttons become UNKNOWN."""
        return len(await self._store.write(*self._table.delete({"created_at__lt": before})))


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    value: str
    id: int = 0


class Meta:
    """Names and values of the data folder itself, such as the desk's id."""

    def __init__(self, journal: OrmJournal) -> None:
        self._store = journal.store
        self._table = Table(Entry, EntryRow, ("name",), journal.store.dialect)

    async def get(self, name: str) -> str | None:
        rows = await self._store.read(*self._table.select({"name": name}))
        return self._table.fact(rows[0]).value if rows else None

    async def set(self, name: str, value: str) -> None:
        table = self._table
        entry = Entry(name, value)
        await self._store.write(table.upsert(), table.values(entry, table.written))

    async def settle(self, name: str, value: str) -> str:
        """The value under this name, which is `value` unless one was there; the first caller of
        all processes wins."""
        table = self._table
        values = table.values(Entry(name, value), table.written)
        await self._store.write(*table.insert([values], with_ids=False))
        return await self.get(name) or value
