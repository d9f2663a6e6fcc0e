"""Universes and candle feeds as the settings describe them, and fetching from the command line."""

from settings import Settings
from trading.errors import ConfigError
from trading.universes import WATCHLIST, Universe


def universes(settings: Settings) -> dict[str, Universe]:
    """Raises ConfigError for a strategy whose universe nobody defined."""
    if WATCHLIST in settings.universes:
        raise ConfigError("the universe 'watchlist' is kept by /watchlist: give yours another name")
    known = {
        name: Universe(name, **{**dict(chosen), "symbols": tuple(map(str.upper, chosen.symbols))})
        for name, chosen in settings.universes.items()
    }
    for name, plan in settings.strategies.items():
        if plan.universe not in ("", WATCHLIST, *known):
            raise ConfigError(
                f"setting 'strategies.{name}.universe' = {plan.universe!r}: there is no such "
                f"universe; known are: {', '.join([*known, WATCHLIST])}"
            )
    return known
