"""A signal's chart: the bars it was decided on, what its strategy draws, the level it named."""

import math
from datetime import date
from typing import Any

import numpy as np

from charts import CandlesSpec, Level, Panel
from trading.bars import Bars, Rules, Strategy
from trading.signals import Signal
from trading.types import Instrument

SHOWN = 120  # bars on a card
SPAN = {"1d": "daily", "1w": "weekly"}


def candles(
    strategy: Strategy, bars: Bars, rules: Rules, signal: Signal, instrument: Instrument
) -> dict[str, Any]:
    """The spec of a card's picture; a stop is not drawn, since none rests at the broker.

    A bar of which only the open is known is not drawn either: the signal's level shows it.
    """
    drawing = strategy.drawing
    whole = slice(0, len(bars) - int(len(bars) > 0 and math.isnan(bars.close[-1])))
    features = {name: values[whole] for name, values in rules.features.items()}
    bars = bars[whole]
    overlays = {
        name: np.stack([features[line] for line in lines]) if len(lines) > 1 else features[lines[0]]
        for name, lines in drawing.overlays.items()
    }
    panels = [
        Panel(panel.name, features[panel.feature], panel.lines, panel.low, panel.high)
        for panel in drawing.panels
    ]
    last: date = bars.ts[-1].astype("datetime64[D]").item()
    span = SPAN[strategy.timeframe]
    spec = CandlesSpec(
        bars,
        title=f"{signal.symbol}  {instrument.name}",
        subtitle=f"{strategy.name}, {span} to {last:%a} {last.day} {last:%b %Y}",
        currency=instrument.currency,
        overlays=overlays,
        panels=panels,
        levels=(Level("signal", signal.price),),
    )
    return spec.last(SHOWN).to_json()
