"""A replay against buy and hold as a JSON-able spec."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charts.reading import Node, significant
from charts.specs.heading import check_theme, heading, heading_json
from trading.bars import Floats
from trading.errors import DataError


@dataclass(frozen=True, slots=True, eq=False)
class ReplaySpec:
    """Equity of a replay against buy and hold, the drawdown of both below; shapes (n,), one value
    a session's close. `capital` is where both began, before the first session."""

    ts: NDArray[np.datetime64]
    equity: Floats
    hold: Floats
    capital: float
    title: str
    subtitle: str = ""
    currency: str = "USD"
    theme: str = "dark"

    def __post_init__(self) -> None:
        if not len(self.ts) == len(self.equity) == len(self.hold) or not len(self.ts):
            sizes = f"{len(self.ts)} days, {len(self.equity)} and {len(self.hold)} values"
            raise DataError(f"replay: {sizes}; expected one of each a session, and at least one")
        if not (np.diff(self.ts) > np.timedelta64(0, "us")).all():
            raise DataError("replay: the days are not in order of time")
        if not (np.isfinite(self.equity).all() and np.isfinite(self.hold).all()):
            raise DataError("replay: a value of equity is not a number")
        if not (isfinite(self.capital) and self.capital > 0):
            raise DataError(f"replay: capital is {self.capital}; expected more than zero")
        check_theme("replay", self.theme)

    def to_json(self) -> dict[str, Any]:
        """Values to eight significant digits."""
        return {
            "ts": [str(t) for t in self.ts.astype("datetime64[D]")],
            "equity": significant(self.equity, 8),
            "hold": significant(self.hold, 8),
            "capital": self.capital,
            **heading_json(self),
        }

    @classmethod
    def from_json(cls, spec: Mapping[str, Any]) -> "ReplaySpec":
        """Raises DataError with the place of what is wrong or misspelt."""
        node = Node.of("replay spec", spec)
        node.expect(*cls.__slots__)
        return cls(
            ts=node.times("ts"),
            equity=node.series("equity"),
            hold=node.series("hold"),
            capital=node.number("capital"),
            **heading(node),
        )
