"""Pictures as JSON-able specs: what the desk stores and the drawing process draws.

Light to import: matplotlib is loaded by the first drawing.
"""

from charts.specs.bars import BarsSpec
from charts.specs.calendar import CalendarSpec
from charts.specs.candles import CandlesSpec
from charts.specs.compare import CompareSpec
from charts.specs.daily import DigestSpec, PnlSpec
from charts.specs.heat import HeatSpec
from charts.specs.replay import ReplaySpec
from charts.specs.report import ReportSpec, Table
from charts.specs.slippage import Shortfall, SlippageSpec

__all__ = [
    "BarsSpec",
    "CalendarSpec",
    "CandlesSpec",
    "CompareSpec",
    "DigestSpec",
    "HeatSpec",
    "PnlSpec",
    "ReplaySpec",
    "ReportSpec",
    "Shortfall",
    "SlippageSpec",
    "Table",
]
