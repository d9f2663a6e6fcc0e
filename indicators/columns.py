"""What indicators and strategies need of a panel, without knowing where it is stored."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trading.bars import Bars, Floats


class Columns(Protocol):
    """Many instruments' bars stacked by symbol, each oldest first; `market.Panel` is one.

    Instrument i has the rows offsets[i] : offsets[i + 1] of every column.
    """

    @property
    def symbols(self) -> tuple[str, ...]: ...
    @property
    def offsets(self) -> NDArray[np.int64]: ...
    @property
    def ts(self) -> NDArray[np.datetime64]: ...
    @property
    def open(self) -> Floats: ...
    @property
    def high(self) -> Floats: ...
    @property
    def low(self) -> Floats: ...
    @property
    def close(self) -> Floats: ...
    @property
    def volume(self) -> Floats: ...
    def __getitem__(self, symbol: str) -> Bars: ...
