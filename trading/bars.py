"""Bars as contiguous arrays, and what a strategy answers about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from trading.types import Holding, Moment

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """One instrument's bars, oldest first; each array has shape (n,) and is a view, never a copy.

    `ts` is the bar's open time in UTC (datetime64[us]); a daily bar carries its session date at
    00:00. Prices are in the instrument's currency, volume in units.
    """

    symbol: str
    ts: NDArray[np.datetime64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.close)

    def __getitem__(self, window: slice) -> "Bars":
        return Bars(self.symbol, *(getattr(self, f.name)[window] for f in fields(self)[1:]))

    def frame(self) -> "pd.DataFrame":
        """The same bars as a pandas frame indexed by ts, for those who prefer tables."""
        import pandas as pd

        columns = {f.name: getattr(self, f.name) for f in fields(self)[2:]}
        return pd.DataFrame(columns, index=pd.DatetimeIndex(self.ts, name="ts", tz="UTC"))


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """A strategy's answer for every bar: conditions, not remembered positions. Shapes (n,)."""

    enter: NDArray[np.int8]  # +1 long, -1 short, 0 nothing
    exit: NDArray[np.bool_]
    strength: Floats  # larger is better; ranks the entries of one scan
    stop: Floats  # price, NaN where there is none
    features: Mapping[str, Floats]  # the indicator values that explain the answer


@dataclass(frozen=True, slots=True)
class Lower:
    """A feature drawn under the price, with its thresholds; `low` and `high` fix the axis."""

    name: str
    feature: str
    lines: tuple[float, ...] = ()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Drawing:
    """Which features a strategy's chart shows, by the name the reader sees.

    `overlays` lie on the price: one feature is a line, three are a band's low, middle, high.
    """

    overlays: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    panels: tuple[Lower, ...] = ()


class Strategy(Protocol):
    """One file in `strategies/`. `rules` is pure, causal and needs at most `warmup` bars back."""

    @property
    def name(self) -> str: ...
    @property
    def timeframe(self) -> str: ...  # "1d"
    @property
    def warmup(self) -> int: ...
    @property
    def decides(self) -> Moment: ...
    @property
    def holds(self) -> Holding: ...
    @property
    def drawing(self) -> Drawing: ...
    def rules(self, bars: Bars) -> Rules: ...
    def explain(self, features: Mapping[str, float]) -> str:
        """The reason in one line a trader would say, from the features of one bar."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What a strategy says of one instrument on one bar; a scan or a replay hands these in."""

    symbol: str
    bar: np.datetime64
    since: np.datetime64  # the bar on which the present run of `enter` began
    enter: int
    exit: bool
    strength: float
    price: float
    stop: float | None
    features: Mapping[str, float]
