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
from trading.signals import Signal
from trading.types import Account, Instrument, Quote, Side, Target

HALF = Decimal("0.5")


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
) -> tuple[checks.Intent, Iterable[checks.Check]]:
    """The order this signal means now, and the checks it must pass."""
    price = market.quote.price
    side = Side.BUY if signal.target is Target.LONG else Side.SELL
    exposure = money.exposure(desk, instrument, signal.strategy, side)
    held = money.ledger.position(signal.strategy, market.account.account, signal.symbol).quantity
    if signal.is_exit:
        side = Side.SELL if held > 0 else Side.BUY
        if not held:
            raise Refused(f"{signal.symbol} is already flat in {signal.strategy}")
        left = abs(held)
        if signal.by_hand:
            left = min(signal.quantity, left - money.leaving(signal.strategy, signal.symbol))
            if left <= 0:
                raise Refused(f"{signal.symbol} is being closed in {signal.strategy} already")
        intent = checks.Intent(instrument, side, left, price, signal.price, reduces=True)
        return intent, checks.exit_checks(intent, exposure, state)
    if held and not (signal.by_hand and (held > 0) is (signal.target is Target.LONG)):
        word = "long" if held > 0 else "short"
        raise Refused(f"{signal.symbol} is already {word} in {signal.strategy}")
    allowance = desk.plan(signal.strategy).allowance
    used, free = money.used(desk, signal.strategy), money.free(desk)
    if signal.by_hand:
        quantity = signal.quantity
    else:
        quantity = entry_size(
            instrument,
            price,
            market.account.equity,
            used,
            allowance,
            desk.limits,
            free=free,
            stop=signal.stop,
            features=signal.features,
            rate=money.rate(desk, instrument),
        )
    if pressed and signal.quantity:  # money that came free since buys no more than was shown
        quantity = min(quantity, signal.quantity)
    intent = checks.Intent(instrument, side, quantity, price, signal.price, reduces=False)
    drift = drift_limit(desk, signal)
    asks = checks.entry_checks(intent, exposure, desk.limits, state, drift)
    against = money.opposed(instrument, signal.strategy, side)
    asks.append(checks.check_opposed(signal.symbol, against))
    if signal.by_hand:
        left = min(allowance.limit(market.account.equity) - used, free)
        rate = money.rate(desk, instrument)
        asks += [
            checks.check_money(intent, left, desk.currency, rate),
            checks.check_minimum(intent),
        ]
    return intent, asks


def drift_limit(desk: Desk, signal: Signal) -> Decimal:
    """The configured drift, or half an ATR if larger; a fraction of the signal's price."""
    atr = Decimal(repr(signal.features.get("atr", 0.0)))
    return (
        max(desk.limits.drift, HALF * atr / signal.price)
        if atr.is_finite()
        else (desk.limits.drift)
    )
