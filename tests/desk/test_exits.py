"""A position with a stop is covered once, at the broker or by us, and left when it should be."""

import asyncio
from dataclasses import replace
from pathlib import Path

from brokers.paper import PaperBroker
from db.journal import open_journal
from desk import brackets, decide, exits, leave, propose, squareoff
from desk.halt import latch, of_strategy
from tests.exits_world import (
    TUESDAY,
    bought,
    bracket,
    exiting,
    forgetful,
    held,
    later,
    look,
    price,
    resting,
    said,
)
from tests.world import D, Weekdays, World, answer, explain
from trading.brackets import Bracket, Trigger
from trading.facts import Trading
from trading.money import Action, Change
from trading.orders import Fill, Order, OrderState, OrderType
from trading.types import Side, Target


async def sound(w: World) -> None:
    assert await brackets.uncovered(w.desk) == []
    assert await brackets.overclosed(w.desk) == []


async def test_a_filled_entry_gets_a_stop_that_rests_for_exactly_what_is_held():
    w = await exiting(stop="5 %")
    await bought(w)
    await look(w, 2)
    [stop] = await resting(w)
    row = await bracket(w)
    assert (stop.type, stop.stop, stop.side) == (OrderType.STOP, D(95), Side.SELL)
    assert (stop.quantity, stop.reduce_only) == (await held(w), True)
    assert stop.key == f"t-x{row.id}-1"
    assert stop.state is OrderState.ACCEPTED
    await sound(w)


async def test_a_resting_stop_fills_at_the_market_with_nobody_looking():
    w = await exiting(stop="5 %")
    await bought(w)
    await look(w, 2)
    w.tape.prices["AAPL"] = D(94)
    assert isinstance(w.broker, PaperBroker)
    await w.broker.work()  # the broker by itself
    await look(w, 2)
    assert await held(w) == 0
    [one] = await w.journal.read(Bracket)
    assert (one.fired, one.ended_at is not None) == (Trigger.STOP, True)
    assert any(text.startswith("Stop filled: sell") and "@ 94.00" in text for text in await said(w))
    await sound(w)


async def test_where_the_broker_rests_no_stop_it_is_watched_and_nothing_rests():
    w = await exiting(stop="5 %")
    forgetful(w)
    await bought(w)
    await look(w, 3)
    assert await resting(w) == []
    await sound(w)
    await price(w, "AAPL", "94.99")
    assert await held(w) == 0
    closes = await w.journal.read(Order, purpose="exit")
    assert [(o.type, o.state) for o in closes] == [(OrderType.MARKET, OrderState.FILLED)]
    assert sum(text.startswith("Stop reached: AAPL") for text in await said(w)) == 1


async def test_a_target_is_watched_beside_a_resting_stop_which_goes_first():
    w = await exiting(stop="5 %", target="10 %")
    await bought(w)
    await look(w, 2)
    await price(w, "AAPL", "110")
    assert await held(w) == 0
    stop, close = await w.journal.read(Order, purpose="exit")
    assert (stop.state, close.state) == (OrderState.CANCELLED, OrderState.FILLED)
    assert stop.note == "cancelled on request"
    await sound(w)


async def test_a_trailing_stop_follows_the_price_up_and_never_down():
    w = await exiting(trail="5 %")
    await bought(w)
    await look(w, 2)
    await price(w, "AAPL", "108")
    [stop] = await resting(w)
    assert stop.stop == D(103)
    await later(w, minutes=2)
    await price(w, "AAPL", "104")
    [stop] = await resting(w)
    assert stop.stop == D(103)
    await price(w, "AAPL", "102.9")
    assert await held(w) == 0


async def test_a_trailing_stop_moves_once_a_minute_at_most_and_not_by_little():
    w = await exiting(trail="5 %")
    await bought(w)
    await look(w, 2)
    await price(w, "AAPL", "100.4")
    assert (await bracket(w)).stop == D(95)
    await price(w, "AAPL", "102")
    await price(w, "AAPL", "106")
    assert (await bracket(w)).stop == D(97)
    await later(w, minutes=1)
    assert (await bracket(w)).stop == D(101)
    assert [order.stop for order in await resting(w)] == [D(101)]


async def test_the_last_session_ends_a_position_in_its_last_minute():
    w = await exiting(sessions=2)
    await bought(w)
    await look(w, 2)
    row = await bracket(w)
    assert row.until == w.clock.at.replace(day=5, hour=20, minute=59, second=0)
    w.go(TUESDAY.replace(day=5), 20, 58)
    await look(w, 3)
    assert await held(w) > 0
    w.go(TUESDAY.replace(day=5), 20, 59)
    await look(w, 4)
    assert await held(w) == 0
    assert any("held for as long as it may be" in text for text in await said(w))


async def test_the_strategys_own_exit_takes_the_place_of_its_stop():
    w = await exiting(stop="5 %")
    await bought(w)
    await look(w, 2)
    w.go(TUESDAY, 21, 5)
    [out] = await propose.propose(
        w.desk, "dip", [answer("AAPL", enter=0, exit=True, day=TUESDAY)], explain=explain
    )
    assert out.target is Target.FLAT
    await decide.approve(w.desk, out.id, by="operator:1")
    await look(w, 2)
    assert len(await resting(w)) == 1  # all night, until the order goes
    w.go(TUESDAY.replace(day=5), 14, 30)
    await look(w, 3)
    assert await held(w) == 0
    assert await resting(w) == []
    await sound(w)


async def test_an_exit_whose_stop_filled_first_closes_nothing_more():
    w = await exiting(stop="5 %")
    await bought(w)
    await look(w, 2)
    w.go(TUESDAY, 21, 5)
    [out] = await propose.propose(
        w.desk, "dip", [answer("AAPL", enter=0, exit=True, day=TUESDAY)], explain=explain
    )
    await decide.approve(w.desk, out.id, by="operator:1")
    w.go(TUESDAY.replace(day=5), 14, 30)
    await price(w, "AAPL", "90")
    order = await w.journal.first(Order, signal_id=out.id)
    assert order is not None
    assert (order.state, order.note) == (OrderState.CANCELLED, "its stop closed the position")
    assert await held(w) == 0
    sells = await w.journal.read(Fill, side=Side.SELL)
    assert len(sells) == 1


async def test_what_leaves_a_session_leaves_although_a_stop_rests():
    w = await exiting(stop="5 %")
    await bought(w)
    await look(w, 2)
    w.go(TUESDAY, 20, 55)
    session = w.desk.calendar.session_on(TUESDAY)
    assert session is not None
    [signal] = await leave.leave(w.desk, "dip", session)
    assert signal.target is Target.FLAT
    w.go(TUESDAY, 20, 59)
    await look(w, 4)
    assert await held(w) == 0
    await sound(w)


async def test_half_closed_by_hand_the_rest_stays_covered():
    w = await exiting(stop="5 %")
    await bought(w)
    await look(w, 2)
    whole = await held(w)
    half = Order(
        "by-hand", "dip", "paper", "paper", "AAPL", Side.SELL, whole / 2, w.clock.at, w.clock.at,
        reduce_only=True, purpose="manual",
    )  # fmt: skip
    await w.journal.append([half])
    await look(w, 4)
    assert await held(w) == whole / 2
    [stop] = await resting(w)
    assert stop.quantity == whole / 2
    await sound(w)


async def test_a_square_off_cancels_the_stop_first_and_no_other_is_placed():
    w = await exiting(stop="5 %")
    await bought(w)
    await look(w, 2)
    run = await squareoff.begin(w.desk, by="operator:1")
    for _ in range(4):
        progress = await squareoff.advance(w.desk, run, owner="t")
        await look(w)
    assert progress.flat
    assert await resting(w) == []
    assert len(await w.journal.read(Order, purpose="exit")) == 1
    assert not any("Not covered" in text for text in await said(w))
    await sound(w)


async def halt(w: World, state: Trading = Trading.HALTED) -> None:
    scope = of_strategy("dip")
    await latch(w.journal, state, by="operator:1", reason="", at=w.clock.at, scope=scope)


async def test_while_halted_a_resting_stop_stays_and_a_watched_one_sends_nothing_and_says_so():
    w = await exiting(stop="5 %")
    await bought(w)
    await look(w, 2)
    await halt(w)
    assert await brackets.halted_line(w.desk) == "1 stop stays at the broker."
    await look(w, 2)
    assert len(await resting(w)) == 1
    await price(w, "AAPL", "94")
    assert await held(w) == 0

    w = await exiting(stop="5 %")
    forgetful(w)
    await bought(w)
    await look(w, 2)
    await halt(w)
    line = await brackets.halted_line(w.desk, strategy="dip")
    assert line == "Watched stops send nothing while halted: AAPL."
    await price(w, "AAPL", "94")
    assert await held(w) > 0
    assert sum("trading is halted" in text for text in await said(w)) == 1
    await halt(w, Trading.REDUCING)
    await look(w, 4)
    assert await held(w) == 0


async def test_a_stop_is_watched_where_the_broker_refuses_it_and_that_is_told():
    w = await exiting(stop="5 %")
    await bought(w)
    paper = w.broker
    assert isinstance(paper, PaperBroker)
    await exits.keep(w.desk)
    one = await bracket(w)
    await w.journal.move(one, stop=D("95.001"))  # off the tick
    await look(w, 3)
    one = await bracket(w)
    assert not one.rests
    assert any("refused the stop: stop 95.001 is not on AAPL's" in text for text in await said(w))
    await price(w, "AAPL", "95")
    assert await held(w) == 0


async def test_without_a_price_of_today_a_watched_stop_alerts_and_does_not_act():
    w = await exiting(stop="5 %")
    forgetful(w)
    await bought(w)
    await look(w, 2)
    del w.tape.prices["AAPL"]
    await later(w, minutes=10)
    assert await held(w) > 0
    assert sum("there is no price of today" in text for text in await said(w)) == 1
    await price(w, "AAPL", "101")
    assert (await bracket(w)).note == ""


async def test_a_stop_that_cannot_be_measured_is_told_once():
    w = await exiting(stop="signal")
    [signal] = await propose.propose(
        w.desk, "dip", [replace(answer("AAPL"), stop=None)], explain=explain
    )
    await decide.approve(w.desk, signal.id, by="operator:1")
    w.go(TUESDAY, 14, 31)
    await look(w, 4)
    assert sum("no stop: the signal gave none" in text for text in await said(w)) == 1
    assert (await bracket(w)).stop is None


async def test_a_card_shows_a_stop_only_where_one_is_kept():
    w = await exiting(stop="5 %")
    [signal] = await propose.propose(w.desk, "dip", [answer("AAPL")], explain=explain)
    assert (exits.kept(w.desk, signal), exits.stop_of(w.desk, signal)) == (True, D(95))
    w.desk.plans = {"dip": replace(w.desk.plans["dip"], exits=type(w.desk.plans["dip"].exits)())}
    assert not exits.kept(w.desk, signal)
    own = replace(signal, strategy="manual", stop=D(97))
    assert exits.stop_of(w.desk, own) == D(97)
    assert not exits.kept(w.desk, replace(own, stop=None))


async def test_a_split_takes_the_stop_along():
    w = await exiting(stop="5 %")
    await bought(w)
    await look(w, 2)
    w.go(TUESDAY.replace(day=5), 14, 31)
    split = Action("", "split-1", Change.SPLIT, "AAPL", w.clock.at, gives=D(2), takes=D(1))
    await w.journal.append([split])
    paper = w.broker
    assert isinstance(paper, PaperBroker)
    units = await held(w)
    paper.transfer("AAPL", units / 2, D(0))
    w.tape.prices["AAPL"] = D(50)
    row = await bracket(w)
    await exits.keep(w.desk)
    assert row.stop == D(95)
    assert (await bracket(w)).stop == D("47.5")


async def test_a_stop_given_by_hand_is_kept_whatever_the_settings_say():
    w = await exiting()
    [signal] = await propose.propose(w.desk, "dip", [answer("AAPL")], explain=explain)
    own = replace(signal, strategy="manual", stop=D(97), id=0, bar=w.clock.at)
    [own] = await w.journal.append([own])
    w.go(TUESDAY, 14, 31)
    now = w.clock.at
    await w.journal.append(
        [
            Order(
                "t-m", "manual", "paper", "paper", "AAPL", Side.BUY, D(10), now, now,
                signal_id=own.id,
            )
        ]
    )  # fmt: skip
    await look(w, 2)
    [stop] = await resting(w)
    assert (stop.strategy, stop.stop, stop.quantity) == ("manual", D(97), D(10))
    await price(w, "AAPL", "96")
    assert await held(w, strategy="manual") == 0


async def test_two_workers_that_look_at_once_place_one_stop():
    w = await exiting(stop="5 %")
    await bought(w)
    other = replace(w.desk)
    async with asyncio.TaskGroup() as group:
        for desk in (w.desk, other, w.desk, other):
            group.create_task(exits.keep(desk, owner="t"))
    await look(w, 2)
    assert len(await resting(w)) == 1
    assert await w.journal.count(Bracket) == 1
    await sound(w)


async def test_a_stop_cancelled_at_the_broker_is_placed_again():
    w = await exiting(stop="5 %")
    await bought(w)
    await look(w, 2)
    [stop] = await resting(w)
    await w.broker.cancel(stop.key)
    await look(w, 3)
    [again] = await resting(w)
    assert (again.key, again.stop) == (stop.key[:-1] + "2", D(95))
    await sound(w)


async def test_a_trailing_stop_survives_a_restart(tmp_path: Path):
    file = tmp_path / "desk.db"
    async with open_journal(file) as journal:
        w = await exiting(journal=journal, trail="5 %", target="20 %", sessions=9)
        await bought(w)
        await look(w, 2)
        await price(w, "AAPL", "108")
        before = await bracket(w)
        assert before.stop == D(103)
    async with open_journal(file) as journal:
        w.desk = replace(w.desk, journal=journal)
        assert await bracket(w) == before
        await later(w, minutes=2)
        await price(w, "AAPL", "104")
        assert [order.stop for order in await resting(w)] == [D(103)]
        await sound(w)
        await price(w, "AAPL", "102.9")
        assert await held(w) == 0


async def test_past_the_calendars_end_a_look_fails_nothing():
    w = await exiting(stop="5 %", target="20 %")
    await bought(w)
    await look(w, 2)
    assert isinstance(w.desk.calendar, Weekdays)
    w.desk.calendar.known_through = TUESDAY
    w.go(TUESDAY.replace(day=6), 15)
    await exits.keep(w.desk, owner="t")
    assert len(await resting(w)) == 1
