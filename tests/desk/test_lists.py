"""The operator's lists: what is barred is not entered, by whatever way, and may always be left."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal

import pytest

from desk import decide, execute, lists, propose
from desk.console.lists import nearest
from tests.desk.test_console import said
from tests.desk.test_deciding import TUESDAY, WEDNESDAY, bought, held, proposed
from tests.world import World, answer, explain, world
from trading.errors import Refused
from trading.facts import Notice
from trading.messages import Message
from trading.orders import Fill, Order, OrderState
from trading.signals import Signal, SignalState
from trading.types import Mode, Quote, Target
from trading.universes import BLACKLIST, WATCHLIST, Listing

BY = "operator:1"


async def bar(w: World, *symbols: str, reason: str = "") -> list[Listing]:
    return await lists.put(w.desk, BLACKLIST, symbols, by=BY, reason=reason)


def before_the_next_quote(w: World, act: Callable[[], Awaitable[object]]) -> None:
    """Once, when the desk asks for a price: after its first look, before its transaction."""
    ask, waiting = w.tape.quote, [act]

    async def quote(symbol: str, at: datetime) -> Quote | None:
        if waiting:
            await waiting.pop()()
        return await ask(symbol, at)

    w.tape.quote = quote  # type: ignore[method-assign]


async def told(w: World, reader: int = 1) -> str:
    rows = await w.journal.read(Notice, recipient=reader, kind="text")
    return "\n".join(Message.from_json(row.body).plain for row in rows)


# Entries


async def test_what_is_blacklisted_is_not_proposed():
    w = await world()
    await bar(w, "AAPL")
    assert [s.symbol for s in await proposed(w, "AAPL", "MSFT")] == ["MSFT"]


async def test_a_waiting_signal_of_it_cannot_be_approved_and_the_refusal_says_why():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    await bar(w, "AAPL", reason="earnings")
    with pytest.raises(Refused) as refused:
        await decide.approve(w.desk, signal.id, by="operator:2")
    assert str(refused.value) == (
        "AAPL: blacklisted by Ann on Mon 3 Feb (earnings); /blacklist remove AAPL lets it in again"
    )
    assert await w.journal.count(Order) == 0
    after = await w.journal.first(Signal, id=signal.id)
    assert after is not None
    assert after.state is SignalState.PENDING, "it may be approved once the list lets it"


async def test_blacklisted_between_the_press_and_its_transaction_it_is_refused():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    before_the_next_quote(w, lambda: bar(w, "AAPL"))
    with pytest.raises(Refused, match="blacklisted by Ann"):
        await decide.approve(w.desk, signal.id, by="operator:2")
    assert await w.journal.count(Order) == 0


async def test_auto_does_not_get_round_it():
    w = await world(mode=Mode.AUTO)
    signals = await proposed(w, "AAPL", "MSFT")
    await bar(w, "AAPL")
    orders = await decide.approve_ranked(w.desk, signals, by="auto")
    assert [order.symbol for order in orders] == ["MSFT"]
    refused = await w.journal.first(Signal, symbol="AAPL")
    assert refused is not None
    assert refused.state is SignalState.REJECTED
    assert "blacklisted by Ann" in refused.note


async def approved(w: World) -> Order:
    [signal] = await proposed(w, "AAPL")
    await decide.approve(w.desk, signal.id, by=BY)
    w.go(TUESDAY, 14, 30)
    order = await w.journal.first(Order, signal_id=signal.id)
    assert order is not None
    return order


async def test_blacklisted_after_the_approval_its_order_is_not_sent():
    w = await world()
    order = await approved(w)
    await bar(w, "AAPL", reason="fraud")
    await execute.execute_due(w.desk, owner="t")
    after = await w.journal.first(Order, id=order.id)
    assert after is not None
    assert after.state is OrderState.REJECTED
    assert await w.journal.count(Fill) == 0
    assert "Not sent: buy 50 AAPL (approved by Ann)\nAAPL was blacklisted by Ann" in await told(w)


async def test_blacklisted_while_its_order_is_being_sent_it_is_not_claimed():
    w = await world()
    order = await approved(w)
    before_the_next_quote(w, lambda: bar(w, "AAPL"))
    assert await execute.execute(w.desk, order, owner="t")
    after = await w.journal.first(Order, id=order.id)
    assert after is not None
    assert (after.state, after.owner) == (OrderState.REJECTED, "")
    assert await w.broker.positions() == []


async def test_taken_off_the_list_it_is_entered_again():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    await bar(w, "AAPL")
    await lists.take_off(w.desk, BLACKLIST, ["AAPL"], by=BY)
    await decide.approve(w.desk, signal.id, by=BY)
    w.go(TUESDAY, 14, 30)
    assert await execute.execute_due(w.desk, owner="t") == 1
    assert await held(w, "AAPL") == 50


# Exits


async def test_what_is_held_is_left_though_it_is_blacklisted():
    w = await world()
    await bought(w, "AAPL")
    await bar(w, "AAPL")
    w.go(TUESDAY, 21, 5)
    answers = [answer("AAPL", enter=0, exit=True, day=TUESDAY)]
    [signal] = await propose.propose(w.desk, "dip", answers, explain=explain)
    assert signal.target is Target.FLAT
    await decide.approve(w.desk, signal.id, by=BY)
    w.go(WEDNESDAY, 14, 30)
    assert await execute.execute_due(w.desk, owner="t") == 1
    assert await held(w, "AAPL") == Decimal(0)


# The commands


async def test_a_list_says_who_put_what_there_when_and_why():
    w = await world()
    assert "Nothing is on the blacklist" in await said(w, "/blacklist")
    text = await said(w, "/blacklist add aapl earnings on Thursday")
    assert text.startswith("Blacklisted by you\nAAPL (Aapl Inc.)\nReason: earnings on Thursday")
    assert await said(w, "/blacklist") == (
        "Blacklist: 1 instrument\nNo entry is proposed or sent; exits always may go.\n\n"
        "AAPL · Aapl Inc.\nby you, Mon 3 Feb: earnings on Thursday\n"
    )
    assert "AAPL blacklisted by Ann: earnings on Thursday" in await told(w, reader=2)


async def test_the_answer_names_what_waits_and_what_is_at_the_broker_already():
    w = await world()
    await proposed(w, "MSFT")
    await approved(w)
    text = await said(w, "/blacklist add MSFT AAPL")
    assert "Will be refused: 1 waiting signal, 1 approved order." in text


async def test_letting_an_instrument_in_again_is_asked_twice():
    w = await world()
    await said(w, "/blacklist add AAPL MSFT")
    question = await said(w, "/blacklist remove AAPL")
    assert question.startswith("Let AAPL be entered again?\nAAPL was blacklisted by Ann on Mon 3")
    assert list(await lists.on_list(w.desk, BLACKLIST)) == ["AAPL", "MSFT"]
    row = await w.journal.first(Notice, order="-id")
    assert row is not None
    yes, no = Message.from_json(row.body).buttons[0]
    assert (yes.verb, yes.args, yes.style) == ("blacklist", ("remove", "AAPL", "yes"), "danger")
    assert no.verb == "dismiss"
    assert "Off the blacklist\nAAPL (Aapl Inc.)" in await said(
        w, f"/blacklist {' '.join(yes.args)}", pressed=True
    )
    assert list(await lists.on_list(w.desk, BLACKLIST)) == ["MSFT"]
    assert "AAPL taken off the blacklist by Ann" in await told(w, reader=2)


async def test_the_history_of_a_list_stays():
    w = await world()
    await bar(w, "AAPL")
    await lists.take_off(w.desk, BLACKLIST, ["AAPL"], by="operator:2")
    rows = await w.journal.read(Listing, symbol="AAPL")
    assert [(row.listed, row.by) for row in rows] == [(True, "operator:1"), (False, "operator:2")]


async def test_a_second_time_changes_nothing():
    w = await world()
    await bar(w, "AAPL", reason="first")
    assert "on the blacklist already" in await said(w, "/blacklist add AAPL again")
    assert "not on the blacklist" in await said(w, "/blacklist remove MSFT")
    assert [row.reason for row in await w.journal.read(Listing)] == ["first"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("/blacklist add APPL", "No instrument called 'APPL'; nearest: AAPL (Aapl Inc.)"),
        ("/blacklist add AAPL MSFTT", "No instrument called 'MSFTT'; nearest: MSFT (Msft Inc.)"),
        ("/blacklist add aapl msftt", "No instrument called 'msftt'; nearest: MSFT (Msft Inc.)"),
        ("/watchlist add QQQQQQ", "No instrument called 'QQQQQQ'; /universe lists what there is"),
        ("/watchlist add", "Which instruments? For example: /watchlist add AAPL MSFT"),
        ("/blacklist remove", "Which instruments? For example: /blacklist add AAPL MSFT"),
        ("/watchlist AAPL", "'AAPL'? Say /watchlist add AAPL or /watchlist remove AAPL"),
        ("/universe atlantis", "No universe called 'atlantis'; there are: watchlist"),
    ],
)
async def test_a_bad_word_is_one_line_with_what_is_near_and_changes_nothing(text: str, line: str):
    w = await world()
    answered = await said(w, text)
    assert answered == f"{line}."
    assert await w.journal.count(Listing) == 0


async def test_the_nearest_are_found_by_company_too():
    w = await world()
    assert nearest(w.desk, "nvda inc") == ["NVDA (Nvda Inc.)"]


async def test_what_left_the_book_can_still_be_taken_off_a_list():
    w = await world()
    await lists.put(w.desk, WATCHLIST, ["GONE"], by=BY)
    assert "Off the watchlist" in await said(w, "/watchlist remove gone")
    assert await lists.on_list(w.desk, WATCHLIST) == {}


async def test_a_long_list_is_shown_page_by_page():
    w = await world()
    await lists.put(w.desk, WATCHLIST, [f"S{n:02}" for n in range(23)], by=BY)
    text = await said(w, "/watchlist 2", pressed=True)
    assert "S10" in text
    assert "S09" not in text
    assert "Page 2 of 3" in text
    row = await w.journal.first(Notice, order="-id")
    assert row is not None
    back, more = Message.from_json(row.body).buttons[-1]
    assert (back.args, more.args, more.once) == (("1",), ("3",), False)
