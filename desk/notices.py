"""Telling: outbox rows, written in the transaction of the fact they tell."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace

from desk.desk import Desk
from trading.facts import Lane, Notice, Request
from trading.messages import Button, Message, Span, message
from trading.signals import Signal

_held: ContextVar[list[Notice] | None] = ContextVar("answers held back", default=None)


@contextmanager
def held_back() -> Iterator[list[Notice]]:
    """Answers given inside are kept for whoever writes them in the transaction that ends their
    request: a worker that dies in between leaves no answer to be given twice."""
    kept: list[Notice] = []
    token = _held.set(kept)
    try:
        yield kept
    finally:
        _held.reset(token)


def card_subject(signal_id: int) -> str:
    return f"signal:{signal_id}"


def signal_of(subject: str) -> int:
    """The signal a card's subject names."""
    return int(subject.partition(":")[2])


def scan_subject(signal: Signal) -> str:
    """All signals of one strategy on one bar: what a list message shows."""
    return f"scan:{signal.strategy}:{signal.bar.isoformat()}"


async def tell(
    desk: Desk,
    said: Message,
    *,
    lane: Lane = Lane.NORMAL,
    subject: str = "",
    picture_id: int | None = None,
    silent: bool = False,
    but: int = 0,
) -> None:
    """One text to every operator `but` one; with a `subject`, it replaces what was said of it
    before."""
    await _write(
        desk,
        Notice(
            0,
            "text",
            desk.wall.now(),
            subject=subject,
            body=said.to_json(),
            lane=lane,
            picture_id=picture_id,
            silent=silent,
        ),
        but,
    )


async def tell_changed(
    desk: Desk, kind: str, subjects: Sequence[str], *, lane: Lane = Lane.NORMAL
) -> None:
    """ "Signal 17 changed": the voice renders the facts as they are when it sends."""
    if not desk.operators:
        return  # a replay has no reader
    for subject in subjects:
        await _write(desk, Notice(0, kind, desk.wall.now(), subject=subject, lane=lane))


async def _write(desk: Desk, notice: Notice, but: int = 0) -> None:
    readers = [operator.id for operator in desk.operators if operator.id != but]
    rows = [replace(notice, recipient=reader) for reader in readers]
    if rows:
        await desk.journal.append(rows)


async def answer(
    desk: Desk,
    request: Request,
    said: Message | str,
    *,
    edits: bool = False,
    subject: str = "",
    picture_id: int | None = None,
    buttons: Sequence[Sequence[Button]] = (),
    lane: Lane = Lane.NORMAL,
) -> None:
    """Reply to whoever asked, where they asked."""
    body = message(Span(said), buttons=buttons) if isinstance(said, str) else said
    notice = Notice(
        request.recipient,
        "text",
        desk.wall.now(),
        subject=subject,
        body=body.to_json(),
        lane=lane,
        picture_id=picture_id,
        answers=request.id,
        edits=edits,
    )
    kept = _held.get()
    if kept is None:
        await desk.journal.append([notice])
    else:
        kept.append(notice)
