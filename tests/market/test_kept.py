"""The whole panel, kept and mapped back: the same bars, and never those of an older store."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from market.panel import Panel
from market.store import BarStore


def day(n: int, close: float) -> pl.DataFrame:
    at = datetime(2024, 1, n, tzinfo=UTC)
    return pl.DataFrame(
        {
            "symbol": ["A", "B"],
            "ts": [at, at],
            "open": [close, close],
            "high": [close, close],
            "low": [close, close],
            "close": [close, close],
            "volume": [1.0, 1.0],
        }
    )


def same(one: Panel, other: Panel) -> bool:
    return one.frame().equals(other.frame()) and one.symbols == other.symbols


@pytest.fixture
def kept(tmp_path) -> Path:
    return tmp_path / "kept" / "1d"


@pytest.fixture
def store(tmp_path) -> BarStore:
    store = BarStore(tmp_path)
    store.write(day(2, 10.0))
    store.write(day(3, 11.0))
    return store


def test_what_is_mapped_is_what_was_laid(store):
    laid = store.read()
    mapped = store.read()
    assert same(laid, mapped)
    assert same(mapped, store.read(since=datetime(2024, 1, 1, tzinfo=UTC)))
    assert not mapped.close.flags.writeable
    assert mapped["B"].close.tolist() == [10.0, 11.0]


def test_a_new_bar_is_seen_at_once_and_the_old_copy_goes(store, kept):
    held = store.read()
    store.write(day(4, 12.0))
    assert store.read()["A"].close.tolist() == [10.0, 11.0, 12.0]
    assert held["A"].close.tolist() == [10.0, 11.0], "a reader keeps what it had"
    assert len(list(kept.iterdir())) == 1


def test_a_replaced_bar_is_seen_at_once(store):
    store.read()
    store.write(day(3, 99.0))
    assert store.read()["A"].close.tolist() == [10.0, 99.0]


def test_the_copy_may_be_deleted_or_damaged(store, kept):
    whole = store.read()
    (copy,) = kept.iterdir()
    (copy / "close.npy").write_bytes(b"nonsense")
    assert same(store.read(), whole)
    shutil.rmtree(kept)
    assert same(store.read(), whole)


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(store, kept):
    kept.parent.mkdir()
    kept.write_text("in the way")
    assert store.read()["A"].close.tolist() == [10.0, 11.0]
