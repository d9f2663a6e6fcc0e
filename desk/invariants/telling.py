"""Rules of telling: what is critical arrives, and nothing is announced or answered twice."""

from collections import Counter
from hashlib import sha256

from desk.desk import Desk
from desk.invariants.rule import Sentences, pages
from trading.facts import Lane, Notice, NoticeState, Request, RequestState

#: How the bot begins the subject of "a message could not be shown", before the notice's id.
UNSHOWN = "unshown:"


async def critical_arrives(desk: Desk) -> Sentences:
    """One that could not be shown was replaced by a message that says so."""
    failed = {"state": NoticeState.FAILED, "lane": Lane.CRITICAL}
    async for page in pages(desk.journal, Notice, **failed):
        subjects = tuple(f"{UNSHOWN}{notice.id}" for notice in page)
        rows = await desk.journal.read(Notice, subject__in=subjects)
        told = {row.subject for row in rows if row.state is not NoticeState.FAILED}
        for notice in page:
            if notice.subject.startswith(UNSHOWN) or f"{UNSHOWN}{notice.id}" in told:
                continue
            about = notice.subject or notice.kind
            why = notice.error or "no reason was kept"
            yield f"notice {notice.id} ({about}) never reached {notice.recipient}: {why}"


async def fills_told_once(desk: Desk) -> Sentences:
    """Cards are edited in place; what has no card is one text a reader for each execution."""
    said: Counter[tuple[int, str]] = Counter()
    async for page in pages(desk.journal, Notice, kind="text", lane=Lane.CRITICAL):
        for notice in page:
            if notice.subject.startswith("fill:"):
                said[notice.recipient, notice.subject] += 1
    for (recipient, subject), times in said.items():
        if times > 1:
            yield f"{subject} was announced {times} times to {recipient}"


async def answered_once(desk: Desk) -> Sentences:
    """A request may have several answers; the same one twice means it was carried out twice."""
    seen: Counter[tuple[int | None, str]] = Counter()
    async for page in pages(desk.journal, Notice, answers__isnull=False, edits=False, subject=""):
        for notice in page:
            seen[notice.answers, sha256(repr(notice.body).encode()).hexdigest()] += 1
    for (request_id, _), times in seen.items():
        if times > 1:
            yield f"request {request_id} was answered {times} times with the same words"


async def handled_is_dated(desk: Desk) -> Sentences:
    async for page in pages(desk.journal, Request, state__not=RequestState.NEW):
        for request in page:
            if request.handled_at is None:
                yield f"request {request.id} (/{request.verb}) is {request.state}, at no time"
            if request.state is RequestState.DONE and request.error:
                yield f"request {request.id} (/{request.verb}) is done, with {request.error!r}"
