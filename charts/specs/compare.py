"""Strategies side by side as a JSON-able spec: cumulative P&L, and P&L by month."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from charts.pieces import PnlDay
from charts.reading import Node
from charts.specs.heading import (
    Month,
    check_days,
    check_months,
    check_theme,
    days_json,
    heading,
    heading_json,
    read_days,
)
from trading.errors import DataError

MOST_LINES = 12


@dataclass(frozen=True, slots=True)
class CompareSpec:
    """`lines[name]` is a strategy's cumulative net at the end of each day (a day it lacks keeps the
    value before it); `months[name]` its net by month ("2026-02"). At most 12 strategies.
    """

    lines: Mapping[str, Sequence[PnlDay]]
    months: Mapping[str, Sequence[Month]]
    title: str
    subtitle: str = ""
    currency: str = "USD"
    theme: str = "dark"

    def __post_init__(self) -> None:
        if len(self.lines) > MOST_LINES:
            raise DataError(f"compare: {len(self.lines)} strategies; at most {MOST_LINES} fit")
        for name, days in self.lines.items():
            check_days(f"compare: {name}", days)
        for name, months in self.months.items():
            if name not in self.lines:
                raise DataError(f"compare: {name} has months but no line")
            check_months(f"compare: {name}", months)
        check_theme("compare", self.theme)

    def to_json(self) -> dict[str, Any]:
        months = {k: [[month, str(net)] for month, net in v] for k, v in self.months.items()}
        lines = {name: days_json(days) for name, days in self.lines.items()}
        return {"lines": lines, "months": months, **heading_json(self)}

    @classmethod
    def from_json(cls, spec: Mapping[str, Any]) -> "CompareSpec":
        """Raises DataError with the place of what is wrong or misspelt."""
        node = Node.of("compare spec", spec)
        node.expect(*cls.__slots__)
        lines, months = node.node("lines"), node.node("months", {})
        return cls(
            lines={name: read_days(lines, name) for name in lines.fields},
            months={
                name: tuple((pair.text("0"), pair.number("1")) for pair in months.pairs(name))
                for name in months.fields
            },
            **heading(node),
        )
