"""The audit: who did what to the desk, from where, seeing what, and what came of it.

Each deed carries the digest of the one before, and a cursor the digest of the last: a deed that
is changed, taken out or put in breaks the chain where it was.
"""

import json
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import fields, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from desk import rights
from desk.codes import CODE
from desk.console.verb import Verb
from desk.crew import INVITED
from desk.desk import Desk
from desk.notices import card_subject
from trading.audit import Deed
from trading.facts import Cursor, Notice, Request, RequestState
from trading.messages import Message
from trading.orders import Order
from trading.people import Role
from trading.ports import Journal
from trading.signals import Signal

HEAD = "audit"  # the cursor's name
PAGE = 2_000  # deeds read at a time
SAID, SHOWN = 200, 1_100  # characters kept of an answer, of a message
HIDDEN = "••••••"
#: Verbs whose first words may name signals by number.
OF_SIGNALS = frozenset({"approve", "reject", "withdraw", "snooze", "half", "hold"})
#: Verbs that take amounts and never a code, so six digits at their end are no secret.
AMOUNTS = frozenset({"buy", "sell", "close", "modify", "cancel", "approve", "reject"})


async def keep(
    desk: Desk,
    verb: Verb | None,
    request: Request,
    answers: Sequence[Notice] = (),
    *,
    state: RequestState,
    error: str = "",
) -> None:
    """The deed of a request that ends; inside the transaction that ends it. Who only read, and was
    allowed to, leaves none."""
    if not _counts(verb, request, state):
        return
    subjects = _subjects(request)
    told = [Message.from_json(row.body).plain for row in answers if row.kind == "text"]
    deed = Deed(
        0,
        desk.wall.now(),
        f"operator:{request.operator}",
        request.source,
        request.verb,
        without_secrets(request.verb, request.args),
        request.recipient,
        " ".join(subjects),
        str(request.payload.get("seen", ""))[:SHOWN],
        state.value,
        _clean(error or "\n".join(told))[:SAID],
        await _came_of(desk, request, subjects),
    )
    await append(desk.journal, deed)


async def act(
    journal: Journal,
    at: datetime,
    who: str,
    source: str,
    verb: str,
    *args: str,
    said: str = "",
    subjects: str = "",
    detail: dict[str, Any] | None = None,
) -> Deed:
    """The deed of who is no request: the command line, a strategy, a door. `at` is wall time."""
    made = Deed(0, at, who, source, verb, args, 0, subjects, said=said[:SAID])
    return await append(journal, replace(made, detail=detail or {}))


async def append(journal: Journal, deed: Deed) -> Deed:
    """Put it at the chain's end, under the writer's lock, so that the chain never forks."""
    async with journal.transaction():
        last = await journal.first(Deed, order="-number")
        head = await journal.first(Cursor, name=HEAD)
        known = _head(head)[0]
        number = max(last.number if last else 0, known) + 1
        previous = last.digest if last else ""
        if last is None or last.number != known:
            previous = _head(head)[1] or previous  # the last is torn or gone: `walk` says which
        clean = replace(
            deed,
            args=tuple(_clean(arg) for arg in deed.args),
            shown=_clean(deed.shown),
            said=_clean(deed.said),
            detail=json.loads(_clean(json.dumps(dict(deed.detail)))),
        )
        kept: list[Deed] = []
        while not kept:  # a number may be taken by a row that cannot be read
            made = linked(clean, number, previous)
            kept = await journal.append([made])
            number += 1
        value = f"{made.number}:{made.digest}"
        if head is None:
            await journal.append([Cursor(HEAD, value)])
        else:
            await journal.move(head, value=value)
    return kept[0]


def linked(deed: Deed, number: int, previous: str) -> Deed:
    made = replace(deed, number=number, previous=previous, digest="")
    return replace(made, digest=digest_of(made))


def digest_of(deed: Deed) -> str:
    """sha256 of its fields as JSON with sorted names; times in microseconds, UTC."""
    known = {one.name: getattr(deed, one.name) for one in fields(deed)}
    del known["id"], known["digest"]
    known["at"] = f"{deed.at:%Y-%m-%dT%H:%M:%S.%f}"
    known["args"] = list(deed.args)
    known["detail"] = dict(deed.detail)
    text = json.dumps(known, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(text.encode()).hexdigest()


async def head(journal: Journal) -> tuple[int, str]:
    """Number and digest of the last deed; (0, "") before the first."""
    return _head(await journal.first(Cursor, name=HEAD))


async def walk(journal: Journal) -> AsyncIterator[str]:
    """What is wrong with the chain, from its beginning, a sentence each; nothing where it holds.
    About 10,000 deeds a second."""
    number, digest = 0, ""
    until, end = await head(journal)
    while True:
        deeds = await journal.read(Deed, number__gt=number, order="number", limit=PAGE)
        for deed in deeds:
            if wrong := _break(deed, number, digest):
                yield wrong
            number, digest = deed.number, deed.digest
        if len(deeds) < PAGE:
            break
    if not until and not number:
        return
    if until > number:
        yield f"deed {_range(number + 1, until)} is missing: the chain ends at {number}"
    elif (until, end) != (number, digest) and await head(journal) == (until, end):
        yield f"deed {number} was put in or changed: the last one recorded was {until or 'none'}"


def _break(deed: Deed, number: int, digest: str) -> str:
    """What is wrong between a deed and the one before it; "" where it follows."""
    when = f"{deed.at:%Y-%m-%d %H:%M:%S} UTC"
    if deed.number < 1:
        return f"deed {deed.number} of {when} was put in before the first"
    if deed.number != number + 1:
        return f"deed {_range(number + 1, deed.number - 1)} is missing"
    if digest_of(deed) != deed.digest:
        return f"deed {deed.number} of {when} was changed: it is not what its digest says"
    if deed.previous != digest:
        before = f"deed {number}" if number else "nothing"
        return f"deed {deed.number} of {when} does not follow {before}: one of them was put in"
    return ""


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first} to {last}"


def _head(row: Cursor | None) -> tuple[int, str]:
    number, _, digest = row.value.partition(":") if row else ("", "", "")
    return (int(number), digest) if number.isdigit() else (0, "")


def without_secrets(verb: str, args: Sequence[str]) -> tuple[str, ...]:
    """The words of a command, codes and invitations hidden."""
    words = [HIDDEN if INVITED.fullmatch(arg.upper()) else arg[:SAID] for arg in args]
    if words and verb not in AMOUNTS and CODE.fullmatch(words[-1]):
        words[-1] = HIDDEN
    return tuple(words)


def concerns(deed: Deed, signal_id: int) -> bool:
    return card_subject(signal_id) in deed.subjects.split()


def _counts(verb: Verb | None, request: Request, state: RequestState) -> bool:
    """What changes something, is private, failed, or was refused to somebody."""
    if verb is None:
        return False
    if rights.needed(verb, request.args) is not Role.VIEWER or verb.private:
        return True
    return state is RequestState.FAILED


def _subjects(request: Request) -> list[str]:
    """The signals a decision is about."""
    if request.verb not in OF_SIGNALS:
        return []
    numbers = (arg.lstrip("#") for arg in request.args)
    return [card_subject(int(n)) for n in numbers if re.fullmatch(r"[0-9]{1,15}", n)]


async def _came_of(desk: Desk, request: Request, subjects: Iterable[str]) -> dict[str, Any]:
    """How the signals stand now that it is done, with their orders."""
    detail: dict[str, Any] = {"request": request.id, "name": desk.operator_name(request.operator)}
    if request.payload.get("pressed"):
        detail["pressed"] = True
    for subject in subjects:
        number = int(subject.partition(":")[2])
        signal = await desk.journal.first(Signal, id=number)
        if signal is None:
            continue
        stands = {"state": signal.state.value, "by": signal.decided_by, "note": signal.note}
        order = await desk.journal.first(Order, signal_id=number, order="-id")
        if order is not None:
            stands |= {
                "order": order.key,
                "quantity": str(order.quantity),
                "price": str(order.reference),
            }
        detail[subject] = {name: value for name, value in stands.items() if value}
    return detail


def _clean(text: str) -> str:
    """As both databases keep it, so that the digest is of what is kept."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
