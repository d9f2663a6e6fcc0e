"""Checks of time, data and repetition: whether what an order was made from still holds."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from risk.checks import Check, Intent, check_drift
from risk.limits import Limits
from trading.ports import Session
from trading.types import Quote

ZERO = Decimal(0)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
#: A session that is shorter than this is half a day, and said to be.
HALF_DAY = timedelta(hours=5)


def lasted(span: timedelta) -> str:
    """`2.4 s`, `12 s`, `4 min`, `3 h`, `2 days`."""
    seconds = Decimal(str(span.total_seconds()))
    if span < 10 * SECOND and span % SECOND:
        return f"{seconds.normalize():f} s"
    for size, word in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {word}"
    return f"{int(seconds)} s"


def check_quote(age: timedelta, limit: timedelta) -> Check:
    """Of a feed that streams: an old quote says that it has stopped."""
    text = f"price {lasted(age)} old, limit {lasted(limit)}"
    return Check("stale price", age <= limit, text, _seconds(age), _seconds(limit))


def check_bars(closed: int, limit: int) -> Check:
    """Of a feed of sessions: how many have closed since the one the price is of."""
    sessions = "1 session" if closed == 1 else f"{closed} sessions"
    text = f"price {sessions} old, limit {limit}" if closed else "price of the latest session"
    return Check("stale price", closed <= limit, text, Decimal(closed), Decimal(limit))


def check_twin(since: timedelta | None, limit: timedelta, what: str) -> Check:
    """`since`: how long ago the same strategy ordered the same of the same instrument."""
    if since is None or since >= limit:
        return Check("duplicate", True, "no such order just before")
    text = f"{what} was ordered {lasted(since)} ago, limit {lasted(limit)} apart"
    return Check("duplicate", False, text)


def check_time(now: datetime, expires_at: datetime) -> Check:
    """A decision may be made until the very moment it expires."""
    if now > expires_at:
        return Check("time", False, f"expired {lasted(now - expires_at)} ago")
    return Check("time", True, f"{lasted(expires_at - now)} left to decide")


def check_skew(skew: timedelta | None, limit: timedelta, broker: str) -> Check:
    """`skew`: the broker's clock less ours; None where it does not tell its time."""
    if skew is None:
        return Check("clock", True, f"{broker} tells no time")
    apart = abs(skew)
    way = "ahead" if skew > timedelta(0) else "behind"
    text = f"{broker}'s clock {lasted(apart)} {way}, limit {lasted(limit)}"
    return Check("clock", apart <= limit, text, _seconds(apart), _seconds(limit))


def check_session(session: Session | None, known_through: date, day: date, at: datetime) -> Check:
    """`session`: the one open at `at`, or the next; None past what the calendar knows, where
    nobody assumes that a market is open."""
    if day > known_through or session is None:
        return Check("session", False, f"the calendar ends on {known_through}; it knows no session")
    half = ", half a day" if session.close - session.open < HALF_DAY else ""
    if at >= session.close:
        return Check("session", False, f"its session closed {lasted(at - session.close)} before")
    return Check("session", True, f"in the session of {session.day:%a} {session.day.day}{half}")


def check_rounding(intent: Intent, limit: Decimal | None = None) -> Check:
    """A whole number of lots, and a limit price on a tick."""
    instrument = intent.instrument
    if intent.quantity % instrument.lot:
        text = f"{intent.quantity:f} is no whole number of lots of {instrument.lot:f}"
        return Check("rounding", False, text)
    if limit is not None and limit % instrument.tick:
        return Check("rounding", False, f"{limit:f} is between ticks of {instrument.tick:f}")
    return Check("rounding", True, "whole lots, on a tick")


def collar_of(quote: Quote, limits: Limits) -> Decimal:
    """How far the market may have gone from the decision's price: wider where it is thin."""
    if quote.bid is None or quote.ask is None or quote.price <= 0:
        return limits.collar
    spread = (quote.ask - quote.bid) / quote.price
    return limits.thin_collar if spread >= limits.thin_spread else limits.collar


def check_collar(quote: Quote, reference: Decimal, limits: Limits) -> Check:
    found = check_drift(quote.price, reference, collar_of(quote, limits), what="the market")
    return Check("collar", found.ok, found.text, found.used, found.limit)


def _seconds(span: timedelta) -> Decimal:
    return Decimal(str(span.total_seconds()))
