"""Bars adjusted back for splits and dividends."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.actions import adjusted, read_actions
from market.sample import SAMPLE, sample_actions, sample_bars
from tests.market.test_store import bar, frame
from trading.errors import DataError

OPEN_DATA = Path(__file__).parents[3] / "shared/data/open"
UNADJUSTED = OPEN_DATA / "us_sp500_71_daily_unadjusted_2016-04_2021-04.parquet"
START = date(2024, 1, 1)


def table(tmp_path: Path, text: str, symbol: str = "") -> pl.DataFrame:
    file = tmp_path / "actions.csv"
    file.write_text(text)
    return read_actions(file, symbol)


def closes(*prices: float, opens: tuple[float, ...] = ()) -> pl.DataFrame:
    opened = opens or prices
    return frame(
        [
            bar("A", START + timedelta(n), p, open=o, high=max(o, p), low=min(o, p))
            for n, (p, o) in enumerate(zip(prices, opened, strict=True))
        ]
    )


def test_the_vendors_adjusted_close_comes_out() -> None:
    if not UNADJUSTED.exists():
        pytest.skip("the unadjusted file is not here")
    bars = pl.read_parquet(UNADJUSTED)
    done = adjusted(bars, read_actions(UNADJUSTED), "x")
    assert (done.splits, done.dividends, done.outside) == (44, 1_053, 1)
    error = (done.bars["close"] / bars["adjusted_close"] - 1).abs()
    assert error.quantile(0.98) < 1e-6
    assert error.max() < 3e-6, "the vendor rounds split ratios to six places"


def test_the_samples_own_actions_are_in_its_bars_already() -> None:
    with pytest.raises(DataError, match="APH 2021-03-05: a split of 2, but the price did not"):
        adjusted(
            sample_bars(), read_actions(SAMPLE / "sp500_dividends_splits.parquet"), "sample.parquet"
        )
    assert len(sample_actions()) == 7_883


def test_a_split_divides_what_came_before_and_multiplies_its_volume(tmp_path: Path) -> None:
    actions = table(tmp_path, "symbol,date,split\nA,2024-01-03,4:1\n")
    done = adjusted(closes(100, 104, 26, 27), actions, "x").bars
    assert done["close"].to_list() == [25, 26, 26, 27]
    assert done["volume"].to_list() == [4, 4, 1, 1]
    assert done["high"].to_list() == [25, 26, 26, 27]


@given(
    st.lists(st.floats(50, 150), min_size=3, max_size=20),
    st.data(),
)
def test_adjusted_returns_are_total_returns(prices: list[float], data: st.DataObject) -> None:
    day = data.draw(st.integers(1, len(prices) - 1))
    paid = data.draw(st.floats(0.01, 20))
    actions = pl.DataFrame(
        {"symbol": ["A"], "day": [START + timedelta(day)], "dividend": [paid], "split": [1.0]}
    )
    done = adjusted(closes(*prices), actions, "x").bars["close"]
    assert done[-1] == prices[-1]
    for n in range(1, len(prices)):
        received = paid if n == day else 0.0
        assert done[n] / done[n - 1] == pytest.approx((prices[n] + received) / prices[n - 1])


def test_an_action_on_a_day_without_a_bar_counts_from_the_next(tmp_path: Path) -> None:
    bars = closes(100, 104, 26, 27).filter(pl.col("ts").dt.day() != 2)
    done = adjusted(
        bars,
        table(tmp_path, "ticker,ex-date,split\nA,2024-01-02,4\n".replace("ex-date", "date")),
        "x",
    )
    assert done.bars["close"].to_list() == [25, 26, 27]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "symbol,date,split\nA,2024-01-03,2\nA,2024-01-03,4\n",
            "actions.csv line 3: A has two splits on 2024-01-03, 2 and 4: which is it?",
        ),
        (
            "date,split\n2024-01-03,2\n",
            "actions.csv names no symbol, so nobody can tell whose these actions are",
        ),
        (
            "symbol,date,close\nA,2024-01-03,2\n",
            "actions.csv is no table of actions: it wants symbol, date and dividend or split",
        ),
        ("symbol,date,split\nA,2024-01-03,many\n", "actions.csv line 2: split is 'many', which"),
        ("symbol,date,dividend\nA,2024-01-03,-1\n", "actions.csv line 2: a dividend or split is"),
    ],
)
def test_a_table_that_can_be_read_in_two_ways_is_refused(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(DataError) as refused:
        table(tmp_path, text)
    assert str(refused.value).startswith(said)


def test_the_same_action_twice_is_one(tmp_path: Path) -> None:
    text = "symbol,date,split\nA,2024-01-03,2\nA,2024-01-03,2\n"
    assert table(tmp_path, text)["split"].to_list() == [2.0]


@pytest.mark.parametrize(
    ("split", "said"),
    [
        ("2", "a split of 2, but the price did not follow it, so the bars are adjusted already"),
        ("1:4", "a split of 0.25, but the price went the other way: is the ratio upside down?"),
    ],
)
def test_a_split_the_price_denies_is_refused(tmp_path: Path, split: str, said: str) -> None:
    actions = table(tmp_path, f"symbol,date,split\nA,2024-01-03,{split}\n")
    prices = (100.0, 101.0, 25.0) if ":" in split else (100.0, 101.0, 102.0)
    with pytest.raises(DataError) as refused:
        adjusted(closes(*prices), actions, "A.csv")
    assert str(refused.value).startswith(f"A.csv: A 2024-01-03: {said}")


def test_a_dividend_as_large_as_the_price_is_refused(tmp_path: Path) -> None:
    actions = table(tmp_path, "symbol,date,dividend\nA,2024-01-03,150\n")
    with pytest.raises(DataError, match="a dividend of 150 is not below the close before it, 101"):
        adjusted(closes(100, 101, 102), actions, "A.csv")
