"""Fees and taxes as data: schedules per broker and market, with dates and sources, and their sums.

Pure and exact: Decimal throughout, no clock and no network.
"""

from charges.charge import Charges, Deal, Line, charge, charged
from charges.choice import Choice, Choices
from charges.library import Library, load
from charges.schedule import Rate, Rule, Schedule

__all__ = [
    "Charges",
    "Choice",
    "Choices",
    "Deal",
    "Library",
    "Line",
    "Rate",
    "Rule",
    "Schedule",
    "charge",
    "charged",
    "load",
]
