"""The strategies this desk knows, by name."""

from collections.abc import Mapping
from types import MappingProxyType

from strategies.mean_reversion import MeanReversion
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


#: A new strategy is one file beside this one and one entry here.
STRATEGIES: Mapping[str, Strategy] = register(MeanReversion())


def find(name: str) -> Strategy:
    """ConfigError names those that exist."""
    if name not in STRATEGIES:
        raise ConfigError(f"no strategy is called {name!r}; there is {', '.join(STRATEGIES)}")
    return STRATEGIES[name]
