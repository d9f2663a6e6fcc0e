"""Performance by symbol, strategy, weekday, hour and reason of the exit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal

from analytics import ratios
from analytics.days import ZERO
from analytics.stats import returned
from trading.ledger import Trade

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
UNKNOWN = "unknown"  # why a trade ended, where nothing recorded says so


@dataclass(frozen=True, slots=True)
class Group:
    """The trades of one name, in base currency; costs positive, shares as fractions."""

    name: str
    trades: int
    wins: int
    net: Decimal
    costs: Decimal  # fees and taxes
    mean_return: float | None
    profit_factor: float | None
    best: Decimal  # net of the best trade
    worst: Decimal

    @property
    def win_rate(self) -> float:
        return self.wins / self.trades

    @property
    def gross(self) -> Decimal:
        return self.net + self.costs

    @property
    def expectancy(self) -> Decimal:
        return self.net / self.trades


def by_symbol(trades: Sequence[Trade]) -> list[Group]:
    """The largest net first."""
    return _best_first(grouped(trades, lambda trade: trade.book.symbol))


def by_strategy(trades: Sequence[Trade]) -> list[Group]:
    """The largest net first."""
    return _best_first(grouped(trades, lambda trade: trade.book.strategy))


def by_weekday(trades: Sequence[Trade], zone: tzinfo) -> list[Group]:
    """Of the entry, in that zone; Monday first."""
    found = grouped(trades, lambda trade: WEEKDAYS[trade.opened_at.astimezone(zone).weekday()])
    return sorted(found, key=lambda group: WEEKDAYS.index(group.name))


def by_hour(trades: Sequence[Trade], zone: tzinfo) -> list[Group]:
    """Of the entry, in that zone: "09" is from 09:00 until 10:00. Ascending."""
    found = grouped(trades, lambda trade: f"{trade.opened_at.astimezone(zone):%H}")
    return sorted(found, key=lambda group: group.name)


def by_exit(trades: Sequence[Trade], reasons: Mapping[str, str]) -> list[Group]:
    """By why each ended; `reasons` by `Trade.closed_by`. The largest net first."""
    return _best_first(grouped(trades, lambda trade: reasons.get(trade.closed_by, UNKNOWN)))


def grouped(trades: Sequence[Trade], name: Callable[[Trade], str]) -> list[Group]:
    """In the order in which the names first come."""
    parts: dict[str, list[Trade]] = {}
    for trade in trades:
        parts.setdefault(name(trade), []).append(trade)
    return [_group(one, inside) for one, inside in parts.items()]


def _group(name: str, trades: Sequence[Trade]) -> Group:
    nets = [trade.net_base for trade in trades]
    made = [r for trade in trades if (r := returned(trade)) is not None]
    return Group(
        name,
        len(nets),
        sum(net > 0 for net in nets),
        sum(nets, ZERO),
        sum((trade.costs_base for trade in trades), ZERO),
        sum(made) / len(made) if made else None,
        ratios.profit_factor(nets),
        max(nets),
        min(nets),
    )


def _best_first(groups: list[Group]) -> list[Group]:
    return sorted(groups, key=lambda group: (-group.net, group.name))
