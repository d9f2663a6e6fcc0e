import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.calendars import ExchangeCalendar
from market.history import LAST, HistoryFeed
from market.ohlcv import SCHEMA
from market.store import BarStore
from trading.errors import DataError
from trading.ports import Feed

XNYS = ExchangeCalendar.open("XNYS", first_year=2024, last_year=2025)
SESSIONS = XNYS.sessions(date(2024, 1, 2), date(2024, 6, 28))
BARS = {
    # AAA trades always, BBB lists in February and misses two sessions, CCC is gone after January
    "AAA": [s.day for s in SESSIONS],
    "BBB": [s.day for s in SESSIONS[25:] if s.day not in {date(2024, 3, 4), date(2024, 3, 5)}],
    "CCC": [s.day for s in SESSIONS[:15]],
}


def prices(symbol: str, day: date) -> tuple[float, float]:
    """Open and close: both say which bar they are."""
    base = 100.0 * (ord(symbol[0]) - 64) + (day - date(2024, 1, 1)).days / 10
    return base, base + 0.01234


def raw() -> pl.DataFrame:
    rows = []
    for symbol, days in BARS.items():
        for day in days:
            start, end = prices(symbol, day)
            stamp = datetime(day.year, day.month, day.day, tzinfo=UTC)
            rows.append((symbol, stamp, start, end, start, end, 1_000.0))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> BarStore:
    store = BarStore(tmp_path_factory.mktemp("history"))
    store.write(raw())
    return store


@pytest.fixture(scope="module")
def feed(store: BarStore) -> HistoryFeed:
    return HistoryFeed(store, XNYS)


@pytest.fixture(scope="module")
def events() -> dict[str, list[tuple[datetime, Decimal, bool]]]:
    """Every price and the moment it became known, in order, straight from the raw frame."""
    known: dict[str, list[tuple[datetime, Decimal, bool]]] = {}
    for row in raw().iter_rows(named=True):
        session = XNYS.session_on(row["ts"].date())
        assert session
        for at, price, is_open in (
            (session.open, row["open"], True),
            (session.close - LAST, row["close"], True),
            (session.close, row["close"], False),
        ):
            known.setdefault(row["symbol"], []).append((at, Decimal(f"{price:.4f}"), is_open))
    return known


moments = st.integers(0, int(timedelta(days=185).total_seconds())).map(
    lambda s: datetime(2024, 1, 3, tzinfo=UTC) + timedelta(seconds=s)
) | st.sampled_from([t for s in SESSIONS[1:] for t in (s.open, s.close - LAST, s.close)])


@settings(max_examples=300)
@given(symbol=st.sampled_from(sorted(BARS)), at=moments, early=st.booleans())
async def test_a_quote_is_the_open_until_the_last_minute_and_then_the_close(
    feed: HistoryFeed,
    events: dict[str, list[tuple[datetime, Decimal, bool]]],
    symbol: str,
    at: datetime,
    early: bool,
) -> None:
    at -= timedelta(microseconds=early)
    quote = await feed.quote(symbol, at)
    past = [event for event in events[symbol] if event[0] <= at]
    if not past:
        assert quote is None
        return
    known_at, price, is_open = past[-1]
    assert quote
    assert (quote.at, quote.price) == (known_at, price)
    assert quote.tradable == is_open


def test_a_symbol_without_a_bar_keeps_its_last_close_and_cannot_trade(feed: HistoryFeed) -> None:
    quote = feed.look("BBB", datetime(2024, 3, 5, 16, tzinfo=UTC))
    assert quote
    assert quote.at == datetime(2024, 3, 1, 21, tzinfo=UTC)
    assert not quote.tradable
    assert feed.last_close("CCC", date(2024, 6, 3)) == Decimal("302.2123")


def test_a_symbol_nobody_knows_has_no_quote(feed: HistoryFeed) -> None:
    assert feed.look("ZZZ", datetime(2024, 6, 3, 16, tzinfo=UTC)) is None


def test_a_session_in_bulk(feed: HistoryFeed) -> None:
    day = date(2024, 3, 4)
    assert dict(feed.open_prices(day)) == {"AAA": Decimal("106.3000")}
    assert feed.close_prices(day)["AAA"] == Decimal("106.3123")
    assert "BBB" not in feed.close_prices(day)
    assert len(feed.open_prices(date(2024, 3, 6))) == 2
    assert not feed.open_prices(date(2024, 3, 3))


def test_it_is_a_feed_and_knows_its_end(feed: HistoryFeed) -> None:
    port: Feed = feed
    assert port.known_through() == datetime(2024, 6, 28, 20, tzinfo=UTC)


def test_a_bar_written_later_is_seen(tmp_path: Path) -> None:
    store = BarStore(tmp_path)
    bars = raw().filter(pl.col("symbol") == "AAA")
    store.write(bars.filter(pl.col("ts") < datetime(2024, 3, 5, tzinfo=UTC)))
    feed = HistoryFeed(store, XNYS)
    at = datetime(2024, 3, 5, 16, tzinfo=UTC)
    before = feed.look("AAA", at)
    assert before
    assert not before.tradable
    store.write(bars.filter(pl.col("ts") == datetime(2024, 3, 5, tzinfo=UTC)))
    after = feed.look("AAA", at)
    assert after
    assert after.tradable
    assert feed.known_through() == datetime(2024, 3, 5, 21, tzinfo=UTC)


def test_a_bar_on_a_holiday_is_refused(tmp_path: Path) -> None:
    store = BarStore(tmp_path)
    stamp = datetime(2024, 7, 4, tzinfo=UTC)
    store.write(pl.DataFrame([("AAA", stamp, 1.0, 1.0, 1.0, 1.0, 1.0)], SCHEMA, orient="row"))
    feed = HistoryFeed(store, XNYS)
    with pytest.raises(DataError, match="2024-07-04, which is no XNYS session"):
        feed.look("AAA", datetime(2024, 7, 5, 16, tzinfo=UTC))


def test_an_empty_store_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="import some first"):
        HistoryFeed(BarStore(tmp_path), XNYS).known_through()


def test_only_daily_bars_make_daily_history(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="1d bars, not 1h"):
        HistoryFeed(BarStore(tmp_path, "1h"), XNYS)


def test_a_warm_quote_takes_microseconds(feed: HistoryFeed) -> None:
    at = datetime(2024, 6, 3, 16, tzinfo=UTC)
    feed.look("AAA", at)
    best = min(_timed(feed, at) for _ in range(5))
    assert best < 200e-6


def _timed(feed: HistoryFeed, at: datetime) -> float:
    start = time.perf_counter()
    for _ in range(100):
        feed.look("AAA", at)
    return (time.perf_counter() - start) / 100


async def test_bars_end_with_the_last_session_that_has_closed(feed: HistoryFeed) -> None:
    monday = date(2024, 3, 4)
    during = (await feed.bars(("AAA",), monday, datetime(2024, 3, 6, 16, tzinfo=UTC)))["AAA"]
    after = (await feed.bars(("AAA",), monday, datetime(2024, 3, 6, 21, tzinfo=UTC)))["AAA"]
    assert [str(one)[:10] for one in during.ts] == ["2024-03-04", "2024-03-05"]
    assert len(after) == 3
    assert after.close[0] == pytest.approx(106.3123)


async def test_a_week_is_no_bar_before_its_last_session_has_closed(feed: HistoryFeed) -> None:
    """Good Friday was 29 March: that week ended on Thursday."""
    monday = date(2024, 3, 18)
    for at, known in (
        (datetime(2024, 3, 22, 16, tzinfo=UTC), 0),
        (datetime(2024, 3, 22, 20, tzinfo=UTC), 1),
        (datetime(2024, 3, 28, 16, tzinfo=UTC), 1),
        (datetime(2024, 3, 28, 20, tzinfo=UTC), 2),
    ):
        found = await feed.bars(("AAA",), monday, at, "1w")
        assert (len(found["AAA"]) if found else 0) == known, at


async def test_what_nobody_knows_has_no_bars(feed: HistoryFeed) -> None:
    march, june = datetime(2024, 3, 4, tzinfo=UTC), datetime(2024, 6, 3, tzinfo=UTC)
    assert list(await feed.bars(("ZZZ", "AAA"), march.date(), june)) == ["AAA"]
    assert await feed.bars(("AAA",), june.date(), march) == {}
    assert await feed.bars((), march.date(), june) == {}
