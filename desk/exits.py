"""Exits: which of them are looked after; none yet."""

from decimal import Decimal

from desk.desk import Desk
from trading.signals import Signal


def stop_of(desk: Desk, signal: Signal) -> Decimal | None:
    """The stop that would rest at the broker or be watched by us; None where none will be."""
    del desk, signal
    return None


def kept(desk: Desk, signal: Signal) -> bool:
    """Whether the signal's stop will rest at the broker or be watched by us."""
    return stop_of(desk, signal) is not None
