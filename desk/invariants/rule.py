"""What an invariant is made of: a rule that reads the facts, and what it finds."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from desk.desk import Desk
from trading.ports import Broker, Journal

F = TypeVar("F")

#: Facts read at a time, so that a check of a large desk needs little memory.
PAGE = 2_000

#: Each sentence says what is wrong with which fact; the same words while it stays so.
Sentences = AsyncIterator[str]


@dataclass(frozen=True, slots=True)
class Finding:
    rule: str  # a name in RULES
    text: str
    advice: str


@dataclass(frozen=True, slots=True)
class Rule:
    """`facts` reads the journal alone, `broker` compares it with one broker (BrokerError where
    that is away); one of the two is given. `always`: it holds at every commit, whatever is under
    way or has died; the others once the house had time to act."""

    name: str
    statement: str
    advice: str
    facts: Callable[[Desk], Sentences] | None = None
    broker: Callable[[Desk, Broker], Sentences] | None = None
    always: bool = False


async def pages(journal: Journal, kind: type[F], /, **where: Any) -> AsyncIterator[list[F]]:
    """Every fact of a kind by id, some thousand at a time."""
    last = 0
    while rows := await journal.read(kind, id__gt=last, limit=PAGE, **where):
        yield rows
        last = rows[-1].id  # type: ignore[attr-defined]


def moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else "no time"
