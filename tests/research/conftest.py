"""A data folder with a small store: every twentieth instrument of the shipped sample."""

from pathlib import Path

import polars as pl
import pytest

from folder import bars_folder, instruments_file, prepare
from market.sample import sample_bars, sample_instruments
from market.store import BarStore
from settings import Settings, load


def stocked(folder: Path) -> Settings:
    settings = load(mode="paper", data=folder)
    prepare(settings)
    bars = sample_bars()
    symbols = bars["symbol"].unique(maintain_order=True)[::20]
    BarStore(bars_folder(settings)).write(bars.filter(pl.col("symbol").is_in(symbols.implode())))
    sample_instruments().save(instruments_file(settings))
    return settings


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return stocked(tmp_path_factory.mktemp("search"))
