"""A data folder with a part of it damaged: one line that names the file, never a trace."""

import asyncio
from pathlib import Path

import pytest

import house
from brokers.paper_book import PaperBook
from folder import instruments_file, prepare
from market.instruments import InstrumentBook
from settings import load
from tests.test_settings import TOKEN, clean
from trading.errors import ConfigError, DataError, QuarterdeckError

__all__ = ["clean"]  # an empty folder to stand in, for every test


@pytest.mark.parametrize(
    "text", ["{", "[]", "3", "{}", '{"format": Infinity, "mode": "paper"}', '{"format": 1}']
)
def test_a_stamp_that_is_none(text: str):
    settings = load()
    prepare(settings)
    (settings.data / "format.json").write_text(text)
    with pytest.raises(ConfigError, match="format.json is damaged"):
        prepare(settings)


@pytest.mark.parametrize("text", ["{", "3", "[1]", '{"AAPL": 1}', "[{}]", '[{"symbol": "A"}]'])
def test_instruments_that_are_none(text: str):
    Path("instruments.json").write_text(text)
    with pytest.raises(DataError, match=r"instruments cannot be read from instruments.json: ."):
        InstrumentBook.load(Path("instruments.json"))


def test_the_house_does_not_start_over_damaged_instruments():
    settings = load(telegram_token=TOKEN)
    prepare(settings)
    instruments_file(settings).write_text("[1]")
    with pytest.raises(QuarterdeckError, match="instruments cannot be read from"):
        asyncio.run(house.run_house(settings))


def test_a_folder_where_the_paper_book_was():
    Path("paper.sqlite3").mkdir()
    with pytest.raises(ConfigError, match=r"paper book paper.sqlite3 cannot be opened"):
        PaperBook(Path("paper.sqlite3"))
