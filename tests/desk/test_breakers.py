"""Breakers on a whole desk: they trip at their figure, tell, stay; a resume begins anew."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from desk import breakers, decide, execute, propose
from desk.console.verbs import handle
from desk.halt import DESK, of_broker, of_strategy, trading_state
from risk.limits import Allowance, Breakers, Limits
from tests.desk.test_deciding import TUESDAY, WEDNESDAY, bought, proposed
from tests.world import World, answer, explain, world
from trading.errors import Refused
from trading.facts import Cursor, Latch, Notice, Trading
from trading.money import Adjustment
from trading.orders import Order, OrderState
from trading.types import Account, Moment
from worker import rounds

D = Decimal
FULL = Limits(position_notional=D(1), order_notional=D(1), sector=D(1))


async def invested(units: str = "500", *, limits: Limits = FULL) -> World:
    """Half of the money in AAPL at 100, on Tuesday morning, everything looked at once."""
    w = await world(allowance=Allowance(position=D(units) * 100 / D(100_000)))
    w.desk.limits = limits
    await bought(w, "AAPL")
    await rounds.trade_once(w.desk)
    return w


async def look(w: World, price: str, minutes: int = 1) -> Trading:
    w.tape.prices["AAPL"] = D(price)
    w.clock.at += timedelta(minutes=minutes)
    await rounds.trade_once(w.desk)
    return await trading_state(w.desk)


async def said(w: World) -> list[str]:
    rows = await w.journal.read(Notice, kind="text", recipient=1)
    return ["".join(part[0] for part in row.body["text"]) for row in rows]


async def tripped(w: World) -> list[str]:
    return [text for text in await said(w) if "Breaker" in text]


async def test_a_loss_of_the_day_reduces_then_halts_and_each_is_told_once_with_its_figure():
    w = await invested()
    assert await look(w, "94.01") is Trading.ACTIVE
    assert await look(w, "93") is Trading.REDUCING
    assert await look(w, "92") is Trading.REDUCING
    assert await look(w, "89") is Trading.HALTED
    first, second = await tripped(w)
    assert "Trading reducing only" in first
    assert "today, limit 3.0 %" in first
    assert "Trading halted" in second
    assert "today, limit 5.0 %" in second


async def test_a_recovery_loosens_nothing():
    w = await invested()
    assert await look(w, "93") is Trading.REDUCING
    assert await look(w, "120") is Trading.REDUCING


async def test_after_a_resume_the_same_loss_trips_nothing_and_a_new_one_does():
    w = await invested()
    assert await look(w, "93") is Trading.REDUCING
    await handle(w.desk, await w.ask("/resume yes", pressed=True))
    assert any("are measured from here on: 96,49" in text for text in await said(w))
    assert await look(w, "93") is Trading.ACTIVE
    assert await look(w, "92") is Trading.ACTIVE
    assert await look(w, "87") is Trading.REDUCING, "3 % of what there was at the resume"


async def test_a_latch_loosened_by_any_other_door_is_a_resume_too():
    w = await invested()
    assert await look(w, "93") is Trading.REDUCING
    row = await w.journal.first(Latch, name=DESK)
    assert row is not None
    await w.journal.move(row, state=Trading.ACTIVE, by="cli")
    assert await look(w, "93") is Trading.ACTIVE
    assert await look(w, "87") is Trading.REDUCING


async def test_a_drawdown_is_measured_from_the_highest_price_not_from_closed_trades():
    w = await invested(limits=replace(FULL, breakers=Breakers(D(0), D(0), D("0.10"), 0, 0)))
    assert await look(w, "120") is Trading.ACTIVE
    assert await look(w, "98.01") is Trading.ACTIVE
    assert await look(w, "97.9") is Trading.HALTED
    assert "below the highest equity, limit 10.0 %" in (await tripped(w))[0]


async def test_a_restart_forgets_neither_peak_nor_day():
    w = await invested(limits=replace(FULL, breakers=Breakers(D(0), D(0), D("0.10"), 0, 0)))
    await look(w, "120")
    w.desk = replace(w.desk, owners=w.desk.owners)  # another process: its own hands and books
    assert await look(w, "97.9") is Trading.HALTED


async def test_the_next_day_counts_from_the_last_price_of_the_day_before():
    w = await invested()
    await look(w, "95")
    w.go(WEDNESDAY, 14, 30)
    assert await look(w, "95") is Trading.ACTIVE
    assert await look(w, "90") is Trading.ACTIVE, "5 % in two days, 2.5 % today"
    assert await look(w, "88") is Trading.REDUCING


async def test_a_loss_over_the_night_is_the_new_days():
    w = await invested()
    w.go(WEDNESDAY, 14, 30)
    assert await look(w, "93.9") is Trading.REDUCING


async def test_money_paid_in_or_taken_out_is_neither_gain_nor_loss():
    w = await invested()
    for number, amount in enumerate((D(-20_000), D(50_000))):
        flow = Adjustment("paper", f"flow{number}", "deposit" if amount > 0 else "withdrawal",
                          amount, "USD", w.clock.at)  # fmt: skip
        await w.journal.append([flow])
        assert await look(w, "100") is Trading.ACTIVE
    assert await tripped(w) == []


async def test_where_the_books_know_no_deposit_the_brokers_own_equity_is_what_a_loss_is_of():
    w = await invested()
    await w.journal.remove(Adjustment, id__gt=0)
    w.desk.books = type(w.desk.books)(w.journal, w.desk.market)
    await w.journal.remove(Cursor, name=breakers.ROW)
    assert await look(w, "100") is Trading.ACTIVE
    assert await look(w, "94.01", 2) is Trading.ACTIVE, "2.995 % of what the broker holds"
    assert await look(w, "93.9", 2) is Trading.REDUCING


async def test_however_often_it_looks_a_broker_is_asked_once_a_minute():
    w = await invested()
    asked, account = [], w.broker.account

    async def counted() -> Account:
        asked.append(w.clock.at)
        return await account()

    w.broker.account = counted  # type: ignore[method-assign]
    w.clock.at += timedelta(minutes=2)
    for _ in range(5):
        await breakers.keep(w.desk, fresh=True)
    assert len(asked) == 1
    w.clock.at += timedelta(minutes=1)
    await breakers.keep(w.desk, fresh=True)
    assert len(asked) == 2


async def test_a_person_who_halted_first_is_not_overruled():
    w = await invested()
    await handle(w.desk, await w.ask("/halt lunch"))
    assert await look(w, "93") is Trading.HALTED
    [row] = await w.journal.read(Latch)
    assert row.by == "operator:1"


async def test_an_entry_is_not_sent_on_a_loss_nobody_has_looked_at_yet():
    w = await invested("200", limits=replace(FULL, collar=D("0.5"), drift=D("0.5")))
    [signal] = await proposed(w, "MSFT", day=TUESDAY)
    await decide.approve(w.desk, signal.id, by="operator:1")
    w.go(WEDNESDAY, 14, 30)
    w.tape.prices["AAPL"] = D("80")  # 4 % of the account since the last look
    assert await execute.execute_due(w.desk) == 0
    assert await trading_state(w.desk) is Trading.REDUCING
    order = await w.journal.first(Order, symbol="MSFT")
    assert order is not None
    assert order.state is OrderState.PLANNED, "it waits for a person, or for its session's end"


async def test_two_processes_that_look_at_once_trip_and_tell_once():
    w = await invested()
    other = replace(w.desk)
    w.tape.prices["AAPL"] = D("93")
    await asyncio.gather(*(breakers.keep(one, fresh=True) for one in (w.desk, other)))
    assert len(await tripped(w)) == 1


async def test_trades_lost_in_a_row_reduce_their_strategy_alone():
    w = await world()
    w.desk.limits = replace(FULL, breakers=Breakers(D(0), D(0), D(0), 2, 0))
    await breakers.keep(w.desk, fresh=True)
    await bought(w, "AAPL", "MSFT")
    await rounds.trade_once(w.desk)
    for symbol, expected in (("AAPL", Trading.ACTIVE), ("MSFT", Trading.REDUCING)):
        w.tape.prices[symbol] = D("99")
        await out(w, symbol)
        for _ in range(2):
            w.clock.at += timedelta(minutes=2)
            await rounds.trade_once(w.desk)
        assert await trading_state(w.desk, strategy="dip") is expected
    assert (await w.journal.read(Latch, name=of_strategy("dip")))[0].by == "breaker"
    assert await trading_state(w.desk) is Trading.ACTIVE
    assert "2 trades of dip lost in a row, limit 2" in (await tripped(w))[0].lower()
    [signal] = await proposed(w, "NVDA", day=TUESDAY)
    with pytest.raises(Refused, match="only orders that shrink"):
        await decide.approve(w.desk, signal.id, by="operator:1")


async def out(w: World, symbol: str) -> None:
    """Leave it at once, as an approved exit whose time has come."""
    leaving = answer(symbol, enter=0, exit=True, day=TUESDAY)
    when = propose.Timing(Moment.CLOSE, w.clock.at, w.clock.at + timedelta(minutes=5), leg=1)
    [signal] = await propose.propose(w.desk, "dip", [leaving], explain=explain, when=when)
    await decide.approve(w.desk, signal.id, by="operator:1")


async def test_entries_refused_in_a_row_reduce_their_broker():
    w = await world()
    w.desk.limits = replace(FULL, breakers=Breakers(D(0), D(0), D(0), 0, 2))
    await breakers.keep(w.desk, fresh=True)
    for symbol in ("AAPL", "MSFT"):
        [signal] = await proposed(w, symbol)
        await decide.approve(w.desk, signal.id, by="operator:1")
    w.broker.statement.cash = D(0)  # type: ignore[attr-defined]
    w.go(TUESDAY, 14, 30)
    for order in await w.journal.read(Order):
        await w.journal.move(order, state=OrderState.SUBMITTING, submitted_at=w.clock.at)
    for order in await w.journal.read(Order):
        await w.journal.move(order, state=OrderState.REJECTED, done_at=w.clock.at)
    await breakers.keep(w.desk, fresh=True)
    assert await trading_state(w.desk, broker="paper") is Trading.REDUCING
    assert (await w.journal.read(Latch, name=of_broker("paper")))[0].by == "breaker"


class LateClock:
    """A broker whose clock is behind ours."""

    def __init__(self, w: World, behind: float) -> None:
        self._w, self._behind = w, timedelta(seconds=behind)
        self._broker = w.broker

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)

    async def time(self) -> datetime:
        return self._w.clock.at - self._behind


@pytest.mark.parametrize(("behind", "state"), [(2.0, Trading.ACTIVE), (2.1, Trading.REDUCING)])
async def test_a_broker_whose_clock_is_off_gets_no_entries(behind: float, state: Trading):
    w = await world()
    w.desk.brokers = {"paper": LateClock(w, behind)}  # type: ignore[dict-item]
    await rounds.trade_once(w.desk)
    assert await trading_state(w.desk, broker="paper") is state
    if state is Trading.REDUCING:
        assert "paper's clock 2.1 s behind, limit 2 s" in (await tripped(w))[0].lower()


async def test_without_breakers_nothing_is_kept_or_read():
    w = await world()
    w.desk.limits = Limits().of_history()
    await breakers.keep(w.desk, fresh=True)
    assert await breakers.gauges(w.desk) == []
    assert await breakers.rebase(w.desk) == ""
