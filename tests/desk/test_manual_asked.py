"""Trades by hand, as they are asked in a chat: the card first, then the press, then the broker."""

import asyncio
from decimal import Decimal

import pytest

from desk import decide, execute, manual, settle
from desk.desk import MANUAL
from tests.desk.by_hand import asked, card, done, fresh, open_world, resting, units
from tests.desk.test_console import said
from tests.desk.test_deciding import TUESDAY, WEDNESDAY, bought
from tests.world import ANN, BOB, World, world
from trading.errors import DeskError, Refused
from trading.facts import Notice, Request
from trading.messages import Message
from trading.orders import Fill, Order, OrderState, OrderType
from trading.signals import Signal, SignalState
from trading.types import Target
from worker import rounds

D = Decimal
S = OrderState


# The card, before the press


async def test_the_card_says_the_effect_before_anybody_presses():
    w = await open_world()
    signal = await asked(w, "/buy aapl 10")
    assert (signal.strategy, signal.target, signal.quantity) == (MANUAL, Target.LONG, 10)
    text = await card(w, signal)
    assert "Buy 10 AAPL" in text
    assert "1,000.00 USD · 1.0 % of equity" in text
    assert "Price 100.00 USD, just now" in text
    assert "Held after: 10 AAPL, 1.0 % of equity" in text
    assert "Exposure after: 1.0 %" in text
    assert "checks passed" in text
    assert await w.journal.count(Order) == 0


async def test_a_check_that_fails_stands_on_the_card_and_refuses_the_press():
    w = await open_world()
    signal = await asked(w, "/buy AAPL 51")
    assert "✖ order 5.1 % of equity, limit 5.0 %" in await card(w, signal)
    with pytest.raises(Refused, match="order 5.1 % of equity"):
        await decide.approve(w.desk, signal.id, by="operator:1")


async def test_what_is_held_elsewhere_counts_on_the_card():
    w = await world()
    await bought(w, "AAPL")
    signal = await asked(w, "/buy AAPL 10")
    assert "Held after: 60 AAPL, 6.0 % of equity" in await card(w, signal)


async def test_one_request_asks_once_however_often_it_is_carried_out():
    w = await open_world()
    request = await w.ask("/buy AAPL 10")
    row = await w.journal.first(Request, id=request)
    assert row is not None
    from desk import tickets
    from trading.types import Side

    ticket = tickets.read("buy", row.args)
    gate = asyncio.Barrier(2)

    async def ask() -> Signal:
        await gate.wait()
        return await manual.propose(w.desk, Side.BUY, ticket, row)

    first, second = await asyncio.gather(ask(), ask())
    assert first.id == second.id
    w.go(TUESDAY, 15, 1)
    assert (await manual.propose(w.desk, Side.BUY, ticket, row)).id == first.id
    assert await w.journal.count(Signal) == 1


async def test_after_two_minutes_it_has_expired():
    w = await open_world()
    signal = await asked(w, "/buy AAPL 10")
    w.go(TUESDAY, 15, 3)
    with pytest.raises(DeskError, match="expired 1 minute ago"):
        await decide.approve(w.desk, signal.id, by="operator:1")
    await decide.expire(w.desk)
    assert (await decide.signal_of(w.desk, signal.id)).state is SignalState.EXPIRED


async def test_the_price_is_checked_again_at_the_press():
    w = await open_world()
    signal = await asked(w, "/buy AAPL 10")
    w.tape.prices["AAPL"] = D("101.01")
    with pytest.raises(Refused, match=r"price moved \+1.01 % from 100"):
        await decide.approve(w.desk, signal.id, by="operator:1")


# Buying and selling


async def test_an_approved_one_goes_at_once_into_its_own_book():
    w = await open_world()
    await done(w, "/buy AAPL 5000usd")
    assert await units(w) == 50
    [fill] = await w.journal.read(Fill)
    assert (fill.strategy, fill.quantity) == (MANUAL, 50)


async def test_without_a_size_it_is_the_books_usual_one():
    w = await open_world()
    assert (await asked(w, "/buy AAPL")).quantity == 50


async def test_buying_again_adds_and_selling_takes_off():
    w = await open_world()
    await done(w, "/buy AAPL 10")
    await done(w, "/buy AAPL 5")
    assert await units(w) == 15
    signal = await done(w, "/sell AAPL 4")
    assert signal.is_exit
    assert await units(w) == 11
    await done(w, "/sell AAPL")
    assert await units(w) == 0


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("/sell AAPL 11", "holds 10 AAPL; say /sell AAPL 10 or less"),
        ("/buy AAPL 1.5", "trades in lots of 1"),
        ("/buy AAPL 5000eur", "trades in USD, not EUR"),
        ("/buy AAPL $50", "buys none: 1 AAPL is 100.00 USD"),
        ("/buy AAPL 5 limit 103", "3.0 % through the market"),
        ("/buy AAPL 5 stop 101", "stands below its price, 100.00 USD"),
        ("/buy ZZZZ 5", "o instrument called 'ZZZZ'"),
        ("/buy AAPL 0", "no number above zero"),
    ],
)
async def test_what_cannot_be_asked_is_said_in_a_line(text: str, refusal: str):
    w = await open_world()
    await done(w, "/buy AAPL 10")
    assert refusal in await said(w, text)
    assert await w.journal.count(Signal) == 1


async def test_a_short_by_hand_never_cancels_out_what_a_strategy_holds():
    w = await world()
    await bought(w, "AAPL")
    assert "AAPL is held the other way by dip; /close AAPL closes it" in await said(
        w, "/sell AAPL 10"
    )


async def test_with_the_market_closed_it_goes_at_the_next_open():
    w = await world()
    signal = await asked(w, "/buy AAPL 10")
    await decide.approve(w.desk, signal.id, by="operator:1")
    assert await execute.execute_due(w.desk, owner="t") == 0
    w.go(TUESDAY, 14, 30)
    await execute.execute_due(w.desk, owner="t")
    assert await units(w) == 10


# Limits


async def test_a_limit_rests_until_it_is_reached():
    w = await open_world()
    order = await resting(w)
    assert (order.type, order.limit) == (OrderType.LIMIT, 99)
    w.tape.prices["AAPL"] = D("99.5")
    assert await w.broker.work() == 0  # type: ignore[attr-defined]
    w.tape.prices["AAPL"] = D("98.5")
    assert await w.broker.work() == 1  # type: ignore[attr-defined]
    await settle.collect(w.desk, w.broker)
    assert (await fresh(w, order)).state is S.FILLED
    assert await units(w) == 10


async def test_what_is_left_of_a_limit_expires_with_its_session():
    w = await open_world()
    order = await resting(w)
    w.go(TUESDAY, 21)
    assert await w.broker.work() == 1  # type: ignore[attr-defined]
    await execute.follow(w.desk)
    after = await fresh(w, order)
    assert (after.state, after.note) == (S.EXPIRED, "not reached in its session")
    w.go(WEDNESDAY, 15)
    w.tape.prices["AAPL"] = D("98")
    assert await w.broker.work() == 0  # type: ignore[attr-defined]


async def test_a_far_limit_is_not_kept_in_by_the_collar():
    w = await open_world()
    signal = await asked(w, "/buy AAPL 10 limit 100")
    await decide.approve(w.desk, signal.id, by="operator:1")
    w.tape.prices["AAPL"] = D("104")
    await execute.execute_due(w.desk, owner="t")
    order = await w.journal.first(Order, signal_id=signal.id)
    assert order is not None
    assert order.state is S.ACCEPTED


# Closing


async def two_books(w: World) -> None:
    """50 AAPL in dip and 10 in manual, on Tuesday at 10:00."""
    await bought(w, "AAPL")
    w.go(TUESDAY, 15)
    await done(w, "/buy AAPL 10")


async def test_closing_asks_once_with_the_value_and_closes_every_book():
    w = await world()
    await two_books(w)
    question = await said(w, "/close AAPL")
    assert "Close 60 AAPL?" in question
    assert "About 6,000.00 USD, reduce-only" in question
    assert "sell 50 in dip" in question
    assert "sell 10 in manual" in question
    assert await w.journal.count(Order) == 2
    assert "Closing 60 AAPL: on its way" in await said(w, "/close AAPL yes", pressed=True)
    await execute.execute_due(w.desk, owner="t")
    assert (await units(w), await units(w, strategy="dip")) == (0, 0)
    assert await w.broker.positions() == []
    assert "no AAPL is held" in (await said(w, "/close AAPL")).lower().replace("aapl", "AAPL")


async def test_half_closes_half_of_each_book():
    w = await world()
    await two_books(w)
    await said(w, "/close AAPL half yes", pressed=True)
    await execute.execute_due(w.desk, owner="t")
    assert (await units(w), await units(w, strategy="dip")) == (5, 25)


async def test_what_is_being_closed_already_is_not_closed_again():
    w = await world()
    await bought(w, "AAPL")
    w.go(TUESDAY, 21, 5)
    await said(w, "/close AAPL yes", pressed=True)
    assert "being closed already" in await said(w, "/close AAPL")
    w.go(WEDNESDAY, 14, 30)
    await execute.execute_due(w.desk, owner="t")
    assert await w.broker.positions() == []
    assert len(await w.journal.read(Order, reduce_only=True)) == 1


# Who else sees it


async def test_both_operators_see_the_card_and_one_press_decides():
    w = await open_world()
    signal = await asked(w, "/buy AAPL 10")
    cards = await w.journal.read(Notice, kind="card", subject=f"signal:{signal.id}")
    assert {notice.recipient for notice in cards} == {ANN.id, BOB.id}


async def test_a_round_of_the_worker_carries_a_trade_by_hand_to_its_fill():
    w = await open_world()
    signal = await asked(w, "/buy AAPL 10")
    await said(w, f"/approve {signal.id}")
    await rounds.trade_once(w.desk, owner="t")
    assert await units(w) == 10
    told = [Message.from_json(n.body).plain for n in await w.journal.read(Notice, kind="text")]
    assert not any("error" in text for text in told)
