"""After a long absence: every alert in full, everything else in one message, nothing outdated
with live buttons."""

import asyncio
from datetime import datetime, timedelta

import pytest

from brokers.adversary import Adversary, Faults
from brokers.paper import PaperBroker
from desk import decide
from tests.flows.absence import AWAY, ago, back, missed, older, sent_all, settled, states
from tests.flows.conftest import Deck, OpenDeck
from tests.world import ANN, BOB
from trading.facts import Lane, Notice, NoticeState, Request
from trading.messages import Button, message
from trading.orders import OrderState

__all__ = ["back"]


async def test_what_is_not_critical_comes_as_one_message_of_counts_and_lines(back: Deck):
    rows = await missed(back, *(f"Job done: {n}" for n in range(25)))
    rows += await missed(back, *["Universe chosen"] * 15, lane=Lane.DIGEST)
    [said] = await sent_all(back)
    assert said.startswith("While Telegram was out of reach (3 h 12 min)")
    assert "40 messages" in said
    assert "Job done: 24" in said
    assert "Universe chosen (× 15)" in said
    assert "and why" not in said
    assert await states(back, rows) == {NoticeState.MERGED}


async def test_a_hundred_lines_are_cut_to_the_newest(back: Deck):
    await missed(back, *(f"Job done: {n:03}" for n in range(100)))
    [said] = await sent_all(back)
    assert "100 messages" in said
    assert "and 80 before these" in said
    assert "Job done: 099" in said
    assert "Job done: 079" not in said


async def test_two_missed_texts_are_told_in_full(back: Deck):
    await missed(back, "Start of day", "Middle of day", lane=Lane.DIGEST)
    [said] = await sent_all(back)
    assert said.count("and why") == 2


async def test_more_than_ten_alerts_come_as_few_messages_with_every_text_in_full(back: Deck):
    texts = [f"Alert {n} {'long ' * 60}end of {n}." for n in range(57)]
    rows = await missed(back, *texts, lane=Lane.CRITICAL)
    said = await sent_all(back)
    assert len(said) <= 6
    assert all(sum(text in one for one in said) == 1 for text in texts)
    assert all(one.partition("\n")[0].endswith("alerts, late") for one in said)
    assert await states(back, rows) == {NoticeState.SENT}


async def test_a_few_alerts_come_one_by_one_say_that_they_are_late_and_keep_their_buttons(
    back: Deck,
):
    ask = [[Button("Ask again", "orders")]]
    await missed(back, "Outcome not known: AAPL", lane=Lane.CRITICAL, buttons=ask)
    [said] = await sent_all(back)
    assert "Late: of " in said
    assert back.sent()[0].button("Ask again")


async def test_alerts_with_buttons_are_never_bundled(back: Deck):
    ask = [[Button("It is there", "orders")]]
    await missed(back, *(f"Order {n}" for n in range(11)), lane=Lane.CRITICAL, buttons=ask)
    assert len(await sent_all(back)) == 11


async def test_alerts_go_before_what_was_missed_besides(back: Deck):
    await missed(back, *(f"digest {n}" for n in range(5)), lane=Lane.DIGEST)
    await missed(back, *(f"alert {n}" for n in range(12)), lane=Lane.CRITICAL)
    first, second = await sent_all(back)
    assert first.startswith("12 alerts, late")
    assert second.startswith("While Telegram was out of reach")


async def test_a_card_nobody_saw_and_nobody_can_decide_is_a_line(back: Deck):
    expired, waiting = await back.scan("AAPL", "MSFT")
    await decide.reject(back.desk, expired.id, by="auto", reason="gone")
    await older(back)
    said = await sent_all(back)
    assert len(said) == 2
    [line] = [one for one in said if "1 signal that ended" in one]
    assert "AAPL: ✖ Rejected by auto: gone" in line
    assert f"signal {waiting.id}" in next(one for one in said if one != line)
    assert [m.words for m in back.sent() if "Approve" in [b.text for b in m.buttons]] == [
        one for one in said if one != line
    ]


async def test_a_card_that_stands_is_only_edited_to_what_is_so_now(new_deck: OpenDeck):
    deck = await new_deck(operators=(ANN,))
    await deck.start("bot")
    [signal] = await deck.scan("AAPL")
    card = await deck.card(signal)
    await settled(deck)
    await deck.stop("bot")
    await decide.approve(deck.desk, signal.id, by="operator:1")
    await decide.withdraw(deck.desk, signal.id, by="operator:1")
    await older(deck)
    [said] = await sent_all(deck)
    assert "Withdrawn by you" in said
    assert deck.sent()[0].message_id == card.message_id


async def test_a_fill_nobody_was_told_of_is_told_as_a_card_and_by_the_dozen_in_full(back: Deck):
    signals = await back.scan("AAPL")
    for signal in signals:
        await decide.approve(back.desk, signal.id, by="auto")
    await back.start("fast")
    await back.open_market()
    async with asyncio.timeout(5):
        while not all(o.state is OrderState.FILLED for o in await back.orders()):
            await asyncio.sleep(0.01)
    await back.stop("fast")
    await missed(back, *(f"alert {n}" for n in range(10)), lane=Lane.CRITICAL)
    await older(back)
    [said] = await sent_all(back)
    assert said.startswith("11 alerts, late")
    assert "✔ Filled 50 @ 100.00" in said


async def test_late_answers_are_named_and_asked_for_again(back: Deck):
    now = ago(back, AWAY)
    requests = await back.journal.append(
        [
            Request("test", str(n), verb, now, recipient=ANN.id)
            for n, verb in enumerate(("pnl", "orders"))
        ]
    )
    for request in requests:
        await missed(back, f"old {request.verb}", answers=request.id)
    [said] = await sent_all(back)
    assert "Answered too late to be true now: /pnl, /orders. Ask again." in said
    assert "old pnl" not in said


async def test_an_answer_asked_for_after_the_return_comes_by_itself(back: Deck):
    await missed(back, *(f"old {n}" for n in range(5)))
    await missed(back, "fresh", since=timedelta(0))
    said = await sent_all(back)
    assert len(said) == 2
    assert any(one.startswith("fresh") and "Late" not in one for one in said)


async def test_a_late_edit_says_so_and_has_no_buttons(new_deck: OpenDeck):
    deck = await new_deck(operators=(ANN,))
    await deck.start("bot")
    await missed(deck, "Counting", since=timedelta(0), subject="test:1")
    await deck.bell.ring("postman")
    standing = await deck.phone.message(ANN.id, "Counting")
    await settled(deck)
    await deck.stop("bot")
    done = [[Button("Cancel", "orders")]]
    await missed(deck, "Counted", subject="test:1", buttons=done, since=timedelta(minutes=-1))
    deck_clock = deck.desk.wall.now() + timedelta(hours=1)
    deck.voice.wall = Later(deck_clock)
    await deck.start("bot")
    edited = await deck.shows(standing, "Late: of ")
    assert "Counted" in edited.words
    assert not edited.buttons


class Later:
    """A wall that stands."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


async def test_a_button_under_it_shows_something_new_and_leaves_it_standing(back: Deck):
    await missed(back, *(f"old {n}" for n in range(5)))
    await sent_all(back)
    await back.start("fast")
    [standing] = back.sent()
    await back.press(standing, "Signals")
    await back.phone.message(ANN.id, "No signal is waiting")
    assert back.sent()[0].words == standing.words


async def test_sent_just_before_a_crash_it_is_not_sent_again(back: Deck):
    rows = await missed(back, *(f"old {n}" for n in range(5)))
    rows += await missed(back, *(f"alert {n}" for n in range(12)), lane=Lane.CRITICAL)
    await sent_all(back)
    await back.stop("bot")
    for row in await back.journal.read(Notice, id__in=tuple(row.id for row in rows)):
        await back.journal.move(row, state=NoticeState.DUE)  # as if it died before it said so
    assert len(await sent_all(back)) == 2


async def test_without_a_known_absence_it_says_for_how_long_things_were_held_up(new_deck: OpenDeck):
    deck = await new_deck(operators=(ANN,))
    await missed(deck, *(f"old {n}" for n in range(5)), since=timedelta(minutes=25))
    [said] = await sent_all(deck)
    assert said.startswith("Held up until now (25 min)")


async def test_away_for_long_while_the_bot_runs_is_one_message_too(new_deck: OpenDeck):
    """The absence is seen by the bot itself, and nothing is made up before Telegram is back."""
    deck = await new_deck(operators=(ANN,))
    await deck.start("bot")
    await deck.until(lambda: deck.calls("getUpdates", "setMyCommands"))
    deck.phone.faults.go_away()
    await missed(deck, *(f"old {n}" for n in range(30)))
    await deck.bell.ring("postman")
    await deck.until(lambda: "dropped" in deck.calls("getMe", "sendMessage"))
    deck.phone.faults.come_back()
    said = await deck.phone.message(ANN.id, "30 messages")
    assert [m.message_id for m in deck.sent()] == [said.message_id]


async def test_thirty_partial_fills_are_one_message_and_a_few_edits_for_every_operator(
    new_deck: OpenDeck,
):
    deck = await new_deck()
    broker = deck.world.broker
    assert isinstance(broker, PaperBroker)
    adversary = Adversary(broker, Faults(parts=30), seed=1)
    deck.desk.brokers = {"paper": adversary}
    await deck.start("bot", "fast")
    [signal] = await deck.scan("AAPL")
    cards = {who: await deck.card(signal, who) for who in (ANN.id, BOB.id)}
    await deck.press(cards[ANN.id], "Approve")
    for card in cards.values():
        await deck.shows(card, "Approved by")
    before = len(deck.calls("editMessageText"))
    await deck.open_market()
    async with asyncio.timeout(20):
        while any(one.state is not OrderState.FILLED for one in await deck.orders()):
            await adversary.work()
            await deck.bell.ring("orders")
            await asyncio.sleep(0.03)
    assert len(await deck.fills()) >= 30
    await settled(deck)
    for who, card in cards.items():
        await deck.shows(card, "Filled 50 @ 100.00\n", timeout=8)
        assert len(deck.sent(who)) == 1
    edits = len(deck.calls("editMessageText")) - before
    assert edits <= 2 * 10, edits


async def test_who_blocked_the_bot_is_named_to_the_others_once(deck: Deck):
    deck.phone.block(ANN.id)
    for text in ("one", "two", "three"):
        await deck.journal.append(
            [Notice(ANN.id, "text", deck.desk.wall.now(), body=message(text).to_json())]
        )
    await deck.bell.ring("postman")
    await deck.phone.message(BOB.id, "Ann cannot be reached in Telegram")
    await deck.until(lambda: len(deck.calls("sendMessage")) >= 4)
    assert [m.words.partition("\n")[0] for m in deck.sent(BOB.id)] == [
        "Ann cannot be reached in Telegram"
    ]


async def test_a_picture_telegram_refuses_is_left_away_and_the_words_come_styled(deck: Deck):
    deck.phone.faults.fail(
        2, code=400, description="Bad Request: PHOTO_INVALID_DIMENSIONS", method="sendPhoto"
    )
    [signal] = await deck.scan("AAPL", pictures=True)
    card = await deck.card(signal)
    assert not card.photo
    assert card.entities


async def test_a_message_whose_description_we_cannot_read_is_not_sent_again(
    deck: Deck, monkeypatch: pytest.MonkeyPatch
):
    """Telegram took it; only aiogram does not know some part of what it says of it."""
    from phone import server

    proper = server._reply
    strange = iter(range(1))

    def reply(body, status):
        result = body.get("result")
        if isinstance(result, dict) and "message_id" in result and next(strange, None) is not None:
            body = {"ok": True, "result": {**result, "chat": "of a kind nobody knows"}}
        return proper(body, status)

    monkeypatch.setattr(server, "_reply", reply)
    [row] = await missed(deck, "alarm", since=timedelta(0), lane=Lane.CRITICAL)
    await deck.bell.ring("postman")
    async with asyncio.timeout(5):
        while await states(deck, [row]) != {NoticeState.SENT}:
            await asyncio.sleep(0.01)
    assert [m.words for m in deck.sent()] == ["alarm\nand why"]


def test_a_span_reads_as_a_person_says_it():
    from bot.backlog import span

    assert span(timedelta(seconds=20)) == "less than a minute"
    assert span(timedelta(hours=3, minutes=12)) == "3 h 12 min"
    assert span(timedelta(days=2, hours=4, minutes=9)) == "2 d 4 h"
