"""Times as other people write them."""

from datetime import UTC, date, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.times import stamps
from trading.errors import DataError

MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2099, 12, 31)).map(
    lambda t: t.replace(microsecond=0)
)


def read(*texts: object, order: str = "") -> list[object]:
    return stamps(pl.Series("ts", texts), lambda row: f"line {row + 2}", order).to_list()


def refusal(*texts: object, order: str = "") -> str:
    with pytest.raises(DataError) as refused:
        read(*texts, order=order)
    return str(refused.value)


@pytest.mark.parametrize(
    "form",
    [
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M:%S",
        "%Y/%m/%d %H:%M:%S",
        "%Y.%m.%d %H:%M:%S",
        "%Y%m%d %H%M%S",
        "%Y%m%d %H:%M:%S",
        "%d-%b-%Y %H:%M:%S",
        "%d.%m.%Y %H:%M:%S",
        "%Y-%m-%d %I:%M:%S %p",
    ],
)
@given(MOMENTS)
def test_a_time_comes_back_as_it_was_written(form: str, moment: datetime) -> None:
    text = f"{moment:{form}}" if moment.year > 999 else ""
    found = read(text, f"{datetime(2020, 5, 17, 9, 30):{form}}")[0]
    assert found == moment


@given(MOMENTS, st.integers(-14 * 60, 14 * 60))
def test_an_offset_is_taken_into_account(moment: datetime, minutes: int) -> None:
    there = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    if there.astimezone(UTC).year in range(1900, 2100):
        assert read(there.isoformat(), "2020-05-17T09:30:00Z")[0] == there


@given(MOMENTS, st.sampled_from([("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)]))
def test_epochs_are_known_by_their_size(moment: datetime, unit: tuple[str, int]) -> None:
    seconds = int(moment.replace(tzinfo=UTC).timestamp())
    if abs(seconds) < 200_000_000:  # so near to 1970 that the unit cannot be told: 1976
        return
    for value in (seconds * unit[1], str(seconds * unit[1])):
        assert read(value) == [moment.replace(tzinfo=UTC)]


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-28",
        "2024/03/28",
        "20240328",
        "28-Mar-2024",
        "28 Mar 2024",
        "Mar 28, 2024",
        "28.03.2024",
        "28/03/2024",
        "03/28/2024",
        "2024-03-28 00:00:00",
        "03-28-2024",
    ],
)
def test_a_date_without_a_time_is_a_date(text: str) -> None:
    assert read(text) == [date(2024, 3, 28)]


def test_day_or_month_first_is_told_by_a_number_above_twelve_in_any_row() -> None:
    assert read("01/02/2024", "28/02/2024")[0] == date(2024, 2, 1)
    assert read("01/02/2024", "02/28/2024")[0] == date(2024, 1, 2)


def test_day_or_month_first_is_asked_where_nobody_can_tell() -> None:
    assert refusal("01/02/2024") == (
        "line 2: '01/02/2024' may be day or month first; say --dates dmy or --dates mdy"
    )
    assert read("01/02/2024", order="dmy") == [date(2024, 2, 1)]
    assert read("01/02/2024", order="mdy") == [date(2024, 1, 2)]
    assert refusal("01/02/2024", order="ymd") == (
        "--dates 'ymd': say dmy (day first) or mdy (month first)"
    )


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (("yesterday",), "line 2: 'yesterday' is no time"),
        (("2024-01-02", "soon"), "line 3: the time 'soon' is not like '2024-01-02'"),
        (("2024-01-02", "2024-13-02"), "line 3: '2024-13-02' is no time"),
        (("2024-01-02", None), "line 3: has no time"),
        (("2024-01-02", "1888-01-02"), "line 3: '1888-01-02' lies outside 1900 to 2100"),
        (("2024-01-02", "2101-01-02"), "line 3: '2101-01-02' lies outside 1900 to 2100"),
        ((5e18 + 1e13,), "line 2: '5.00001e+18' lies outside 1900 to 2100"),
        (
            ("2024-01-02 09:30:00", "2024-01-02 09:31:00-05:00"),
            "line 3: mixed time zones: '2024-01-02 09:31:00-05:00' names its zone, "
            "'2024-01-02 09:30:00' none",
        ),
    ],
)
def test_what_is_no_time_is_refused_with_its_row(texts: tuple[object, ...], said: str) -> None:
    assert refusal(*texts) == said
