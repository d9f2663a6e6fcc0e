"""The strategies this desk knows, by name."""

from collections.abc import Mapping
from types import MappingProxyType

from strategies.intraday_gap_up import IntradayGapUp
from strategies.mean_reversion import MeanReversion
from strategies.swing_stochastic_rsi import SwingStochasticRsi
from strategies.weekly_trend import WeeklyTrend
from trading.bars import Strategy
from trading.errors import ConfigError


def register(*strategies: Strategy) -> Mapping[str, Strategy]:
    """Strategies by name; ConfigError if two share one."""
    known: dict[str, Strategy] = {}
    for strategy in strategies:
        if strategy.name in known:
            raise ConfigError(f"two strategies are called {strategy.name!r}; rename one")
        known[strategy.name] = strategy
    return MappingProxyType(known)


#: A new strategy of ours is one file beside this one and one entry here; see `folder` for others'.
STRATEGIES: Mapping[str, Strategy] = register(
    MeanReversion(), IntradayGapUp(), SwingStochasticRsi(), WeeklyTrend()
)


def find(name: str, known: Mapping[str, Strategy] = STRATEGIES) -> Strategy:
    """ConfigError names those that exist."""
    if name not in known:
        raise ConfigError(f"no strategy is called {name!r}; there are {', '.join(known)}")
    return known[name]
