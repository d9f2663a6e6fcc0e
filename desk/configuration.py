"""The settings as a desk shows them: what is in force, and what a file that was changed says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Item:
    """One setting in force; a secret's value is masked already."""

    key: str  # "limits.drift"
    value: str
    usual: str  # what it is where nobody says; "" where there is nothing

    @property
    def group(self) -> str:
        return self.key.partition(".")[0]

    @property
    def differs(self) -> bool:
        return self.value != self.usual


class Way(StrEnum):
    """Whether a change makes the desk safer."""

    TIGHTENS = "tightens"
    LOOSENS = "loosens"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Change:
    key: str
    before: str  # "" is not there
    after: str
    way: Way


class Configuration(Protocol):
    """The settings a process began with."""

    def items(self) -> Sequence[Item]: ...

    def reread(self) -> Sequence[Change]:
        """What the file says otherwise than what is in force. Changes nothing. Raises ConfigError
        for a file that cannot be used."""
        ...


#: Of numbers, less is safer; nothing at all is no limit.
_LESS = (
    "limits.*",
    "strategies.*.allocation",
    "strategies.*.position",
    "strategies.*.max_positions",
    "people.two_above",
    "operators.*.largest",
)
#: Of words, the safer first.
_RANKS: Mapping[str, Sequence[str]] = {
    "strategies.*.mode": ("manual", "veto", "auto"),
    "people.codes": ("required", "enrolled"),
    "operators.*.role": ("viewer", "trader", "owner"),
}
#: Whatever is there more lets more people in, or makes more trade.
_MORE = (
    "operators.*",
    "people.groups.*",
    "people.acting_in_groups.*",
    "strategies.*.mode",
)
#: Whatever becomes of it, more may be entered than before.
_WIDER = ("strategies.*.universe", "universes.*")


def way_of(key: str, before: str, after: str) -> Way:
    """Whether the change of one setting tightens; what is not known to, does not."""
    for pattern, order in _RANKS.items():
        if fnmatchcase(key, pattern) and before in order and after in order:
            return Way.TIGHTENS if order.index(after) < order.index(before) else Way.LOOSENS
    if any(fnmatchcase(key, pattern) for pattern in _LESS):
        then, now = _number(before), _number(after)
        return Way.TIGHTENS if now < then else Way.LOOSENS
    if any(fnmatchcase(key, pattern) for pattern in _MORE):
        return Way.TIGHTENS if before and not after else Way.LOOSENS
    return Way.LOOSENS if any(fnmatchcase(key, pattern) for pattern in _WIDER) else Way.OTHER


def _number(text: str) -> Decimal:
    """Nothing, and what is no number, is no limit."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        return Decimal("Infinity")
    return Decimal("Infinity") if found.is_nan() else found
