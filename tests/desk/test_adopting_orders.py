"""Orders that one side works and the other does not know: adopted, cancelled there, ended here."""

from decimal import Decimal

from desk import adopt, settle
from desk.differences import Stray
from tests.desk.test_adopting import compare, hand_order, newest, press
from tests.desk.test_reconcile import broker, holding, order
from trading.orders import Order, OrderState

D = Decimal


async def test_an_order_the_broker_works_is_adopted_and_followed_from_then_on():
    w = await holding()
    await hand_order(w)
    await compare(w)
    assert await press(w, "Adopt") == (
        "Adopt the order to buy 4 XOM at 90.00?\n"
        "It works at paper, 'by-hand', 360.00 USD.\n"
        "From now on it is ours, in unassigned: followed, shown in /orders, cancelled by a "
        "square-off. Nothing is sent to the broker."
    )
    assert (await press(w, "Adopt")).startswith("Adopted\nThe order to buy 4 XOM at 90.00 is acc")
    assert await compare(w) == []
    w.tape.prices["XOM"] = D(89)
    await broker(w).work()
    await settle.collect(w.desk, w.broker)
    [ours] = await w.journal.read(Order)
    assert (ours.key, ours.state, ours.quantity) == ("by-hand", OrderState.FILLED, D(4))
    assert (await newest(w)).plain.startswith("Filled: buy 4 XOM")


async def test_an_order_that_had_filled_in_part_is_adopted_whole():
    w = await holding()
    broker(w).portion = lambda whole, lot: D(1)
    w.tape.prices["XOM"] = D(89)
    await hand_order(w)
    [stray] = await compare(w)
    assert isinstance(stray, Stray)
    assert stray.quantity == 3
    taken = await adopt.take_order(w.desk, stray, by="Ann")
    assert taken is not None
    assert (taken.quantity, taken.state) == (D(4), OrderState.PARTIALLY_FILLED)
    assert await adopt.take_order(w.desk, stray, by="Bob") is None, "once"


async def test_an_order_the_broker_works_is_cancelled_there_by_close():
    w = await holding()
    await hand_order(w)
    await compare(w)
    assert (await press(w, "Close")).startswith("Close the order to buy 4 XOM at 90.00?\npaper is")
    assert (await press(w, "Close")).startswith("Closed\npaper cancelled the order")
    assert await broker(w).working() == []
    assert await compare(w) == []


async def test_an_order_the_broker_does_not_know_is_ended_by_its_word():
    w = await holding()
    ghost = order(w, "ghost", "sell 4 AAPL", state=OrderState.ACCEPTED)
    await w.journal.append([ghost])
    await compare(w)
    assert "Our order becomes cancelled." in await press(w, "Adopt")
    assert await press(w, "Adopt") == "Adopted\nThe order to sell 4 AAPL is cancelled here."
    [ended] = await w.journal.read(Order)
    assert ended.note == "paper does not know it; adopted by Ann"
    assert await compare(w) == []
