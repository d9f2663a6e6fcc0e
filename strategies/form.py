"""What a strategy must have before anything asks it about bars."""

import re
from typing import Any

from trading.bars import Drawing, Strategy
from trading.types import Holding, Moment

TIMEFRAMES = ("1d", "1w")
MOST_WARMUP = 2_000  # eight years of daily bars; a scan reads that many of every instrument
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")  # it stands in job names, commands and settings


def misfit(strategy: Any) -> str | None:
    """The first thing that is missing or cannot work, as one line without the strategy's name."""
    for part in _parts():
        if not hasattr(strategy, part):
            return f"it has no {part!r}; a strategy has {', '.join(_parts())}"
    expected: dict[str, type | tuple[type, ...]] = {
        "name": str,
        "timeframe": str,
        "warmup": int,
        "decides": Moment,
        "holds": Holding,
        "drawing": Drawing,
    }
    for part, kind in expected.items():
        value = getattr(strategy, part)
        if not isinstance(value, kind) or isinstance(value, bool):
            wanted = getattr(kind, "__name__", str(kind))
            return f"its {part} is {value!r}; expected {wanted}"
    if not NAME.fullmatch(strategy.name):
        return f"its name {strategy.name[:60]!r} is not lower-case letters, digits and underscores"
    if strategy.timeframe not in TIMEFRAMES:
        return f"its timeframe is {strategy.timeframe!r}; there are {', '.join(TIMEFRAMES)}"
    if not 1 <= strategy.warmup <= MOST_WARMUP:
        return f"its warmup is {strategy.warmup} bars; expected 1 to {MOST_WARMUP}"
    if strategy.timeframe == "1w" and strategy.decides is Moment.OPEN:
        return "it decides at the open of a week; weekly rules are read at the week's last close"
    if strategy.timeframe == "1w" and strategy.holds is Holding.SESSION:
        return "it holds a session on weekly bars; weekly strategies hold until their exit"
    return None


def _parts() -> list[str]:
    return [name for name in vars(Strategy) if not name.startswith("_")]
