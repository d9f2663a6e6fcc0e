"""Days and trades in a line."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from analytics.days import Day
from trading.ledger import Book, Trade

D = Decimal
MONDAY = date(2025, 2, 3)
CAPITAL = D(100_000)


def weekdays(n: int, first: date = MONDAY) -> list[date]:
    found: list[date] = []
    while len(found) < n:
        if first.weekday() < 5:
            found.append(first)
        first += timedelta(days=1)
    return found


def days(*nets: object, first: date = MONDAY) -> list[Day]:
    return [
        Day(day, D(str(net))) for day, net in zip(weekdays(len(nets), first), nets, strict=True)
    ]


def earning(returns: Sequence[float], capital: Decimal = CAPITAL) -> list[Day]:
    """Days whose returns are exactly these."""
    found, worth = [], capital
    for day, one in zip(weekdays(len(returns)), returns, strict=True):
        net = worth * D(one)
        found.append(Day(day, net))
        worth += net
    return found


def trade(
    net: object,
    *,
    symbol: str = "AAPL",
    strategy: str = "dip",
    opened: datetime = datetime(2025, 2, 3, 14, 30, tzinfo=UTC),
    held: timedelta = timedelta(days=1),
    quantity: object = 10,
    entry: object = 100,
    exit: object | None = None,
    costs: object = 0,
    closed_by: str = "",
    id: int = 0,
) -> Trade:
    """`net` in base currency, after `costs`."""
    made, units, price = D(str(net)), D(str(quantity)), D(str(entry))
    gross = made + D(str(costs))
    left = D(str(exit)) if exit is not None else price + gross / units
    return Trade(
        Book(strategy, "paper", symbol),
        "USD",
        units,
        opened,
        opened + held,
        price,
        left,
        gross,
        D(str(costs)),
        gross_base=gross,
        costs_base=D(str(costs)),
        closed_by=closed_by,
        id=id,
        cost_base=abs(units) * price,
    )
