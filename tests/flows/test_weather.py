"""What Telegram and the network do to us: nothing is lost, nothing is done twice."""

import asyncio

import pytest

from desk import notices
from tests.flows.conftest import Deck, OpenDeck
from tests.world import ANN, BOB
from trading.facts import Lane, Notice, NoticeState, Picture, PictureState, Request, RequestState
from trading.messages import message


def texts(deck: Deck, who: int = ANN.id) -> list[str]:
    return [m.words for m in deck.sent(who)]


async def tell(deck: Deck, text: str, lane: Lane = Lane.NORMAL) -> None:
    await notices.tell(deck.desk, message(text), lane=lane)


async def ring(deck: Deck) -> None:
    await deck.bell.ring("postman")


async def test_told_to_wait_critical_goes_first_and_nothing_is_lost(new_deck: OpenDeck):
    deck = await new_deck()
    deck.phone.faults.flood(1, retry_after=1, method="sendMessage")
    await deck.scan("AAPL")
    await deck.start("bot")
    await deck.met()
    for n in range(3):
        await tell(deck, f"digest {n}", Lane.DIGEST)
    await tell(deck, "normal")
    await tell(deck, "critical", Lane.CRITICAL)
    await ring(deck)
    await deck.phone.wait_for(lambda: len(deck.sent()) == 6)
    assert texts(deck)[0] == "critical"
    assert "AAPL" in texts(deck)[1]
    assert texts(deck)[2:] == ["normal", "digest 0", "digest 1", "digest 2"]


@pytest.mark.parametrize("weather", ["fail", "drop"])
async def test_bad_gateways_and_dropped_connections_only_delay(deck: Deck, weather: str):
    getattr(deck.phone.faults, weather)(2)
    [signal] = await deck.scan("AAPL")
    card = await deck.card(signal)
    getattr(deck.phone.faults, weather)(1, method="editMessageText")
    await deck.press(card, "Approve")
    await deck.shows(card, "Approved by you")
    assert len(deck.sent()) == len(deck.sent(BOB.id)) == 1
    assert len(await deck.orders()) == 1


async def test_a_page_of_html_in_place_of_an_answer_only_delays(
    deck: Deck, monkeypatch: pytest.MonkeyPatch
):
    """What a proxy says while it has no Telegram behind it: no JSON, so aiogram calls it neither
    a network error nor an API error."""
    from aiohttp import web

    from phone import server

    ugly = iter(range(2))
    proper = server._reply

    def reply(body, status):
        if body.get("ok") and next(ugly, None) is not None:
            return web.Response(status=502, text="<html>Bad Gateway</html>")
        return proper(body, status)

    monkeypatch.setattr(server, "_reply", reply)
    await deck.ask("/help", "/squareoff")
    await deck.ask("/signals", "No signal is waiting")


async def test_a_lost_reply_may_repeat_a_message_but_never_loses_one(new_deck: OpenDeck):
    """A send is at least once: Telegram has no key to tell a repeat by. The last one lives on."""
    deck = await new_deck(operators=(ANN,))
    await deck.start()
    deck.phone.faults.lose_reply(1, method="sendPhoto")
    [signal] = await deck.scan("AAPL", pictures=True)
    await deck.phone.wait_for(lambda: len(deck.sent()) == 2)
    first, last = deck.sent()
    assert first.photo
    assert last.photo
    await deck.press(last, "Approve")
    await deck.shows(last, "Approved by you")
    assert await deck.press(first, "Approve") == ""  # the lost one's buttons are nobody's yet
    await deck.phone.message(ANN.id, f"Signal {signal.id} (AAPL) was already approved by Ann")
    assert len(await deck.orders()) == 1


async def test_an_edit_whose_reply_is_lost_converges(deck: Deck):
    [signal] = await deck.scan("AAPL")
    card = await deck.card(signal)
    deck.phone.faults.lose_reply(2, method="editMessageText")
    await deck.press(card, "Approve")
    approved = await deck.shows(card, "Approved by you")
    await deck.met()
    await deck.ask("/help", "/squareoff")
    now = deck.phone.chats.find(1, card.message_id)
    assert now is not None
    assert now.words == approved.words
    assert await deck.press(now, "Withdraw") == "", "the buttons that stand there are alive"
    await deck.shows(card, "Withdrawn by you")


async def test_a_photo_put_on_a_text_by_an_edit_whose_reply_is_lost_converges(
    new_deck: OpenDeck, monkeypatch: pytest.MonkeyPatch
):
    """The card went without its picture; the edit that brought it was applied and its reply was
    lost; before it is tried again there is a newer picture, still being drawn."""
    from datetime import timedelta

    from bot import postman

    deck = await new_deck(operators=(ANN,))
    monkeypatch.setattr(postman, "PICTURE_PATIENCE", timedelta(0))
    await deck.start("bot", "fast")
    [signal] = await deck.scan("AAPL", pictures=True)
    card = await deck.card(signal)
    assert not card.photo
    await deck.press(card, "Approve")
    await deck.shows(card, "Approved by you")
    deck.phone.faults.lose_reply(1, method="editMessageMedia")
    await deck.start("draw")
    await deck.phone.wait_for(lambda: deck.phone.chats.find(1, card.message_id).photo)  # type: ignore[union-attr]
    deck.phone.faults.go_away()
    await deck.stop("draw")
    await deck.open_market()
    while await deck.journal.count(Picture, state=PictureState.WANTED) < 1:
        await asyncio.sleep(0.01)
    deck.phone.faults.come_back()
    filled = await deck.shows(card, "Filled 50 @ 100.00")
    assert filled.photo
    await deck.start("draw")
    await deck.phone.wait_for(
        lambda: deck.phone.chats.find(1, card.message_id).photo != filled.photo  # type: ignore[union-attr]
    )
    assert len(deck.sent()) == 1


async def test_all_that_is_critical_arrives_after_telegram_was_away(deck: Deck):
    signals = await deck.scan("AAPL", "MSFT", "NVDA")
    cards = [await deck.card(signal) for signal in signals]
    for card in cards:
        await deck.press(card, "Approve")
        await deck.shows(card, "Approved by you")
    deck.phone.faults.go_away()
    await deck.open_market()
    for n in range(5):
        await tell(deck, f"alarm {n}", Lane.CRITICAL)
        await tell(deck, f"digest {n}", Lane.DIGEST)
    await ring(deck)
    while len(await deck.fills()) < 3:
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.6)  # it really is away for a while
    deck.phone.faults.come_back()
    for card in cards:
        await deck.shows(card, "Filled 50")
    await deck.phone.wait_for(lambda: texts(deck)[-1] == "digest 4")
    assert texts(deck)[3:] == [
        *(f"alarm {n}" for n in range(5)),
        *(f"digest {n}" for n in range(5)),
    ]
    while await deck.journal.count(Notice, state=NoticeState.DUE):
        await asyncio.sleep(0.01)


async def test_a_poisonous_update_is_kept_told_once_and_passed(deck: Deck):
    poison = deck.phone.faults.inject({"message": {"message_id": "\ud83d", "chat": None}})
    await deck.ask("/help", "/squareoff")
    assert sum("could not be read" in text for text in texts(deck)) == 1
    [kept] = await deck.journal.read(Request, verb="undecodable")
    assert kept.source_id == str(poison)
    assert kept.state is RequestState.FAILED
    assert kept.payload["raw"]["message"]["message_id"] == "\ud83d"
    deck.phone.faults.redeliver(poison)
    for _ in range(4):
        deck.phone.faults.inject({"message": {"message_id": "no", "from": {"id": ANN.id}}})
    await deck.ask("/health", "Trading is")
    assert sum("could not be read" in text for text in texts(deck)) == 1, "no more than one an hour"


async def test_an_update_that_is_no_json_is_kept_as_text_and_blocks_no_other(
    deck: Deck, monkeypatch: pytest.MonkeyPatch
):
    """A whole number of 5,000 digits, which no reader of JSON here takes, between two commands."""
    from aiohttp import web

    from phone import server

    proper = server._reply

    def reply(body, status):
        answer = proper(body, status)
        text = answer.text
        assert text is not None
        return web.Response(
            text=text.replace('"huge"', "1" * 5000), status=status, content_type="application/json"
        )

    monkeypatch.setattr(server, "_reply", reply)
    deck.phone.faults.go_away()
    deck.phone.say(ANN.id, "/signals")
    poison = deck.phone.faults.inject({"message": {"message_id": 1, "date": "huge"}})
    deck.phone.say(ANN.id, "/help")
    deck.phone.faults.come_back()
    await deck.phone.message(ANN.id, "No signal is waiting")
    await deck.phone.message(ANN.id, "/squareoff")
    await deck.phone.message(ANN.id, "could not be read")
    [kept] = await deck.journal.read(Request, verb="undecodable")
    assert kept.source_id == str(poison)
    assert "111" in kept.payload["raw"]["unreadable"]
    assert await deck.journal.count(Request) == 3


async def test_a_press_that_waited_ten_minutes_says_yes_to_nothing_that_loosens(deck: Deck):
    await deck.ask("/halt", "halted")
    question = await deck.ask("/resume", "Resume")
    await deck.journal.store.write(
        "UPDATE nonces SET created_at = created_at - 11 * 60 * 1000000", []
    )
    yes = next(b.text for b in question.buttons if "Cancel" not in b.text)
    assert "too old" in await deck.press(question, yes)
    await deck.ask("/health", "Trading is halted")


async def test_a_press_that_waited_ten_minutes_still_squares_off(deck: Deck):
    question = await deck.ask("/squareoff", "Square off everything?")
    await deck.journal.store.write(
        "UPDATE nonces SET created_at = created_at - 11 * 60 * 1000000", []
    )
    assert await deck.press(question, "Square off everything") == ""
    await deck.ask("/health", "Trading is halted")


async def test_a_strangers_poison_disturbs_nobody(deck: Deck):
    for _ in range(3):
        deck.phone.faults.inject({"message": {"message_id": "no", "from": {"id": 99}}})
    await deck.ask("/help", "/squareoff")
    assert len(deck.sent()) == 1
    assert await deck.journal.count(Request, verb="undecodable") == 3


async def test_the_same_update_twice_is_carried_out_once(deck: Deck):
    update = deck.phone.say(ANN.id, "/help")
    await deck.phone.message(ANN.id, "/squareoff")
    deck.phone.faults.redeliver(update)
    await deck.ask("/signals", "No signal is waiting")
    assert sum("/squareoff" in text for text in texts(deck)) == 1
    assert await deck.journal.count(Request) == 2


async def test_update_ids_that_start_anew_are_served(deck: Deck):
    await deck.ask("/help", "/squareoff")
    deck.phone.faults.renumber(7)
    await deck.ask("/signals", "No signal is waiting")
    await deck.ask("/orders", "0 working")


async def test_a_bot_restarted_between_press_and_handling_makes_one_order(new_deck: OpenDeck):
    deck = await new_deck()
    await deck.start("bot")
    [signal] = await deck.scan("AAPL")
    card = await deck.card(signal)
    await deck.press(card, "Approve")  # recorded; no lane runs yet
    await deck.stop("bot")
    press = deck.phone.tap(card, "Approve")  # while nobody is there
    await deck.start("bot", "fast")
    await deck.shows(card, "Approved by you")
    assert (await press.answered()).text == "Already pressed."
    assert len(await deck.orders()) == 1


async def test_a_bot_killed_before_it_confirms_the_press_makes_one_order(new_deck: OpenDeck):
    """The commit is done, the offset has not moved: Telegram delivers the press again."""
    deck = await new_deck()
    await deck.start("bot", "fast")
    [signal] = await deck.scan("AAPL")
    card = await deck.card(signal)
    deck.phone.faults.delay(5.0, method="answerCallbackQuery")
    deck.phone.tap(card, "Approve")
    await deck.shows(card, "Approved by you")
    await deck.stop("bot")
    assert deck.phone.updates.pending, "not confirmed"
    deck.phone.faults.clear()
    await deck.start("bot")
    await deck.ask("/orders", "1 working")
    assert len(await deck.orders()) == 1


async def test_what_was_being_sent_when_the_bot_died_is_sent_at_once(new_deck: OpenDeck):
    deck = await new_deck()
    await deck.start("bot")
    deck.phone.faults.delay(30.0, method="sendMessage")
    await tell(deck, "alarm", Lane.CRITICAL)
    await ring(deck)
    await deck.met()
    await deck.stop("bot")
    await deck.start("bot")
    await deck.phone.message(ANN.id, "alarm", timeout=2.0)


async def test_not_modified_is_harmless(deck: Deck):
    question = await deck.ask("/squareoff", "Square off everything?")
    refusal = "Bad Request: message is not modified: specified new message content is the same"
    deck.phone.faults.fail(code=400, description=refusal, method="editMessageText")
    await deck.press(question, "Cancel")
    await deck.ask("/help", "/squareoff")
    assert await deck.journal.count(Notice, state=NoticeState.FAILED) == 0
    assert len(deck.sent()) == 2


async def test_a_message_its_reader_deleted_is_sent_anew(deck: Deck):
    [signal] = await deck.scan("AAPL")
    card = await deck.card(signal)
    await deck.press(card, "Approve")
    approved = await deck.shows(card, "Approved")
    deck.phone.chats.remove(approved)
    await deck.open_market()
    filled = await deck.phone.message(ANN.id, "Filled 50 @ 100.00")
    assert filled.message_id != card.message_id
    await deck.press(filled, "Why")
    await deck.phone.message(ANN.id, "Why ▲ Buy")


async def test_a_deleted_photo_card_comes_back_with_what_is_drawn(deck: Deck):
    [signal] = await deck.scan("AAPL", pictures=True)
    card = await deck.card(signal)
    deck.phone.chats.remove(card)
    await deck.ask(f"/approve {signal.id}", "Approved signal")
    again = await deck.phone.message(ANN.id, "Approved by you")
    assert again.photo
    await deck.press(again, "Withdraw")
    await deck.shows(again, "Withdrawn by you")


async def test_an_operator_who_blocks_the_bot_delays_nobody(deck: Deck):
    deck.phone.block(ANN.id)
    [signal] = await deck.scan("AAPL")
    card = await deck.card(signal, BOB.id)
    await deck.press(card, "Approve")
    await deck.shows(card, "Approved by you")
    await deck.open_market()
    await deck.shows(card, "Filled 50")
    assert deck.sent(ANN.id) == []
    deck.phone.unblock(ANN.id)
    await deck.ask("/orders", "0 working")


async def test_one_held_chat_delays_nobody_else(deck: Deck):
    """Ann's chat was told to wait a minute; more rows wait for her than are read at once."""
    deck.phone.faults.flood(1, retry_after=60, method="sendMessage")
    await notices.answer(deck.desk, _request(ANN.id), "wait")
    await ring(deck)
    await deck.met()
    async with deck.journal.transaction():
        for n in range(120):
            await notices.answer(deck.desk, _request(ANN.id), f"{n}", lane=Lane(n % 3))
        await notices.answer(deck.desk, _request(BOB.id), "for Bob", lane=Lane.DIGEST)
    await ring(deck)
    await deck.phone.message(BOB.id, "for Bob")
    assert deck.sent(ANN.id) == []


def _request(who: int) -> Request:
    from datetime import UTC, datetime

    return Request("test", "1", "x", datetime(2025, 1, 1, tzinfo=UTC), operator=who, recipient=who)


async def test_a_second_program_on_the_same_token_is_told_clearly(
    deck: Deck, monkeypatch: pytest.MonkeyPatch
):
    from bot import poll

    monkeypatch.setattr(poll, "LONGEST_PAUSE", 0.02)
    monkeypatch.setattr(poll, "FIRST_PAUSE", 0.02)
    deck.phone.faults.fail(
        5, code=409, description="Conflict: terminated by other getUpdates", method="getUpdates"
    )
    deck.phone.say(ANN.id, "/help")
    await deck.phone.message(ANN.id, "Another program uses this bot's token")
    await deck.phone.message(ANN.id, "/squareoff")
    assert sum("Another program" in text for text in texts(deck)) == 1
