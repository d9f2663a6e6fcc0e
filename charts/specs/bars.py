"""One bar a row, by day, week or month, or by name, as a JSON-able spec."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal, get_args

from charts.reading import Node
from charts.specs.heading import check_theme, heading, heading_json
from trading.errors import DataError

MOST_COLUMNS = 120
MOST_ROWS = 16

Stand = Literal["columns", "rows"]


@dataclass(frozen=True, slots=True)
class BarsSpec:
    """`rows` are (label, net), drawn from left to right with their total and mean.

    `stand="rows"` lays them from top to bottom with every figure, for names rather than times.
    """

    rows: Sequence[tuple[str, float]]
    title: str
    subtitle: str = ""
    currency: str = "USD"
    stand: Stand = "columns"
    theme: str = "dark"

    def __post_init__(self) -> None:
        if self.stand not in get_args(Stand):
            raise DataError(
                f"bars: stand is {self.stand!r}; expected {' or '.join(get_args(Stand))}"
            )
        most = MOST_COLUMNS if self.stand == "columns" else MOST_ROWS
        if len(self.rows) > most:
            raise DataError(f"bars: {len(self.rows)} {self.stand}; at most {most} fit")
        for label, net in self.rows:
            if not isfinite(net):
                raise DataError(f"bars: the net of {label} is not a number")
        check_theme("bars", self.theme)

    def to_json(self) -> dict[str, Any]:
        rows = [[label, str(net)] for label, net in self.rows]
        return {"rows": rows, "stand": self.stand, **heading_json(self)}

    @classmethod
    def from_json(cls, spec: Mapping[str, Any]) -> "BarsSpec":
        """Raises DataError with the place of what is wrong or misspelt."""
        node = Node.of("bars spec", spec)
        node.expect(*cls.__slots__)
        return cls(
            rows=tuple((row.text("0"), row.number("1")) for row in node.pairs("rows")),
            stand=node.text("stand", "columns"),  # type: ignore[arg-type]  # checked on construction
            **heading(node),
        )
