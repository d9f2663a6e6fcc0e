"""Telegram took a message and the database could not be told so: nothing is said twice."""

import pytest

from tests.flows.conftest import Deck
from tests.world import BOB


async def test_a_database_lost_between_telegrams_answer_and_our_record_doubles_nothing(
    deck: Deck, monkeypatch: pytest.MonkeyPatch
):
    """The message stands in the chat; that it does could not be written down until later."""
    from db.posts import PostBook
    from trading.errors import JournalError

    put, lost = PostBook.put, 0

    async def broken(book, *args, **given):
        nonlocal lost
        lost += 1
        if lost <= 2:  # one for each reader
            raise JournalError("the database closed the connection; nothing was recorded: retry")
        await put(book, *args, **given)

    monkeypatch.setattr(PostBook, "put", broken)
    [signal] = await deck.scan("AAPL")
    card = await deck.card(signal)
    await deck.press(card, "Approve")
    await deck.shows(card, "Approved by you")
    assert lost > 2
    assert len(deck.sent()) == len(deck.sent(BOB.id)) == 1
    assert len(await deck.orders()) == 1
