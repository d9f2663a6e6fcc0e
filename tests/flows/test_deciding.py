"""Deciding from the phone: a veto's window, a card put away, a reason in words, a chart."""

from datetime import timedelta

from desk import snoozing
from desk.desk import Plan
from tests.flows.conftest import Deck, OpenDeck
from tests.world import ANN, BOB
from trading.facts import Notice
from trading.orders import OrderState
from trading.signals import Signal, SignalState
from trading.types import Mode


async def now(deck: Deck, signal: Signal) -> Signal:
    found = await deck.journal.first(Signal, id=signal.id)
    assert found is not None
    return found


async def vetoable(new_deck: OpenDeck) -> Deck:
    deck = await new_deck(mode=Mode.VETO)
    await deck.start()
    return deck


async def end_window(deck: Deck, signal: Signal) -> None:
    """As if ten minutes had passed since the card was taken."""
    past = deck.desk.wall.now() - timedelta(seconds=1)
    assert await deck.journal.move(await now(deck, signal), veto_until=past) is not None
    await deck.bell.ring("orders")


async def test_a_card_names_its_time_and_executes_unless_vetoed(new_deck: OpenDeck):
    deck = await vetoable(new_deck)
    [signal] = await deck.scan("AAPL")
    card = await deck.card(signal)
    timed = await deck.shows(card, "New York unless vetoed\nThen goes Tue 4 Feb 09:30")
    begun = await now(deck, signal)
    assert begun.veto_until is not None
    assert f"Executes {deck.desk.local(begun.veto_until):%H:%M} New York" in timed.words
    assert [b.text for b in timed.buttons] == [
        *("Approve now", "Veto"),
        *("Half", "Why", "Chart"),
    ]
    await end_window(deck, signal)
    await deck.shows(card, "Approved by the veto window")
    assert len(await deck.orders()) == 1
    edits = [call for call in deck.calls("editMessageText") if call == "ok"]
    assert len(edits) <= 4, "two a phone at most: the time, and what became of it"


async def test_a_veto_on_the_phone_stops_it(new_deck: OpenDeck):
    deck = await vetoable(new_deck)
    [signal] = await deck.scan("AAPL")
    card = await deck.shows(await deck.card(signal, BOB.id), "New York unless vetoed")
    await deck.press(card, "Veto")
    await deck.shows(card, "Vetoed by you")
    await deck.shows(await deck.card(signal), "Vetoed by Bob")
    assert (await now(deck, signal)).state is SignalState.REJECTED
    assert await deck.orders() == []


async def test_without_telegram_no_window_begins_and_the_signal_waits(new_deck: OpenDeck):
    deck = await new_deck(mode=Mode.VETO)
    deck.desk.plans = {"dip": Plan("dip", mode=Mode.VETO, veto_window=timedelta(seconds=1))}
    await deck.start("fast")
    [signal] = await deck.scan("AAPL")
    assert (await now(deck, signal)).veto_until is None
    created = deck.desk.wall.now() - timedelta(seconds=5)
    for notice in await deck.journal.read(Notice, kind="card"):
        await deck.journal.move(notice, created_at=created)
    await deck.bell.ring("orders")
    await deck.start("bot")
    card = await deck.card(signal)
    await deck.shows(card, "Waits for you: its card was not delivered within 1 second")
    await deck.phone.message(ANN.id, "dip does not execute it by itself")
    await deck.press(await deck.shows(card, "Waits for you"), "Approve")
    await deck.shows(card, "Approved by you")


async def test_a_card_put_away_comes_back_as_a_new_message(deck: Deck):
    [signal] = await deck.scan("AAPL")
    card = await deck.card(signal)
    await deck.press(card, "Snooze")
    await deck.press(await deck.shows(card, "for how long?"), "15 min")
    await deck.shows(card, "Put away until")
    before = len(deck.sent())
    [again] = await deck.journal.read(Notice, kind=snoozing.AGAIN)
    soon = deck.desk.wall.now() + timedelta(milliseconds=300)
    assert await deck.journal.move(again, not_before=soon) is not None
    back = await deck.phone.message(
        ANN.id, lambda m: m.message_id > card.message_id and "decide before" in m.words
    )
    assert len(deck.sent()) == before + 1
    await deck.press(back, "Half")
    await deck.shows(back, "half size, 25 of 50")
    [order] = await deck.orders()
    assert (order.state, order.quantity) == (OrderState.PLANNED, 25)


async def test_the_words_after_other_stand_on_the_card(deck: Deck):
    [signal] = await deck.scan("AAPL")
    card = await deck.card(signal)
    await deck.press(card, "Reject")
    await deck.press(await deck.shows(card, "Rejected by you"), "Other")
    await deck.phone.message(ANN.id, "Reply with a few words")
    await deck.ask("earnings on Thursday", "Kept with signal")
    await deck.shows(card, "Rejected by you: earnings on Thursday")
