"""The shipped rules over the whole sample, against the same rules in `backtesting.py`.

Like is measured with like: each stock by itself, no costs, indicators and statistics' trades
included. The desk's replay, which also sizes, ranks, checks limits, sends orders and keeps a
ledger, is a line of its own.
"""

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd

from backtest import open_history
from backtest import run as desk_replay
from benchmarks.backtesting_rules import RULES, Trade, frame_of, quiet, trades
from benchmarks.line import Line, table
from market.panel import Panel
from market.sample import sample_bars
from replay.alone import round_trips
from settings import Settings
from strategies.registry import STRATEGIES
from trading.bars import Strategy


def run(symbols: int = 503, rounds: int = 1) -> list[Line]:
    """Refuses to report a speed unless both made the same trades at the same prices, but for one
    in a thousand: pandas' rolling means carry old rounding over a threshold now and then."""
    quiet()
    panel = Panel.from_frame(sample_bars())
    panel = _first(panel, symbols)
    frames = {symbol: frame_of(panel[symbol]) for symbol in panel}
    lines, total, ours = [], 0.0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder))
        history = open_history(settings, panel.symbols)
        for name, strategy in STRATEGIES.items():
            line = _line(name, strategy, panel, frames, rounds)
            total += line.alternative_ms
            lines.append(line)
            start = time.perf_counter()  # beside its alternative, so that a busy machine slows both
            desk_replay(settings, name, history=history)
            ours += (time.perf_counter() - start) * 1e3
    note = "one account, sized and checked order by order; not the same work"
    name = f"the desk's replay of all {len(STRATEGIES)}, {len(panel)} stocks"
    lines.append(Line(name, ours, "`backtesting.py`", total, total / ours, note))
    return lines


def _first(panel: Panel, symbols: int) -> Panel:
    frame = panel.frame()
    return Panel.from_frame(frame.filter(frame["symbol"].is_in(panel.symbols[:symbols])))


def _line(
    name: str, strategy: Strategy, panel: Panel, frames: dict[str, pd.DataFrame], rounds: int
) -> Line:
    theirs: set[tuple[str, Trade]] = set()

    def each() -> None:
        for symbol, frame in frames.items():
            theirs.update((symbol, trade) for trade in trades(RULES[name], frame))

    line = Line.measured(
        f"{name}, {len(frames)} stocks x 1,255 sessions, each by itself",
        lambda: round_trips(strategy, panel),
        "`backtesting.py`",
        each,
        rounds,
        warm=False,
    )
    found = round_trips(strategy, panel)
    came, went = (stamps.astype("datetime64[D]").tolist() for stamps in (found.entered, found.left))
    made = map(Trade, came, went, found.entry.tolist(), found.exit.tolist())
    ours = set(zip(found.symbol.tolist(), made, strict=True))
    apart = len(ours ^ theirs)
    if apart > len(ours) / 500:
        raise AssertionError(f"{name}: {apart} trades of {len(ours)} are not in both")
    return replace(line, note=f"{len(ours & theirs):,} of {len(ours):,} trades the same")


if __name__ == "__main__":
    print(table(run()))
