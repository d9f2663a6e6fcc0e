"""What the paper broker accepts: well-formed orders that the account can carry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from brokers.costs import Costs
from brokers.paper_statement import Held, Statement
from trading.errors import BrokerRejected, ConfigError
from trading.orders import Order, OrderType
from trading.types import Instrument, Quote, Side

ZERO = Decimal(0)
ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Rules:
    """A cash account by default: no borrowing, no shorts."""

    currency: str = "USD"
    leverage: Decimal = ONE  # the most gross exposure, as a multiple of equity
    shorts: bool = False

    def __post_init__(self) -> None:
        if not self.leverage.is_finite() or self.leverage <= 0:
            raise ConfigError(f"paper leverage must be above zero, not {self.leverage}")


@dataclass(frozen=True, slots=True)
class Admission:
    """What of an order may trade, and the buying power that takes, in account currency."""

    quantity: Decimal
    needs: Decimal


def check_form(order: Order, instrument: Instrument | None, currency: str) -> Instrument:
    """Refuse what no account could trade; BrokerRejected names the figure."""
    if instrument is None:
        raise BrokerRejected(f"no instrument called {order.symbol[:20]!r} at the paper broker")
    if instrument.currency != currency:
        raise BrokerRejected(
            f"{order.symbol} trades in {instrument.currency}; this paper account holds {currency}"
        )
    if not order.key:
        raise BrokerRejected("an order needs a key, so that it can be found again")
    if not order.quantity.is_finite() or order.quantity <= 0:
        raise BrokerRejected(f"quantity must be above zero, not {order.quantity}")
    if order.quantity % instrument.lot and not order.reduce_only:
        raise BrokerRejected(
            f"quantity {order.quantity} is not a whole number of {instrument.lot}-unit lots"
        )
    if order.type is OrderType.LIMIT:
        if order.limit is None or not order.limit.is_finite() or order.limit <= 0:
            raise BrokerRejected(f"a limit order needs a limit above zero, not {order.limit}")
        if order.limit % instrument.tick:
            raise BrokerRejected(
                f"limit {order.limit} is not on {order.symbol}'s {instrument.tick} tick"
            )
    if order.type is OrderType.STOP:
        if order.stop is None or not order.stop.is_finite() or order.stop <= 0:
            raise BrokerRejected(f"a stop order needs a stop above zero, not {order.stop}")
        if order.stop % instrument.tick:
            raise BrokerRejected(
                f"stop {order.stop} is not on {order.symbol}'s {instrument.tick} tick"
            )
    return instrument


@dataclass(slots=True)
class Gate:
    """Decides what of an order the account may trade, from its statement and the quotes given."""

    statement: Statement
    rules: Rules
    costs: Costs
    now: Callable[[], datetime]  # market time

    def symbols_to_price(self, order: Order) -> set[str]:
        """Whose quotes a decision on `order` needs: a cash account needs only its own."""
        needed = {order.symbol}
        held = self.statement.held
        if self.rules.leverage != ONE:
            needed.update(held)
        elif self.rules.shorts:
            needed.update(symbol for symbol, position in held.items() if position.quantity < 0)
        return needed

    def admit(
        self,
        order: Order,
        instrument: Instrument,
        quantity: Decimal,
        price: Decimal,
        quotes: Mapping[str, Quote],
        *,
        besides: str = "",
    ) -> Admission:
        """How much of `quantity` may trade at `price`; BrokerRejected when nothing may.

        `besides` is the order's own reference while it rests. A part that closes a position
        needs no buying power, so an exit is never refused for money.
        """
        books = self.statement
        position = books.quantity(order.symbol)
        pending = books.pending(order.symbol, order.side, besides) if books.working else ZERO
        against = position and (position > 0) is (order.side is Side.SELL)
        closable = max(abs(position) - pending, ZERO) if against else ZERO

        if order.reduce_only:
            if not closable:
                raise BrokerRejected(_nothing_to_reduce(order, position, pending))
            return Admission(min(quantity, closable), ZERO)

        closing = min(quantity, closable)
        opening = quantity - closing
        if not opening:
            return Admission(quantity, ZERO)
        if order.side is Side.SELL and not self.rules.shorts:
            promised = f", {pending:f} of them in other orders" if pending and against else ""
            raise BrokerRejected(
                f"cannot sell {quantity:f} {order.symbol}: {max(position, ZERO):f} held"
                f"{promised}, and this paper account does not sell short"
            )
        value = quantity * price * instrument.multiplier
        cost = self.costs.charged(instrument, order.side, quantity, value, self.now()).total
        needs = opening * price * instrument.multiplier + cost * self.rules.leverage
        has = self.buying_power(quotes, besides) + closing * price * instrument.multiplier
        if needs > has:
            currency = self.rules.currency
            raise BrokerRejected(
                f"insufficient buying power: needs {needs:,.2f} {currency}, "
                f"has {max(has, ZERO):,.2f} {currency}"
            )
        return Admission(quantity, needs)

    def buying_power(self, quotes: Mapping[str, Quote], besides: str = "") -> Decimal:
        """Equity x leverage, less gross exposure and what resting orders hold back; may be
        negative. At leverage 1 the longs cancel out, leaving cash less twice the shorts."""
        books = self.statement
        power = -books.reserved(besides) if books.working else ZERO
        if self.rules.leverage == ONE:
            power += books.cash
            if self.rules.shorts:
                for symbol, held in books.held.items():
                    if held.quantity < 0:
                        power += 2 * marked(symbol, held, quotes)
            return power
        values = [marked(symbol, held, quotes) for symbol, held in books.held.items()]
        gross = sum((abs(value) for value in values), ZERO)
        return power + (books.cash + sum(values, ZERO)) * self.rules.leverage - gross


def _nothing_to_reduce(order: Order, position: Decimal, pending: Decimal) -> str:
    if position and (position > 0) is (order.side is Side.SELL):
        return f"reduce-only: other orders already {order.side} all {pending:f} {order.symbol} held"
    held = f"{position:f} held" if position else "none held"
    return f"reduce-only: no {order.symbol} to {order.side} ({held})"


def marked(symbol: str, held: Held, quotes: Mapping[str, Quote]) -> Decimal:
    """A position's signed value at its quote, or at what it cost while there is none."""
    quote = quotes.get(symbol)
    return held.value(quote.price if quote is not None else held.average)
