"""Clearing: what an approval would order now, and the checks it must pass."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from desk.desk import Desk
from desk.funds import Funds, funds
from desk.halt import trading_state
from risk import checks, guards
from risk.sizing import entry_size
from trading.errors import BrokerError, DataError, DeskError, Refused
from trading.facts import Trading
from trading.orders import Order, OrderState
from trading.ports import Broker, Session, Streams
from trading.rounding import to_lot
from trading.signals import Signal
from trading.types import Account, Instrument, Quote, Side, Target

HALF, WHOLE = Decimal("0.5"), Decimal(1)
NONE, DAY = timedelta(0), timedelta(days=1)
NEVER = frozenset({OrderState.CANCELLED, OrderState.REJECTED, OrderState.EXPIRED})


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
    side = Side.BUY if signal.target is Target.LONG else Side.SELL
    held = money.ledger.position(signal.strategy, market.account.account, signal.symbol).quantity
    if signal.is_exit:
        side = Side.SELL if held > 0 else Side.BUY
        if not held:
            raise Refused(f"{signal.symbol} is already flat in {signal.strategy}")
        left = abs(held) if part == WHOLE else to_lot(abs(held) * part, instrument.lot)
        if signal.by_hand:
            left = min(signal.quantity, left - money.leaving(signal.strategy, signal.symbol))
            if left <= 0:
                raise Refused(f"{signal.symbol} is being closed in {signal.strategy} already")
        intent = checks.Intent(instrument, side, left, price, signal.price, reduces=True)
        return intent, checks.exit_checks(intent, money.in_doubt(desk, signal.symbol), state)
    if held and not (signal.by_hand and (held > 0) is (signal.target is Target.LONG)):
        word = "long" if held > 0 else "short"
        raise Refused(f"{signal.symbol} is already {word} in {signal.strategy}")
    allowance = desk.plan(signal.strategy).allowance
    used, free = money.used(desk, signal.strategy), money.free(desk)
    rate = money.rate(desk, instrument)
    exposure = money.exposure(desk, instrument, signal.strategy, side)
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
            rate=rate,
        )
    if pressed and signal.quantity:  # money that came free since buys no more than was shown
        quantity = min(quantity, signal.quantity)
    quantity = quantity if part == WHOLE else to_lot(quantity * part, instrument.lot)
    intent = checks.Intent(instrument, side, quantity, price, signal.price, False, rate)
    against = money.opposed(instrument, signal.strategy, side)
    asks = [
        *checks.entry_checks(intent, exposure, desk.limits, state, drift_limit(desk, signal)),
        checks.check_opposed(signal.symbol, against),
        *surroundings(desk, market, instrument.broker),
        guards.check_session(*session_of(desk, signal.execute_at), signal.execute_at),
        guards.check_time(desk.market.now(), signal.expires_at),
        guards.check_rounding(intent, signal.limit),
        twin(desk, money, intent, signal.strategy),
    ]
    if signal.by_hand:
        left = min(allowance.limit(market.account.equity) - used, free)
        asks += [
            checks.check_money(intent, left, desk.currency, rate),
            checks.check_minimum(intent),
        ]
    return intent, asks


def surroundings(desk: Desk, market: Market, broker: str) -> list[checks.Check]:
    """Whether what was asked of the world may be believed: the price's age and the clocks."""
    skew = desk.hands.skews.get(broker)
    return [
        _freshness(desk, market.quote),
        guards.check_skew(skew, desk.limits.skew, broker),
    ]


def _freshness(desk: Desk, quote: Quote) -> checks.Check:
    """By the feed's own pace: one that streams is stale after seconds, one that has two prices a
    session once sessions have closed without a newer one."""
    now, limits = desk.market.now(), desk.limits
    age = max(now - quote.at, NONE)
    if isinstance(desk.feed, Streams):
        return guards.check_quote(age, max(limits.quote_age, 2 * desk.feed.pace()))
    if age < DAY:
        return guards.check_bars(0, limits.bar_age)
    closed = desk.calendar.sessions(quote.at.date(), now.date())
    count = sum(quote.at < session.close <= now for session in closed)
    return guards.check_bars(count, limits.bar_age)


def session_of(desk: Desk, at: datetime) -> tuple[Session | None, date, date]:
    """The session at `at`, or the next; how far the calendar knows; the day asked about."""
    known, day = desk.calendar.known_through, at.date()
    try:
        return desk.calendar.session_at(at) or desk.calendar.next_session(at), known, day
    except DataError:
        return None, known, day


def twin(
    desk: Desk, money: Funds, intent: checks.Intent, strategy: str, order: int = 0
) -> checks.Check:
    """Against the orders of the last minute; those before `order`, where it is one itself."""
    now, what = desk.market.now(), intent.instrument.symbol
    same = [
        now - one.created_at
        for one in money.recent
        if not (order and one.id >= order)
        and not one.reduce_only
        and one.state not in NEVER
        and (one.strategy, one.symbol, one.side, one.quantity)
        == (strategy, what, intent.side, intent.quantity)
    ]
    text = f"{intent.side.value} {intent.quantity.normalize():f} {what}"
    return guards.check_twin(min(same, default=None), desk.limits.duplicate, text)


def at_claim(
    desk: Desk, order: Order, market: Market, money: Funds
) -> tuple[list[checks.Check], list[checks.Check]]:
    """What an entry must pass as it is sent: checks after which it waits, and checks after which
    it ends. Limits are passed by no more of themselves than the collar lets prices move."""
    instrument = desk.instrument(order.symbol)
    reference = order.reference if order.reference is not None else market.quote.price
    price = order.limit if order.limit is not None else market.quote.price
    rate = money.rate(desk, instrument)
    intent = checks.Intent(instrument, order.side, order.quantity, price, reference, False, rate)
    others = money.without(order)
    exposure = others.exposure(desk, instrument, order.strategy, order.side)
    slack = guards.collar_of(market.quote, desk.limits)
    waits = surroundings(desk, market, order.broker)
    ends = [
        *checks.size_checks(intent, exposure, desk.limits, slack),
        checks.check_positions(exposure),
        guards.check_rounding(intent, order.limit),
        twin(desk, others, intent, order.strategy, order.id),
    ]
    if order.limit is None:  # which is a collar of its own
        ends.append(guards.check_collar(market.quote, reference, desk.limits))
    return waits, ends


async def verdicts(desk: Desk, signal: Signal) -> tuple[checks.Check, ...]:
    """Every check of this signal as it would be approved now, exits' too, passed or not. Raises
    DeskError where there is no price or the broker cannot be reached."""
    instrument = desk.instrument(signal.symbol)
    market = await ask(desk, instrument)
    money = await funds(desk, market.account)
    state = await trading_state(desk, signal.strategy, instrument.broker)
    return answers(desk, signal, instrument, market, money, state)


def answers(
    desk: Desk,
    signal: Signal,
    instrument: Instrument,
    market: Market,
    money: Funds,
    state: Trading,
) -> tuple[checks.Check, ...]:
    """Every check as `asked` makes them; where the position itself refuses, that alone."""
    try:
        _, found = asked(desk, signal, instrument, market, money, state, pressed=True)
    except Refused as refusal:
        return (checks.Check("position", False, str(refusal)),)
    except DataError as unknown:  # an exchange rate: approving says it again
        return (checks.Check("rate", False, str(unknown)),)
    return tuple(found)


def drift_limit(desk: Desk, signal: Signal) -> Decimal:
    """The configured drift, or half an ATR if larger; a fraction of the signal's price."""
    atr = Decimal(repr(signal.features.get("atr", 0.0)))
    return (
        max(desk.limits.drift, HALF * atr / signal.price)
        if atr.is_finite()
        else (desk.limits.drift)
    )
