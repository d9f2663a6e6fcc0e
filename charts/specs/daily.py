"""Days of profit and loss as JSON-able specs: the P&L picture and a digest's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

from charts.pieces import PnlDay
from charts.reading import Node
from charts.specs.heading import (
    check_days,
    check_theme,
    days_json,
    heading,
    heading_json,
    read_days,
)
from trading.errors import DataError

MOST_DAYS = 31  # in a digest's picture

Span = Literal["auto", "day", "week", "month"]


@dataclass(frozen=True, slots=True)
class PnlSpec:
    """Cumulative net P&L, bars and drawdown over `days` (ascending, one entry a day).

    Where `gross`, the days hold P&L before costs and the panels say so.
    """

    days: Sequence[PnlDay]
    title: str
    subtitle: str = ""
    currency: str = "USD"
    bars: Span = "auto"  # what one bar sums; auto keeps bars wide enough for a phone
    gross: bool = False
    theme: str = "dark"

    def __post_init__(self) -> None:
        check_days("pnl", self.days)
        if self.bars not in get_args(Span):
            raise DataError(f"pnl: bars is {self.bars!r}; expected {', '.join(get_args(Span))}")
        check_theme("pnl", self.theme)

    def to_json(self) -> dict[str, Any]:
        return {
            "days": days_json(self.days),
            **heading_json(self),
            "bars": self.bars,
            "gross": self.gross,
        }

    @classmethod
    def from_json(cls, spec: Mapping[str, Any]) -> "PnlSpec":
        """Raises DataError with the place of what is wrong or misspelt."""
        node = Node.of("pnl spec", spec)
        node.expect(*cls.__slots__)
        return cls(
            days=read_days(node),
            **heading(node),
            bars=node.text("bars", "auto"),  # type: ignore[arg-type]  # checked on construction
            gross=node.flag("gross", False),
        )


@dataclass(frozen=True, slots=True)
class DigestSpec:
    """Net P&L by day over cumulative net, for a digest: at most 31 `days`, ascending.

    `highlight` stands out with its figure; where it is None, all days are alike.
    """

    days: Sequence[PnlDay]
    title: str
    subtitle: str = ""
    currency: str = "USD"
    highlight: date | None = None
    theme: str = "dark"

    def __post_init__(self) -> None:
        check_days("digest", self.days)
        if len(self.days) > MOST_DAYS:
            raise DataError(f"digest: {len(self.days)} days; at most {MOST_DAYS} fit")
        if self.highlight is not None and self.highlight not in {d.day for d in self.days}:
            raise DataError(f"digest: {self.highlight} is to stand out but is none of the days")
        check_theme("digest", self.theme)

    def to_json(self) -> dict[str, Any]:
        return {
            "days": days_json(self.days),
            **heading_json(self),
            "highlight": self.highlight.isoformat() if self.highlight else "",
        }

    @classmethod
    def from_json(cls, spec: Mapping[str, Any]) -> "DigestSpec":
        """Raises DataError with the place of what is wrong or misspelt."""
        node = Node.of("digest spec", spec)
        node.expect(*cls.__slots__)
        return cls(
            days=read_days(node),
            **heading(node),
            highlight=node.day("highlight") if node.text("highlight", "") else None,
        )
