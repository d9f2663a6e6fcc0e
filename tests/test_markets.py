"""Universes and candle feeds as the settings describe them."""

import os
from datetime import date
from pathlib import Path

import pytest

import choices
import wiring
from market.calendars import RoundTheClock
from market.exchanges import CRYPTO
from markets import candle_feeds, fetch_report, universes
from settings import PREFIX, as_environment, load
from tests.market.binance import binance, too_often
from tests.market.fetching import series, stored
from trading.errors import ConfigError
from trading.universes import Universe

COINS = """
calendar = "24/7"
currency = "USDT"
[candles.coins]
exchange = "binance"
symbols = ["BTC/USDT"]
since = 2024-01-01
"""


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.upper().startswith(PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def written(text: str) -> None:
    Path("quarterdeck.toml").write_text(text)


def test_a_universe_is_what_the_settings_say_and_a_strategy_may_name_it():
    written(
        "[universes.liquid]\nsector = 'Technology'\ntop = 50\nsymbols = ['aapl']\n"
        "[strategies.mean_reversion]\nuniverse = 'liquid'\n"
    )
    settings = load()
    expected = Universe("liquid", symbols=("AAPL",), sector="Technology", top=50)
    assert universes(settings) == {"liquid": expected}
    known = wiring.known_strategies(wiring.strategy_files(settings))
    assert choices.plans(settings, dict(known))["mean_reversion"].universe == "liquid"


def test_a_strategy_may_always_name_the_watchlist():
    written("[strategies.mean_reversion]\nuniverse = 'watchlist'\n")
    assert universes(load()) == {}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "[strategies.mean_reversion]\nuniverse = 'moon'",
            "setting 'strategies.mean_reversion.universe' = 'moon': there is no such universe; "
            "known are: watchlist",
        ),
        ("[universes.watchlist]\ntop = 3", "a universe 'watchlist' is kept by /watchlist"),
        ("[universes.u]\ntop = -1", "setting 'universes.u.top' = '-1'"),
        ("[universes.u]\ntip = 1", "unknown setting 'universes.u.tip'; known are: currency, "),
        (
            "[candles.coins]\nexchange = 'binance'",
            "setting 'candles.coins' = \"{'exchange': 'binance'}\": say which markets: either",
        ),
        (
            "[candles.c]\nexchange = 'binance'\nquote = 'USDT'\ntimeframe = 'day'",
            "setting 'candles.c.timeframe' = 'day': string should match",
        ),
        (
            "[candles.c]\nexchange = 'binance'\nquote = 'USDT'",
            "setting 'candles.c': crypto trades every day, and this desk keeps the sessions of "
            'XNYS: set calendar = "24/7"',
        ),
        ("calendar = 'XATL'", "setting 'calendar' = 'XATL': no exchange 'XATL' is known"),
    ],
)
def test_what_makes_no_sense_is_one_line(text: str, line: str):
    written(text)
    with pytest.raises(ConfigError) as wrong:
        settings = load()
        universes(settings)
        candle_feeds(settings)
        wiring.calendar_of(settings)
    assert str(wrong.value).startswith(line)
    assert "\n" not in str(wrong.value)


def test_a_desk_that_never_closes_keeps_utc_days():
    written(COINS)
    assert isinstance(wiring.calendar_of(load()), RoundTheClock)
    assert RoundTheClock.NAME == CRYPTO


def test_a_child_process_reads_the_same_feeds_and_universes(monkeypatch: pytest.MonkeyPatch):
    written(COINS + "[universes.u]\ntop = 3\n")
    first = load()
    Path("quarterdeck.toml").unlink()
    for key, value in as_environment(first).items():
        monkeypatch.setenv(key, value)
    again = load()
    assert (again.candles, again.universes) == (first.candles, first.universes)
    assert candle_feeds(again)["coins"].source.since == date(2024, 1, 1)


async def test_fetching_says_what_came_of_each_symbol():
    async with binance({"BTCUSDT": {"1d": series(30)}}) as there:
        written(COINS + f"url = '{there.url}'\n")
        settings = load()
        text, troubled = await fetch_report(settings, "coins")
        assert (text, troubled) == ("BTC/USDT: 30 bars to 30 Jan 2024 00:00 UTC", False)
        assert await fetch_report(settings, "coins") == (
            "BTC/USDT: nothing new since 30 Jan 2024 00:00 UTC",
            False,
        )
    assert len(stored(settings.data / "market")) == 30
    with pytest.raises(ConfigError, match="no candle feed is called 'moons'; the settings have: c"):
        await fetch_report(settings, "moons")


async def test_retries_leave_no_lines_for_the_person_at_the_terminal(
    capsys: pytest.CaptureFixture[str],
):
    async with binance({"BTCUSDT": {"1d": series(3)}}) as there:
        there.faults = [too_often(0)]
        written(COINS + f"url = '{there.url}'\n")
        await fetch_report(load(), "coins")
    assert capsys.readouterr() == ("", "")
