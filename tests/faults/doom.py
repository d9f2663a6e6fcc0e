"""Dying, or stopping, at a chosen point: a process that does so at the n-th step of its work.

A signal by the clock mostly hits a process that waits. These points are the ones between which
something can be lost: before and after each question to the broker, each write to the journal and
each commit.
"""

import os
import signal
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from brokers.paper_client import PaperClient
from db.journal import OrmJournal
from db.postgres import PostgresStore
from db.sqlite import SqliteStore

POINTS: tuple[tuple[type, str], ...] = (
    (PaperClient, "submit"),
    (PaperClient, "find"),
    (PaperClient, "fills"),
    (OrmJournal, "append"),
    (OrmJournal, "move"),
    (SqliteStore, "_commit"),
    (PostgresStore, "_commit"),
)


def doom(steps: Iterable[int], number: signal.Signals, note: Path) -> None:
    """From now on this process sends itself `number` after each of so many steps in turn, having
    written to `note` whether any of its tasks has a transaction open, which others wait for."""
    coming = iter(steps)
    left = next(coming, 0)
    store: SqliteStore | PostgresStore | None = None

    def passed(owner: Any) -> None:
        nonlocal left, store
        if not isinstance(owner, PaperClient):
            store = owner.store if isinstance(owner, OrmJournal) else owner
        left -= 1
        if left == 0:
            is_open = store is not None and store._turns._lock.locked()
            note.write_text("inside" if is_open else "outside")
            left = next(coming, 0)
            os.kill(os.getpid(), number)

    for owner, name in POINTS:
        setattr(owner, name, _between(getattr(owner, name), passed))


def _between(act: Callable[..., Any], passed: Callable[[Any], None]) -> Callable[..., Any]:
    async def acted(self: Any, *args: Any, **kwargs: Any) -> Any:
        passed(self)
        result = await act(self, *args, **kwargs)
        passed(self)
        return result

    return acted
