"""What the heavy lane's jobs need besides the desk; the doors never load it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from market.crypto import CandleFeed
from market.store import BarStore
from trading.bars import Strategy


@dataclass(frozen=True, slots=True)
class Research:
    """Bars and rules. A job that needs more adds a field here, which `wiring` or the process
    that opens the lane fills."""

    store: BarStore
    strategies: Mapping[str, Strategy]
    candles: Mapping[str, CandleFeed] = field(default_factory=dict)  # by the name in the settings
