"""A watched folder: each new or changed file once, a half-written one later, a bad one told."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

import watched
from market.store import Merged
from market.stores import Stores
from settings import ImportSettings, Settings
from tests.test_intake import HEAD, daily, weekdays
from trading.errors import ConfigError

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Watch:
    def __init__(self, root: Path) -> None:
        self.folder = root / "drop"
        self.folder.mkdir()
        self.settings = Settings(data=root, imports=ImportSettings(folder=str(self.folder)))

    def put(self, name: str, text: str | bytes, age: float = 60.0) -> Path:
        """A file last written `age` seconds ago."""
        file = self.folder / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        then = NOW.timestamp() - age
        os.utime(file, (then, then))
        return file

    def look(self, after: float = 0.0) -> watched.Look:
        return watched.look(self.settings, NOW + timedelta(seconds=after))

    @property
    def stored(self) -> int:
        return Stores(self.settings.data / "market").store("XNYS").read().rows


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(tmp_path)


def test_a_file_is_taken_once_and_again_when_it_changed(watch: Watch) -> None:
    days = weekdays(6)
    watch.put("AAPL.csv", HEAD + daily(*days[:5]))
    first = watch.look()
    assert (first.taken, first.bars, first.session) == (1, Merged(added=5), days[4])
    assert first.text == "1 file: 5 bars new, 0 changed"
    assert not watched.news(watch.settings, NOW)
    assert watch.look().text == "no new file"
    watch.put("AAPL.csv", HEAD + daily(*days), age=30)
    assert watched.news(watch.settings, NOW)
    assert watch.look().bars == Merged(added=1, same=5)


def test_a_file_still_being_written_waits(watch: Watch) -> None:
    rows = HEAD + daily(*weekdays(5))
    watch.put("AAPL.csv", rows, age=1)
    assert not watched.news(watch.settings, NOW)
    assert watch.look().text == "no new file, 1 not whole yet"
    assert watch.look(after=10).taken == 1


def test_a_file_that_ends_in_mid_row_waits_for_its_end(watch: Watch) -> None:
    rows = HEAD + daily(*weekdays(5))
    watch.put("AAPL.csv", rows[:-3], age=60)
    assert watch.look().waiting == 1
    watch.put("AAPL.csv", rows, age=30)
    assert watch.look().taken == 1


def test_a_parquet_without_its_end_waits_and_is_refused_when_it_never_comes(watch: Watch) -> None:
    bars = pl.DataFrame({"ts": weekdays(5), **dict.fromkeys(("open", "high", "low", "close"), 1.0)})
    bars.write_parquet(watch.folder / ".draft")
    whole = (watch.folder / ".draft").read_bytes()
    watch.put("AAPL.parquet", whole[:-100], age=60)
    assert watch.look().waiting == 1
    [reason] = watch.look(after=900).refused
    assert reason.startswith("AAPL.parquet cannot be read")
    watch.put("AAPL.parquet", whole, age=-900)
    assert watch.look(after=1000).taken == 1


def test_a_bad_file_is_told_once_and_keeps_no_other_out(watch: Watch) -> None:
    watch.put("AAPL.csv", HEAD + daily(*weekdays(5)))
    watch.put("MSFT.csv", HEAD + "2024-01-02,1,1,1,x,1\n")
    found = watch.look()
    assert (found.taken, watch.stored) == (1, 5)
    assert found.refused == ("MSFT.csv line 2: close is 'x', which is no number",)
    assert not watched.news(watch.settings, NOW)
    assert watch.look().refused == ()
    watch.put("MSFT.csv", HEAD + daily(*weekdays(5)), age=30)
    assert watch.look().taken == 1


def test_what_there_is_no_time_for_waits(watch: Watch) -> None:
    for name in ("AAPL.csv", "MSFT.csv"):
        watch.put(name, HEAD + daily(*weekdays(5)))
    seconds = iter((0.0, 1.0, 100.0))
    found = watched.look(watch.settings, NOW, clock=lambda: next(seconds))
    assert (found.taken, found.waiting) == (1, 1)
    assert watch.look().taken == 1


def test_other_files_are_left_alone(watch: Watch) -> None:
    watch.put("notes.md", "hello")
    watch.put(".AAPL.csv.part", HEAD)
    watch.put("AAPL.csv.tmp", HEAD)
    (watch.folder / "older.csv").mkdir()
    assert watch.look().text == "no new file"


def test_a_book_that_is_damaged_only_costs_a_second_look(watch: Watch) -> None:
    watch.put("AAPL.csv", HEAD + daily(*weekdays(5)))
    watch.look()
    (watch.settings.data / "imports.json").write_text("{")
    assert watch.look().bars == Merged(same=5)


def test_a_folder_that_is_not_there(watch: Watch) -> None:
    settings = Settings(imports=ImportSettings(folder=str(watch.folder / "gone")))
    with pytest.raises(ConfigError, match=r"gone', is not there: make it, or change \[imports\]"):
        watched.look(settings, NOW)


def test_the_house_opens_on_what_the_folder_holds(watch: Watch) -> None:
    with pytest.raises(ConfigError, match="no bars came from the folder"):
        watched.first_look(watch.settings, NOW)
    watch.put("AAPL.csv", HEAD + daily(date(2024, 1, 2), date(2024, 1, 3)))
    watched.first_look(watch.settings, NOW)
    assert watch.stored == 2


def test_a_house_without_bars_or_folder_says_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        watched.first_look(Settings(data=tmp_path), NOW)
    assert str(refused.value) == (
        f"no bars in {tmp_path}: bring some with `quarterdeck data import FILE`, "
        "name a folder to watch as [imports] folder, or take the sample: `quarterdeck sample`"
    )
