"""Prices from a panel in memory are those of the stored history, to the digit and the minute."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.history import HistoryFeed
from market.loaded import LoadedFeed
from market.panel import Panel
from market.store import BarStore
from tests.market.test_history import BARS, SESSIONS, XNYS, prices, raw
from trading.errors import DataError

FIRST, LAST = SESSIONS[1].open, SESSIONS[-1].close + timedelta(days=3)
SPAN = int((LAST - FIRST).total_seconds())
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> HistoryFeed:
    store = BarStore(tmp_path_factory.mktemp("loaded"))
    store.write(raw())
    return HistoryFeed(store, XNYS)


@pytest.fixture(scope="module")
def loaded() -> LoadedFeed:
    return LoadedFeed(Panel.from_frame(raw()), XNYS)


def edges() -> list[datetime]:
    """Every moment at which a price may change, and those just beside it."""
    found = []
    for session in SESSIONS[1::9]:
        for moment in (session.open, session.close - MINUTE, session.close):
            found += [moment - timedelta(seconds=1), moment, moment + timedelta(minutes=5)]
    return found


@pytest.mark.parametrize("symbol", [*BARS, "ZZZ"])
def test_the_quotes_are_the_stored_historys(
    symbol: str, stored: HistoryFeed, loaded: LoadedFeed
) -> None:
    for at in edges():
        assert loaded.look(symbol, at) == stored.look(symbol, at), at


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(st.sampled_from([*BARS, "ZZZ"]), st.integers(0, SPAN)), min_size=1, max_size=8
    )
)
def test_no_order_of_asking_changes_an_answer(asked: list[tuple[str, int]]) -> None:
    one = LoadedFeed(PANEL, XNYS)
    for symbol, seconds in asked:
        at = FIRST + timedelta(seconds=seconds)
        assert one.look(symbol, at) == LoadedFeed(PANEL, XNYS).look(symbol, at)


PANEL = Panel.from_frame(raw().filter(pl.col("ts").dt.month() <= 3))


def test_closes_are_carried_over_days_without_a_bar(loaded: LoadedFeed) -> None:
    closes = loaded.closes(date(2024, 3, 1), date(2024, 3, 6))
    bbb = [prices("BBB", day)[1] for day in (date(2024, 3, 1), date(2024, 3, 6))]
    assert closes[:, 1].tolist() == [bbb[0], bbb[0], bbb[0], bbb[1]]
    early = loaded.closes(SESSIONS[0].day, SESSIONS[0].day)
    assert np.isnan(early[0, 1])
    assert loaded.opens(SESSIONS[0].day)[0] == prices("AAA", SESSIONS[0].day)[0]


def test_it_knows_up_to_the_last_sessions_close(loaded: LoadedFeed) -> None:
    assert loaded.known_through() == SESSIONS[-1].close
    with pytest.raises(DataError, match="no bars"):
        LoadedFeed(Panel.empty(), XNYS).known_through()


def test_a_bar_on_no_session_is_refused(raw_row: Callable[[date], pl.DataFrame]) -> None:
    with pytest.raises(DataError, match="2024-01-06, which is no XNYS session"):
        LoadedFeed(Panel.from_frame(raw_row(date(2024, 1, 6))), XNYS)


@pytest.fixture
def raw_row() -> Callable[[date], pl.DataFrame]:
    def made(day: date) -> pl.DataFrame:
        return raw().head(1).with_columns(ts=pl.lit(day).cast(pl.Datetime("us", "UTC")))

    return made


def test_some_instruments_of_a_panel_are_the_same_bars() -> None:
    panel = Panel.from_frame(raw())
    some = panel.only({"CCC", "AAA"})
    assert some.symbols == ("AAA", "CCC")
    for symbol in some:
        assert (some[symbol].close == panel[symbol].close).all()
        assert (some[symbol].ts == panel[symbol].ts).all()
    assert panel.only(()).rows == 0


def test_a_price_is_rounded_to_four_places(loaded: LoadedFeed) -> None:
    quote = loaded.look("AAA", SESSIONS[3].close)
    assert quote is not None
    assert quote.price == Decimal(f"{prices('AAA', SESSIONS[3].day)[1]:.4f}")
    assert not quote.tradable


def test_one_quote_serves_from_a_close_to_the_next_open() -> None:
    feed, session = LoadedFeed(PANEL, XNYS), SESSIONS[5]
    night = feed.look("AAA", session.close)
    assert feed.look("AAA", session.close + 5 * MINUTE) is night
    assert feed.look("AAA", SESSIONS[6].open - MINUTE) is night
    assert feed.look("AAA", SESSIONS[6].open) is not night
