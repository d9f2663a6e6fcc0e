"""Locks: no entry while one holds, by whatever way; every exit; and each ends by itself."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk import decide, execute, locks
from desk.console.locks import read_scope
from desk.console.verbs import handle
from desk.desk import Operator, Plan
from tests.desk.test_console import said
from tests.desk.test_deciding import TUESDAY, WEDNESDAY, bought, held, proposed
from tests.exits_world import chosen, look, price
from tests.world import ANN, MONDAY, World, at, world
from trading.errors import BadCommand, Refused
from trading.facts import Notice, Request, RequestState
from trading.locks import Lock, Scope
from trading.messages import Message
from trading.orders import Order, OrderState
from trading.people import Role
from trading.types import Side
from trading.universes import Listing

D = Decimal


async def lock(w: World, scope: str, **ends: float) -> Lock:
    until = w.clock.at + timedelta(**ends) if ends else None
    return await locks.add(w.desk, scope, until, "earnings", "operator:1")


@pytest.mark.parametrize("scope", ["symbol:AAPL", "strategy:dip", "", "symbol:AAPL side:buy"])
async def test_a_waiting_entry_it_covers_is_refused_with_its_end(scope: str):
    w = await world()
    [signal] = await proposed(w, "AAPL")
    await lock(w, scope, days=2)
    with pytest.raises(Refused, match="AAPL: locked until Wed 5 Feb 16:05 New York: earnings"):
        await decide.approve(w.desk, signal.id, by="operator:1")


@pytest.mark.parametrize(
    "scope", ["symbol:MSFT", "strategy:other", "side:sell", "symbol:AAPL strategy:other"]
)
async def test_what_it_does_not_cover_is_entered(scope: str):
    w = await world()
    [signal] = await proposed(w, "AAPL")
    await lock(w, scope)
    await decide.approve(w.desk, signal.id, by="operator:1")


async def test_a_scan_proposes_nothing_that_is_locked():
    w = await world()
    await lock(w, "symbol:AAPL strategy:dip")
    assert [s.symbol for s in await proposed(w, "AAPL", "MSFT")] == ["MSFT"]


async def test_locked_after_the_approval_its_order_is_not_sent():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    await decide.approve(w.desk, signal.id, by="operator:1")
    await lock(w, "strategy:dip")
    w.go(TUESDAY, 14, 30)
    await execute.execute_due(w.desk, owner="t")
    order = await w.journal.first(Order, signal_id=signal.id)
    assert order is not None
    assert (order.state, order.note) == (
        OrderState.REJECTED,
        "AAPL was locked until lifted: earnings; /locks shows it",
    )


async def test_an_exit_is_never_kept_in():
    w = await world()
    await bought(w, "AAPL")
    await lock(w, "")
    w.go(TUESDAY, 21, 5)
    [signal] = await proposed(w, "AAPL", enter=0, exit=True, day=TUESDAY)
    await decide.approve(w.desk, signal.id, by="operator:1")
    w.go(WEDNESDAY, 14, 30)
    await execute.execute_due(w.desk, owner="t")
    assert await held(w, "AAPL") == 0


async def test_it_ends_by_itself_at_its_end():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    await lock(w, "symbol:AAPL", hours=1)
    w.clock.at += timedelta(minutes=59, seconds=59)
    with pytest.raises(Refused):
        await decide.approve(w.desk, signal.id, by="operator:1")
    w.clock.at += timedelta(seconds=1)
    await decide.approve(w.desk, signal.id, by="operator:1")
    assert await locks.standing(w.desk) == []


async def test_the_same_lock_again_is_one_that_ends_later():
    w = await world()
    first = await lock(w, "symbol:AAPL", days=1)
    assert (await lock(w, "symbol:AAPL", hours=1)).until == first.until
    assert (await lock(w, "symbol:AAPL", days=3)).id == first.id
    assert (await lock(w, "symbol:AAPL")).until is None
    assert await w.journal.count(Lock) == 1


# The cooldown


async def stopped(w: World, cooldown: int) -> None:
    """AAPL bought on Tuesday and closed by its stop, which rested at the broker, at noon."""
    w.desk.plans = {"dip": Plan("dip", cooldown=cooldown, exits=chosen(stop="5 %"))}
    await bought(w, "AAPL")
    await look(w, 3)
    w.go(TUESDAY, 17)
    await price(w, "AAPL", "94")
    assert await held(w, "AAPL") == 0


async def test_after_a_stop_the_symbol_stays_out_for_so_many_sessions():
    w = await world()
    await stopped(w, 2)
    [one] = await locks.standing(w.desk)
    assert (one.scope, one.reason, one.by) == (
        "symbol:AAPL strategy:dip",
        "stopped out",
        "cooldown",
    )
    assert one.until == at(WEDNESDAY + timedelta(days=1), 21)
    w.go(WEDNESDAY, 21, 5)
    assert await proposed(w, "AAPL", day=WEDNESDAY, since=WEDNESDAY) == []
    thursday = WEDNESDAY + timedelta(days=1)
    w.go(thursday, 21, 5)
    assert len(await proposed(w, "AAPL", day=thursday, since=thursday)) == 1


async def test_without_a_cooldown_a_stop_locks_nothing():
    w = await world()
    await stopped(w, 0)
    assert await locks.standing(w.desk) == []


async def test_past_the_calendars_end_a_fill_is_booked_all_the_same():
    w = await world()
    w.desk.calendar.known_through = MONDAY + timedelta(days=14)  # type: ignore[misc]
    await stopped(w, 30)
    [one] = await locks.standing(w.desk)
    assert one.until == w.clock.at + timedelta(days=30)


# In the chat


async def test_a_lock_is_made_at_once_and_lifted_in_two_steps():
    w = await world()
    text = await said(w, "/locks add aapl dip until 3d earnings on Thursday")
    assert "No entry of AAPL in dip until Thu 6 Feb 16:05 New York: earnings on Thursday" in text
    [one] = await locks.standing(w.desk)
    shown = await said(w, "/locks")
    assert "No entry of AAPL in dip · lock 1\nends by itself Thu 6 Feb 16:05 New York" in shown
    assert "earnings on Thursday · by you" in shown
    assert "Let it be entered again?" in await said(w, f"/locks remove {one.id}")
    assert await locks.standing(w.desk) == [one]
    assert "holds no longer" in await said(w, f"/locks remove {one.id} yes", pressed=True)
    assert await locks.standing(w.desk) == []
    told = await w.journal.read(Notice, recipient=2, kind="text")
    assert ["Locked by Ann" in str(n.body) or "lifted by Ann" in str(n.body) for n in told] == [
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("words", "scope"),
    [
        ("AAPL", "symbol:AAPL"),
        ("dip", "strategy:dip"),
        ("short", "side:sell"),
        ("buy AAPL dip", "symbol:AAPL strategy:dip side:buy"),
        ("manual AAPL MSFT moved", "symbol:AAPL strategy:manual"),
    ],
)
async def test_a_scope_is_read_from_the_words(words: str, scope: str):
    w = await world()
    assert str(read_scope(w.desk, words.split())[0]) == scope


@pytest.mark.parametrize("text", ["/locks add", "/locks add ZZZZ", "/locks add AAPL until soon"])
async def test_what_cannot_be_locked_locks_nothing(text: str):
    w = await world()
    assert await said(w, text)
    assert await locks.standing(w.desk) == []


async def test_blacklisted_until_an_end_it_is_a_lock():
    w = await world()
    await said(w, "/blacklist AAPL until 2w strike")
    [one] = await locks.standing(w.desk)
    assert (one.scope, one.reason) == ("symbol:AAPL", "blacklisted: strike")
    assert "For a while, in /locks: AAPL until Mon 17 Feb 16:05" in await said(w, "/blacklist")
    assert "Blacklisted by you" in await said(w, "/blacklist MSFT strike")


async def test_a_viewer_bars_nothing_however_it_is_written():
    viewer = Operator(3, "Vic", Role.VIEWER)
    w = await world(operators=(ANN, viewer))
    for text in ("/blacklist AAPL", "/blacklist add AAPL", "/locks add AAPL", "/buy AAPL 1"):
        request = await w.ask(text, by=viewer)
        await handle(w.desk, request)
        row = await w.journal.first(Request, id=request)
        assert row is not None
        assert row.state is RequestState.REFUSED, text
    assert await locks.standing(w.desk) == []
    assert await w.journal.count(Listing) == 0


async def test_an_end_is_a_span_or_the_end_of_a_day():
    w = await world()
    assert locks.read_until(w.desk, "4h") == w.clock.at + timedelta(hours=4)
    assert locks.read_until(w.desk, "2025-02-05") == at(WEDNESDAY + timedelta(days=1), 5)
    for wrong in ("2025-02-01", "0d", "3y", "٣d", "9999999d", ""):
        with pytest.raises(BadCommand):
            locks.read_until(w.desk, wrong)


words = st.sampled_from(["", "AAPL", "MSFT"])
sides = st.sampled_from(["", "buy", "sell"])


@given(words, words, sides, words.filter(bool), words.filter(bool), st.sampled_from(Side))
def test_a_scope_reads_as_it_was_written_and_covers_what_it_names(
    symbol: str, strategy: str, side: str, asked: str, by: str, way: Side
):
    scope = Scope(symbol, strategy, side)
    assert Scope.parse(str(scope)) == scope
    fits = symbol in ("", asked) and strategy in ("", by) and side in ("", way.value)
    assert scope.covers(asked, by, way) is fits


@given(st.text(max_size=30))
def test_what_is_no_scope_is_refused(text: str):
    try:
        scope = Scope.parse(text)
    except ValueError:
        return
    assert Scope.parse(str(scope)) == scope


async def test_a_message_of_locks_fits_a_phone():
    w = await world()
    for name in ("AAPL", "MSFT", "NVDA", "TSLA", "XOM"):
        await lock(w, f"symbol:{name}", days=1)
    w.go(MONDAY, 21, 6)
    request = await w.ask("/locks")
    await handle(w.desk, request)
    [notice] = await w.journal.read(Notice, answers=request)
    shown = Message.from_json(notice.body)
    assert all(len(row) <= 3 for row in shown.buttons)
