"""When a line of text is due, across holidays, half-days and the weeks in which clocks change."""

import contextlib
import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.calendars import ExchangeCalendar, RoundTheClock
from tests.world import Weekdays
from trading.errors import DataError
from trading.ports import Calendar
from worker import timing

YEAR = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def xnys(tmp_path_factory: pytest.TempPathFactory) -> Calendar:
    return ExchangeCalendar.open("XNYS", tmp_path_factory.mktemp("calendars"))


def unknown(name: str) -> Calendar:
    if name == "24/7":
        return RoundTheClock()
    raise DataError(f"no exchange {name!r}")


def dues(text: str, since: str, until: str, calendar: Calendar) -> list[str]:
    first, last = (datetime.fromisoformat(f"{day}T00:00+00:00") for day in (since, until))
    found = timing.when(text, calendar, unknown).dues(first, last, most=1000)
    return [f"{due:%Y-%m-%d %H:%M}" for due in found]


# Cron


def test_a_time_that_spring_skips_runs_once_right_after_it(xnys: Calendar) -> None:
    """New York skips 02:00 to 03:00 on 9 March 2025, Berlin on 30 March."""
    there = dues("30 2 * * * America/New_York", "2025-03-08", "2025-03-12", xnys)
    assert there == ["2025-03-08 07:30", "2025-03-09 07:00", "2025-03-10 06:30", "2025-03-11 06:30"]
    here = dues("30 2 * * * Europe/Berlin", "2025-03-29", "2025-04-01", xnys)
    assert here == ["2025-03-29 01:30", "2025-03-30 01:00", "2025-03-31 00:30"]


def test_a_time_that_autumn_doubles_runs_once_the_first_time(xnys: Calendar) -> None:
    there = dues("30 1 * * * America/New_York", "2025-11-01", "2025-11-04", xnys)
    assert there == ["2025-11-01 05:30", "2025-11-02 05:30", "2025-11-03 06:30"]
    here = dues("30 2 * * * Europe/Berlin", "2025-10-25", "2025-10-28", xnys)
    assert here == ["2025-10-25 00:30", "2025-10-26 00:30", "2025-10-27 01:30"]


def test_begun_inside_the_doubled_hour_it_does_not_run_again(xnys: Calendar) -> None:
    when = timing.when("30 1 * * * America/New_York", xnys, unknown)
    for minute in (0, 15, 45):
        inside = datetime(2025, 11, 2, 6, minute, tzinfo=UTC)  # 01:00 to 02:00 for the second time
        assert when.next(inside) == datetime(2025, 11, 3, 6, 30, tzinfo=UTC)


def test_an_hourly_job_runs_on_every_hour_that_passes(xnys: Calendar) -> None:
    for day in ("2025-03-09", "2025-11-02"):
        after = f"{datetime.fromisoformat(day) + timedelta(days=1):%Y-%m-%d}"
        assert len(dues("0 * * * * America/New_York", day, after, xnys)) == 24


def test_without_a_zone_it_is_the_exchanges(xnys: Calendar) -> None:
    assert dues("0 7 * * *", "2025-07-01", "2025-07-02", xnys) == ["2025-07-01 11:00"]


@given(
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
    zone=st.sampled_from(["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "UTC"]),
    cuts=st.lists(st.datetimes(datetime(2025, 1, 1), datetime(2026, 1, 1)), max_size=6),
)
def test_a_daily_job_runs_once_on_each_day_however_the_year_is_cut(
    hour: int, minute: int, zone: str, cuts: list[datetime]
) -> None:
    when = timing.when(f"{minute} {hour} * * * {zone}", Weekdays(), unknown)
    edges = sorted([*YEAR, *(cut.replace(tzinfo=UTC) for cut in cuts)])
    parts = [
        due
        for since, until in itertools.pairwise(edges)
        for due in when.dues(since, until, most=1000)
    ]
    assert parts == when.dues(*YEAR, most=1000)
    assert 364 <= len(parts) <= 366
    assert len({due.date() for due in parts}) >= len(parts) - 2  # a day of UTC may hold two


# Sessions


def test_offsets_are_from_the_open_the_close_and_the_middle(xnys: Calendar) -> None:
    """On a Wednesday of summer, on a half-day, and none on Independence Day."""
    for text, found in {
        "XNYS close+15m": ["2025-07-02 20:15", "2025-07-03 17:15"],
        "xnys open": ["2025-07-02 13:30", "2025-07-03 13:30"],
        "open-10m": ["2025-07-02 13:20", "2025-07-03 13:20"],
        "XNYS middle": ["2025-07-02 16:45", "2025-07-03 15:15"],
        "close+1d": ["2025-07-02 20:00", "2025-07-03 20:00", "2025-07-04 17:00"],
    }.items():
        assert dues(text, "2025-07-02", "2025-07-05", xnys) == found, text


def test_first_and_last_sessions_follow_the_holidays(xnys: Calendar) -> None:
    first = dues("first session of the week, XNYS open", "2025-01-18", "2025-02-01", xnys)
    assert first == ["2025-01-21 14:30", "2025-01-27 14:30"]  # Monday was Martin Luther King's
    last = dues("last session of the week, close+30m", "2025-04-12", "2025-04-27", xnys)
    assert last == ["2025-04-17 20:30", "2025-04-25 20:30"]  # Good Friday
    month = dues("last session of the month, XNYS close+1h", "2025-05-01", "2025-07-01", xnys)
    assert month == ["2025-05-30 21:00", "2025-06-30 21:00"]
    new = dues("first session of the month, close", "2024-12-31", "2025-02-10", xnys)
    assert new == ["2025-01-02 21:00", "2025-02-03 21:00"]


def test_the_close_follows_new_yorks_clock_and_not_ours(xnys: Calendar) -> None:
    spring = dues("close", "2025-03-07", "2025-03-11", xnys)
    assert spring == ["2025-03-07 21:00", "2025-03-10 20:00"]
    autumn = dues("close", "2025-10-31", "2025-11-04", xnys)
    assert autumn == ["2025-10-31 20:00", "2025-11-03 21:00"]


def test_another_exchange_has_sessions_of_its_own(xnys: Calendar) -> None:
    assert dues("24/7 open", "2025-02-01", "2025-02-03", xnys) == [
        "2025-02-02 00:00",
        "2025-02-03 00:00",
    ]


def test_next_agrees_with_what_then_is_due(xnys: Calendar) -> None:
    for text in ("close+5m", "first session of the month, open", "0 6 * * 1-5 Europe/Berlin"):
        when = timing.when(text, xnys, unknown)
        at, found = YEAR[0], []
        while (following := when.next(at)) is not None and following <= YEAR[1]:
            found.append(following)
            at = following
        assert found == when.dues(*YEAR, most=1000), text


def test_past_the_end_of_the_calendar_it_refuses_to_guess() -> None:
    end = date(2025, 3, 7)  # a Friday
    calendar = Weekdays(known_through=end)
    close = timing.when("close", calendar, unknown)
    monday = datetime(2025, 3, 10, 23, tzinfo=UTC)
    assert close.next(datetime(2025, 3, 6, 22, tzinfo=UTC)) == datetime(2025, 3, 7, 21, tzinfo=UTC)
    assert close.next(datetime(2025, 3, 7, 22, tzinfo=UTC)) is None
    month = timing.when("last session of the month, close", calendar, unknown)
    for ask in (
        lambda: close.next(monday),
        lambda: close.dues(monday - timedelta(days=9), monday, most=9),
        lambda: month.next(datetime(2025, 3, 1, tzinfo=UTC)),
    ):
        with pytest.raises(DataError, match="the calendar ends on 2025-03-07"):
            ask()


def test_a_decision_on_the_close_is_old_when_the_next_session_opens(xnys: Calendar) -> None:
    friday = datetime(2025, 4, 17, 20, 5, tzinfo=UTC)  # Thursday before Good Friday
    limit = timing.within("next open", xnys)
    assert limit.ends(friday) < datetime(2025, 4, 21, 13, 30, tzinfo=UTC)
    assert limit.ends(friday) > datetime(2025, 4, 21, 13, 29, tzinfo=UTC)


# What cannot be read


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "expected a cron expression"),
        ("whenever", "expected a cron expression"),
        ("0 6 * *", "expected a cron expression"),
        ("0 25 * * * Europe/Berlin", "bad hour; expected a cron"),
        ("0 6 * * 1-5 Europe/Bedlam", "'Europe/Bedlam' is no time zone; expected"),
        ("0 6 * * 1-5 ../etc/passwd", "is no time zone; expected"),
        ("0 6 30 2 * UTC", "bad day-of-month; expected"),
        ("XNYS close+15", "expected a duration"),
        ("XNYS close+0m", "expected a duration"),
        ("XNYS close+90d", "more than 7d from its session"),
        ("XMOON close+15m", "no exchange 'XMOON'; expected"),
        ("third session of the week, close", "expected a cron expression"),
        ("close + 15m", "expected a cron expression"),
    ],
)
def test_what_cannot_be_read_says_what_is_expected(text: str, why: str, xnys: Calendar) -> None:
    with pytest.raises(timing.NotUnderstood) as refused:
        timing.when(text, xnys, unknown)
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (
        lambda: timing.when(text, Weekdays(), unknown),
        lambda: timing.within(text, Weekdays()),
        lambda: timing.duration(text),
    ):
        with contextlib.suppress(timing.NotUnderstood):
            read()


@given(st.integers(1, 99_999), st.sampled_from("smhdw"))
def test_a_duration_is_said_as_it_would_be_written(count: int, unit: str) -> None:
    length = timing.duration(f"{count}{unit}")
    assert length == timedelta(seconds=count * {"s": 1, "m": 60, "h": 3600}.get(unit, 0)) or (
        unit in "dw"
    )
    shown = timing.span(length)
    if len(shown) <= 6:
        assert timing.duration(shown) == length
