"""Locks: entries that stay out for a while."""

from datetime import datetime

from desk.desk import Desk
from trading.orders import Order


async def add(desk: Desk, scope: str, until: datetime | None, reason: str, by: str) -> None:
    """Keep entries of `scope` out until market time `until`."""


def is_stop(order: Order) -> bool:
    """Whether filling it was a stop-out, by what the order says of itself."""
    return order.purpose == "exit" and "stop" in f"{order.type} {order.key} {order.note}"
