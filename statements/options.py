"""Options' ends as brokers tell them: exercise, assignment, expiry."""

import re
from datetime import UTC, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from trading.money import Action, Change

_ENDED = {"A": Change.ASSIGNMENT, "EX": Change.EXERCISE, "EP": Change.EXPIRY}
BOOKED = time(16, 20)  # of the exchange's day, when a broker books what happened to options
ONE = Decimal(1)


def ended(codes: str) -> Change | None:
    """What codes like "A", "C;Ep" say of an option."""
    words = re.split(r"[;, ]+", codes.upper())
    return next((_ENDED[word] for word in words if word in _ENDED), None)


def booked_at(at: datetime, zone: ZoneInfo) -> datetime:
    """The moment all sections of one statement agree on: 16:20 of that day."""
    return datetime.combine(at.astimezone(zone).date(), BOOKED, zone).astimezone(UTC)


def end_of(
    kind: Change,
    account: str,
    symbol: str,
    at: datetime,
    units: Decimal,
    multiplier: Decimal,
    underlying: str,
    strike: Decimal,
    right: str,
) -> Action:
    """`units` contracts end; an expiry is worth nothing."""
    reference = f"{kind}:{symbol}:{at:%Y-%m-%d}"
    if kind is Change.EXPIRY:
        return Action(account, reference, kind, symbol, at, units=abs(units))
    return Action(
        account,
        reference,
        kind,
        symbol,
        at,
        gives=multiplier,
        into=underlying,
        price=strike,
        units=abs(units),
        right=1 if right.upper().startswith("C") else -1,
    )
