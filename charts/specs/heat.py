"""A heat map as a JSON-able spec: one figure for each pair of two parameters' values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from charts.reading import Node
from charts.specs.heading import check_theme
from trading.errors import DataError

MOST = 60  # values of one parameter; more cells could not be told apart on a phone

Cells = Sequence[Sequence[float | None]]


@dataclass(frozen=True, slots=True)
class HeatSpec:
    """`cells[row][column]` belongs to `rows[row]` and `columns[column]`; None is unknown.

    Without `rows` (and `row_name`) there is one row of cells, drawn as bars. Figures are written
    with `decimals` and `unit`; `best` is the (row, column) that gets a frame.
    """

    title: str
    column_name: str
    columns: Sequence[str]
    cells: Cells
    subtitle: str = ""
    row_name: str = ""
    rows: Sequence[str] = ()
    metric: str = ""
    decimals: int = 2
    unit: str = ""
    best: tuple[int, int] | None = None
    best_name: str = "best"
    theme: str = "dark"

    def __post_init__(self) -> None:
        """Raises DataError where the parts do not fit each other."""
        high, wide = max(1, len(self.rows)), len(self.columns)
        if not wide or wide > MOST or high > MOST:
            raise DataError(f"heat: {wide} columns, {high} rows; expected 1 to {MOST} of each")
        if len(self.cells) != high or any(len(row) != wide for row in self.cells):
            raise DataError(f"heat: the cells are not {high} rows of {wide}")
        if any(v is not None and not isfinite(v) for row in self.cells for v in row):
            raise DataError("heat: a cell is not a number; leave it out as None")
        if self.best and not (0 <= self.best[0] < high and 0 <= self.best[1] < wide):
            raise DataError(f"heat: there is no cell {self.best} to be the best")
        if not 0 <= self.decimals <= 8:
            raise DataError(f"heat: decimals is {self.decimals}; expected 0 to 8")
        check_theme("heat", self.theme)

    def to_json(self) -> dict[str, Any]:
        plain = {name: getattr(self, name) for name in self.__slots__}
        for name in ("columns", "rows"):
            plain[name] = list(plain[name])
        plain["cells"] = [
            [None if v is None else float(f"{v:.6g}") for v in row] for row in self.cells
        ]
        plain["best"] = None if self.best is None else list(self.best)
        return plain

    @classmethod
    def from_json(cls, spec: Mapping[str, Any]) -> "HeatSpec":
        """Raises DataError with the place of what is wrong or misspelt."""
        node = Node.of("heat spec", spec)
        node.expect(*cls.__slots__)
        best = node.items("best") if spec.get("best") is not None else []
        if best and (len(best) != 2 or not all(type(place) is int for place in best)):
            raise node.wrong("best", "should be a row and a column")
        decimals = node.whole("decimals")
        return cls(
            title=node.text("title"),
            column_name=node.text("column_name"),
            columns=node.texts("columns"),
            cells=tuple(_row(node, i, row) for i, row in enumerate(node.items("cells"))),
            subtitle=node.text("subtitle", ""),
            row_name=node.text("row_name", ""),
            rows=node.texts("rows"),
            metric=node.text("metric", ""),
            decimals=2 if decimals is None else decimals,
            unit=node.text("unit", ""),
            best=(best[0], best[1]) if best else None,
            best_name=node.text("best_name", "best"),
            theme=node.text("theme", "dark"),
        )


def _row(node: Node, place: int, row: object) -> tuple[float | None, ...]:
    if not isinstance(row, (list, tuple)):
        raise node.wrong(f"cells[{place}]", "should be a list of numbers")
    inner = Node(f"{node.place}: cells[{place}]", {str(i): v for i, v in enumerate(row)})
    return tuple(inner.optional_number(str(i)) for i in range(len(row)))
