"""History brought into a new paper book: facts of another desk, as this broker's events."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from brokers.paper_events import Accepted, Closed, Deposited, Event, Executed
from brokers.paper_rules import Rules
from brokers.paper_statement import Statement
from trading.errors import DataError
from trading.money import Adjustment
from trading.orders import DONE, Fill, Order, OrderState

ZERO = Decimal(0)
NEVER_HERE = frozenset({OrderState.PLANNED, OrderState.REJECTED})  # no broker keeps these
UNSETTLED = frozenset({OrderState.SUBMITTING, OrderState.UNKNOWN})


def history(
    deposits: Iterable[Adjustment],
    fills: Iterable[Fill],
    orders: Iterable[Order],
    *,
    broker: str,
    account: str,
    rules: Rules,
    prefix: str = "",
) -> list[Event]:
    """Deposits, then orders, then fills in the order given, then how orders ended.

    DataError for a fact of another account or currency, an execution told twice, an order whose
    outcome is not settled, or a short that the account's rules do not allow.
    """
    fills = list(fills)
    traded: dict[str, Decimal] = {}
    seen: set[str] = set()
    for fill in fills:
        if (fill.broker, fill.account, fill.currency) != (broker, account, rules.currency):
            raise DataError(
                f"fill {fill.execution_id} is {fill.currency} at {fill.broker}/{fill.account}; "
                f"this book is {rules.currency} at {broker}/{account}"
            )
        if fill.execution_id in seen:
            raise DataError(f"execution {fill.execution_id} is given twice")
        seen.add(fill.execution_id)
        traded[fill.order_key] = traded.get(fill.order_key, ZERO) + fill.quantity

    events: list[Event] = [Deposited(_own(deposit, account, rules)) for deposit in deposits]
    refs: dict[str, str] = {}
    ends: list[Event] = []
    for order in orders:
        if order.state in NEVER_HERE:
            continue
        if order.state in UNSETTLED:
            raise DataError(f"order {order.key} is {order.state}; settle it before loading")
        if order.key in refs:
            raise DataError(f"order {order.key} is given twice")
        ref = refs[order.key] = f"{prefix}o{len(refs) + 1}"
        events += _accepted(order, ref, traded.get(order.key, ZERO))
        if order.state in DONE and order.state is not OrderState.FILLED:
            ends.append(Closed(ref, order.state, order.done_at or order.created_at, order.note))
    events += [
        Executed(refs.get(fill.order_key, ""), replace(fill, strategy="", id=0)) for fill in fills
    ]
    events += ends
    _check_shorts(events, rules)
    return events


def _own(deposit: Adjustment, account: str, rules: Rules) -> Adjustment:
    if (deposit.account, deposit.currency) != (account, rules.currency):
        raise DataError(
            f"{deposit.kind} {deposit.reference} is {deposit.currency} in {deposit.account}; "
            f"this book is {rules.currency} in {account}"
        )
    return replace(deposit, strategy="", id=0)


def _accepted(order: Order, ref: str, traded: Decimal) -> list[Event]:
    quantity = order.quantity
    if order.state is OrderState.FILLED:
        quantity = traded  # less than asked where a reduce-only order was cut
        if not traded:
            raise DataError(f"order {order.key} is filled but none of its fills are given")
    elif traded > quantity:
        raise DataError(f"order {order.key} traded {traded:f} of {quantity:f}")
    resting = order.state not in DONE and not order.reduce_only and order.side.sign > 0
    price = order.limit or order.reference or ZERO
    reserve = quantity * price if resting else ZERO
    return [Accepted(ref, order, quantity, reserve, order.submitted_at or order.created_at)]


def _check_shorts(events: Iterable[Event], rules: Rules) -> None:
    statement = Statement()
    for event in events:
        statement.apply(event)
    short = sorted(symbol for symbol, held in statement.held.items() if held.quantity < 0)
    if short and not rules.shorts:
        raise DataError(f"history ends short of {', '.join(short)}; allow shorts to load it")
