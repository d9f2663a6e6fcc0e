"""Deciding at the open, and leaving when the session ends."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import market.history
from desk import decide, execute, leave, propose
from desk.console.cards import card_message
from desk.desk import LAST, Plan
from desk.halt import latch
from desk.story import card as read_card
from tests.world import World, answer, explain, world
from trading.facts import Notice, Trading
from trading.orders import Order, OrderState
from trading.signals import Signal, SignalState
from trading.types import Holding, Moment, Target

D = Decimal
MONDAY, TUESDAY, WEDNESDAY = date(2025, 2, 3), date(2025, 2, 4), date(2025, 2, 5)


async def gapping() -> World:
    """Tuesday's open, with one strategy that decides there and holds the session."""
    w = await world()
    w.desk.plans = {"gap": Plan("gap", decides=Moment.OPEN, holds=Holding.SESSION)}
    w.go(TUESDAY, 14, 30)
    return w


async def entered(w: World, *symbols: str) -> list[Signal]:
    """Proposed, approved and filled at this moment."""
    answers = [answer(symbol, day=w.clock.at.date()) for symbol in symbols]
    signals = await propose.propose(w.desk, "gap", answers, explain=explain)
    await decide.approve_ranked(w.desk, signals, by="auto")
    await execute.execute_due(w.desk, owner="test")
    return signals


async def held(w: World) -> dict[str, Decimal]:
    ledger = await w.desk.books.ledger()
    return {p.book.symbol: p.quantity for p in ledger.held("gap")}


def session(w: World, day: date):
    found = w.desk.calendar.session_on(day)
    assert found
    return found


async def exits(w: World) -> list[Signal]:
    return await w.journal.read(Signal, target=Target.FLAT)


def test_the_desk_and_the_history_agree_which_is_the_last_minute():
    assert LAST == market.history.LAST


async def test_what_is_decided_at_the_open_goes_at_once_and_lives_ten_minutes():
    w = await gapping()
    w.go(TUESDAY, 14, 31)
    (signal,) = await propose.propose(w.desk, "gap", [answer("AAPL", day=TUESDAY)], explain=explain)
    assert signal.moment is Moment.OPEN
    assert signal.execute_at == w.clock.at
    assert signal.expires_at == w.clock.at + timedelta(minutes=10)
    card = await read_card(w.desk, signal.id)
    assert card
    text = card_message(w.desk, card).plain
    assert "Signal 100.00 USD · open Tue 4 Feb" in text
    assert "Goes Tue 4 Feb 09:31 New York, at once; decide before 09:41" in text
    await decide.approve(w.desk, signal.id, by="operator:1")
    await execute.execute_due(w.desk, owner="test")
    assert await held(w) == {"AAPL": D(50)}


async def test_a_session_is_left_in_its_last_minute_at_the_price_of_then():
    w = await gapping()
    await entered(w, "AAPL", "MSFT")
    w.go(TUESDAY, 20, 55)
    signals = await leave.leave(w.desk, "gap", session(w, TUESDAY))
    assert [(s.symbol, s.target, s.bar.date()) for s in signals] == [
        ("AAPL", Target.FLAT, TUESDAY),
        ("MSFT", Target.FLAT, TUESDAY),
    ]
    assert all(s.state is SignalState.APPROVED for s in await exits(w))
    assert await execute.execute_due(w.desk, owner="test") == 0
    w.go(TUESDAY, 20, 59)
    w.tape.prices["AAPL"] = D(104)
    await execute.execute_due(w.desk, owner="test")
    assert await held(w) == {}
    (trade,) = [t for t in (await w.desk.books.ledger()).trades if t.book.symbol == "AAPL"]
    assert trade.exit == 104
    card = await read_card(w.desk, signals[0].id)
    assert card
    assert "approved by session close" in card_message(w.desk, card).plain


async def test_every_exit_has_its_own_card_and_none_joins_the_list_of_entries():
    w = await gapping()
    symbols = ("AAPL", "MSFT", "NVDA", "TSLA")
    await entered(w, *symbols)
    lists = await w.journal.count(Notice, kind="list")
    w.go(TUESDAY, 20, 55)
    signals = await leave.leave(w.desk, "gap", session(w, TUESDAY))
    assert [(s.symbol, s.carded) for s in signals] == [(name, True) for name in symbols]
    assert await w.journal.count(Notice, kind="list") == lists


async def test_leaving_twice_leaves_once():
    w = await gapping()
    await entered(w, "AAPL")
    w.go(TUESDAY, 20, 55)
    await leave.leave(w.desk, "gap", session(w, TUESDAY))
    assert await leave.leave(w.desk, "gap", session(w, TUESDAY)) == []
    assert len(await w.journal.read(Order, reduce_only=True)) == 1


async def test_an_exit_can_be_withdrawn_until_the_last_minute_and_the_next_session_leaves():
    w = await gapping()
    await entered(w, "AAPL")
    w.go(TUESDAY, 20, 55)
    (signal,) = await leave.leave(w.desk, "gap", session(w, TUESDAY))
    await decide.withdraw(w.desk, signal.id, by="operator:1")
    w.go(TUESDAY, 20, 59)
    await execute.execute_due(w.desk, owner="test")
    assert await held(w) == {"AAPL": D(50)}
    w.go(WEDNESDAY, 20, 55)
    await leave.leave(w.desk, "gap", session(w, WEDNESDAY))
    w.go(WEDNESDAY, 20, 59)
    await execute.execute_due(w.desk, owner="test")
    assert await held(w) == {}


async def test_too_late_it_leaves_at_the_next_open():
    w = await gapping()
    await entered(w, "AAPL")
    w.go(TUESDAY, 23)
    (signal,) = await leave.leave(w.desk, "gap", session(w, TUESDAY))
    assert signal.execute_at == session(w, WEDNESDAY).open
    w.go(WEDNESDAY, 14, 30)
    await execute.execute_due(w.desk, owner="test")
    assert await held(w) == {}


async def test_the_morning_after_it_leaves_at_once_and_spares_what_was_bought_since():
    w = await gapping()
    await entered(w, "AAPL")
    w.go(WEDNESDAY, 14, 30)
    await entered(w, "MSFT")
    w.go(WEDNESDAY, 14, 40)
    await leave.leave(w.desk, "gap", session(w, TUESDAY))
    await execute.execute_due(w.desk, owner="test")
    assert list(await held(w)) == ["MSFT"]


async def test_in_the_last_minute_itself_it_goes_at_once():
    w = await gapping()
    await entered(w, "AAPL")
    w.clock.at = datetime(2025, 2, 4, 20, 59, 30, tzinfo=UTC)
    await leave.leave(w.desk, "gap", session(w, TUESDAY))
    await execute.execute_due(w.desk, owner="test")
    assert await held(w) == {}


async def test_a_halt_keeps_it_in_says_so_and_leaves_the_decision_to_a_person():
    w = await gapping()
    await entered(w, "AAPL")
    await latch(w.journal, Trading.HALTED, by="operator:1", reason="", at=None)
    w.go(TUESDAY, 20, 55)
    (signal,) = await leave.leave(w.desk, "gap", session(w, TUESDAY))
    (current,) = await exits(w)
    assert current.state is SignalState.PENDING
    told = [str(n.body) for n in await w.journal.read(Notice, kind="text")]
    assert any("Not closed: AAPL" in text and "trading is halted" in text for text in told)
    await latch(w.journal, Trading.ACTIVE, by="operator:1", reason="", at=None)
    await decide.approve(w.desk, signal.id, by="operator:1")
    w.go(TUESDAY, 20, 59)
    await execute.execute_due(w.desk, owner="test")
    assert await held(w) == {}


async def test_an_entry_still_waiting_when_the_session_ends_is_cancelled():
    w = await gapping()
    answers = [answer("AAPL", day=TUESDAY)]
    (signal,) = await propose.propose(w.desk, "gap", answers, explain=explain)
    await decide.approve(w.desk, signal.id, by="operator:1")
    w.go(TUESDAY, 20, 55)
    assert await leave.leave(w.desk, "gap", session(w, TUESDAY)) == []
    (order,) = await w.journal.read(Order)
    assert (order.state, order.note) == (OrderState.CANCELLED, "its session is ending")


async def test_a_close_decision_on_the_bar_that_was_left_still_proposes():
    w = await gapping()
    await entered(w, "AAPL")
    w.go(TUESDAY, 20, 55)
    await leave.leave(w.desk, "gap", session(w, TUESDAY))
    w.go(TUESDAY, 20, 59)
    await execute.execute_due(w.desk, owner="test")
    w.go(TUESDAY, 21, 5)
    w.desk.plans = {"gap": Plan("gap", holds=Holding.SESSION)}
    (again,) = await propose.propose(w.desk, "gap", [answer("AAPL", day=TUESDAY)], explain=explain)
    assert (again.target, again.execute_at) == (Target.LONG, session(w, WEDNESDAY).open)


async def test_a_weekly_signal_names_the_day_its_week_closed():
    w = await world()
    w.go(date(2025, 2, 7), 21, 5)
    (signal,) = await propose.propose(w.desk, "dip", [answer("AAPL", day=MONDAY)], explain=explain)
    card = await read_card(w.desk, signal.id)
    assert card
    assert "· close Fri 7 Feb" in card_message(w.desk, card).plain
