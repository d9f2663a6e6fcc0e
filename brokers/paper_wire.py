"""The paper broker's facts as JSON, for its book and its socket: decimals are strings, times ISO.

Reading raises DataError naming what could not be read.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from brokers.paper_events import Accepted, Closed, Deposited, Event, Executed, Transferred
from trading.errors import DataError
from trading.money import Adjustment
from trading.orders import Ack, Fill, Order, OrderState, OrderType, Resting
from trading.types import Account, Holdings, Side

Json = Mapping[str, Any]
T = TypeVar("T")


def _read(what: str, build: Callable[[], T]) -> T:
    try:
        return build()
    except KeyError as error:
        raise DataError(f"{what} has no {error.args[0]}") from error
    except (ValueError, TypeError, ArithmeticError, AttributeError) as error:
        raise DataError(f"{what} cannot be read: {error}") from error


def _maybe(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _decimal(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _time(value: str) -> datetime:
    at = datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError(f"time {value} has no zone")
    return at


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value


def order_to_json(order: Order) -> dict[str, Any]:
    """What a broker is told of an order: nothing of the strategy, the signal or our state."""
    return {
        "key": order.key,
        "broker": order.broker,
        "account": order.account,
        "symbol": order.symbol,
        "side": order.side,
        "quantity": str(order.quantity),
        "type": order.type,
        "limit": _maybe(order.limit),
        "stop": _maybe(order.stop),
        "reference": _maybe(order.reference),
        "reduce_only": order.reduce_only,
        "execute_at": order.execute_at.isoformat(),
        "created_at": order.created_at.isoformat(),
    }


def order_from_json(body: Json) -> Order:
    return _read(
        "order",
        lambda: Order(
            key=str(body["key"]),
            strategy="",
            broker=str(body["broker"]),
            account=str(body["account"]),
            symbol=str(body["symbol"]),
            side=Side(body["side"]),
            quantity=Decimal(body["quantity"]),
            execute_at=_time(body["execute_at"]),
            created_at=_time(body["created_at"]),
            type=OrderType(body["type"]),
            limit=_decimal(body.get("limit")),
            stop=_decimal(body.get("stop")),
            reference=_decimal(body.get("reference")),
            reduce_only=_flag(body["reduce_only"]),
        ),
    )


def ack_to_json(ack: Ack) -> dict[str, Any]:
    return {"key": ack.key, "state": ack.state, "broker_ref": ack.broker_ref, "note": ack.note}


def ack_from_json(body: Json) -> Ack:
    return _read(
        "answer",
        lambda: Ack(body["key"], OrderState(body["state"]), body["broker_ref"], body["note"]),
    )


def fill_to_json(fill: Fill) -> dict[str, Any]:
    return {
        "broker": fill.broker,
        "account": fill.account,
        "execution_id": fill.execution_id,
        "order_key": fill.order_key,
        "symbol": fill.symbol,
        "side": fill.side,
        "quantity": str(fill.quantity),
        "price": str(fill.price),
        "fee": str(fill.fee),
        "tax": str(fill.tax),
        "currency": fill.currency,
        "at": fill.at.isoformat(),
        "multiplier": str(fill.multiplier),
    }


def fill_from_json(body: Json) -> Fill:
    return _read(
        "fill",
        lambda: Fill(
            body["broker"],
            body["account"],
            body["execution_id"],
            body["order_key"],
            "",
            body["symbol"],
            Side(body["side"]),
            Decimal(body["quantity"]),
            Decimal(body["price"]),
            Decimal(body["fee"]),
            body["currency"],
            _time(body["at"]),
            Decimal(body["multiplier"]),
            Decimal(body.get("tax", "0")),  # a book of before taxes has none
        ),
    )


def holdings_to_json(held: Holdings) -> dict[str, Any]:
    return {"symbol": held.symbol, "quantity": str(held.quantity), "average": str(held.average)}


def holdings_from_json(body: Json) -> Holdings:
    return _read(
        "position",
        lambda: Holdings(body["symbol"], Decimal(body["quantity"]), Decimal(body["average"])),
    )


def resting_to_json(resting: Resting) -> dict[str, Any]:
    return {
        "key": resting.key,
        "symbol": resting.symbol,
        "side": resting.side,
        "quantity": str(resting.quantity),
        "limit": _maybe(resting.limit),
        "stop": _maybe(resting.stop),
    }


def resting_from_json(body: Json) -> Resting:
    return _read(
        "resting order",
        lambda: Resting(
            body["key"],
            body["symbol"],
            Side(body["side"]),
            Decimal(body["quantity"]),
            _decimal(body.get("limit")),
            _decimal(body.get("stop")),
        ),
    )


def account_to_json(account: Account) -> dict[str, Any]:
    return {
        "broker": account.broker,
        "account": account.account,
        "currency": account.currency,
        "cash": str(account.cash),
        "equity": str(account.equity),
        "at": account.at.isoformat(),
        "leverage": None if account.leverage is None else str(account.leverage),
    }


def account_from_json(body: Json) -> Account:
    return _read(
        "account",
        lambda: Account(
            body["broker"],
            body["account"],
            body["currency"],
            Decimal(body["cash"]),
            Decimal(body["equity"]),
            _time(body["at"]),
            _decimal(body.get("leverage")),
        ),
    )


def adjustment_to_json(moved: Adjustment) -> dict[str, Any]:
    return {
        "account": moved.account,
        "reference": moved.reference,
        "kind": moved.kind,
        "amount": str(moved.amount),
        "currency": moved.currency,
        "at": moved.at.isoformat(),
        "note": moved.note,
    }


def adjustment_from_json(body: Json) -> Adjustment:
    return _read(
        "adjustment",
        lambda: Adjustment(
            body["account"],
            body["reference"],
            body["kind"],
            Decimal(body["amount"]),
            body["currency"],
            _time(body["at"]),
            note=body["note"],
        ),
    )


def transferred_to_json(moved: Transferred) -> dict[str, Any]:
    return {
        "symbol": moved.symbol,
        "quantity": str(moved.quantity),
        "price": str(moved.price),
        "multiplier": str(moved.multiplier),
        "at": moved.at.isoformat(),
    }


def transferred_from_json(body: Json) -> Transferred:
    return _read(
        "transfer",
        lambda: Transferred(
            body["symbol"],
            Decimal(body["quantity"]),
            Decimal(body["price"]),
            Decimal(body["multiplier"]),
            _time(body["at"]),
        ),
    )


def event_to_json(event: Event) -> tuple[str, str, dict[str, Any]]:
    """Its kind, the name it is looked up by (key, execution id or reference), and its body."""
    if isinstance(event, Executed):
        body = {"ref": event.ref, "fill": fill_to_json(event.fill)}
        return "executed", event.fill.execution_id, body
    if isinstance(event, Accepted):
        return (
            "accepted",
            event.order.key,
            {
                "ref": event.ref,
                "order": order_to_json(event.order),
                "quantity": str(event.quantity),
                "reserve": str(event.reserve),
                "at": event.at.isoformat(),
                "note": event.note,
            },
        )
    if isinstance(event, Closed):
        body = {"state": event.state, "at": event.at.isoformat(), "note": event.note}
        return "closed", event.ref, {"ref": event.ref, **body}
    if isinstance(event, Transferred):
        return "transferred", event.symbol, transferred_to_json(event)
    return "deposited", event.adjustment.reference, adjustment_to_json(event.adjustment)


def event_from_json(kind: str, body: Json) -> Event:
    if kind == "executed":
        return _read(kind, lambda: Executed(body["ref"], fill_from_json(body["fill"])))
    if kind == "accepted":
        return _read(
            kind,
            lambda: Accepted(
                body["ref"],
                order_from_json(body["order"]),
                Decimal(body["quantity"]),
                Decimal(body["reserve"]),
                _time(body["at"]),
                body["note"],
            ),
        )
    if kind == "closed":
        return _read(
            kind,
            lambda: Closed(body["ref"], OrderState(body["state"]), _time(body["at"]), body["note"]),
        )
    if kind == "deposited":
        return Deposited(adjustment_from_json(body))
    if kind == "transferred":
        return transferred_from_json(body)
    raise DataError(f"no event is called {kind[:20]!r}")
