"""The inbox: what a door was asked is on disk before the door answers."""

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime, timedelta

from desk import latching
from desk.halt import latch
from trading.errors import DamagedRow
from trading.facts import Request, RequestState
from trading.ports import Journal

#: Older than this after a downtime, a command is not carried out silently.
STALE = timedelta(seconds=60)

#: Longer than any command takes; a worker that died leaves its request to the next after this.
LEASE = timedelta(seconds=30)

#: These may only make things safer, so they are carried out however late they come.
LATCHING = ("halt", "reduce", "squareoff")


async def receive(
    journal: Journal, request: Request, known: Collection[str] = (), *, latches: bool = True
) -> Request | None:
    """Record a request once; None where this source id is known already.

    `/halt`, `/reduce` and a confirmed `/squareoff` set their latch in the same transaction, so
    that a full lane cannot delay them; without `latches` they do not: whoever asks may not.
    `known` are the scopes there are, as `halt.scopes` has them.
    """
    async with journal.transaction():
        recorded = await journal.append([request])
        found = latching.wanted(request, known) if recorded and latches else None
        if found is not None:
            with suppress(DamagedRow):  # of a reduce: a latch that cannot be read halts already
                await latch(
                    journal,
                    found.state,
                    by=f"operator:{request.operator}",
                    reason=found.reason or f"/{request.verb}",
                    at=None,
                    scope=found.scope.key,
                    tighten=True,
                )
    return recorded[0] if recorded else None


def came_late(request: Request) -> bool:
    """Sent long before we saw it, so the operator may have forgotten it."""
    if request.sent_at is None or request.verb in LATCHING:
        return False
    return request.received_at - request.sent_at > STALE


async def unhandled(journal: Journal, limit: int = 100) -> list[Request]:
    """Recorded, and not carried out yet; some may be under way."""
    return await journal.read(Request, state=RequestState.NEW, limit=limit)


async def claim(journal: Journal, request_id: int, now: datetime) -> Request | None:
    """The request, leased to the caller; None where it is done or somebody is at it."""
    request = await journal.first(Request, id=request_id)
    if request is None or request.state is not RequestState.NEW:
        return None
    if request.leased_until is not None and request.leased_until > now:
        return None
    return await journal.move(request, leased_until=now + LEASE)
