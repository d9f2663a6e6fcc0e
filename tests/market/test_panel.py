import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.panel import PRICES, Panel
from trading.errors import DataError

DAY = 86_400_000_000


def frame(rows: list[tuple[str, int]]) -> pl.DataFrame:
    """Bars of (symbol, day); every price says which bar it is."""
    value = [float(sum(map(ord, symbol)) * 1_000 + day) for symbol, day in rows]
    return pl.DataFrame(
        {
            "symbol": pl.Series([s for s, _ in rows], dtype=pl.String),
            "ts": pl.Series([d * DAY for _, d in rows], dtype=pl.Int64).cast(
                pl.Datetime("us", "UTC")
            ),
            **{name: pl.Series(value, dtype=pl.Float64) for name in PRICES},
        }
    )


keys = st.lists(
    st.tuples(st.sampled_from(["A", "AA", "B", "C.1", "Z"]), st.integers(0, 40)), unique=True
)


@given(keys)
def test_a_panel_holds_every_bar_of_a_symbol_oldest_first(rows: list[tuple[str, int]]) -> None:
    panel = Panel.from_frame(frame(rows))
    assert panel.symbols == tuple(sorted({s for s, _ in rows}))
    assert panel.rows == len(rows)
    for symbol in panel:
        days = sorted(d for s, d in rows if s == symbol)
        bars = panel[symbol]
        assert (bars.ts.astype(np.int64) // DAY).tolist() == days
        assert bars.close.tolist() == [sum(map(ord, symbol)) * 1_000 + d for d in days]


@given(keys, st.integers(1, 12))
def test_the_tail_is_each_symbols_last_bars(rows: list[tuple[str, int]], n: int) -> None:
    panel = Panel.from_frame(frame(rows))
    tail = panel.tail(n)
    assert tail.symbols == panel.symbols
    for symbol in panel:
        assert tail[symbol].close.tolist() == panel[symbol].close[-n:].tolist()


@given(keys, st.integers(1, 12))
def test_a_rectangle_is_right_aligned(rows: list[tuple[str, int]], n: int) -> None:
    panel = Panel.from_frame(frame(rows))
    square = panel.rectangle(n)
    for row, symbol in zip(square, panel, strict=True):
        close = panel[symbol].close[-n:]
        assert row[n - len(close) :].tolist() == close.tolist()
        assert np.isnan(row[: n - len(close)]).all()


def test_a_slice_is_a_view_and_nobody_may_write_to_it() -> None:
    panel = Panel.from_frame(frame([("A", 1), ("A", 2), ("B", 1)]))
    bars = panel["A"]
    assert np.shares_memory(bars.close, panel.close)
    with pytest.raises(ValueError, match="read-only"):
        bars.close[0] = 0.0


def test_the_frame_comes_back() -> None:
    given_frame = frame([("A", 1), ("A", 2), ("B", 1)])
    assert Panel.from_frame(given_frame).frame().equals(given_frame)


def test_one_key_twice_is_refused() -> None:
    with pytest.raises(DataError, match="A has two bars at 1970-01-02"):
        Panel.from_frame(frame([("B", 1), ("A", 1), ("A", 1)]))


def test_panels_and_the_store_do_without_pandas() -> None:
    code = (
        "import sys, market.store, market.history, market.sample, market.calendars, "
        "strategies.answers, strategies.registry; sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
