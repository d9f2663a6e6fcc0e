"""The same rules in `backtesting.py` on 20 stocks of the sample: the same trades, the same prices.

What differs, and why:
- the desk fills on the instrument's tick, rounded against us: up to one cent worse a unit;
- a trade still open on the last bar: neither counts it, backtesting.py warns;
- intraday_gap_up: backtesting.py cannot fill on the bar it decides on, so each day is given to it
  as three bars: the open, the day, the close;
- %K and %D are rounded to nine decimals there: pandas' rolling means carry old rounding, and two
  that are both 100 would cross.
"""

import asyncio
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from folder import bars_folder, install_sample
from market.panel import Panel
from market.resample import week_of
from market.sample import sample_bars
from market.store import BarStore
from replay.alone import round_trips
from replay.engine import Script, replay
from replay.journal import MemoryJournal
from settings import Settings
from strategies.registry import STRATEGIES
from trading.clocks import SimulatedClock
from trading.ledger import Trade
from trading.money import Adjustment
from trading.types import Moment
from wiring import calendar_of, desk_of_replay, strategies

Row = tuple[str, str, str, float, float]  # symbol, day in, day out, price in, price out
CENT = Decimal("0.01")
every = pytest.mark.parametrize("name", sorted(STRATEGIES))


@pytest.fixture(scope="module")
def panel() -> Panel:
    bars = sample_bars()
    symbols = bars["symbol"].unique().sort().to_list()[::25][:20]
    return Panel.from_frame(bars.filter(pl.col("symbol").is_in(symbols)))


@pytest.fixture(scope="module")
def theirs(panel: Panel) -> dict[str, list[Row]]:
    pytest.importorskip("backtesting", reason="backtesting.py comes with the dev packages")
    from benchmarks.backtesting_rules import RULES, frame_of, quiet, trades

    quiet()
    return {
        name: [
            (symbol, str(trade.entered), str(trade.left), trade.entry, trade.exit)
            for symbol in panel
            for trade in trades(rules, frame_of(panel[symbol]))
        ]
        for name, rules in RULES.items()
    }


@every
def test_each_stock_by_itself_trades_the_same_to_the_last_digit(
    name: str, panel: Panel, theirs: dict[str, list[Row]]
) -> None:
    ours = round_trips(STRATEGIES[name], panel)
    rows = [
        (str(symbol), str(entered)[:10], str(left)[:10], float(entry), float(out))
        for symbol, entered, left, entry, out in zip(
            ours.symbol, ours.entered, ours.left, ours.entry, ours.exit, strict=True
        )
    ]
    assert rows == theirs[name]
    assert len(rows) > 50
    assert (ours.side == 1).all()


@every
def test_the_desk_trades_the_same_within_a_tick(
    name: str, panel: Panel, theirs: dict[str, list[Row]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    trades = asyncio.run(_desk_trades(name, panel, tmp_path_factory.getbasetemp() / "against"))
    ours = sorted(
        (t.book.symbol, _day(t.opened_at, name), _day(t.closed_at, name), t.entry, t.exit)
        for t in trades
    )
    wanted = [
        (symbol, _bar(entered, name), _bar(left, name), _tick(entry, up=True), _tick(out, up=False))
        for symbol, entered, left, entry, out in theirs[name]
    ]
    assert ours == sorted(wanted)


def _tick(price: float, *, up: bool) -> Decimal:
    """On the cent that is worse for us."""
    exact = Decimal(f"{price:.4f}")
    return (exact / CENT).to_integral_value(ROUND_CEILING if up else ROUND_FLOOR) * CENT


def _day(at: object, name: str) -> str:
    return _bar(str(at)[:10], name)


def _bar(day: str, name: str) -> str:
    """The day itself, or the Monday that dates its week."""
    if STRATEGIES[name].timeframe == "1d":
        return day
    return str(week_of(date.fromisoformat(day)))


async def _desk_trades(name: str, panel: Panel, folder: Path) -> list[Trade]:
    """A replay without costs, rich enough that no limit and no rank keeps anything out."""
    settings = Settings(
        data=folder,
        capital=1_000_000_000,
        strategies={name: {"allocation": 1, "position": "0.02", "max_positions": 20}},
        limits={"order_notional": 1, "position_notional": 1, "gross_notional": 10, "drift": 1,
                "collar": 1},
        costs={"slippage_bps": 0, "per_unit": 0, "minimum": 0},
    )  # fmt: skip
    install_sample(settings)
    known = strategies(settings)
    days = panel.ts.astype("datetime64[D]")
    sessions = calendar_of(settings).sessions(days.min().item(), days.max().item())
    clock, journal = SimulatedClock(sessions[0].open), MemoryJournal()
    desk = desk_of_replay(settings, journal, clock, BarStore(bars_folder(settings)), known)
    await journal.append(
        [Adjustment("paper", "opening", "deposit", settings.capital, "USD", clock.at)]
    )
    await replay(desk, clock, [Script.of(known[name], panel)], sessions)
    return list((await desk.books.ledger()).trades)


def test_an_open_decision_enters_on_its_own_bar_and_a_close_decision_on_the_next(
    panel: Panel,
) -> None:
    for name, strategy in STRATEGIES.items():
        if strategy.timeframe == "1d":
            trips = round_trips(strategy, panel)
            bars = panel[str(trips.symbol[0])]
            row = int(np.searchsorted(bars.ts, trips.entered[0]))
            said = strategy.rules(bars).enter
            assert said[row if strategy.decides is Moment.OPEN else row - 1] == 1, name
