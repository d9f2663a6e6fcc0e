"""The queue of updates a bot has not confirmed, and the long poll that empties it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence

from phone.refusal import Misuse, Refusal
from phone.shapes import Json
from phone.store import Store

LIFE = 24 * 3600.0  # seconds an unconfirmed update is kept
REMEMBERED = 1000  # confirmed updates that can still be delivered again
LONGEST_POLL = 50  # seconds
MOST = 100  # updates an answer
NOT_BY_DEFAULT = frozenset(("chat_member", "message_reaction", "message_reaction_count"))


class Gone(Exception):
    """The connection of a waiting poll is to be dropped without an answer."""


class Updates:
    """At least once, in order, until the offset moves past; one poll at a time."""

    def __init__(self, store: Store, wall: Callable[[], float]) -> None:
        self._store = store
        self._wall = wall
        rows = sorted(store.all("update"), key=lambda row: row["order"])
        self._pending: dict[int, Json] = {row["update"]["update_id"]: row for row in rows}
        self._order = max((row["order"] for row in rows), default=0)
        self._next: int = store.get("bot", "next_update_id", 10**8 + secrets.randbelow(8 * 10**8))
        self._allowed: list[str] = store.get("bot", "allowed_updates", [])
        self._confirmed: dict[int, Json] = {}
        self._again: list[Json] = []
        self._waiter: asyncio.Future[None] | None = None

    @property
    def pending(self) -> list[Json]:
        """Updates not yet confirmed, oldest first."""
        return [row["update"] for row in self._pending.values()]

    @property
    def is_polled(self) -> bool:
        """Whether a bot is waiting right now."""
        return self._waiter is not None

    def add(self, kind: str, body: Json) -> int:
        """Queues an update and wakes the poll; kinds the bot does not take are dropped."""
        update_id = self._next
        self._next += 1
        self._store.put("bot", "next_update_id", self._next)
        if kind in self._allowed or (not self._allowed and kind not in NOT_BY_DEFAULT):
            self._queue({"update_id": update_id, kind: body})
        return update_id

    def inject(self, update: Json) -> int:
        """Queues any JSON object as an update; an `update_id` is given when it has none."""
        if "update_id" not in update:
            update = {"update_id": self._next, **update}
            self._next += 1
        self._queue(update)
        return int(update["update_id"])

    def redeliver(self, update_id: int) -> None:
        """Delivers an update once more, whatever the offset says."""
        pending = self._pending.get(update_id)
        update = pending["update"] if pending else self._confirmed.get(update_id)
        if update is None:
            raise Misuse(f"no update {update_id} to deliver again")
        self._again.append(update)
        self._wake()

    def renumber(self, first: int) -> None:
        """Restarts the ids at `first`, as Telegram does after an idle week."""
        self._next = first
        self._store.put("bot", "next_update_id", first)

    def forget(self) -> None:
        """Drops everything pending."""
        for update_id in tuple(self._pending):
            self._confirm(update_id)

    async def take(
        self, offset: int, limit: int, patience: int, allowed: Sequence[str] | None
    ) -> list[Json]:
        """What getUpdates answers within `patience` seconds; a second call ends the first (409)."""
        self.release(_conflict())
        if allowed is not None:
            self._allowed = list(allowed)
            self._store.put("bot", "allowed_updates", self._allowed)
        self._move(offset)
        limit = min(max(limit, 1), MOST)
        found = self._found(limit)
        if found or patience <= 0:
            return found
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiter = waiter
        try:
            async with asyncio.timeout(min(patience, LONGEST_POLL)):
                await waiter
        except TimeoutError:
            return []
        finally:
            if self._waiter is waiter:
                self._waiter = None
        return self._found(limit)

    def release(self, error: Exception | None = None) -> None:
        """Ends the waiting poll, with an error or with whatever there is."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            if error is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(error)

    def _move(self, offset: int) -> None:
        ids = list(self._pending)
        if offset < 0:
            for update_id in ids[:offset]:
                self._confirm(update_id)
        # an offset from before a restart of the ids confirms nothing
        elif ids and offset <= max(*ids, self._next - 1) + 1:
            for update_id in ids:
                if update_id < offset:
                    self._confirm(update_id)

    def _found(self, limit: int) -> list[Json]:
        again, self._again = self._again[:limit], self._again[limit:]
        oldest = self._wall() - LIFE
        for update_id, row in tuple(self._pending.items()):
            if row["at"] < oldest:
                self._confirm(update_id)
        return again + self.pending[: limit - len(again)]

    def _queue(self, update: Json) -> None:
        self._order += 1
        row = {"order": self._order, "at": self._wall(), "update": update}
        self._pending[int(update["update_id"])] = row
        self._wake()
        self._store.put("update", update["update_id"], row)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _confirm(self, update_id: int) -> None:
        self._confirmed[update_id] = self._pending.pop(update_id)["update"]
        self._store.drop("update", update_id)
        if len(self._confirmed) > REMEMBERED:
            self._confirmed.pop(next(iter(self._confirmed)))


def _conflict() -> Refusal:
    return Refusal(
        409,
        "Conflict: terminated by other getUpdates request; "
        "make sure that only one bot instance is running",
    )
