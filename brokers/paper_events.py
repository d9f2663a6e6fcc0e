"""What happens at the paper broker. Its books are a fold over these, in the order recorded."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from trading.money import Adjustment
from trading.orders import Fill, Order, OrderState


class Accepted(NamedTuple):
    """An order taken. `quantity` is what it may trade: a reduce-only order is cut to the position.
    `reserve` is the buying power held back while it rests, in the account's currency."""

    ref: str
    order: Order
    quantity: Decimal
    reserve: Decimal
    at: datetime  # market time
    note: str = ""


class Executed(NamedTuple):
    """One execution; `ref` is "" for a loaded fill whose order is not in the book."""

    ref: str
    fill: Fill


class Closed(NamedTuple):
    """What was left of an order ended without trading: cancelled, expired or refused late."""

    ref: str
    state: OrderState
    at: datetime  # market time
    note: str = ""


class Deposited(NamedTuple):
    """Cash that came or went without a trade."""

    adjustment: Adjustment


class Transferred(NamedTuple):
    """Units that came (or went, below zero) without an execution to show: a transfer in or out."""

    symbol: str
    quantity: Decimal  # signed
    price: Decimal  # what they cost, for the average; no cash moves
    multiplier: Decimal
    at: datetime  # market time


Event = Accepted | Executed | Closed | Deposited | Transferred
