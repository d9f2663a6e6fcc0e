"""Decide: one compare-and-set turns a pending signal into an order, or into a no."""

from collections.abc import Iterable
from decimal import Decimal

from desk import assent, clearing, damage, notices, wording
from desk.desk import Desk
from desk.funds import funds
from desk.halt import trading_state
from risk import checks
from trading.errors import DeskError
from trading.orders import Order, OrderState
from trading.signals import Signal, SignalState
from trading.types import Account

ZERO = Decimal(0)


async def signal_of(desk: Desk, signal_id: int) -> Signal:
    signal = await desk.journal.first(Signal, id=signal_id)
    if signal is None:
        raise DeskError(f"there is no signal {signal_id}; /signals lists those waiting")
    return signal


async def approve(desk: Desk, signal_id: int, *, by: str, account: Account | None = None) -> Order:
    """The order that carries out the signal. Raises DeskError when it may not be approved now;
    then nothing has changed. `account` as in `ask`."""
    signal = await signal_of(desk, signal_id)
    instrument = desk.instrument(signal.symbol)
    market = await clearing.ask(desk, instrument, account)
    async with desk.journal.transaction():
        signal = await signal_of(desk, signal_id)
        require_pending(desk, signal)
        money = await funds(desk, market.account)
        await damage.check(desk, signal.symbol)
        state = await trading_state(desk, signal.strategy, instrument.broker)
        pressed = by.startswith("operator:")
        asked = clearing.asked(desk, signal, instrument, market, money, state, pressed=pressed)
        cleared = checks.clear(*asked)
        waits = await assent.waits(desk, signal, cleared.intent, by)
        moved = None if waits else await _approved(desk, signal, cleared, by)
        order = _order(desk, moved, cleared, market) if moved else None
        if order is not None:
            await desk.journal.append([order])
        await notices.tell_changed(desk, "card", [notices.card_subject(signal_id)])
        await _tell_list(desk, moved or signal)
    await desk.bell.ring("postman")
    if order is None:
        raise assent.TakesTwo(waits)
    return order


async def _approved(desk: Desk, signal: Signal, cleared: checks.Cleared, by: str) -> Signal:
    moved = await desk.journal.move(
        signal,
        state=SignalState.APPROVED,
        quantity=cleared.intent.quantity,
        decided_by=by,
        decided_at=desk.market.now(),
    )
    if moved is None:
        raise DeskError(f"signal {signal.id} was just decided by somebody else")
    return moved


async def sized(desk: Desk, signal_id: int) -> checks.Intent:
    """What an approval would order now, where it may be approved; DeskError where it may not."""
    signal = await signal_of(desk, signal_id)
    require_pending(desk, signal)
    instrument = desk.instrument(signal.symbol)
    market = await clearing.ask(desk, instrument)
    money = await funds(desk, market.account)
    await damage.check(desk, signal.symbol)
    state = await trading_state(desk, signal.strategy, instrument.broker)
    return checks.clear(
        *clearing.asked(desk, signal, instrument, market, money, state, pressed=True)
    ).intent


async def approve_ranked(desk: Desk, signals: Iterable[Signal], *, by: str) -> list[Order]:
    """Approve in the order given until the money is spent: how a strategy trades by itself.

    Each broker is asked for its account once, since an approval only plans an order. A refusal
    is recorded as the reason on the signal, which is then rejected.
    """
    orders = []
    accounts: dict[str, Account] = {}
    for signal in signals:
        try:
            broker = desk.broker_of(desk.instrument(signal.symbol))
            if broker.name not in accounts:
                accounts[broker.name] = await clearing.account_of(broker)
            account = accounts[broker.name]
            orders.append(await approve(desk, signal.id, by=by, account=account))
        except assent.TakesTwo:
            continue
        except DeskError as refusal:
            await reject(desk, signal.id, by=by, reason=str(refusal))
    return orders


async def reject(desk: Desk, signal_id: int, *, by: str, reason: str = "") -> Signal:
    async with desk.journal.transaction():
        signal = await signal_of(desk, signal_id)
        require_pending(desk, signal)
        moved = await _decided(desk, signal, SignalState.REJECTED, by, reason)
    await desk.bell.ring("postman")
    return moved


async def withdraw(desk: Desk, signal_id: int, *, by: str) -> Signal:
    """Take an approval back while its order has not been claimed. Raises DeskError after."""
    async with desk.journal.transaction():
        signal = await signal_of(desk, signal_id)
        if signal.state is not SignalState.APPROVED:
            raise DeskError(decided_text(desk, signal))
        order = await desk.journal.first(Order, signal_id=signal_id, state=OrderState.PLANNED)
        now = desk.market.now()
        if order is None or not await desk.journal.move(
            order, state=OrderState.CANCELLED, note="withdrawn", done_at=now
        ):
            raise DeskError(f"too late: the order of signal {signal_id} is on its way; see /orders")
        moved = await _decided(desk, signal, SignalState.WITHDRAWN, by, "")
    await desk.bell.ring("postman")
    return moved


async def expire(desk: Desk) -> int:
    """Close what nobody decided in time. Returns how many signals expired."""
    now = desk.market.now()
    late = await desk.journal.read(Signal, state=SignalState.PENDING, expires_at__lt=now, limit=200)
    if not late:
        return 0
    expired = 0
    async with desk.journal.transaction():
        for signal in late:
            moved = await desk.journal.move(
                signal, state=SignalState.EXPIRED, decided_by="clock", decided_at=now
            )
            if moved and moved.carded:
                await notices.tell_changed(desk, "card", [notices.card_subject(moved.id)])
            if moved:
                expired += 1
                await _tell_list(desk, moved)
    await desk.bell.ring("postman")
    return expired


def require_pending(desk: Desk, signal: Signal) -> None:
    """Raises DeskError naming who decided, or how long ago it expired."""
    now = desk.market.now()
    if signal.state is not SignalState.PENDING:
        raise DeskError(decided_text(desk, signal))
    if now > signal.expires_at:
        raise DeskError(
            f"signal {signal.id} ({signal.symbol}) expired {wording.ago(now - signal.expires_at)}"
        )


def decided_text(desk: Desk, signal: Signal) -> str:
    """ "signal 17 (AAPL) was already approved by Ann"."""
    who = decider(desk, signal)
    by = f" by {who}" if who else ""
    if signal.state is SignalState.PENDING:
        return f"signal {signal.id} ({signal.symbol}) is still waiting for a decision"
    if signal.state is SignalState.EXPIRED:
        return f"signal {signal.id} ({signal.symbol}) has expired; nothing was sent"
    return f"signal {signal.id} ({signal.symbol}) was already {signal.state.value}{by}"


def decider(desk: Desk, signal: Signal, *, reader: int = 0) -> str:
    """Who decided, as `reader` would call them: "you", a name, "auto"."""
    kind, _, number = signal.decided_by.partition(":")
    if kind == "operator" and number.isdigit():
        return "you" if int(number) == reader else desk.operator_name(int(number))
    return "" if kind == "clock" else kind


def _order(desk: Desk, signal: Signal, cleared: checks.Cleared, market: clearing.Market) -> Order:
    intent = cleared.intent
    return Order(
        key=f"{desk.desk_id}-{signal.id}-{signal.leg}",
        strategy=signal.strategy,
        broker=intent.instrument.broker,
        account=market.account.account,
        symbol=signal.symbol,
        side=intent.side,
        quantity=intent.quantity,
        execute_at=signal.execute_at,
        created_at=desk.market.now(),
        reference=intent.price,
        reduce_only=intent.reduces,
        signal_id=signal.id,
    )


async def _decided(desk: Desk, signal: Signal, state: SignalState, by: str, note: str) -> Signal:
    moved = await desk.journal.move(
        signal, state=state, decided_by=by, decided_at=desk.market.now(), note=note
    )
    if moved is None:
        raise DeskError(f"signal {signal.id} was just decided by somebody else")
    if moved.carded or state is SignalState.WITHDRAWN:
        await notices.tell_changed(desk, "card", [notices.card_subject(signal.id)])
    await _tell_list(desk, moved)
    return moved


async def _tell_list(desk: Desk, signal: Signal) -> None:
    if desk.operators and not signal.carded:
        await notices.tell_changed(desk, "list", [notices.scan_subject(signal)])
