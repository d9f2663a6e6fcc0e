from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from market.calendars import ExchangeCalendar
from market.instruments import InstrumentBook
from market.panel import Panel
from market.sample import sample_actions, sample_bars, sample_instruments, unpack_sample
from trading.errors import ConfigError, DataError
from trading.ports import Instruments
from trading.types import Instrument

SOURCE = Path(__file__).parents[3] / "shared/data/open/us_sp500_daily_adj_2021-02_2026-02.parquet"


def test_the_sample_fills_a_store_once(tmp_path: Path) -> None:
    store = unpack_sample(tmp_path)
    stamps = [store.stamp(month) for month in store.months()]
    assert [store.stamp(m) for m in unpack_sample(tmp_path).months()] == stamps
    panel = store.read()
    assert (len(panel), panel.rows) == (503, 624_586)
    assert panel.frame().equals(Panel.from_frame(sample_bars()).frame())


def test_the_samples_days_are_the_exchanges_sessions() -> None:
    days = sample_bars()["ts"].dt.date().unique().sort().to_list()
    calendar = ExchangeCalendar.open("XNYS", first_year=2021, last_year=2026)
    assert days == [s.day for s in calendar.sessions(days[0], days[-1])]


def test_packing_lost_nothing() -> None:
    if not SOURCE.exists():
        pytest.skip("the source of the sample is not here")
    source = pl.read_parquet(SOURCE)
    bars = sample_bars()
    for column, values in source.to_dict().items():
        assert (bars[column] == values.cast(bars[column].dtype)).all()


def test_the_book_finds_its_instruments() -> None:
    book: Instruments = sample_instruments()
    apple = book.find("AAPL")
    assert apple
    assert (apple.name, apple.calendar, apple.currency) == ("Apple Inc.", "XNYS", "USD")
    assert (apple.tick, apple.lot) == (Decimal("0.01"), 1)
    assert book.find("NOPE") is None
    assert len(book.all()) == 503
    assert set(sample_bars()["symbol"].unique()) == {i.symbol for i in book.all()}


def test_actions_lie_within_the_sample() -> None:
    span = sample_actions()["date"]
    assert date(2021, 2, 19) <= span.min() <= span.max() <= date(2026, 2, 18)  # type: ignore[operator]


def test_an_instrument_given_twice_is_refused() -> None:
    with pytest.raises(DataError, match="AAPL is given twice"):
        InstrumentBook([Instrument("AAPL"), Instrument("AAPL")])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"sp500_daily\.parquet is missing"):
        sample_bars(tmp_path)
