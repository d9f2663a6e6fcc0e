"""Open decisions fill at the open plus slippage, session exits at the close less slippage."""

import inspect
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest

from backtest import lookahead, report, run, strategy_table
from market.panel import Panel
from market.resample import week_of
from market.sample import sample_bars
from replay.lookahead import look_ahead
from settings import Settings
from strategies.weekly_trend import WeeklyTrend
from trading.bars import Bars, Rules
from trading.types import Side
from wiring import calendar_of

IMPORTS = """
from dataclasses import dataclass, replace
import numpy as np
from strategies.weekly_trend import WeeklyTrend
from trading.bars import Bars, Rules
"""
FROM, TO = date(2025, 1, 2), date(2025, 3, 14)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(data=tmp_path_factory.mktemp("replayed"))


@pytest.fixture(scope="module")
def panel() -> Panel:
    return Panel.from_frame(sample_bars().filter(pl.col("ts").dt.year() >= 2024))


class Bought(NamedTuple):
    symbol: str
    side: Side
    at: datetime
    price: Decimal
    quantity: Decimal


def fills(settings: Settings, name: str, end: date = TO) -> list[Bought]:
    """Both ends of every closed trade."""
    found = []
    for t in run(settings, name, FROM, end).trades:
        found.append(Bought(t.symbol, Side.BUY, t.opened_at, t.entry, t.quantity))
        found.append(Bought(t.symbol, Side.SELL, t.closed_at, t.exit, t.quantity))
    return found


def price_of(panel: Panel, fill: Bought, column: str) -> Decimal:
    bars = panel[fill.symbol]
    row = int(np.searchsorted(bars.ts, np.datetime64(fill.at.date(), "us")))
    return Decimal(f"{getattr(bars, column)[row]:.4f}")


def test_a_gap_is_bought_at_the_open_and_sold_at_the_close(home: Settings, panel: Panel) -> None:
    found = fills(home, "intraday_gap_up")
    sides = Counter(fill.side for fill in found)
    assert sides[Side.BUY] == sides[Side.SELL] > 30
    slip, cent = Decimal("0.0002"), Decimal("0.01")
    for fill in found:
        buying = fill.side is Side.BUY
        exact = price_of(panel, fill, "open" if buying else "close") * (1 + fill.side.sign * slip)
        assert 0 <= (fill.price - exact) * fill.side.sign < cent
    held: Counter[tuple[str, object]] = Counter()
    for fill in found:
        held[fill.symbol, fill.at.date()] += int(fill.quantity) * fill.side.sign
    assert set(held.values()) == {0}


def test_a_week_is_bought_at_the_next_weeks_first_open(home: Settings, panel: Panel) -> None:
    found = [
        fill for fill in fills(home, "weekly_trend", date(2025, 9, 30)) if fill.side is Side.BUY
    ]
    assert found
    sessions = calendar_of(home).sessions(date(2025, 1, 6), date(2025, 9, 30))
    begins: dict[date, date] = {}
    for session in sessions:
        begins.setdefault(week_of(session.day), session.day)
    for fill in found:
        assert fill.at.date() in begins.values()  # a Tuesday after two Monday holidays
        assert abs(fill.price / price_of(panel, fill, "open") - 1) < Decimal("0.001")


@pytest.mark.parametrize("name", ["intraday_gap_up", "swing_stochastic_rsi", "weekly_trend"])
def test_a_replay_twice_gives_the_same_text(home: Settings, name: str) -> None:
    first, last = FROM.isoformat(), TO.isoformat()
    assert report(home, name, first, last) == report(home, name, first, last)


@dataclass(frozen=True)
class Peeks(WeeklyTrend):
    name: str = "peeks"

    def rules(self, bars: Bars) -> Rules:
        rules = super().rules(bars)
        return replace(rules, exit=np.roll(rules.exit, -1, axis=-1) & (rules.enter == 0))


def test_no_answer_of_ours_changes_when_the_future_is_hidden(home: Settings) -> None:
    for name in ("intraday_gap_up", "weekly_trend"):
        text, clean = lookahead(home, name, "2024-06-03", TO.isoformat())
        assert clean, text
        assert text.endswith("none changes.")


def test_the_report_names_what_changes_with_an_example(home: Settings, panel: Panel) -> None:
    days = panel.ts.astype("datetime64[D]")
    found = look_ahead(Peeks(), panel, calendar_of(home), days.min().item(), days.max().item())
    assert not found.clean
    assert set(found.by_part) == {"exit"}
    assert 0 < found.changed < found.answers
    assert "exit is " in found.text()
    assert "is the last day." in found.first


def test_a_file_that_peeks_is_refused_and_listed(tmp_path: Path, home: Settings) -> None:
    (tmp_path / "peeks.py").write_text(f"{IMPORTS}\n\n{inspect.getsource(Peeks)}")
    given = home.model_copy(update={"strategy_folder": str(tmp_path)})
    table = strategy_table(given)
    assert "weekly_trend         1w, decides at the close, holds until its exit" in table
    assert "Refused: peeks.py: peeks: when TRIAL " in table
    assert table.endswith("it looks ahead")
