"""The life of a signal as the phone shows it."""

import asyncio

import pytest

from tests.flows.conftest import STRANGER, TUESDAY, Deck, OpenDeck
from tests.world import ANN, BOB
from trading.facts import Picture, Request, RequestState
from trading.orders import OrderState
from trading.signals import Signal, SignalState


async def state(deck: Deck, signal: Signal) -> SignalState:
    found = await deck.journal.first(Signal, id=signal.id)
    assert found is not None
    return found.state


async def test_a_card_comes_with_a_chart_and_becomes_its_fill_with_the_chart_redrawn(deck: Deck):
    [signal] = await deck.scan("AAPL", pictures=True)
    card = await deck.card(signal)
    assert card.photo
    assert card.caption is not None
    assert [b.text for b in card.buttons] == [
        *("Approve", "Reject"),
        *("Half", "Why", "Chart", "Snooze"),
    ]
    assert "▲ Buy 50 AAPL" in card.marked("bold")

    await deck.press(card, "Approve")
    approved = await deck.shows(card, "Approved by you")
    assert [b.text for b in approved.buttons] == ["Withdraw", "Why", "Chart"]
    assert approved.photo == card.photo
    bobs = await deck.phone.message(BOB.id, "Approved by Ann")

    await deck.open_market()
    filled = await deck.shows(card, "Filled 50 @ 100.00")
    assert "approved by you" in filled.words
    assert [b.text for b in filled.buttons] == ["Why", "Chart"]
    await deck.phone.wait_for(
        lambda: deck.phone.chats.find(1, card.message_id).photo != card.photo  # type: ignore[union-attr]
    )
    await deck.shows(bobs, "Filled 50 @ 100.00")
    assert len(deck.sent()) == len(deck.sent(BOB.id)) == 1, "one message a signal and chat"


async def test_reject_closes_the_card(deck: Deck):
    [signal] = await deck.scan("AAPL")
    card = await deck.card(signal)
    await deck.press(card, "Reject")
    rejected = await deck.shows(card, "Rejected by you")
    assert [b.text for b in rejected.buttons] == [
        *("Price", "Size", "News"),
        *("Don't like it", "Other"),
        *("Why", "Chart"),
    ]
    await deck.press(rejected, "News")
    explained = await deck.shows(card, "Rejected by you: news")
    assert [b.text for b in explained.buttons] == ["Why", "Chart"]
    assert await deck.orders() == []


async def test_withdraw_takes_an_approval_back_before_the_open(deck: Deck):
    [signal] = await deck.scan("AAPL")
    card = await deck.card(signal)
    await deck.press(card, "Approve")
    await deck.press(await deck.shows(card, "Approved"), "Withdraw")
    await deck.shows(card, "Withdrawn by you; nothing was sent")
    await deck.open_market()
    await deck.ask("/orders", "0 working")
    assert [order.state for order in await deck.orders()] == [OrderState.CANCELLED]
    assert await deck.fills() == []


async def test_two_operators_at_once_make_one_order_and_the_second_hears_who(new_deck: OpenDeck):
    """Both presses lie there when the lane starts, which works on four at a time."""
    deck = await new_deck()
    await deck.start("bot")
    [signal] = await deck.scan("AAPL")
    cards = [await deck.card(signal, who) for who in (ANN.id, BOB.id)]
    async with asyncio.TaskGroup() as group:
        for card in cards:
            group.create_task(deck.press(card, "Approve"))
    assert await deck.orders() == []
    await deck.bell.ring("fast", [r.id for r in await deck.journal.read(Request)])
    await deck.start("fast")
    names = {ANN.id: "Ann", BOB.id: "Bob"}
    found = await deck.phone.wait_for(
        lambda: [m for who in names for m in deck.sent(who) if "already approved by" in m.words]
    )
    [told] = found
    other = next(name for who, name in names.items() if who != told.chat_id)
    assert f"already approved by {other}" in told.words
    assert len(await deck.orders()) == 1


async def test_a_stranger_changes_nothing_and_hears_nothing(deck: Deck):
    [signal] = await deck.scan("AAPL")
    card = await deck.card(signal)
    deck.phone.say(STRANGER, "/squareoff")
    deck.phone.say(STRANGER, f"/approve {signal.id}")
    tap = deck.phone.tap(card, "Approve", STRANGER)
    await deck.press(card, "Why")  # served after all of the above
    await deck.phone.message(ANN.id, "Why ▲ Buy")
    assert tap.answer is None
    assert await state(deck, signal) is SignalState.PENDING
    assert await deck.orders() == []
    assert {r.operator for r in await deck.journal.read(Request)} == {ANN.id}
    assert deck.sent(STRANGER) == []


async def test_an_operator_in_a_group_or_with_anothers_button_is_refused(deck: Deck):
    [signal] = await deck.scan("AAPL")
    card = await deck.card(signal)
    deck.phone.chats.open_group(-5, "Crew", [ANN.id])
    deck.phone.say(ANN.id, f"/approve {signal.id}", chat_id=-5)
    bobs = await deck.card(signal, BOB.id)
    stolen = bobs.button("Approve").data
    assert stolen is not None
    press = deck.phone.press(ANN.id, ANN.id, card.message_id, stolen)
    assert (await press.answered()).text == "This button belongs to another message."
    assert await deck.orders() == []


@pytest.mark.parametrize("data", ["x:1", "p:", "approve:17", "p:never-issued-by-us"])
async def test_a_forged_button_is_answered_and_counts_for_nothing(deck: Deck, data: str):
    card = await deck.ask("/start")
    press = deck.phone.press(ANN.id, ANN.id, card.message_id, data)
    assert (await press.answered()).text == "This button is too old. Send the command again."
    assert await deck.orders() == []


async def test_an_old_keyboard_counts_for_nothing(deck: Deck):
    [signal] = await deck.scan("AAPL")
    card = await deck.card(signal)
    assert await deck.press(card, "Approve") == ""
    await deck.shows(card, "Approved by you")
    assert await deck.press(card, "Approve") == "Already pressed."
    await deck.press(card, "Reject")  # another button of the old keyboard
    await deck.phone.message(ANN.id, "was already approved by Ann")
    assert len(await deck.orders()) == 1
    assert await state(deck, signal) is SignalState.APPROVED


async def test_a_button_whose_wish_was_refused_may_be_pressed_again(deck: Deck):
    [signal] = await deck.scan("AAPL")
    card = await deck.card(signal)
    await deck.ask("/halt", "Trading halted by you")
    await deck.press(card, "Approve")
    await deck.phone.message(ANN.id, lambda m: "alt" in m.words and m.message_id > 2)
    await deck.phone.wait_for(lambda: len(deck.sent()) == 3)
    question = await deck.ask("/resume", "Resume it?")
    await deck.press(question, "Resume trading")
    await deck.phone.message(ANN.id, "esumed")
    assert await deck.press(card, "Approve") == ""
    await deck.shows(card, "Approved by you")
    assert len(await deck.orders()) == 1
    assert await deck.press(card, "Approve") == "Already pressed."


async def test_a_press_after_expiry_says_how_long_ago(new_deck: OpenDeck):
    deck = await new_deck()
    await deck.start("bot")
    [signal] = await deck.scan("AAPL")
    card = await deck.card(signal)
    deck.world.go(TUESDAY, 14, 34)
    await deck.press(card, "Approve")
    request = await deck.journal.first(Request, verb="approve")
    assert request is not None
    from worker.rounds import carry_out

    await carry_out(deck.desk, request.id)  # before anybody has looked at what expired
    await deck.phone.message(ANN.id, f"Signal {signal.id} (AAPL) expired 5 minutes ago")
    await deck.start("fast")
    await deck.shows(card, "Expired: nobody decided in time")
    assert await deck.orders() == []


async def test_approved_never_overwrites_filled(deck: Deck):
    """The edit that says approved is on the wire while the order fills."""
    [signal] = await deck.scan("AAPL")
    card = await deck.card(signal)
    deck.phone.faults.delay(0.6, method="editMessageText")
    await deck.press(card, "Approve")
    await deck.met()
    await deck.open_market()
    while not await deck.fills():
        await deck.bell.ring("orders")
    assert "Filled" not in deck.phone.chats.find(1, card.message_id).words  # type: ignore[union-attr]
    filled = await deck.shows(card, "Filled 50 @ 100.00")
    await deck.ask("/help", "/approve")
    now = deck.phone.chats.find(1, card.message_id)
    assert now is not None
    assert now.words == filled.words
    edits = [c.text("text") for c in deck.phone.calls if c.method == "editMessageText"]
    assert "Filled" in [t for t in edits if f"signal {signal.id}" in t][-1]


async def test_a_picture_that_cannot_be_drawn_leaves_a_card_in_words(new_deck: OpenDeck):
    deck = await new_deck()
    await deck.start("bot", "fast")
    [signal] = await deck.scan("AAPL", pictures=True)
    picture = await deck.journal.first(Picture)
    assert picture is not None
    broken = {**picture.spec, "bars": "none"}
    await deck.journal.move(picture, spec=broken)
    await deck.start("draw")
    card = await deck.card(signal)
    assert not card.photo
    await deck.press(card, "Approve")
    await deck.shows(card, "Approved by you")


async def test_every_request_on_the_phone_is_handled_once(deck: Deck):
    [signal] = await deck.scan("AAPL")
    await deck.press(await deck.card(signal), "Why")
    await deck.phone.message(ANN.id, "Why ▲ Buy")
    await deck.ask("/signals", "1 signal waiting")
    requests = await deck.journal.read(Request)
    assert {r.state for r in requests} == {RequestState.DONE}
