"""Clearing: what an approval would order now, and the checks it must pass."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from desk.desk import Desk
from desk.funds import Funds
from risk import checks
from risk.sizing import entry_size
from trading.errors import BrokerError, DeskError, Refused
from trading.facts import Trading
from trading.ports import Broker
from trading.rounding import to_lot
from trading.signals import Signal
from trading.types import Account, Instrument, Quote, Side, Target

HALF, WHOLE = Decimal("0.5"), Decimal(1)


@dataclass(frozen=True, slots=True)
class Market:
    """What was asked of the world before the transaction began."""

    quote: Quote
    account: Account


async def ask(desk: Desk, instrument: Instrument, account: Account | None = None) -> Market:
    """`account`: the broker's word on it, where it was asked already. Raises DeskError when there
    is no price or the broker cannot be reached."""
    quote = await desk.feed.quote(instrument.symbol, desk.market.now())
    if quote is None:
        raise DeskError(f"no price known for {instrument.symbol}; try again when data has come")
    return Market(quote, account or await account_of(desk.broker_of(instrument)))


async def account_of(broker: Broker) -> Account:
    try:
        return await broker.account()
    except BrokerError as error:
        raise DeskError(f"{error}; nothing was changed, try again") from error


def asked(
    desk: Desk,
    signal: Signal,
    instrument: Instrument,
    market: Market,
    money: Funds,
    state: Trading,
    *,
    pressed: bool,
    part: Decimal = WHOLE,
) -> tuple[checks.Intent, Iterable[checks.Check]]:
    """The order this signal means now, or `part` of it, down to the lot; and the checks it must
    pass. `pressed`: somebody was shown a size."""
    price = market.quote.price
    exposure = money.exposure(desk, instrument, signal.strategy)
    held = money.ledger.position(signal.strategy, market.account.account, signal.symbol).quantity
    if signal.is_exit:
        side = Side.SELL if held > 0 else Side.BUY
        units = abs(held) if part == WHOLE else to_lot(abs(held) * part, instrument.lot)
        intent = checks.Intent(instrument, side, units, price, signal.price, reduces=True)
        if not held:
            raise Refused(f"{signal.symbol} is already flat in {signal.strategy}")
        return intent, checks.exit_checks(intent, exposure, state)
    if held:
        word = "long" if held > 0 else "short"
        raise Refused(f"{signal.symbol} is already {word} in {signal.strategy}")
    allowance = desk.plan(signal.strategy).allowance
    used = money.used(desk, signal.strategy)
    quantity = entry_size(instrument, price, market.account.equity, used, allowance, desk.limits)
    if pressed and signal.quantity:  # money that came free since buys no more than was shown
        quantity = min(quantity, signal.quantity)
    quantity = quantity if part == WHOLE else to_lot(quantity * part, instrument.lot)
    side = Side.BUY if signal.target is Target.LONG else Side.SELL
    intent = checks.Intent(instrument, side, quantity, price, signal.price, reduces=False)
    drift = drift_limit(desk, signal)
    return intent, checks.entry_checks(intent, exposure, desk.limits, state, drift)


def drift_limit(desk: Desk, signal: Signal) -> Decimal:
    """The configured drift, or half an ATR if larger; a fraction of the signal's price."""
    atr = Decimal(repr(signal.features.get("atr", 0.0)))
    return (
        max(desk.limits.drift, HALF * atr / signal.price)
        if atr.is_finite()
        else (desk.limits.drift)
    )
