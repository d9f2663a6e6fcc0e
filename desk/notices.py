"""Telling: outbox rows, written in the transaction of the fact they tell."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace

from desk import habits
from desk.desk import Desk
from trading.facts import Lane, Notice, Request
from trading.messages import Button, Message, Span, message
from trading.people import Role
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
    topic: str = "",
    needs: Role = Role.VIEWER,
) -> None:
    """One text to every operator `but` one, of those who may what `needs` says; with a `subject`,
    it replaces what was said of it before. `topic` is one of `habits.KINDS`: each is told in the
    way they chose for it."""
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
        topic or ("digests" if lane is Lane.DIGEST else "alerts"),
        [one.id for one in desk.operators if one.id != but and one.role.may(needs)],
    )


async def tell_changed(
    desk: Desk, kind: str, subjects: Sequence[str], *, lane: Lane = Lane.NORMAL
) -> None:
    """ "Signal 17 changed": the voice renders the facts as they are when it sends."""
    if not desk.operators:
        return  # a replay has no reader
    for subject in subjects:
        news = Notice(0, kind, desk.wall.now(), subject=subject, lane=lane)
        await _write(desk, news, "cards", [operator.id for operator in desk.operators])


async def _write(desk: Desk, notice: Notice, topic: str, readers: Sequence[int]) -> None:
    if not readers:
        return
    rows = [replace(notice, recipient=reader) for reader in readers]
    await desk.journal.append(await habits.fitted(desk, rows, topic))


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
