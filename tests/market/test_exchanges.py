"""Exchanges by name, their calendars and stores."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.exchanges import RoundTheWeek, calendar_of, named
from market.store import BarStore
from market.stores import Stores
from tests.market.test_store import bar, days, frame
from trading.errors import DataError
from trading.ports import Calendar

MOMENTS = st.datetimes(datetime(2000, 1, 3), datetime(2060, 1, 1)).map(
    lambda t: t.replace(tzinfo=UTC)
)


def test_one_exchange_has_one_name() -> None:
    assert [named(n) for n in ("nasdaq", "NYSE", "XNYS", "nse", "crypto", "forex", "24/7")] == [
        "XNYS",
        "XNYS",
        "XNYS",
        "XNSE",
        "24/7",
        "24/5",
        "24/7",
    ]


def test_an_exchange_nobody_knows() -> None:
    with pytest.raises(DataError) as refused:
        calendar_of("XMARS")
    assert str(refused.value) == (
        "no exchange 'XMARS' is known; say an ISO market code such as XNYS, XNSE or XLON, "
        "or 24/7 for crypto, 24/5 for foreign exchange"
    )


def test_the_week_of_foreign_exchange_begins_on_sunday_evening() -> None:
    week: Calendar = RoundTheWeek()
    monday = week.session_on(date(2024, 7, 8))
    assert monday is not None
    assert monday.open.astimezone(ZoneInfo("America/New_York")).strftime("%a %H:%M") == "Sun 17:00"
    assert monday.close - monday.open == timedelta(days=1)
    friday = week.session_on(date(2024, 7, 5))
    assert friday is not None
    assert week.session_at(friday.close) is None
    assert week.next_session(friday.close) == monday
    assert week.last_closed(monday.open) == friday
    assert len(week.sessions(date(2024, 7, 1), date(2024, 7, 14))) == 10


@given(MOMENTS)
def test_a_moment_lies_in_a_session_or_between_two(at: datetime) -> None:
    week = RoundTheWeek()
    before, now, after = week.last_closed(at), week.session_at(at), week.next_session(at)
    assert before.close <= at < after.open
    if now is not None:
        assert now.open <= at < now.close
        assert (before.close, now.close) == (now.open, after.open) or now.day.weekday() in {0, 4}
    else:
        assert before.day + timedelta(3) == after.day


def test_each_exchange_has_its_own_store(tmp_path: Path) -> None:
    stores = Stores(tmp_path)
    for exchange in ("XNYS", "24/7", "XNSE"):
        stores.store(exchange).write(frame([bar(exchange[-1], *days(0))]))
    assert [(e, store.read().symbols) for e, store in stores.stored()] == [
        ("24/7", ("7",)),
        ("XNSE", ("E",)),
        ("XNYS", ("S",)),
    ]


def test_the_desks_own_exchange_lies_at_the_root_whichever_it_is(tmp_path: Path) -> None:
    Stores(tmp_path, "24/7").store("24/7").write(frame([bar("BTC", *days(0))]))
    assert BarStore(tmp_path).read().symbols == ("BTC",)
    assert [e for e, _ in Stores(tmp_path, "24/7").stored()] == ["24/7"]
    assert Stores(tmp_path, "24/7").store("XNYS").months() == []
