"""Differences with the broker as an operator meets them: told, pressed, settled on the phone."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from brokers.paper import PaperBroker
from brokers.paper_book import PaperBook
from brokers.paper_events import Transferred
from desk import starting
from desk.halt import trading_state
from tests.flows.conftest import Deck
from tests.flows.ship import Ship, buttons, words
from tests.flows.test_commands import fits_a_phone
from tests.world import ANN, BOB
from trading.facts import Trading
from trading.orders import OrderState

D = Decimal


async def no_rest(_: float) -> None:
    pass


@pytest.fixture
async def apart(deck: Deck) -> AsyncIterator[Deck]:
    """50 AAPL bought on the phone; then three more came to the broker, nobody knows how."""
    await deck.bought("AAPL")
    deck.desk.rest = no_rest
    transfer(deck, 3)
    yield deck
    for message in deck.sent():
        fits_a_phone(message)


def transfer(deck: Deck, units: int) -> None:
    paper = deck.world.broker
    assert isinstance(paper, PaperBroker)
    paper.transfer("AAPL", D(units), D(100))


async def agrees(deck: Deck) -> bool:
    theirs = {held.symbol: held.quantity for held in await deck.world.broker.positions()}
    return (await deck.desk.books.ledger()).net("paper") == theirs


async def test_a_difference_is_adopted_by_two_presses_and_the_other_operator_hears_of_it(
    apart: Deck,
):
    shown = await apart.ask("/reconcile", "Our books and paper's differ")
    assert [button.text for button in shown.buttons] == ["Adopt", "Ignore", "Close"]
    await apart.press(shown, "Adopt")
    question = await apart.phone.message(ANN.id, "Adopt AAPL from paper?")
    assert "+3 AAPL in unassigned, at 100.00 USD, the last price: 300.00 USD" in question.words
    assert not await agrees(apart)
    await apart.press(question, "Adopt")
    await apart.shows(question, "Adopted: +3 AAPL in unassigned")
    await apart.phone.message(BOB.id, "Adopted: +3 AAPL in unassigned, by Ann")
    assert await agrees(apart)
    assert await apart.press(question, "Adopt") == "Already pressed."
    await apart.press(shown, "Adopt")
    await apart.phone.message(ANN.id, "AAPL agrees by now, 53 on both sides")
    await apart.ask("/reconcile", "All agree: 1 position")


async def test_of_two_operators_who_adopt_the_same_difference_one_is_told_it_is_done(apart: Deck):
    questions = []
    for who in (ANN.id, BOB.id):
        shown = await apart.ask("/reconcile", "Our books and paper's differ", who=who)
        await apart.press(shown, "Adopt", who)
        questions.append((who, await apart.phone.message(who, "Adopt AAPL from paper?")))
    for who, question in questions:
        await apart.press(question, "Adopt", who)
    await apart.phone.wait_for(
        lambda: any("agrees by now" in m.words for who in (1, 2) for m in apart.sent(who))
    )
    assert len(await apart.fills()) == 2
    assert await agrees(apart)


async def test_closing_sells_the_surplus_and_says_when_it_filled(apart: Deck):
    shown = await apart.ask("/reconcile", "Our books and paper's differ")
    await apart.press(shown, "Close")
    question = await apart.phone.message(ANN.id, "Close 3 AAPL at paper?")
    await apart.press(question, "Close")
    await apart.shows(question, "Closing: sell 3 AAPL")
    await apart.phone.message(BOB.id, "Filled: sell 3 AAPL")
    assert await agrees(apart)
    assert (await apart.orders())[-1].state is OrderState.FILLED


async def test_a_start_over_different_books_halts_until_it_is_settled_and_resumed(apart: Deck):
    apart.desk.reconciled = False
    await starting.reconcile_at_start(apart.desk)
    alarm = await apart.phone.message(ANN.id, "Trading is halted: the books differ at the start")
    await apart.phone.message(BOB.id, alarm.words)
    await apart.press(alarm, "Ignore")
    question = await apart.phone.message(ANN.id, "Ignore this difference?")
    await apart.press(question, "Ignore")
    await apart.shows(question, "Ignored")
    resume = await apart.ask("/resume", "Resume it?")
    await apart.press(resume, "Resume trading")
    await apart.shows(resume, "Trading resumed by you")
    await starting.reconcile_at_start(apart.desk)
    assert await trading_state(apart.desk) is Trading.ACTIVE


@pytest.mark.timeout(240)
async def test_the_house_starts_halted_over_a_broker_that_changed_while_it_was_down(
    tmp_path: Path,
):
    ship = Ship(tmp_path / "data")
    try:
        await ship.start()
        card = await ship.message(lambda m: "Approve" in buttons(m), within=60)
        await ship.press(card, "Approve")
        await ship.message(lambda m: "Approved" in words(m) or "Filled" in words(m))
        assert await ship.stop() == 0
        book = PaperBook(ship.data / "paper.sqlite3")
        at = datetime(2025, 2, 3, 21, 4, tzinfo=UTC)
        book.append([Transferred("AAPL", D(12), D(180), D(1), at)])
        book.close()
        await ship.start()
        alarm = await ship.message(lambda m: "the books differ at the start" in words(m), within=60)
        assert buttons(alarm) == ["Adopt", "Ignore", "Close"]
        assert ship.ask('SELECT state, "by" FROM latches') == [
            ("halted", "reconciliation at start")
        ]
        assert await ship.stop() == 0
    finally:
        await ship.scuttle()
