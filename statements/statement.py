"""What reading a file gives: facts by row, rows that were refused, rows that are none."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from zoneinfo import ZoneInfo

from trading.money import Action, Adjustment, Rate
from trading.orders import Fill

Fact = Fill | Adjustment | Action | Rate
LONGEST = 200  # characters of a refused row that are kept


@dataclass(frozen=True, slots=True)
class Terms:
    """What the operator said of a file, and what holds where neither he nor the file says."""

    zone: ZoneInfo  # of times that name none
    base: str  # currency of amounts that name none
    zone_said: bool = False
    account: str = ""
    strategy: str = ""
    currency: str = ""
    multiplier: Decimal | None = None
    dates: str = ""  # dmy, mdy, or as strptime has it: %d.%m.%Y %H:%M
    decimal: str = ""  # "," or "."; found where the file shows it
    columns: Mapping[str, str] = field(default_factory=dict)  # meaning -> the file's heading


@dataclass(frozen=True, slots=True)
class Refusal:
    line: int  # of the file, from 1; 0 where it has no lines
    reason: str
    row: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """The facts of one row: all go in, or none."""

    line: int
    facts: tuple[Fact, ...]
    row: str = ""


@dataclass(slots=True)
class Statement:
    """`rows` counts what was read, whatever became of it."""

    preset: str
    entries: list[Entry] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)  # rows that are no fact, by reason
    assumed: dict[str, None] = field(default_factory=dict)  # in the order they were first needed
    rows: int = 0

    def take(self, line: int, facts: tuple[Fact, ...], row: str = "") -> None:
        self.rows += 1
        self.entries.append(Entry(line, facts, row))

    def refuse(self, line: int, reason: str, row: str = "") -> None:
        self.rows += 1
        self.refused.append(Refusal(line, reason, row[:LONGEST]))

    def skip(self, reason: str) -> None:
        self.rows += 1
        self.skipped[reason] += 1

    def assume(self, what: str) -> None:
        self.assumed[what] = None


class Digests:
    """Ids for rows whose broker gave none: the same content has the same id in every file, and
    the second of two equal rows another."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def of(self, *parts: object) -> str:
        digest = hashlib.sha256("\x1f".join(map(_word, parts)).encode()).hexdigest()[:24]
        self._seen[digest] += 1
        return f"row:{digest}:{self._seen[digest]}"


def _word(part: object) -> str:
    return plain(part) if isinstance(part, Decimal) else str(part)


def plain(value: Decimal) -> str:
    """All its digits and no others: 41, not 41.00 nor 4.1E+1."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
