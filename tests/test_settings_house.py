"""What the parts of the house would die of, one after another, is refused before it starts."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

import house
from folder import instruments_file, prepare
from market.sample import sample_instruments
from settings import load
from tests.test_settings import TOKEN, clean, refusal

__all__ = ["clean"]  # an empty folder to stand in, for every test

COINS = {"exchange": "binance", "quote": "USDT"}
WATCHED = {"folder": "."}


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"telegram_token": "123456:has space"}, "the Telegram token is not like 123456789:ABC…"),
        ({"telegram_token": "secret"}, "the Telegram token is not like 123456789:ABC…"),
        ({"redis": "http://:secret@x"}, "setting 'redis' is an address like redis://host:6379/0"),
        ({"redis": "redis://:secret@h:a/0"}, "setting 'redis' is an address like redis://host"),
        ({"paper": "tcp://:secret@h:99999"}, "setting 'paper' is an address like tcp://"),
        ({"database": "mysql://u:secret@h/x"}, "setting 'database' is an address like postgres://"),
        ({"database": "nonsense"}, "setting 'database' is an address like postgres://"),
        ({"database": "postgres://u:secret@h:a/x"}, "setting 'database' is an address like postg"),
        ({"database": "sqlite://"}, "a database in memory is lost at exit"),
        (
            {"strategies": {"mean_reversion": {"universe": "lquid"}}},
            "setting 'strategies.mean_reversion.universe' = 'lquid': there is no such universe",
        ),
        ({"universes": {"watchlist": {"top": 1}}}, "a universe 'watchlist' is kept by /watchlist"),
        ({"candles": {"coins": COINS}}, "setting 'candles.coins': crypto trades every day"),
        (
            {"jobs": {"candles:coins": {"when": "10 0 * * * UTC"}}},
            "job 'candles:coins': no candle feed is called 'coins'; there are: none",
        ),
        (
            {"imports": WATCHED | {"zone": "Mars/Phobos"}},
            "setting 'imports.zone' = 'Mars/Phobos': no time zone is called 'Mars/Phobos'",
        ),
        ({"imports": WATCHED | {"exchange": "NOPE"}}, "setting 'imports.exchange' = 'NOPE': "),
        (
            {"imports": WATCHED | {"actions": "gone.csv"}},
            "setting 'imports.actions' = 'gone.csv': no such file",
        ),
    ],
)
def test_it_is_one_line_before_anything_starts(given: Any, line: str):
    settings = load(**{"telegram_token": TOKEN} | given)
    prepare(settings)
    sample_instruments().save(instruments_file(settings))
    said = refusal(lambda: asyncio.run(house.run_house(settings)))
    assert said.startswith(line)
    assert "secret" not in said
    assert not Path("quarterdeck-data", "supervisor.lock").exists()


def test_a_byte_order_mark_is_named():
    Path("quarterdeck.toml").write_text("\ufefftheme = 'dark'\n", "utf-8")
    assert refusal() == (
        "quarterdeck.toml is no TOML: it begins with a byte order mark; save it as UTF-8 without "
        "one"
    )
