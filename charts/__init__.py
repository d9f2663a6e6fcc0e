"""Facts in, PNG bytes out: candle charts, P&L, replays and digests, drawn for a phone.

Importing this is light; matplotlib is loaded by the first drawing, or by `warm`.
"""

from charts.drawing import draw
from charts.pieces import Level, Mark, Panel, PnlDay
from charts.specs import CandlesSpec, DigestSpec, HeatSpec, PnlSpec, ReplaySpec
from charts.theme import DARK, LIGHT, Theme

__all__ = [
    "DARK",
    "LIGHT",
    "CandlesSpec",
    "DigestSpec",
    "HeatSpec",
    "Level",
    "Mark",
    "Panel",
    "PnlDay",
    "PnlSpec",
    "ReplaySpec",
    "Theme",
    "draw",
    "warm",
]


def warm() -> None:
    """Import matplotlib and draw once, so that the first picture is not the slow one."""
    from charts.warmth import rehearse

    rehearse()
