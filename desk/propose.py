"""Propose: a strategy's answers on one bar become signals, once, ranked, with the best told."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

import numpy as np

from desk import doubt, exits, judging, notices, recipe
from desk.desk import LAST, Desk, Plan
from desk.funds import Funds, funds
from desk.universes import admission
from desk.volatility import with_volatility
from risk.sizing import entry_size
from trading.bars import Answer
from trading.errors import DataError
from trading.facts import Picture
from trading.orders import WORKING, Order, OrderType
from trading.signals import Signal, SignalState
from trading.types import Instrument, Mode, Moment, Target

#: A next-session signal lives until one minute before its execution, a same-day one ten minutes.
BEFORE_EXECUTION = timedelta(minutes=1)
SAME_DAY = timedelta(minutes=10)

TURNED_DOWN = (SignalState.REJECTED, SignalState.EXPIRED, SignalState.WITHDRAWN)
Explain = Callable[[Mapping[str, float]], str]
Chart = Callable[[Signal], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Timing:
    """When in its bar a signal was decided, when its order is sent and until when it may be
    approved; market time."""

    moment: Moment
    execute_at: datetime
    expires_at: datetime
    leg: int = 0  # 1 leaves a session, apart from what the rules say of the same bar


async def propose(
    desk: Desk,
    strategy: str,
    answers: Sequence[Answer],
    *,
    explain: Explain,
    chart: Chart | None = None,
    when: Timing | None = None,
) -> list[Signal]:
    """Record the signals these answers make against the strategy's book, best first.

    Flat and enter → LONG or SHORT; held and exit → FLAT. The same bar proposes once; an entry
    that was turned down comes back only after `enter` was false once. An instrument with
    an order in doubt rests, its exits too: they come again with the next bar. What is outside the
    plan's universe or on the blacklist is not entered; it may always be left. `when` replaces the
    timing of the strategy's moment. Returns what is new.
    """
    plan = desk.plan(strategy)
    brokers = {desk.instrument(answer.symbol).broker for answer in answers}
    accounts = {name: await desk.brokers[name].account() for name in sorted(brokers)}
    if not accounts:
        return []
    answers = await with_volatility(desk, plan, answers)
    await desk.market.refresh()  # the rules took their time, and a hurried clock has been held
    async with desk.journal.transaction():
        money = await funds(desk, next(iter(accounts.values())))
        wanted = await _wanted(desk, plan, answers, money)
        signals = _ranked(desk, plan, wanted, money, explain, when or timing(desk, plan))
        new = await desk.journal.append(signals)
        await judging.proposed(desk, new, money)
        await recipe.keep(desk, strategy, new)
        await _tell(desk, plan, new, chart)
    if new:
        await desk.bell.ring("draw")
        await desk.bell.ring("postman")
    return new


async def _wanted(
    desk: Desk, plan: Plan, answers: Sequence[Answer], money: Funds
) -> list[tuple[Answer, Target, Decimal]]:
    """Each answer that asks for a change of position, with the units now held."""
    held = {p.book.symbol: p.quantity for p in money.ledger.held(plan.strategy)}
    working = {
        order.symbol
        for order in await desk.journal.read(
            Order, strategy=plan.strategy, state__in=tuple(WORKING)
        )
        if order.type is not OrderType.STOP  # it gives way to an exit
    }
    pending = {
        signal.symbol
        for signal in await desk.journal.read(
            Signal, strategy=plan.strategy, state=SignalState.PENDING
        )
    }
    blocked = await doubt.blocked(desk)
    turned_down = await _turned_down(desk, plan.strategy, answers)
    admits = await admission(desk, plan)
    wanted = []
    for answer in answers:
        quantity = held.get(answer.symbol, Decimal(0))
        if answer.symbol in working or answer.symbol in pending or answer.symbol in blocked:
            continue
        if quantity and answer.exit:
            wanted.append((answer, Target.FLAT, quantity))
        elif not quantity and answer.enter and admits(answer.symbol):
            last_no = turned_down.get(answer.symbol)
            if last_no is None or last_no < utc(answer.since):
                target = Target.LONG if answer.enter > 0 else Target.SHORT
                wanted.append((answer, target, quantity))
    return wanted


async def _turned_down(desk: Desk, strategy: str, answers: Iterable[Answer]) -> dict[str, datetime]:
    """By symbol, the latest bar on which an entry was turned down during the present runs."""
    since = [answer.since for answer in answers if answer.enter]
    if not since:
        return {}
    rows = await desk.journal.read(
        Signal,
        strategy=strategy,
        state__in=TURNED_DOWN,
        bar__gte=utc(min(since)),
        target__not=Target.FLAT,
        order="bar",
    )
    return {signal.symbol: signal.bar for signal in rows}


def _ranked(
    desk: Desk,
    plan: Plan,
    wanted: list[tuple[Answer, Target, Decimal]],
    money: Funds,
    explain: Explain,
    when: Timing,
) -> list[Signal]:
    """Exits first, then entries by strength and symbol; that order also spends the allocation."""
    now = desk.market.now()
    wanted.sort(key=lambda w: (w[1] is not Target.FLAT, -w[0].strength, w[0].symbol))
    used, free = money.used(desk, plan.strategy), money.free(desk)
    cards = plan.cards  # the best few that can be paid for get one, and what leaves a session
    signals = []
    for rank, (answer, target, held) in enumerate(wanted, 1):
        instrument = desk.instrument(answer.symbol)
        price = nearest_tick(answer.price, instrument.tick)
        quantity = abs(held)
        stop = None if answer.stop is None else nearest_tick(answer.stop, instrument.tick)
        if target is not Target.FLAT:
            quantity = _entry(desk, plan, money, instrument, price, used, free, stop, answer)
            if quantity:
                unit = price * instrument.multiplier * money.rate(desk, instrument)
                used += quantity * unit
                free -= quantity * unit
        # nobody can veto what nobody was shown: its exits get a card each, entries without one wait
        shown = plan.mode is Mode.VETO and target is Target.FLAT
        carded = (cards > 0 or when.leg > 0 or shown) and quantity > 0
        vetoes = plan.mode is Mode.VETO and carded
        mode = Mode.MANUAL if plan.mode is Mode.VETO and not carded else plan.mode
        cards -= carded
        signals.append(
            Signal(
                strategy=plan.strategy,
                symbol=answer.symbol,
                target=target,
                bar=utc(answer.bar),
                moment=when.moment,
                price=price,
                quantity=quantity,
                proposed_at=now,
                execute_at=when.execute_at,
                expires_at=when.expires_at,
                leg=when.leg,
                equity=money.account.equity,
                strength=answer.strength,
                rank=rank,
                stop=stop,
                features=answer.features,
                reason=explain(answer.features),
                carded=carded,
                mode=mode,
                window=int(plan.veto_window.total_seconds()) if vetoes else 0,
            )
        )
        if desk.operators:  # the bot, which shows it, knows no plans
            stop = exits.stop_of(desk, signals[-1])
            signals[-1] = replace(signals[-1], kept_stop=stop)
    return signals


def _entry(
    desk: Desk,
    plan: Plan,
    money: Funds,
    instrument: Instrument,
    price: Decimal,
    used: Decimal,
    free: Decimal,
    stop: Decimal | None,
    answer: Answer,
) -> Decimal:
    """Units; zero where nothing is left, or no exchange rate says what they cost: approving says
    which, and the others of the scan are sized."""
    try:
        rate = money.rate(desk, instrument)
    except DataError:
        return Decimal(0)
    return entry_size(
        instrument,
        price,
        money.account.equity,
        used,
        plan.allowance,
        desk.limits,
        free=free,
        stop=stop,
        features=answer.features,
        rate=rate,
    )


def timing(desk: Desk, plan: Plan) -> Timing:
    """When what is decided now goes, and until when it may be approved: a minute before that, or
    for ten minutes where it goes at once (and as long again as a veto's window takes)."""
    now, decides = desk.market.now(), plan.decides
    session = desk.calendar.session_at(now)
    executes = plan.executes or ("now" if decides is Moment.OPEN else "next open")
    if session is not None and executes == "now":
        lives = SAME_DAY + (plan.veto_window if plan.mode is Mode.VETO else timedelta(0))
        return Timing(decides, now, min(now + lives, session.close))
    if (
        session is not None
        and executes == "close"
        and now < session.close - LAST - BEFORE_EXECUTION
    ):
        execute_at = session.close - LAST
        return Timing(decides, execute_at, execute_at - BEFORE_EXECUTION)
    following = desk.calendar.next_session(now)
    execute_at = following.close - LAST if executes.endswith("close") else following.open
    return Timing(decides, execute_at, execute_at - BEFORE_EXECUTION)


async def _tell(desk: Desk, plan: Plan, new: list[Signal], chart: Chart | None) -> None:
    if not new or not desk.operators:
        return
    carded = [signal for signal in new if signal.carded]
    if chart is not None:
        await desk.journal.append(
            [
                Picture(
                    "candles",
                    chart(signal),
                    desk.wall.now(),
                    subject=notices.card_subject(signal.id),
                )
                for signal in carded
            ]
        )
    subjects = [notices.card_subject(signal.id) for signal in carded]
    if plan.mode is Mode.MANUAL or subjects:
        await notices.tell_changed(desk, "card", subjects)
    if len(carded) < len(new):
        await notices.tell_changed(desk, "list", [notices.scan_subject(new[0])])


def nearest_tick(price: float, tick: Decimal) -> Decimal:
    """A price to show and compare with; what is sent is rounded on the passive side."""
    return (Decimal(repr(float(price))) / tick).to_integral_value() * tick


@lru_cache(maxsize=64)
def utc(stamp: np.datetime64) -> datetime:
    """An aware datetime of the same instant, to the microsecond."""
    naive: datetime = stamp.astype("datetime64[us]").item()
    return naive.replace(tzinfo=UTC)
