"""The database refuses to be written while the house runs: a press is answered at once, a message
waits at Telegram, the chat is told once, and after it is mended all is done exactly once."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bot import aside
from db.journal import OrmJournal
from db.sqlite import SqliteStore
from phone import Message
from tests.flows.conftest import Deck
from tests.world import ANN
from trading.facts import Notice, NoticeState, Request
from trading.orders import Order
from trading.signals import Signal, SignalState


async def set_read_only(deck: Deck, *, on: bool) -> None:
    """Both connections that write, the bot's and the worker's, as a disk turned read-only would."""
    for journal in (deck.journal, deck.voice.journal):
        assert isinstance(journal, OrmJournal)
        assert isinstance(journal.store, SqliteStore)
        await journal.store.client.execute_query(f"PRAGMA query_only = {'ON' if on else 'OFF'}")


async def carded(deck: Deck) -> tuple[Signal, Message]:
    """A signal whose card is shown, and recorded as shown."""
    [signal] = await deck.scan("AAPL")
    card = await deck.card(signal)
    async with asyncio.timeout(5):
        while await deck.journal.count(Notice, state=NoticeState.DUE):
            await asyncio.sleep(0.01)
    return signal, card


@pytest.fixture
async def brisk(monkeypatch: pytest.MonkeyPatch, new_deck: Callable[..., Awaitable[Deck]]) -> Deck:
    monkeypatch.setattr(aside, "LOOK", 0.1)
    deck = await new_deck()
    await deck.start()
    return deck


async def test_a_press_is_answered_and_counts_once_after_the_mending(brisk: Deck) -> None:
    deck = brisk
    _, card = await carded(deck)
    await set_read_only(deck, on=True)
    said = await deck.press(card, "Approve")
    assert said.startswith("Not recorded: ")
    assert "cannot be written" in said
    assert said.endswith("Press again once that is done.")
    assert len(said) <= 200
    told = await deck.phone.message(ANN.id, "The database does not work")
    assert "a button says so" in told.words
    await set_read_only(deck, on=False)
    deck.phone.say(ANN.id, "/help")  # the first thing written ends the outage
    await deck.phone.message(ANN.id, "The database works again")
    assert await deck.journal.count(Order) == 0
    await deck.press(card, "Approve")
    await deck.shows(card, "Approved")
    assert await deck.journal.count(Order) == 1


async def test_what_is_written_meanwhile_waits_and_is_done_once(brisk: Deck) -> None:
    deck = brisk
    signal, card = await carded(deck)
    await set_read_only(deck, on=True)
    deck.phone.say(ANN.id, f"/reject {signal.id}")
    await deck.until(lambda: deck.voice.journal.away)
    said = await deck.press(card, "Approve")  # behind the message, and answered all the same
    assert said.startswith("Not recorded: ")
    await asyncio.sleep(1.5)  # the poll has asked again, and been given both again
    assert await deck.journal.count(Request) == 0
    await set_read_only(deck, on=False)
    await deck.shows(card, "Rejected", timeout=10)
    after = await deck.journal.first(Signal, id=signal.id)
    assert after is not None
    assert after.state is SignalState.REJECTED
    verbs = [request.verb for request in await deck.journal.read(Request)]
    assert verbs == ["reject"], "the press was answered, so it is not carried out behind"
    told = [m for m in deck.sent() if "The database does not work" in m.words]
    assert len(told) == 1


async def test_no_notice_is_given_up_for_a_database_that_was_away(brisk: Deck) -> None:
    deck = brisk
    await deck.stop("bot")
    [signal] = await deck.scan("AAPL")
    await set_read_only(deck, on=True)
    await deck.start("bot")
    await asyncio.sleep(1.0)
    assert not [m for m in deck.sent() if m.words.startswith("Buy")]
    await set_read_only(deck, on=False)
    await deck.card(signal)
    states = {notice.state.value for notice in await deck.journal.read(Notice)}
    assert "failed" not in states


async def test_a_damaged_notice_stops_no_other(brisk: Deck) -> None:
    deck = brisk
    await deck.stop("bot")
    signals = await deck.scan("AAPL", "MSFT")
    assert isinstance(deck.journal, OrmJournal)
    await deck.journal.store.write(
        "UPDATE notices SET body = '{' WHERE recipient = 1 AND subject = ? RETURNING id",
        [f"signal:{signals[0].id}"],
    )
    await deck.start("bot")
    await deck.card(signals[1])
    assert [row.table for row in deck.voice.journal.damage] == ["notices"]
