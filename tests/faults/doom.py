"""Dying at a chosen point: a process that kills itself at the n-th step of its work.

A kill by the clock mostly hits a process that waits. These points are the ones between which
something can be lost: before and after each question to the broker, each write to the journal and
each commit.
"""

import os
import signal
from collections.abc import Callable
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


def doom(step: int) -> None:
    """From now on this process dies by SIGKILL at the `step`-th point it comes by."""
    left = step

    def passed() -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    for owner, name in POINTS:
        setattr(owner, name, _between(getattr(owner, name), passed))


def _between(act: Callable[..., Any], passed: Callable[[], None]) -> Callable[..., Any]:
    async def acted(*args: Any, **kwargs: Any) -> Any:
        passed()
        result = await act(*args, **kwargs)
        passed()
        return result

    return acted
