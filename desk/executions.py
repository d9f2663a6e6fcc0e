"""What filled on which days, order by order: the one source of slippage and turnover."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from analytics.shortfall import Execution
from desk import report
from desk.desk import Desk
from trading.orders import Fill, Order
from trading.signals import Signal

ZERO = Decimal(0)
EPOCH = date(1970, 1, 1)


def bounds(desk: Desk, first: date, last: date) -> tuple[datetime, datetime]:
    """The days' beginning and the end of the last, in the exchange's zone. What nobody limits
    begins with 1970: the first of all days has no time in UTC east of it."""
    return (
        datetime.combine(max(first, EPOCH), time.min, desk.zone),
        datetime.combine(last + timedelta(days=1), time.min, desk.zone),
    )


async def executions(desk: Desk, first: date, last: date, strategy: str = "") -> list[Execution]:
    """Orders that filled on those days, in the order of their first fills; what was adopted or
    reversed is none."""
    begin, end = bounds(desk, first, last)
    only: dict[str, Any] = {"strategy": strategy} if strategy else {}
    read = await desk.journal.read(Fill, at__gte=begin, at__lt=end, order="at,id", **only)
    undone = {(one.broker, one.account, one.reverses) for one in read if one.reverses}
    groups: dict[tuple[str, str, str], list[Fill]] = {}
    for fill in read:
        taken_back = (fill.broker, fill.account, fill.execution_id) in undone
        if fill.is_adopted or fill.reverses or taken_back:
            continue
        groups.setdefault((fill.broker, fill.account, fill.order_key), []).append(fill)
    keys = tuple({key for _, _, key in groups if key})
    orders = {one.key: one for one in await desk.journal.read(Order, key__in=keys)}
    numbers = tuple({one.signal_id for one in orders.values() if one.signal_id is not None})
    signals = {one.id: one for one in await desk.journal.read(Signal, id__in=numbers)}
    ledger = await desk.books.ledger()
    found = []
    for (broker, _, key), fills in groups.items():
        order, head = orders.get(key), fills[0]
        signal = signals.get(order.signal_id or 0) if order else None
        rate = report.known(ledger, head.currency, head.at)
        units = sum((one.quantity for one in fills), ZERO)
        found.append(
            Execution(
                key,
                head.strategy,
                broker,
                head.symbol,
                head.side,
                units,
                sum((one.quantity * one.price for one in fills), ZERO) / units,
                signal.price if signal else None,
                order.reference if order else None,
                sum((one.fee + one.tax for one in fills), ZERO) * rate,
                head.at,
                head.multiplier,
                rate,
            )
        )
    return found
