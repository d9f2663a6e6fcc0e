"""Replay: the desk's own rules over part of the sample, the same twice, the same as live."""

import asyncio
from datetime import UTC, date, datetime, time
from decimal import Decimal

import numpy as np
import pytest

from desk import decide, execute, marks, report
from replay.engine import AFTER_CLOSE
from tests.replay.sampled import CASH, STRATEGY, Sample, Ship, sample, ship
from trading.ledger import Ledger
from trading.money import Adjustment, Mark, money
from trading.orders import Fill, Order, OrderState
from trading.signals import Signal, SignalState
from worker import jobs
from worker.research import Research

FIRST, LAST = date(2024, 3, 1), date(2024, 6, 28)


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return sample(tmp_path_factory.mktemp("sample"))


async def sailed(bars: Sample, first: date = FIRST, last: date = LAST, **how: object) -> Ship:
    sessions = bars.sessions(first, last)
    there = await ship(bars, sessions[0])
    await there.sail(sessions, **how)
    return there


@pytest.fixture(scope="module")
def voyage(bars: Sample) -> Ship:
    """Four months, every signal approved in rank order; looked at, never changed."""
    return asyncio.run(sailed(bars))


async def test_two_replays_give_the_same_facts_byte_for_byte(bars: Sample, voyage: Ship):
    again = await sailed(bars)
    assert len(voyage.journal.facts(Fill)) > 50
    assert repr(again.journal.everything()).encode() == repr(voyage.journal.everything()).encode()


async def test_cash_is_never_below_zero_and_nothing_is_sold_short(voyage: Ship):
    ledger = Ledger()
    for adjustment in voyage.journal.facts(Adjustment):
        ledger.adjust(adjustment)
    for fill in voyage.journal.facts(Fill):
        ledger.apply(fill)
        assert ledger.cash["paper", "USD"] >= 0
        assert all(position.quantity > 0 for position in ledger.held())


async def test_orders_fill_whole_at_the_next_open(bars: Sample, voyage: Ship):
    calendar = voyage.desk.calendar
    fills = {fill.order_key: fill for fill in voyage.journal.facts(Fill)}
    signals = {signal.id: signal for signal in voyage.journal.facts(Signal)}
    for order in voyage.journal.facts(Order):
        signal = signals[order.signal_id or 0]
        session = calendar.next_session(signal.proposed_at)
        assert order.execute_at == session.open
        assert signal.bar.date() == calendar.last_closed(signal.proposed_at).day
        if order.state is not OrderState.FILLED:
            continue
        fill = fills[order.key]
        assert (fill.at, fill.quantity) == (session.open, order.quantity)
        one = bars.panel[order.symbol]
        [opened] = one.open[one.ts == np.datetime64(session.day, "us")]
        slip = opened * 0.0002 + 0.01
        assert abs(float(fill.price) - opened) <= slip, "the open, slipped by 2 bp and a tick"


async def test_the_money_adds_up_and_agrees_with_the_broker(voyage: Ship):
    ledger = await voyage.desk.books.ledger()
    account = await next(iter(voyage.desk.brokers.values())).account()
    assert ledger.cash["paper", "USD"] == account.cash
    agreed = await report.broker_agrees(voyage.desk)
    assert (agreed.differences, agreed.error) == ((), "")
    [last] = await voyage.journal.read(Mark, session=LAST)
    assert money(last.net) == account.equity - CASH


async def test_every_session_is_marked_once_from_the_first_fill_on(bars: Sample, voyage: Ship):
    marked = [mark.session for mark in voyage.journal.facts(Mark)]
    first = min(fill.at for fill in voyage.journal.facts(Fill)).date()
    assert marked == [session.day for session in bars.sessions(first, LAST)]


async def test_what_nobody_took_expires_by_the_clock(bars: Sample):
    taken = await sailed(bars, last=date(2024, 4, 30), approvals={STRATEGY.name: 1})
    signals = taken.journal.facts(Signal)
    entries: dict[object, int] = {}
    for signal in signals:
        if signal.state is SignalState.APPROVED and not signal.is_exit:
            entries[signal.bar] = entries.get(signal.bar, 0) + 1
    assert max(entries.values()) == 1
    bar = max(signal.bar for signal in signals)
    left = {s.state for s in signals if s.state is SignalState.PENDING and s.bar < bar}
    assert not left
    assert any(signal.state is SignalState.EXPIRED for signal in signals)


async def test_the_last_scan_can_be_left_to_the_live_desk(bars: Sample):
    whole = await sailed(bars, last=date(2024, 4, 12))
    short = await sailed(bars, last=date(2024, 4, 12), scan_last=False)
    facts = whole.journal.facts(Signal)
    bar = max(signal.bar for signal in facts)
    assert bar.date() == date(2024, 4, 12)
    left = [(signal.symbol, signal.bar) for signal in short.journal.facts(Signal)]
    assert left == [(signal.symbol, signal.bar) for signal in facts if signal.bar < bar]


async def test_a_live_scan_proposes_what_the_replay_proposes(bars: Sample):
    """Seven weeks of replay, then a week by the worker's own scan of the store, day by day."""
    to_date, week = date(2024, 4, 19), (date(2024, 4, 22), date(2024, 4, 26))
    replayed = await sailed(bars, last=week[1])
    live = await sailed(bars, last=to_date)
    research = Research(bars.store, {STRATEGY.name: STRATEGY})
    for session in bars.sessions(*week):
        live.clock.at = session.open
        await decide.expire(live.desk)
        await execute.execute_due(live.desk, owner="replay")
        live.clock.at = session.close
        await marks.mark_session(live.desk, session)
        live.clock.at = session.close + AFTER_CLOSE
        await jobs.scan(live.desk, research, STRATEGY)
        new = await live.journal.read(Signal, state=SignalState.PENDING, bar__gte=_bar(session.day))
        await decide.approve_ranked(live.desk, [s for s in new if s.quantity > 0], by="replay")
    in_week = [s for s in live.journal.facts(Signal) if s.bar >= _bar(week[0])]
    assert len({signal.bar for signal in in_week}) >= 4
    assert any(signal.is_exit for signal in in_week)
    for kind in (Signal, Order, Fill, Mark):
        assert live.journal.facts(kind) == replayed.journal.facts(kind)


def _bar(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


async def test_the_allocation_is_never_overspent_when_it_is_decided(voyage: Ship):
    spent: dict[object, Decimal] = {}
    for signal in voyage.journal.facts(Signal):
        if signal.state is SignalState.APPROVED and not signal.is_exit:
            assert signal.quantity * signal.price <= signal.equity * Decimal("0.05")
            spent[signal.bar] = spent.get(signal.bar, Decimal(0)) + signal.quantity * signal.price
    equity = {signal.bar: signal.equity for signal in voyage.journal.facts(Signal)}
    assert all(value <= equity[bar] * Decimal("0.80") for bar, value in spent.items())
