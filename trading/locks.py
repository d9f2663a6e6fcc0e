"""Locks: what may not be entered for a while, and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from trading.types import Side

KINDS = ("symbol", "strategy", "side")


@dataclass(frozen=True, slots=True)
class Scope:
    """The entries a lock keeps out: those that match all that is given; "" matches any."""

    symbol: str = ""
    strategy: str = ""
    side: str = ""  # "buy" or "sell"

    @classmethod
    def parse(cls, text: str) -> Self:
        """`symbol:AAPL strategy:dip`, as `str` writes it; "" is every entry. ValueError for what
        is none: a lock nobody can read must not pass for one that keeps nothing out."""
        found: dict[str, str] = {}
        for word in text.split():
            kind, _, name = word.partition(":")
            if kind not in KINDS or not name or kind in found:
                raise ValueError(f"{text!r} is no scope of a lock")
            found[kind] = name
        if found.get("side", "buy") not in (Side.BUY.value, Side.SELL.value):
            raise ValueError(f"{text!r} is no scope of a lock")
        return cls(**found)

    def __str__(self) -> str:
        pairs = zip(KINDS, (self.symbol, self.strategy, self.side), strict=True)
        return " ".join(f"{kind}:{name}" for kind, name in pairs if name)

    def covers(self, symbol: str, strategy: str, side: Side) -> bool:
        return (
            self.symbol in ("", symbol)
            and self.strategy in ("", strategy)
            and self.side in ("", side.value)
        )


@dataclass(frozen=True, slots=True)
class Lock:
    """No entry of `scope` until it ends by itself or somebody lifts it."""

    scope: str  # as `Scope` writes it
    reason: str
    by: str  # "operator:42", "cooldown", the protection that did it
    at: datetime  # market time
    until: datetime | None = None  # market time; None: until it is lifted
    lifted_by: str = ""
    lifted_at: datetime | None = None  # market time
    id: int = 0
    version: int = 0

    def holds(self, at: datetime) -> bool:
        return self.lifted_at is None and (self.until is None or at < self.until)
