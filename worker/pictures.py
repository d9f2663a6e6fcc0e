"""A signal's chart: the bars it was decided on, what its strategy draws, the level it named."""

from typing import Any

import numpy as np

from charts import CandlesSpec, Level, Panel
from trading.bars import Bars, Rules, Strategy
from trading.signals import Signal
from trading.types import Instrument

SHOWN = 120  # bars on a card


def candles(
    strategy: Strategy, bars: Bars, rules: Rules, signal: Signal, instrument: Instrument
) -> dict[str, Any]:
    """The spec of a card's picture; a stop is not drawn, since none rests at the broker."""
    drawing = strategy.drawing
    overlays = {
        name: np.stack([rules.features[line] for line in lines])
        if len(lines) > 1
        else rules.features[lines[0]]
        for name, lines in drawing.overlays.items()
    }
    panels = [
        Panel(panel.name, rules.features[panel.feature], panel.lines, panel.low, panel.high)
        for panel in drawing.panels
    ]
    spec = CandlesSpec(
        bars,
        title=f"{signal.symbol}  {instrument.name}",
        subtitle=f"{strategy.name}, daily to {signal.bar:%a} {signal.bar.day} {signal.bar:%b %Y}",
        currency=instrument.currency,
        overlays=overlays,
        panels=panels,
        levels=(Level("signal", signal.price),),
    )
    return spec.last(SHOWN).to_json()
