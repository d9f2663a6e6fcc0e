"""Facts in, PNG bytes out, drawn for a phone; and the report, a PDF.

Importing this is light; matplotlib is loaded by the first drawing, or by `warm`.
"""

from charts.drawing import draw
from charts.pieces import Level, Mark, Panel, PnlDay
from charts.specs import (
    BarsSpec,
    CalendarSpec,
    CandlesSpec,
    CompareSpec,
    DigestSpec,
    HeatSpec,
    PnlSpec,
    ReplaySpec,
    ReportSpec,
    Shortfall,
    SlippageSpec,
    Table,
)
from charts.theme import DARK, LIGHT, Theme

__all__ = [
    "DARK",
    "LIGHT",
    "BarsSpec",
    "CalendarSpec",
    "CandlesSpec",
    "CompareSpec",
    "DigestSpec",
    "HeatSpec",
    "Level",
    "Mark",
    "Panel",
    "PnlDay",
    "PnlSpec",
    "ReplaySpec",
    "ReportSpec",
    "Shortfall",
    "SlippageSpec",
    "Table",
    "Theme",
    "draw",
    "warm",
]


def warm() -> None:
    """Import matplotlib and draw once, so that the first picture is not the slow one."""
    from charts.warmth import rehearse

    rehearse()
