"""The most traded: medians of close times volume over given sessions."""

import math
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.panel import Panel
from market.store import BarStore
from market.universe import Turnover, ranking_of
from trading.errors import DataError
from trading.types import Instrument

START = date(2025, 1, 1)
DAYS = [START + timedelta(days=n) for n in range(8)]
SYMBOLS = ["AAA", "BBB", "CCC", "DDD"]

bars = st.dictionaries(
    st.tuples(st.sampled_from(SYMBOLS), st.sampled_from(DAYS)),
    st.tuples(
        st.floats(0.01, 1e5),
        st.floats(0, 1e9) | st.just(math.nan),
    ),
)
multipliers = st.fixed_dictionaries({s: st.sampled_from([1, 10, 50]) for s in SYMBOLS})


def frame(given: dict[tuple[str, date], tuple[float, float]]) -> pl.DataFrame:
    rows = [(s, d, c, c, c, c, v) for (s, d), (c, v) in given.items()]
    columns = ["symbol", "ts", "open", "high", "low", "close", "volume"]
    return pl.DataFrame(rows, columns, orient="row").with_columns(
        pl.col("ts").cast(pl.Datetime("us", "UTC"))
    )


def book(multiplier: dict[str, int] | None = None) -> list[Instrument]:
    return [Instrument(s, multiplier=Decimal(multiplier[s] if multiplier else 1)) for s in SYMBOLS]


@given(bars, multipliers, st.lists(st.sampled_from(DAYS), unique=True).map(sorted))
def test_it_is_what_a_plain_loop_over_the_sessions_finds(
    given: dict[tuple[str, date], tuple[float, float]],
    multiplier: dict[str, int],
    days: list[date],
):
    expected = {}
    for symbol in SYMBOLS:
        values = []
        for day in days:
            close, volume = given.get((symbol, day), (0.0, 0.0))
            values.append(0.0 if math.isnan(volume) else close * volume)
        middle = median(values) * multiplier[symbol] if values else 0.0
        if middle > 0:
            expected[symbol] = middle
    panel = Panel.from_frame(frame(given)) if given else Panel.empty()
    found = Turnover(panel).most_traded(book(multiplier), days)
    assert found == pytest.approx(expected)
    ranks = [(-value, symbol) for symbol, value in found.items()]
    assert ranks == sorted(ranks), "the largest first, then by symbol"


@given(bars, st.floats(0.5, 2.0))
def test_bars_outside_the_sessions_change_nothing(
    given: dict[tuple[str, date], tuple[float, float]], factor: float
):
    days = DAYS[2:6]
    inside = {key: value for key, value in given.items() if key[1] in days}
    changed = {(s, d): (c if d in days else c * factor, v) for (s, d), (c, v) in given.items()}
    results = [
        list(Turnover(Panel.from_frame(frame(g)) if g else Panel.empty()).most_traded(book(), days))
        for g in (given, inside, changed)
    ]
    assert results[0] == results[1] == results[2]


def test_what_was_listed_half_way_is_left_out():
    given = {("AAA", day): (10.0, 100.0) for day in DAYS}
    given |= {("BBB", day): (10.0, 9e9) for day in DAYS[5:]}
    panel = Panel.from_frame(frame(given))
    assert Turnover(panel).most_traded(book(), DAYS) == {"AAA": 1000.0}


def test_values_in_two_currencies_are_not_compared():
    panel = Panel.from_frame(frame({("AAA", DAYS[0]): (1.0, 1.0)}))
    mixed = [Instrument("AAA"), Instrument("BBB", currency="EUR")]
    with pytest.raises(DataError, match="values in EUR and USD cannot be ranked together"):
        Turnover(panel).most_traded(mixed, DAYS)


def test_the_store_is_asked_for_those_instruments_and_days_alone(tmp_path: Path):
    store = BarStore(tmp_path)
    store.write(frame({(s, d): (10.0, 10.0 + n) for n, s in enumerate(SYMBOLS) for d in DAYS}))
    ranking = ranking_of(store)
    assert ranking(book()[:2], DAYS[:3]) == {"BBB": 110.0, "AAA": 100.0}
    assert ranking([], DAYS) == {}
    assert ranking(book(), [date(2020, 1, 1)]) == {}
