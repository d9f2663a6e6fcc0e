"""What a trade loses between its signal and its books, as a JSON-able spec."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from charts.reading import Node
from charts.specs.heading import check_theme, heading
from trading.errors import DataError

MOST_ROWS = 12
STEPS = ("decision", "fill", "fees")


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Basis points of the signal's price, positive where they cost: until the decision, from there
    to the fill, and fees. `name` is a strategy or a broker."""

    name: str
    decision: float
    fill: float
    fees: float

    @property
    def steps(self) -> tuple[float, float, float]:
        return self.decision, self.fill, self.fees

    @property
    def total(self) -> float:
        return sum(self.steps)


@dataclass(frozen=True, slots=True)
class SlippageSpec:
    """Stacked bars of cost in basis points, a row for each strategy; at most 12 `rows`."""

    rows: Sequence[Shortfall]
    title: str
    subtitle: str = ""
    theme: str = "dark"

    def __post_init__(self) -> None:
        if len(self.rows) > MOST_ROWS:
            raise DataError(f"slippage: {len(self.rows)} rows; at most {MOST_ROWS} fit")
        for row in self.rows:
            if not all(isfinite(step) for step in row.steps):
                raise DataError(f"slippage: a figure of {row.name} is not a number")
        check_theme("slippage", self.theme)

    def to_json(self) -> dict[str, Any]:
        """Each row is [name, decision, fill, fees], in basis points."""
        return {
            "rows": [[row.name, *(float(step) for step in row.steps)] for row in self.rows],
            "title": self.title,
            "subtitle": self.subtitle,
            "theme": self.theme,
        }

    @classmethod
    def from_json(cls, spec: Mapping[str, Any]) -> "SlippageSpec":
        """Raises DataError with the place of what is wrong or misspelt."""
        node = Node.of("slippage spec", spec)
        node.expect(*cls.__slots__)
        head = heading(node)
        del head["currency"]
        return cls(rows=tuple(_row(row) for row in node.lists("rows", 1 + len(STEPS))), **head)


def _row(row: Node) -> Shortfall:
    return Shortfall(row.text("0"), *(row.number(str(1 + i)) for i in range(len(STEPS))))
