"""Protections: what a run of poor trades locks, and why. Pure; the desk writes the lock."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from risk.limits import Protections

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Ended:
    """A trade that ended so many sessions ago (0 is this one); `net` in base currency."""

    strategy: str
    symbol: str
    sessions: int
    net: Decimal
    stopped: bool  # by its stop, at a loss


@dataclass(frozen=True, slots=True)
class Lock:
    """`scope` is "strategy:dip" or "symbol:AAPL"."""

    scope: str
    reason: str


def locks(trades: Sequence[Ended], limits: Protections) -> list[Lock]:
    return [*stop_guard(trades, limits), *poor_symbols(trades, limits)]


def stop_guard(trades: Sequence[Ended], limits: Protections) -> list[Lock]:
    """Strategies whose stops were hit too often."""
    if not limits.stops:
        return []
    hit: dict[str, int] = defaultdict(int)
    for trade in trades:
        if trade.stopped and trade.sessions < limits.stop_sessions:
            hit[trade.strategy] += 1
    return [
        Lock(
            f"strategy:{name}",
            f"{count} stops in {limits.stop_sessions} sessions, limit {limits.stops}",
        )
        for name, count in sorted(hit.items())
        if count >= limits.stops
    ]


def poor_symbols(trades: Sequence[Ended], limits: Protections) -> list[Lock]:
    """Instruments that made too little in enough trades."""
    if not limits.poor_trades:
        return []
    made: dict[str, list[Decimal]] = defaultdict(list)
    for trade in trades:
        if trade.sessions < limits.poor_sessions:
            made[trade.symbol].append(trade.net)
    return [
        Lock(
            f"symbol:{symbol}",
            f"{len(nets)} trades made {sum(nets, ZERO):,.2f}, limit {limits.poor_profit:,.2f}",
        )
        for symbol, nets in sorted(made.items())
        if len(nets) >= limits.poor_trades and sum(nets, ZERO) < limits.poor_profit
    ]
