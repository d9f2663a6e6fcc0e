"""What trading costs on paper: slippage against us and the broker's commission."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_UP, Decimal

from charges import Charges, Choices, Deal
from trading.errors import BrokerRejected, ConfigError, DataError
from trading.orders import Order, OrderType
from trading.types import Instrument, Quote, Side

ZERO = Decimal(0)
_BPS = Decimal(10_000)
_PERCENT = Decimal(100)


@dataclass(frozen=True, slots=True)
class Costs:
    """Defaults follow Interactive Brokers' fixed US equity commission: 0.005 a share, at least
    1.00 and at most 1 % of the order's value (the most wins where the two cross).
    """

    slippage_bps: Decimal = Decimal(2)  # basis points of the price, always against us
    fee_per_share: Decimal = Decimal("0.005")  # account currency per unit
    fee_percent: Decimal = ZERO  # of the traded value
    fee_minimum: Decimal = Decimal(1)  # per order, account currency
    fee_maximum_percent: Decimal | None = Decimal(1)  # of the traded value; None: no ceiling
    fee_step: Decimal = Decimal("0.01")  # fees round up to it
    choices: Choices | None = None  # schedules in place of the commission, by instrument

    def __post_init__(self) -> None:
        for name in ("slippage_bps", "fee_per_share", "fee_percent", "fee_minimum"):
            amount = getattr(self, name)
            if not amount.is_finite() or amount < 0:
                raise ConfigError(f"paper {name} must be zero or more, not {amount}")
        if self.slippage_bps >= _BPS:
            raise ConfigError(f"paper slippage_bps must be below 10000, not {self.slippage_bps}")
        most = self.fee_maximum_percent
        if most is not None and (not most.is_finite() or most < 0):
            raise ConfigError(f"paper fee_maximum_percent must be zero or more, not {most}")
        if not self.fee_step.is_finite() or self.fee_step <= 0:
            raise ConfigError(f"paper fee_step must be above zero, not {self.fee_step}")

    def fee(self, quantity: Decimal, value: Decimal) -> Decimal:
        """The commission on a whole order of `quantity` units worth `value`; positive."""
        fee = quantity * self.fee_per_share
        if self.fee_percent:
            fee += value * self.fee_percent / _PERCENT
        fee = max(fee, self.fee_minimum)
        if self.fee_maximum_percent is not None:
            most = value * self.fee_maximum_percent / _PERCENT
            fee = min(fee, most)
        return (fee / self.fee_step).to_integral_value(ROUND_UP) * self.fee_step

    def charged(
        self,
        instrument: Instrument,
        side: Side,
        quantity: Decimal,
        value: Decimal,
        at: datetime,
        *,
        maker: bool = False,
    ) -> Charges:
        """Fees and taxes of a whole order: by the schedule chosen for the instrument, else the
        commission. BrokerRejected where the schedule does not know that day."""
        if not quantity:
            return Charges()
        if self.choices is not None:
            deal = Deal(side, quantity, value, at, maker, "", instrument.multiplier)
            try:
                made = self.choices.charged(instrument, deal)
            except DataError as error:
                raise BrokerRejected(str(error)) from error
            if made is not None:
                return made
        return Charges(self.fee(quantity, value))

    def slipped(self, price: Decimal, side: Side, tick: Decimal) -> Decimal:
        """`price` moved against us and rounded to the tick that is worse for us; never below one
        tick. The opposite of `trading.rounding.to_tick`: paper must not flatter."""
        slip = price * self.slippage_bps / _BPS
        if side is Side.BUY:
            return ((price + slip) / tick).to_integral_value(ROUND_CEILING) * tick
        return max(((price - slip) / tick).to_integral_value(ROUND_FLOOR) * tick, tick)

    def execution_price(self, order: Order, quote: Quote, tick: Decimal) -> Decimal | None:
        """What `order` would trade at on `quote`, or None while its limit or stop is not reached.

        Buys meet the ask and sells the bid where the quote has them. A limit caps the slippage.
        """
        buying = order.side is Side.BUY
        market = (quote.ask if buying else quote.bid) or quote.price
        price = self.slipped(market, order.side, tick)
        if order.type is not OrderType.LIMIT or order.limit is None:
            return price if _reached(order, market) else None
        if buying:
            return min(price, order.limit) if market <= order.limit else None
        return max(price, order.limit) if market >= order.limit else None


def _reached(order: Order, market: Decimal) -> bool:
    """A stop trades where the market is, which after a gap lies beyond it."""
    if order.type is not OrderType.STOP or order.stop is None:
        return True
    return (market - order.stop) * order.side.sign >= 0
