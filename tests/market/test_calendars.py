import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.calendars import ExchangeCalendar, RoundTheClock
from trading.errors import DataError
from trading.ports import Calendar


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("calendars")


@pytest.fixture(scope="module")
def xnys(cache: Path) -> Calendar:
    return ExchangeCalendar.open("XNYS", cache)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_summer_session_opens_at_half_past_nine_in_new_york(xnys: Calendar) -> None:
    session = xnys.session_on(date(2025, 6, 3))
    assert session
    assert (session.open, session.close) == (utc("2025-06-03 13:30"), utc("2025-06-03 20:00"))
    assert xnys.zone == "America/New_York"


def test_half_days_close_at_one(xnys: Calendar) -> None:
    for day in (date(2024, 11, 29), date(2024, 12, 24), date(2025, 7, 3)):
        session = xnys.session_on(day)
        assert session
        assert session.close - session.open == timedelta(hours=3, minutes=30)


def test_holidays_and_a_day_of_mourning_are_no_sessions(xnys: Calendar) -> None:
    for day in (date(2025, 1, 9), date(2025, 6, 19), date(2025, 12, 25), date(2025, 6, 7)):
        assert xnys.session_on(day) is None


def test_a_session_is_open_from_its_open_until_before_its_close(xnys: Calendar) -> None:
    tick = timedelta(microseconds=1)
    opens, closes = utc("2025-06-03 13:30"), utc("2025-06-03 20:00")
    assert xnys.session_at(opens - tick) is None
    assert xnys.session_at(opens)
    assert xnys.session_at(closes - tick)
    assert xnys.session_at(closes) is None


MOMENTS = st.integers(0, 28 * 365 * 86_400).map(
    lambda seconds: datetime(2000, 2, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


@given(
    at=st.datetimes(datetime(2000, 2, 1), datetime(2028, 12, 1)).map(
        lambda d: d.replace(tzinfo=UTC)
    )
)
def test_every_moment_lies_between_the_last_close_and_the_next_open(
    xnys: Calendar, at: datetime
) -> None:
    calendar = xnys
    last, now, coming = calendar.last_closed(at), calendar.session_at(at), calendar.next_session(at)
    assert last.close <= at < coming.open
    between = calendar.sessions(last.day, coming.day)
    assert list(between) == [last, *([now] if now else []), coming]


def test_past_its_knowledge_it_refuses_to_guess(xnys: Calendar) -> None:
    assert xnys.known_through == date(2028, 12, 31)
    beyond = datetime(2029, 1, 2, 15, tzinfo=UTC)
    for ask in (
        lambda: xnys.session_on(date(2029, 1, 2)),
        lambda: xnys.sessions(date(2028, 12, 1), date(2029, 1, 2)),
        lambda: xnys.session_at(beyond),
        lambda: xnys.next_session(beyond),
        lambda: xnys.last_closed(beyond),
        lambda: xnys.next_session(datetime(2028, 12, 31, tzinfo=UTC)),
        lambda: xnys.session_on(date(1999, 12, 31)),
        lambda: xnys.last_closed(datetime(2000, 1, 3, tzinfo=UTC)),
    ):
        with pytest.raises(
            DataError, match="XNYS sessions are known from 2000-01-03 to 2028-12-31"
        ):
            ask()


def test_with_a_cache_a_later_process_does_without_pandas(cache: Path, xnys: Calendar) -> None:
    code = (
        "import sys; from pathlib import Path; from datetime import date\n"
        "from market.calendars import ExchangeCalendar\n"
        f"c = ExchangeCalendar.open('XNYS', Path({str(cache)!r}))\n"
        "assert c.session_on(date(2025, 6, 3))\n"
        "sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[: len(text) // 2],
        lambda text: "[1, 2]",
        lambda text: json.dumps(json.loads(text) | {"source": "pandas_market_calendars 0.1"}),
        lambda text: json.dumps(json.loads(text) | {"days": json.loads(text)["days"][:-1]}),
    ],
    ids=["empty", "torn", "another shape", "another version", "a session lost"],
)
def test_a_damaged_or_stale_cache_is_made_again(tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    truth = ExchangeCalendar.open("XNYS", tmp_path, 2024, 2025)
    file = tmp_path / "XNYS.json"
    whole = file.read_text()
    file.write_text(damage(whole))
    again = ExchangeCalendar.open("XNYS", tmp_path, 2024, 2025)
    span = date(2024, 1, 2), date(2025, 12, 31)
    assert list(again.sessions(*span)) == list(truth.sessions(*span))
    assert file.read_text() == whole
    assert [p.name for p in tmp_path.iterdir()] == ["XNYS.json"]


def test_a_cache_of_other_years_is_made_again(tmp_path: Path) -> None:
    ExchangeCalendar.open("XNYS", tmp_path, 2024, 2024)
    wider = ExchangeCalendar.open("XNYS", tmp_path, 2024, 2025)
    assert wider.session_on(date(2025, 6, 3))


def test_an_unknown_exchange_is_named() -> None:
    with pytest.raises(DataError, match="knows no exchange 'XXXX'"):
        ExchangeCalendar.open("XXXX")


def test_round_the_clock_always_is_in_session() -> None:
    clock: Calendar = RoundTheClock()
    at = utc("2025-06-07 12:00")
    session = clock.session_at(at)
    assert session
    assert session.open <= at < session.close == clock.next_session(at).open
    assert clock.last_closed(at).close == session.open
    assert len(clock.sessions(date(2025, 1, 1), date(2025, 1, 31))) == 31


def test_sessions_are_known_where_they_cannot_be_kept(tmp_path: Path) -> None:
    (tmp_path / "calendars").write_text("no folder")
    found = ExchangeCalendar.open("XNYS", tmp_path / "calendars", 2024, 2024)
    assert found.session_on(date(2024, 6, 3))
