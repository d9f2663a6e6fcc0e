"""Every command as it is answered on the phone, and the commands that change what is traded."""

import asyncio
from functools import partial

import pytest

from bot.pace import Pace
from desk import crew
from desk.console.verbs import VERBS
from phone import Message
from phone.entities import utf16_length
from tests.flows.conftest import Deck, OpenDeck
from tests.world import ANN, BOB
from trading.facts import Latch, Picture, PictureState, Trading
from trading.orders import OrderState

ARGUMENTS = {"approve": " 1", "reject": " 2", "why": " 1", "withdraw": " 1"}


def fits_a_phone(message: Message) -> None:
    """Telegram's limits, and tables no wider than a 360 px screen."""
    limit = 1024 if message.photo else 4096
    assert utf16_length(message.words) <= limit
    for table in message.marked("pre"):
        assert max(map(len, table.splitlines())) <= 34, table
    for button in message.buttons:
        assert button.data is None or len(button.data.encode()) <= 64


@pytest.mark.parametrize("held", [False, True], ids=["on an empty desk", "with positions"])
async def test_every_command_answers_within_the_limits(
    new_deck: OpenDeck, held: bool, monkeypatch: pytest.MonkeyPatch
):
    hurried = partial(Pace, chat_per_second=30.0, chat_burst=100.0)
    monkeypatch.setattr("bot.main.Pace", hurried)  # what is asked here is not how fast
    deck = await new_deck()
    await deck.start()
    if held:
        await deck.bought("AAPL", "MSFT")
        deck.world.tape.prices |= {"AAPL": deck.world.tape.prices["AAPL"] * 123}
    for name, verb in VERBS.items():
        if not verb.help or name == "scan":  # the heavy lane answers a scan
            continue
        answer = await deck.ask(f"/{name}{ARGUMENTS.get(name, '')}")
        assert answer.words, name
        assert "An error of ours" not in answer.words, answer.words
    for message in deck.sent():
        fits_a_phone(message)


async def test_words_that_are_no_command_are_answered_with_help(deck: Deck):
    await deck.ask("what now?", "/squareoff")
    await deck.ask("/juggle", "There is no command /juggle; /help lists them all")
    await deck.ask("/Approve@quarterdeck_bot seventeen", "is no signal number")


async def test_pnl_is_a_picture_and_its_periods_redraw_it(deck: Deck):
    await deck.bought("AAPL")
    picture = await deck.ask("/pnl", "P&L since the start")
    picture = await deck.phone.message(ANN.id, lambda m: bool(m.photo))
    assert "broker agrees" in picture.words
    assert [b.text for b in picture.buttons] == ["1D", "1W", "1M", "1Q", "YTD", "All", "Gross"]
    for label, words in (("1D", "P&L today"), ("All", "P&L since the start"), ("1W", "this week")):
        before = deck.phone.chats.find(1, picture.message_id)
        assert before is not None
        await deck.press(before, label)
        redrawn = await deck.shows(picture, words)
        assert redrawn.photo
        assert redrawn.photo != before.photo
        assert redrawn.button(label).style == "primary"
    assert sum(bool(m.photo) for m in deck.sent()) == 1


async def test_of_two_quick_presses_the_last_one_stands(new_deck: OpenDeck):
    """The picture of the first is still being drawn when the second is asked for."""
    deck = await new_deck()
    await deck.start()
    await deck.bought("AAPL")
    await deck.ask("/pnl", "P&L since the start")
    shown = await deck.phone.message(ANN.id, lambda m: bool(m.photo))
    await deck.stop("draw")
    await deck.press(shown, "1D")
    await deck.press(shown, "1M")
    while await deck.journal.count(Picture, state=PictureState.WANTED) < 2:
        await asyncio.sleep(0.01)
    await deck.start("draw")
    await deck.shows(shown, "P&L this month")
    await deck.ask("/help", "/approve")
    now = deck.phone.chats.find(1, shown.message_id)
    assert now is not None
    assert "P&L this month" in now.words


async def test_a_list_turns_pages_and_stays_there_after_an_approval(new_deck: OpenDeck):
    deck = await new_deck(cards=0)
    for name in ("KO", "PEP", "IBM"):
        deck.world.tape.prices[name] = deck.world.tape.prices["AAPL"]
    deck.desk.instruments = deck.voice.instruments = type(deck.desk.instruments)(  # type: ignore[call-arg]
        *deck.world.tape.prices
    )
    await deck.start("bot", "fast")
    await deck.scan(*deck.world.tape.prices)
    first = await deck.phone.message(ANN.id, "8 signals from dip")
    assert "Page 1 of 2" in first.words
    await deck.press(first, "More")
    second = await deck.shows(first, "Page 2 of 2")
    label = second.buttons[0].text
    await deck.press(second, label)
    after = await deck.shows(first, "Approved by you")
    assert "Page 2 of 2" in after.words
    assert label not in [b.text for b in after.buttons]
    assert "Page 1 of 2" in (await deck.phone.message(BOB.id, "8 signals")).words
    assert len(await deck.orders()) == 1
    await deck.press(after, "Back")
    await deck.shows(first, "Page 1 of 2")
    own = deck.sent()[1:]
    assert [m.button("Withdraw").text for m in own] == ["Withdraw"], "what was approved has a card"


async def test_squareoff_asks_once_then_ends_flat_and_halted(deck: Deck):
    await deck.bought("AAPL", "MSFT")
    question = await deck.ask("/squareoff", "Square off everything?")
    assert "Closes 2 positions worth 10,000.00 USD" in question.words
    assert await deck.journal.first(Latch, state=Trading.HALTED) is None
    before = len(deck.sent())
    await deck.press(question, "Square off everything")
    await deck.shows(question, "Squaring off; trading is halted")
    await deck.phone.message(ANN.id, "Flat: the broker shows no position")
    assert len(deck.sent()) == before + 1, "one progress message, edited"
    assert await deck.world.broker.positions() == []
    assert await deck.journal.first(Latch, state=Trading.HALTED) is not None
    assert all(order.state is OrderState.FILLED for order in await deck.orders())
    assert await deck.press(question, "Square off everything") == "Already pressed."


async def test_cancel_under_a_question_changes_nothing(deck: Deck):
    question = await deck.ask("/squareoff", "Square off everything?")
    await deck.press(question, "Cancel")
    await deck.shows(question, "Cancelled; nothing was changed")
    assert await deck.journal.first(Latch, state=Trading.HALTED) is None


async def test_a_halt_is_latched_before_any_lane_runs(new_deck: OpenDeck):
    deck = await new_deck()
    await deck.start("bot")
    update = deck.phone.say(ANN.id, "/halt")
    await deck.until(lambda: not _pending(deck, update))
    latch = await deck.journal.first(Latch, name="desk")
    assert latch is not None
    assert latch.state is Trading.HALTED
    await deck.start("fast")
    await deck.phone.message(BOB.id, "Trading halted by Ann")


def _pending(deck: Deck, update: int) -> bool:
    return any(waiting["update_id"] == update for waiting in deck.phone.updates.pending)


async def test_an_old_question_does_not_resume_trading(deck: Deck, monkeypatch: pytest.MonkeyPatch):
    from datetime import timedelta

    from bot import door

    await deck.ask("/halt", "Trading halted")
    question = await deck.ask("/resume", "Resume it?")
    monkeypatch.setattr(door, "SOON", timedelta(0))
    answer = await deck.press(question, "Resume trading")
    assert answer == "This question is too old. Send the command again."
    assert await deck.journal.first(Latch, state=Trading.HALTED) is not None


async def test_a_stranger_hears_nothing_until_the_code_and_cards_come_from_then_on(
    new_deck: OpenDeck,
):
    deck = await new_deck(operators=(ANN,))
    await deck.start()
    code = await crew.invite(deck.journal, deck.desk.wall.now())
    deck.phone.say(BOB.id, "/positions")
    deck.phone.say(BOB.id, "/start WRONG-CODES")
    await deck.ask("/health", "Trading is active")  # what Bob sent was read before this
    assert not [m for m in deck.phone.messages(BOB.id) if m.from_bot]
    await deck.ask(f"/start {code}", "Welcome aboard, Bob", who=BOB.id)
    [signal] = await deck.scan("AAPL")
    card = await deck.card(signal, BOB.id)
    await deck.press(card, "Approve", BOB.id)
    await deck.shows(await deck.card(signal), "Approved by Bob")
