"""Scope: what a halt or a square-off is about: everything, a strategy, a broker, an instrument."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from trading.orders import Order

EVERYTHING = ("all", "everything")


class Kind(StrEnum):
    DESK = "desk"
    STRATEGY = "strategy"
    BROKER = "broker"
    SYMBOL = "symbol"


@dataclass(frozen=True, slots=True)
class Scope:
    """Of everything without a name."""

    kind: Kind = Kind.DESK
    name: str = ""

    @property
    def key(self) -> str:
        """The name of its latch, "desk" or "strategy:dip"."""
        return f"{self.kind.value}:{self.name}" if self.name else Kind.DESK.value

    @property
    def args(self) -> tuple[str, ...]:
        """As a command names it; a button carries them."""
        return (self.kind.value, self.name) if self.name else ()

    @property
    def words(self) -> str:
        """ "everything", "strategy dip", "broker paper", "AAPL"."""
        if not self.name:
            return "everything"
        return self.name if self.kind is Kind.SYMBOL else f"{self.kind.value} {self.name}"

    @property
    def is_latched(self) -> bool:
        """An instrument has no latch of its own: its entries are locked."""
        return self.kind is not Kind.SYMBOL

    def covers(self, order: Order) -> bool:
        return self.has(order.strategy, order.broker, order.symbol)

    def has(self, strategy: str, broker: str, symbol: str) -> bool:
        own = {Kind.STRATEGY: strategy, Kind.BROKER: broker, Kind.SYMBOL: symbol}
        return self.kind is Kind.DESK or own[self.kind] == self.name


ALL = Scope()


def of_key(key: str) -> Scope:
    """From `Scope.key`."""
    kind, _, name = key.partition(":")
    return Scope(Kind(kind), name) if name else ALL


@dataclass(frozen=True, slots=True)
class Named:
    """What words name: `scope` None where they name what nobody knows; `rest` is what follows, the
    reason of a halt."""

    scope: Scope | None
    rest: tuple[str, ...] = ()
    unknown: str = ""  # the word that named nothing


def read(words: Sequence[str], known: Collection[str]) -> Named:
    """`known` are the keys of the scopes there are. The first words may be "all", "strategy NAME",
    "broker NAME" or a name alone; a strategy goes before a broker of its name."""
    if not words:
        return Named(ALL)
    first, *rest = words
    word = first.lower()
    if word in EVERYTHING:
        return Named(ALL, tuple(rest))
    if word in (Kind.STRATEGY, Kind.BROKER):
        if not rest:
            return Named(None, (), word)
        found = _find(rest[0], known, Kind(word))
        return Named(found, tuple(rest[1:]), "" if found else f"{word} {rest[0]}")
    if word == Kind.SYMBOL and rest:
        return Named(Scope(Kind.SYMBOL, rest[0].upper()), tuple(rest[1:]))
    for kind in (Kind.STRATEGY, Kind.BROKER):
        if (found := _find(first, known, kind)) is not None:
            return Named(found, tuple(rest))
    return Named(None, tuple(rest), first)


def _find(name: str, known: Collection[str], kind: Kind) -> Scope | None:
    lowered = {key.lower(): key for key in known}
    key = lowered.get(f"{kind.value}:{name}".lower())
    return of_key(key) if key is not None else None


def listed(known: Collection[str]) -> str:
    """ "strategies dip, gap; broker paper"."""
    parts = []
    for kind, word in ((Kind.STRATEGY, "strateg"), (Kind.BROKER, "broker")):
        names = sorted(of_key(key).name for key in known if of_key(key).kind is kind)
        ending = {Kind.STRATEGY: ("y", "ies"), Kind.BROKER: ("", "s")}[kind][len(names) > 1]
        if names:
            parts.append(f"{word}{ending} {', '.join(names)}")
    return "; ".join(parts) or "neither a strategy nor a broker"
