"""Locks: what may not be entered, until when and why."""

from datetime import datetime

from desk import lists
from desk.desk import Desk
from desk.scope import Kind, of_key
from trading.universes import BLACKLIST


async def add(desk: Desk, scope: str, until: datetime | None, reason: str, by: str) -> None:
    """Keep entries of `scope`, such as "symbol:AAPL", out."""
    del until
    found = of_key(scope)
    if found.kind is Kind.SYMBOL:
        await lists.put(desk, BLACKLIST, [found.name], by=by, reason=reason)
