"""An order nobody can answer for, as its operators meet it on the phone."""

import os
from datetime import timedelta
from pathlib import Path

from brokers.paper import PaperBroker
from phone import Message
from tests.flows.conftest import Deck
from tests.flows.test_commands import fits_a_phone
from tests.world import ANN, BOB
from trading.clocks import SystemClock
from trading.orders import Fill, Order, OrderState
from trading.types import Side


async def parked(deck: Deck) -> Order:
    """A process elsewhere claimed it a minute ago and has not been heard of since."""
    broker = deck.world.broker
    assert isinstance(broker, PaperBroker)
    broker.dedupes = False
    await deck.go(15)
    market, wall = deck.world.clock.at, SystemClock().now()
    units = deck.world.tape.prices["AAPL"] / 2
    [order] = await deck.journal.append(
        [
            Order(
                "k1", "dip", "paper", "paper", "AAPL", Side.BUY, units, market, market,
                state=OrderState.SUBMITTING, owner="fast@alpha:4711.c0ffee", attempts=1,
                leased_until=wall - timedelta(seconds=30),
                claimed_at=wall - timedelta(seconds=50), submitted_at=market,
            )
        ]
    )  # fmt: skip
    await deck.bell.ring("orders")
    return order


async def question(deck: Deck, who: int = ANN.id) -> Message:
    return await deck.phone.message(who, "Outcome not known: buy 50 AAPL")


async def state(deck: Deck) -> OrderState:
    [order] = await deck.orders()
    return order.state


async def test_it_is_not_there_is_asked_twice_and_the_one_message_tells_the_end(deck: Deck):
    await parked(deck)
    asked = await question(deck)
    fits_a_phone(asked)
    assert [b.text for b in asked.buttons] == ["It is there", "It is not there", "Ask again"]
    await deck.press(asked, "Ask again")
    asked = await deck.shows(asked, "Asked 10:00:00 New York")
    await deck.press(asked, "It is not there")
    certain = await deck.shows(asked, "Certain that")
    fits_a_phone(certain)
    await deck.press(certain, "Back")
    again = await deck.shows(asked, "Outcome not known")
    await deck.press(again, "It is not there")
    certain = await deck.shows(asked, "Certain that")
    await deck.press(certain, "It is not there")
    await deck.shows(asked, "Settled: buy 50 AAPL")
    assert await state(deck) is OrderState.CANCELLED
    bobs = await deck.phone.message(BOB.id, "Settled: buy 50 AAPL")
    assert "says Ann" in bobs.words
    if folder := os.environ.get("QUARTERDECK_LOOK"):
        Path(folder, "said.txt").write_text("\n\n".join(m.words for m in deck.sent()))


async def test_it_is_there_and_its_fill_is_followed(deck: Deck):
    order = await parked(deck)
    asked = await question(deck)
    broker = deck.world.broker
    assert isinstance(broker, PaperBroker)
    await broker.submit(order)
    await deck.shows(asked, "Settled: buy 50 AAPL")
    await deck.until(lambda: "filled" in deck.phone.messages(ANN.id)[-1].words)
    assert await state(deck) is OrderState.FILLED
    assert await deck.journal.count(Fill) == 1
    assert len(deck.sent()) == 1, "one message, edited"
