"""The postman's rows: none is lost, none holds up another, none overwrites a newer one."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import postman
from tests.flows.conftest import Deck, OpenDeck
from tests.world import ANN
from trading.facts import Lane, Notice, NoticeState, Picture, PictureState, Request
from trading.messages import bold, message

PICTURE = {"days": [["2025-02-03", "10"]], "title": "P&L", "subtitle": "", "currency": "USD"}


async def notice(deck: Deck, text: str, **fields: object) -> Notice:
    row = Notice(ANN.id, "text", deck.desk.wall.now(), body=message(bold(text)).to_json())
    [written] = await deck.journal.append([replace(row, **fields)])  # type: ignore[arg-type]
    return written


async def state(deck: Deck, row: Notice, state: NoticeState) -> None:
    """Until the row stands there."""
    async with asyncio.timeout(5):
        while True:
            found = await deck.journal.first(Notice, id=row.id)
            assert found is not None
            if found.state is state:
                return
            await asyncio.sleep(0.01)


def words(deck: Deck) -> list[str]:
    return [m.words for m in deck.sent()]


async def ring(deck: Deck) -> None:
    await deck.bell.ring("postman")


async def test_a_row_that_cannot_be_rendered_is_given_up_and_its_reader_told(
    deck: Deck, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(postman, "MOST_MISTAKES", 2)
    lost = await notice(deck, "", kind="card", subject="signal:404", lane=Lane.CRITICAL)
    torn = await notice(deck, "", body={}, lane=Lane.CRITICAL)
    await notice(deck, "after it")
    await ring(deck)
    await deck.phone.message(ANN.id, "after it")
    await deck.phone.message(ANN.id, "One about signal:404; see notice")
    await state(deck, lost, NoticeState.FAILED)
    await state(deck, torn, NoticeState.FAILED)
    assert words(deck)[0] == "after it", "it held up nobody"


async def test_fifty_rows_that_wait_for_pictures_hold_up_no_other(new_deck: OpenDeck):
    deck = await new_deck()
    await deck.start("bot")  # nobody draws
    for _ in range(60):
        [picture] = await deck.journal.append([Picture("pnl", PICTURE, deck.desk.wall.now())])
        await notice(deck, "with a picture", picture_id=picture.id)
    await notice(deck, "the sixty-first")
    await ring(deck)
    await deck.phone.message(ANN.id, "the sixty-first")
    assert words(deck) == ["the sixty-first"]


async def test_a_picture_that_comes_late_is_put_on_the_message_that_went_without(
    new_deck: OpenDeck, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(postman, "PICTURE_PATIENCE", timedelta(0))
    monkeypatch.setattr(postman, "PICTURE_LOOK", timedelta(seconds=0.05))
    deck = await new_deck()
    await deck.start("bot")
    [picture] = await deck.journal.append([Picture("pnl", PICTURE, deck.desk.wall.now())])
    row = await notice(deck, "P&L", picture_id=picture.id)
    await ring(deck)
    said = await deck.phone.message(ANN.id, "P&L")
    assert not said.photo
    await deck.start("draw")
    await deck.phone.wait_for(lambda: deck.sent()[0].photo)
    await state(deck, row, NoticeState.SENT)
    assert len(deck.sent()) == 1


async def test_a_picture_that_cannot_be_drawn_is_said_so(deck: Deck):
    [picture] = await deck.journal.append(
        [Picture("pnl", PICTURE, deck.desk.wall.now(), state=PictureState.FAILED)]
    )
    await notice(deck, "P&L", picture_id=picture.id)
    await ring(deck)
    await deck.phone.message(ANN.id, "The picture could not be drawn")


async def test_critical_words_never_wait_for_a_picture(new_deck: OpenDeck):
    deck = await new_deck()
    await deck.start("bot")
    [picture] = await deck.journal.append([Picture("pnl", PICTURE, deck.desk.wall.now())])
    await notice(deck, "alarm", picture_id=picture.id, lane=Lane.CRITICAL)
    await ring(deck)
    await deck.phone.message(ANN.id, "alarm", timeout=1.0)


async def test_a_text_held_up_never_overwrites_its_successor(deck: Deck):
    later = deck.desk.wall.now() + timedelta(seconds=0.3)
    old = await notice(deck, "Closing 2", subject="squareoff:1", not_before=later)
    await notice(deck, "Flat", subject="squareoff:1")
    await ring(deck)
    await deck.phone.message(ANN.id, "Flat")
    await state(deck, old, NoticeState.MERGED)
    assert words(deck) == ["Flat"]


async def test_an_edit_held_up_never_overwrites_its_successor(deck: Deck):
    question = await deck.ask("/squareoff", "Square off everything?")
    requests = [
        Request(
            "test",
            str(n),
            "x",
            deck.desk.wall.now(),
            recipient=ANN.id,
            payload={"message_id": question.message_id},
        )
        for n in range(2)
    ]
    asked = await deck.journal.append(requests)
    later = deck.desk.wall.now() + timedelta(seconds=0.3)
    old = await notice(deck, "first", answers=asked[0].id, edits=True, not_before=later)
    await notice(deck, "second", answers=asked[1].id, edits=True)
    await ring(deck)
    await deck.shows(question, "second")
    await state(deck, old, NoticeState.MERGED)
    assert words(deck) == ["second"]


async def test_a_picture_id_telegram_forgot_is_uploaded_again(deck: Deck):
    [picture] = await deck.journal.append([Picture("pnl", PICTURE, deck.desk.wall.now())])
    await deck.bell.ring("draw")
    async with asyncio.timeout(5):
        while (drawn := await deck.journal.first(Picture, state=PictureState.DRAWN)) is None:
            await asyncio.sleep(0.01)
    await deck.journal.move(drawn, handle="of-another-bots-token")
    row = await notice(deck, "P&L", picture_id=picture.id)
    await ring(deck)
    await deck.phone.wait_for(lambda: deck.sent()[-1].photo)
    await state(deck, row, NoticeState.SENT)
    healed = await deck.journal.first(Picture)
    assert healed is not None
    assert healed.handle != "of-another-bots-token"


async def test_an_edit_telegram_refuses_is_sent_as_a_new_message(deck: Deck):
    [signal] = await deck.scan("AAPL")
    card = await deck.card(signal)
    deck.phone.faults.fail(
        code=400, description="Bad Request: MESSAGE_ID_INVALID", method="editMessageText"
    )
    await deck.press(card, "Approve")
    again = await deck.phone.message(ANN.id, "Approved by you")
    assert again.message_id != card.message_id


async def test_entities_telegram_refuses_are_left_away(deck: Deck):
    deck.phone.faults.fail(
        code=400, description="Bad Request: can't parse entities", method="sendMessage"
    )
    await notice(deck, "plain at least")
    await ring(deck)
    said = await deck.phone.message(ANN.id, "plain at least")
    assert said.entities == []


async def test_a_row_sent_just_before_a_crash_is_not_sent_again(new_deck: OpenDeck):
    deck = await new_deck()
    await deck.start("bot")
    row = await notice(deck, "once")
    await ring(deck)
    await state(deck, row, NoticeState.SENT)
    sent = await deck.journal.first(Notice, id=row.id)
    assert sent is not None
    await deck.journal.move(sent, state=NoticeState.DUE)  # as if it died before it said so
    await deck.stop("bot")
    await deck.start("bot")
    await state(deck, row, NoticeState.SENT)
    assert words(deck) == ["once"]


async def test_a_token_in_a_text_does_not_leave_the_house(deck: Deck):
    await notice(deck, "failed: https://api.telegram.org/bot123456789:" + "A" * 35 + "/getMe")
    await ring(deck)
    said = await deck.phone.message(ANN.id, "failed:")
    assert "AAAA" not in said.words
