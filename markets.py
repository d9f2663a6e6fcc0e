"""Universes and candle feeds as the settings describe them, and fetching from the command line."""

from typing import TYPE_CHECKING

from folder import bars_folder, instruments_file, prepare
from settings import Settings
from trading.clocks import SystemClock
from trading.errors import ConfigError
from trading.universes import BLACKLIST, WATCHLIST, Universe

if TYPE_CHECKING:
    from market.crypto import CandleFeed


def universes(settings: Settings) -> dict[str, Universe]:
    """Raises ConfigError for a strategy whose universe nobody defined."""
    for taken in (WATCHLIST, BLACKLIST):
        if taken in settings.universes:
            raise ConfigError(f"a universe {taken!r} is kept by /{taken}: give yours another name")
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


def candle_feeds(settings: Settings) -> "dict[str, CandleFeed]":
    """By name. Raises ConfigError for daily candles of markets that trade when the desk's own
    exchange does not: its feed would meet bars on days without a session."""
    from market.crypto import CandleFeed, Source
    from market.exchanges import CRYPTO, named
    from market.stores import Stores

    folder = Stores(bars_folder(settings), named(settings.calendar)).folder(CRYPTO)
    feeds = {}
    for name, chosen in settings.candles.items():
        if chosen.timeframe == "1d" and named(settings.calendar) != CRYPTO:
            raise ConfigError(
                f"setting 'candles.{name}': crypto trades every day, and this desk keeps the "
                f'sessions of {settings.calendar}: set calendar = "{CRYPTO}"'
            )
        source = Source(name=name, **dict(chosen))
        feeds[name] = CandleFeed(source, folder, instruments_file(settings))
    return feeds


async def fetch_report(settings: Settings, name: str) -> tuple[str, bool]:
    """Fetch what is new; a line a symbol, and whether one of them had trouble."""
    from stamina.instrumentation import set_on_retry_hooks

    feeds = candle_feeds(settings)
    if name not in feeds:
        known = ", ".join(feeds) or "none; add [candles.NAME] to quarterdeck.toml"
        raise ConfigError(f"no candle feed is called {name!r}; the settings have: {known}")
    prepare(settings)
    set_on_retry_hooks([])  # a line a retry is for a log, not for a person at a terminal
    fetched = await feeds[name].fetch(SystemClock().now())
    return "\n".join(one.text() for one in fetched.came), bool(fetched.troubled)
