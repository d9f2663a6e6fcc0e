"""Pictures as JSON-able specs: what the desk stores and the drawing process draws.

Light to import: matplotlib is loaded by the first drawing.
"""

from charts.specs.candles import CandlesSpec
from charts.specs.daily import DigestSpec, PnlSpec
from charts.specs.heat import HeatSpec
from charts.specs.replay import ReplaySpec

__all__ = ["CandlesSpec", "DigestSpec", "HeatSpec", "PnlSpec", "ReplaySpec"]
