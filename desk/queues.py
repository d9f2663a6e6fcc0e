"""Queues: what waits to be done, how much of it, and since when the oldest does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from desk.desk import Desk
from trading.facts import (
    Lane,
    Notice,
    NoticeState,
    Picture,
    PictureState,
    Request,
    RequestState,
    Run,
    RunState,
)
from trading.orders import AT_BROKER, Order, OrderState


@dataclass(frozen=True, slots=True)
class Queue:
    """`age` is of the oldest row, in the time it is dated by; `late` where that is too old, and
    then `advice` says what to do."""

    name: str  # at most 15 characters
    waits: int
    age: timedelta | None = None
    late: bool = False
    advice: str = ""


async def queues(desk: Desk, *, but: int = 0) -> list[Queue]:
    """In the order of a signal's life. The request `but`, which asks, is not counted."""
    wall, market = desk.wall.now(), desk.market.now()
    minute = timedelta(minutes=1)
    look = "see that fast runs: quarterdeck check fast"
    held = "see that bot runs and Telegram answers"
    return [
        await _queue(
            desk, "commands", Request, "received_at", wall, minute, look,
            state=RequestState.NEW, id__not=but,
        ),
        await _queue(
            desk, "orders due", Order, "execute_at", market, None, "",
            state=OrderState.PLANNED, execute_at__lte=market,
        ),
        await _queue(
            desk, "being sent", Order, "created_at", market, None, "",
            state=OrderState.SUBMITTING,
        ),
        await _queue(
            desk, "at the broker", Order, "created_at", market, None, "",
            state__in=tuple(AT_BROKER - {OrderState.SUBMITTING, OrderState.UNKNOWN}),
        ),
        await _queue(
            desk, "outcome unknown", Order, "created_at", market, None, "",
            state=OrderState.UNKNOWN,
        ),
        *[
            await _news(desk, name, lane, patience, held)
            for name, lane, patience in (
                ("news, critical", Lane.CRITICAL, minute),
                ("news", Lane.NORMAL, 5 * minute),
                ("digests", Lane.DIGEST, 60 * minute),
            )
        ],
        await _queue(
            desk, "pictures", Picture, "wanted_at", wall, 5 * minute,
            "see that draw runs: quarterdeck check draw",
            state=PictureState.WANTED,
        ),
        await _queue(
            desk, "jobs due", Run, "due_at", market, None, "",
            state=RunState.DUE, due_at__lte=market,
        ),
        await _queue(
            desk, "jobs running", Run, "started_at", wall, None, "",
            state=RunState.RUNNING,
        ),
        await _queue(
            desk, "jobs failed", Run, "finished_at", wall, None, "",
            state=RunState.FAILED,
        ),
    ]  # fmt: skip


async def _news(desk: Desk, name: str, lane: Lane, patience: timedelta, advice: str) -> Queue:
    """Without what waits for its reader's morning."""
    now = desk.wall.now()
    due = {"state": NoticeState.DUE, "lane": lane}
    at_once = {"not_before__isnull": True, **due}
    soon = {"not_before__lte": now + patience, **due}
    waits = await desk.journal.count(Notice, **at_once) + await desk.journal.count(Notice, **soon)
    oldest = [
        row
        for where in (at_once, soon)
        if waits and (row := await desk.journal.first(Notice, order="created_at", **where))
    ]
    age = max((now - row.created_at for row in oldest), default=None)
    age = max(age, timedelta(0)) if age is not None else None
    return Queue(name, waits, age, age is not None and age >= patience, advice)


async def _queue(
    desk: Desk,
    name: str,
    kind: type[Any],
    dated: str,
    now: datetime,
    patience: timedelta | None,
    advice: str,
    **where: Any,
) -> Queue:
    waits = await desk.journal.count(kind, **where)
    oldest = await desk.journal.first(kind, order=dated, **where) if waits else None
    at = getattr(oldest, dated, None)
    age = max(now - at, timedelta(0)) if at is not None else None
    late = patience is not None and age is not None and age >= patience
    return Queue(name, waits, age, late, advice)


def lanes(queued: Mapping[str, int]) -> list[Queue]:
    """What lies in Redis; never late, since the rows it points to are looked at."""
    return [Queue(f"redis {lane}", waits) for lane, waits in sorted(queued.items())]
