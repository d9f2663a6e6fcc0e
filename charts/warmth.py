"""A rehearsal: every kind of picture once, thrown away."""

from datetime import UTC, date, datetime, timedelta

import numpy as np

from charts.bars import compose as compose_bars
from charts.calendar import compose as compose_calendar
from charts.candles import compose as compose_candles
from charts.compare import compose as compose_compare
from charts.digest import compose as compose_digest
from charts.pieces import Level, Mark, Panel, PnlDay
from charts.pnl import compose as compose_pnl
from charts.slippage import compose as compose_slippage
from charts.specs import (
    BarsSpec,
    CalendarSpec,
    CompareSpec,
    DigestSpec,
    PnlSpec,
    Shortfall,
    SlippageSpec,
)
from charts.specs.candles import SHOWN, CandlesSpec
from trading.bars import Bars
from trading.types import Side


def rehearse() -> None:
    """Draw a chart with every part, so that fonts, glyphs and code are loaded."""
    wave = 100 + 8 * np.sin(np.arange(SHOWN) / 9)
    ts = np.datetime64("2025-01-01", "us") + np.arange(SHOWN) * np.timedelta64(1, "D")
    bars = Bars("WARM", ts, wave, wave + 2, wave - 2, wave + 0.5, wave * 1000)
    compose_candles(
        CandlesSpec(
            bars,
            title="Warming 0123456789",
            subtitle="abcdefghijklmnopqrstuvwxyz ,.·@%",
            overlays={"band": np.stack((wave - 3, wave, wave + 3)), "line": wave},
            panels=(Panel("RSI 14", wave, (95, 105)),),
            levels=(Level("signal", 101.5), Level("stop", 97.25), Level("target", 107.75)),
            marks=(Mark(datetime(2025, 2, 1, tzinfo=UTC), 100.5, Side.BUY, "filled 1 @ 100.50"),),
            volume=True,
        )
    ).png()
    days = tuple(PnlDay(date(2025, 1, 1) + timedelta(i), float(wave[i]) - 101) for i in range(60))
    compose_pnl(PnlSpec(days, title="Net P&L", subtitle="JFMASOND")).png()
    compose_digest(DigestSpec(days[:20], title="Net P&L", highlight=days[19].day)).png()
    compose_bars(BarsSpec((("Mon", 1.5), ("Tue", -2.5)), title="Net P&L")).png()
    compose_calendar(CalendarSpec(days[:30], title="January", month="2025-01")).png()
    months = {"warm": (("2025-01", 1.0),)}
    compose_compare(CompareSpec({"warm": days}, months, title="Compare")).png()
    compose_slippage(SlippageSpec((Shortfall("warm", 1, 2, 3),), title="Slippage")).png()
