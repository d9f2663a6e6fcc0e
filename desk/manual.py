"""Trades asked for by hand: the same signals, checks and orders as a strategy's.

What is asked becomes a signal of the strategy `manual`, once per request, whose card says the
effect before anybody presses; it may be approved for two minutes. Closing proposes and approves
the exit of every book that holds the symbol.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from desk import clearing, damage, decide, execute, modify, notices, settle, wording
from desk.desk import MANUAL, Desk
from desk.funds import Funds, funds
from desk.halt import trading_state
from desk.tickets import Ticket
from risk import checks
from risk.sizing import entry_size
from trading.errors import BrokerError, DeskError, Refused
from trading.facts import Request
from trading.orders import Order, OrderState
from trading.rounding import to_lot, to_tick
from trading.signals import Signal, SignalState
from trading.types import Instrument, Moment, Side, Target

LIVES = timedelta(minutes=2)
ZERO, HALF = Decimal(0), Decimal("0.5")


async def propose(desk: Desk, side: Side, ticket: Ticket, request: Request) -> Signal:
    """The signal that asks for it; the same one where the request comes again. DeskError for what
    cannot be asked."""
    instrument = desk.instrument(ticket.symbol)
    market = await clearing.ask(desk, instrument)
    async with desk.journal.transaction():
        before = await desk.journal.first(Signal, strategy=MANUAL, leg=-request.id)
        if before is not None:
            return before
        money = await funds(desk, market.account)
        signal = _signal(desk, side, ticket, instrument, market, money, request)
        lines = await _effect(desk, signal, instrument, market, money)
        reason = "\n".join([f"By hand, by {desk.operator_name(request.operator)}", *lines])
        [made] = await desk.journal.append([replace(signal, reason=reason)])
        await notices.tell_changed(desk, "card", [notices.card_subject(made.id)])
    await desk.bell.ring("postman")
    return made


def _signal(
    desk: Desk,
    side: Side,
    ticket: Ticket,
    instrument: Instrument,
    market: clearing.Market,
    money: Funds,
    request: Request,
) -> Signal:
    price, symbol = market.quote.price, instrument.symbol
    held = money.ledger.position(MANUAL, market.account.account, symbol).quantity
    limit = None if ticket.limit is None else to_tick(ticket.limit, instrument.tick, side)
    _require_sense(desk, side, ticket, instrument, price)
    opening = Target.LONG if side is Side.BUY else Target.SHORT
    target = Target.FLAT if held * side.sign < 0 else opening
    if target is Target.FLAT:
        quantity = _asked(ticket, instrument, limit or price) or abs(held)
        if quantity > abs(held):
            raise DeskError(
                f"{MANUAL} holds {wording.quantity(held)} {symbol}; say /{side.value} {symbol} "
                f"{wording.quantity(abs(held))} or less: a position goes through zero in two steps"
            )
    else:
        against = checks.check_opposed(symbol, money.opposed(instrument, MANUAL, side))
        if not against.ok:
            raise Refused(against.text)
        quantity = _asked(ticket, instrument, limit or price) or entry_size(
            instrument,
            limit or price,
            money.account.equity,
            money.used(desk, MANUAL),
            desk.plan(MANUAL).allowance,
            desk.limits,
            free=money.free(desk),
            stop=ticket.stop,
            rate=money.rate(desk, instrument),
        )
        if not quantity:
            raise Refused(f"{symbol}: no funds left for another entry; /allocate shows them")
    now, session = desk.market.now(), desk.calendar.session_at(desk.market.now())
    return Signal(
        strategy=MANUAL,
        symbol=symbol,
        target=target,
        bar=now,
        moment=Moment.OPEN if session else Moment.CLOSE,
        price=price,
        quantity=quantity,
        proposed_at=now,
        execute_at=now if session else desk.calendar.next_session(now).open,
        expires_at=min(now + LIVES, session.close) if session else now + LIVES,
        equity=money.account.equity,
        leg=-request.id,
        rank=1,
        stop=ticket.stop,
        carded=True,
        limit=limit,
    )


def _asked(ticket: Ticket, instrument: Instrument, price: Decimal) -> Decimal | None:
    """Units; None where no size was named."""
    symbol, lot = instrument.symbol, instrument.lot
    if ticket.quantity is not None:
        if ticket.quantity % lot:
            raise DeskError(f"{symbol} trades in lots of {lot:f}; say a multiple of it")
        return ticket.quantity
    if ticket.amount is None:
        return None
    if ticket.currency != instrument.currency:
        raise DeskError(
            f"{symbol} trades in {instrument.currency}, not {ticket.currency}; say the amount in "
            f"{instrument.currency}, or a number of units"
        )
    quantity = to_lot(ticket.amount / (price * instrument.multiplier), lot)
    if not quantity:
        one = wording.money(lot * price * instrument.multiplier, instrument.currency)
        raise DeskError(
            f"{wording.money(ticket.amount, ticket.currency)} buys none: {lot:f} {symbol} is {one}"
        )
    return quantity


def _require_sense(
    desk: Desk, side: Side, ticket: Ticket, instrument: Instrument, price: Decimal
) -> None:
    """A limit far through the market is a slip of the finger; a stop stands on the losing side."""
    limit, stop, currency = ticket.limit, ticket.stop, instrument.currency
    if limit is not None and (limit / price - 1) * side.sign > desk.limits.collar:
        raise DeskError(
            f"a limit of {wording.price(limit)} is {wording.percent(abs(limit / price - 1))} "
            f"through the market, {wording.price(price)} {currency}; "
            f"at most {wording.percent(desk.limits.collar)}"
        )
    worst = limit if limit is not None else price
    if stop is not None and (worst - stop) * side.sign <= 0:
        where = "below" if side is Side.BUY else "above"
        at = f"{wording.price(worst)} {currency}"
        raise DeskError(f"the stop of a {side.value} stands {where} its price, {at}")


async def _effect(
    desk: Desk, signal: Signal, instrument: Instrument, market: clearing.Market, money: Funds
) -> list[str]:
    """What the order would do, in lines: the price and its age, what is held after, the checks."""
    quote, symbol, equity = market.quote, signal.symbol, market.account.equity
    age = desk.market.now() - quote.at
    lines = [f"Price {wording.price(quote.price)} {instrument.currency}, {wording.ago(age)}"]
    sign = {Target.LONG: 1, Target.SHORT: -1}.get(signal.target)
    held = money.ledger.position(MANUAL, market.account.account, symbol).quantity
    sign = sign if sign is not None else (-1 if held > 0 else 1)
    net = money.ledger.net(market.account.account).get(symbol, ZERO) + sign * signal.quantity
    unit = quote.price * instrument.multiplier * money.rate(desk, instrument)
    gross = money.exposure(desk, instrument, MANUAL).gross
    gross += signal.quantity * unit * (-1 if signal.is_exit else 1)
    if equity > 0:
        after = f"{wording.percent(abs(net) * unit / equity)} of equity"
        lines.append(f"Held after: {wording.quantity(net)} {symbol}, {after}")
        lines.append(f"Exposure after: {wording.percent(max(gross, ZERO) / equity)}")
    try:
        await damage.check(desk, symbol)
        state = await trading_state(desk, MANUAL, instrument.broker)
        _, asks = clearing.asked(desk, signal, instrument, market, money, state, pressed=True)
        answers = list(asks)
    except DeskError as refusal:
        return [*lines, f"✖ {refusal}"]
    failed = [f"✖ {check.text}" for check in answers if not check.ok]
    passed = len(answers) - len(failed)
    return [*lines, *failed, f"✔ {wording.number_of(passed, 'check')} passed"]


@dataclass(frozen=True, slots=True)
class Part:
    """What closing takes off one book; `value` in the instrument's currency."""

    strategy: str
    side: Side
    quantity: Decimal
    value: Decimal


async def parts(desk: Desk, symbol: str, *, half: bool = False) -> list[Part]:
    """What closing a symbol would sell or buy back, book by book. DeskError where none is held."""
    instrument = desk.instrument(symbol)
    market = await clearing.ask(desk, instrument)
    return _parts(await funds(desk, market.account), instrument, market, half=half)


def _parts(
    money: Funds, instrument: Instrument, market: clearing.Market, *, half: bool
) -> list[Part]:
    symbol, found, leaving = instrument.symbol, [], False
    for position in money.ledger.held():
        book = position.book
        if (book.account, book.symbol) != (market.account.account, symbol):
            continue
        whole = abs(position.quantity)
        left = whole - money.leaving(book.strategy, symbol)
        leaving = leaving or left <= 0
        units = min(to_lot(whole * HALF, instrument.lot) if half else whole, left)
        if units > 0:
            side = Side.SELL if position.quantity > 0 else Side.BUY
            value = units * market.quote.price * instrument.multiplier
            found.append(Part(book.strategy, side, units, value))
    if not found and leaving:
        raise DeskError(f"{symbol} is being closed already; /orders shows it")
    if not found:
        few = f"too little {symbol} is held to close half of it" if half else f"no {symbol} is held"
        raise DeskError(f"{few}; /positions shows what is")
    return found


async def close(desk: Desk, request: Request, symbol: str, *, half: bool = False) -> list[Order]:
    """The exits of every book that holds it, approved by whoever asks; of the same request once.
    Raises DeskError where none may go."""
    instrument = desk.instrument(symbol)
    market = await clearing.ask(desk, instrument)
    async with desk.journal.transaction():
        signals = await desk.journal.read(Signal, symbol=instrument.symbol, leg=-request.id)
        if not signals:
            money = await funds(desk, market.account)
            chosen = _parts(money, instrument, market, half=half)
            signals = await desk.journal.append(
                [_exit(desk, one, instrument, market, request) for one in chosen]
            )
    orders, refused = [], []
    for signal in signals:
        if signal.state is SignalState.PENDING:
            by = f"operator:{request.operator}"
            try:
                orders.append(await decide.approve(desk, signal.id, by=by))
            except DeskError as refusal:
                refused.append(str(refusal))
                await decide.reject(desk, signal.id, by=by, reason=str(refusal))
        else:
            orders += await desk.journal.read(Order, signal_id=signal.id)
    if not orders:
        raise DeskError(refused[0] if refused else f"{symbol} is not held any more")
    return orders


def _exit(
    desk: Desk, part: Part, instrument: Instrument, market: clearing.Market, request: Request
) -> Signal:
    now = desk.market.now()
    session = desk.calendar.session_at(now)
    return Signal(
        strategy=part.strategy,
        symbol=instrument.symbol,
        target=Target.FLAT,
        bar=now,
        moment=Moment.OPEN if session else Moment.CLOSE,
        price=market.quote.price,
        quantity=part.quantity,
        proposed_at=now,
        execute_at=now if session else desk.calendar.next_session(now).open,
        expires_at=now + LIVES,
        equity=market.account.equity,
        leg=-request.id,
        rank=1,
        reason=f"Closed by hand, by {desk.operator_name(request.operator)}",
        carded=True,
    )


async def cancel(desk: Desk, order_id: int, *, by: str) -> Order:
    """The order as it stands afterwards: cancelled, or as the broker says. DeskError where it is
    done or in doubt."""
    order = await modify.working(desk, order_id)
    if order.state is OrderState.PLANNED and order.signal_id is not None:
        signal = await desk.journal.first(Signal, id=order.signal_id)
        if signal is not None and signal.state is SignalState.APPROVED:
            await decide.withdraw(desk, order.signal_id, by=by)
            return await modify.order_of(desk, order_id)
    kind, _, number = by.partition(":")
    who = desk.operator_name(int(number)) if number.isdigit() else kind
    await execute.cancel(desk, order, note=f"cancelled by {who}")
    with suppress(BrokerError):  # the next look collects
        await settle.collect(desk, desk.broker_of(desk.instrument(order.symbol)))
    return await modify.order_of(desk, order_id)
