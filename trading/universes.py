"""Which instruments may be entered: universes, their members week by week, the operator's lists."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from trading.types import Instrument

WATCHLIST: Literal["watchlist"] = "watchlist"
BLACKLIST: Literal["blacklist"] = "blacklist"

#: The sessions whose traded value is compared: about a quarter of a year of them.
SESSIONS = 60


@dataclass(frozen=True, slots=True)
class Universe:
    """Instruments of the book that meet every condition given; "", 0 and () ask for nothing."""

    name: str
    symbols: tuple[str, ...] = ()
    exchange: str = ""
    sector: str = ""
    currency: str = ""
    top: int = 0  # the most liquid so many, by median traded value
    watch: bool = False  # only what is on the watchlist

    def candidates(
        self, instruments: Iterable[Instrument], watched: Collection[str]
    ) -> list[Instrument]:
        """Those that meet every condition but `top`, in the order given."""
        return [one for one in instruments if self._admits(one, watched)]

    def _admits(self, one: Instrument, watched: Collection[str]) -> bool:
        return (
            (not self.symbols or one.symbol in self.symbols)
            and (not self.watch or one.symbol in watched)
            and all(
                not wanted or wanted.casefold() == has.casefold()
                for wanted, has in (
                    (self.exchange, one.exchange),
                    (self.sector, one.sector),
                    (self.currency, one.currency),
                )
            )
        )

    @property
    def rule(self) -> str:
        """How its members are chosen, in words: "the 50 most traded, sector Technology"."""
        parts = [
            f"the {self.top} most traded by median of {SESSIONS} sessions" if self.top else "",
            "on the watchlist" if self.watch else "",
            f"of {len(self.symbols)} named" if self.symbols else "",
            f"exchange {self.exchange}" if self.exchange else "",
            f"sector {self.sector}" if self.sector else "",
            f"in {self.currency}" if self.currency else "",
        ]
        return ", ".join(part for part in parts if part) or "every instrument of the book"

    @property
    def definition(self) -> str:
        """The rule and the names it gives: what a selection is recorded under."""
        return f"{self.rule}: {' '.join(self.symbols)}" if self.symbols else self.rule


@dataclass(frozen=True, slots=True)
class Selection:
    """The members of a universe with `top` for the week after `session`; recorded once, by the
    first job or scan that needs them. Unique per (universe, session, rule)."""

    universe: str
    session: date  # the last one whose bars were looked at
    rule: str  # the universe's `definition` then
    at: datetime  # market time
    symbols: tuple[str, ...] = ()  # the most traded first
    values: Mapping[str, float] = field(default_factory=dict)  # median traded value, in currency
    id: int = 0


@dataclass(frozen=True, slots=True)
class Listing:
    """An operator put an instrument on a list of theirs, or took it off; the latest one holds."""

    name: str  # WATCHLIST or BLACKLIST
    symbol: str
    listed: bool
    by: str  # "operator:42"
    at: datetime  # market time
    reason: str = ""
    id: int = 0
