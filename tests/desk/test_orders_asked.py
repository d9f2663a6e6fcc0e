"""What only an operator can answer: is it there, is it not, or ask again."""

import pytest

from brokers.adversary import Faults
from desk import decide, doubt, propose
from desk.console import verbs
from tests.desk.doubtful import House, Process, house
from tests.world import answer, explain
from trading.facts import Notice, Request, RequestState
from trading.messages import Message
from trading.orders import Fill, Order, OrderState

S = OrderState


async def parked(*, at_broker: bool) -> tuple[House, Process, Process]:
    """Bought on a card; the process that sent it is stopped, the broker lags for hours."""
    here = await house(faults=Faults(lag=10_000.0) if at_broker else None)
    here.w.go(here.w.clock.at.date().replace(day=3), 21, 5)
    stopped, other = here.workers
    [signal] = await propose.propose(other.desk, "dip", [answer("AAPL")], explain=explain)
    await decide.approve(other.desk, signal.id, by="operator:1")
    here.w.go(here.w.clock.at.date().replace(day=4), 14, 30)
    stopped.wire.stop = "after" if at_broker else "before"
    await stopped.look()
    await here.pass_time(45.0)
    await other.look()
    return here, stopped, other


async def press(here: House, worker: Process, text: str, *, pressed: bool = True) -> str:
    """What the operator then reads."""
    request = await here.w.ask(text, pressed=pressed)
    await verbs.handle(worker.desk, request)
    notice = await here.w.journal.first(Notice, answers=request, order="-id")
    assert notice is not None
    return Message.from_json(notice.body).plain


async def the_order(here: House) -> Order:
    [order] = await here.w.journal.read(Order)
    return order


async def test_the_question_says_what_is_known_and_carries_three_buttons():
    here, _, _ = await parked(at_broker=False)
    order = await the_order(here)
    [notice] = await here.w.journal.read(Notice, subject=doubt.subject(order), recipient=1)
    said = Message.from_json(notice.body)
    for words in ("buy 50 AAPL", "To paper at 09:30:00 New York", "once", "fast@h1", "is blocked"):
        assert words in said.plain
    labels = [button.label for row in said.buttons for button in row]
    assert labels == ["It is there", "It is not there", "Ask again"]
    assert all(len(label) <= 16 for label in labels)


async def test_ask_again_looks_now_and_may_be_pressed_again():
    here, _, other = await parked(at_broker=False)
    order = await the_order(here)
    for _ in range(2):
        said = await press(here, other, f"/unknown {order.id} ask")
        assert "paper does not show it" in said
        assert "Asked 09:30:45 New York" in said


async def test_it_is_there_books_it_as_accepted_and_its_fills_are_followed():
    here, stopped, other = await parked(at_broker=True)
    order = await the_order(here)
    said = await press(here, other, f"/unknown {order.id} there")
    assert said.startswith("Settled: buy 50 AAPL")
    assert (await the_order(here)).state is S.ACCEPTED
    await here.pass_time(10_000)
    await other.look()
    assert (await the_order(here)).state is S.FILLED
    await stopped.wake()
    assert here.placed() == [order.key]


async def test_it_is_not_there_asks_once_more_and_says_what_happens():
    here, _, other = await parked(at_broker=False)
    order = await the_order(here)
    said = await press(here, other, f"/unknown {order.id} absent")
    assert "closed here as cancelled" in said
    assert "fast@h1" in said, "the one that may still send it"
    assert (await the_order(here)).state is S.UNKNOWN
    said = await press(here, other, f"/unknown {order.id} show")
    assert "Outcome not known" in said


async def test_by_the_operators_word_it_is_closed_and_the_instrument_is_free_again():
    here, _, other = await parked(at_broker=False)
    order = await the_order(here)
    said = await press(here, other, f"/unknown {order.id} absent yes")
    assert "not at paper, says Ann" in said.replace("Not", "not")
    closed = await the_order(here)
    assert (closed.state, closed.note) == (S.CANCELLED, "not at paper, says Ann")
    assert await doubt.blocked(other.desk) == set()
    cards = await here.w.journal.read(Notice, kind="card")
    assert cards, "the signal's card says so"
    assert await decide.signal_of(other.desk, 1)


async def test_an_order_closed_by_word_that_shows_up_is_booked_and_told():
    here, stopped, other = await parked(at_broker=False)
    order = await the_order(here)
    await press(here, other, f"/unknown {order.id} absent yes")
    await stopped.wake()
    await other.look()
    assert (await the_order(here)).state is S.FILLED
    assert await here.w.journal.count(Fill, order_key=order.key) == 1
    assert any("filled after it was cancelled" in text for text in await here.told())


async def test_what_the_broker_answers_meanwhile_counts_more_than_a_word():
    here, stopped, other = await parked(at_broker=False)
    order = await the_order(here)
    stopped.wire.stop = "after"
    stopped.wire.go()
    for _ in range(100):
        if here.placed():
            break
        await here.pass_time(0)
        await other.look()
    said = await press(here, other, f"/unknown {order.id} absent yes")
    assert "Settled" in said or "filled" in said
    assert (await the_order(here)).state is S.FILLED


async def test_a_second_operators_word_finds_it_settled():
    here, _, other = await parked(at_broker=False)
    order = await the_order(here)
    await press(here, other, f"/unknown {order.id} absent yes")
    request = await here.w.ask(f"/unknown {order.id} there")
    await verbs.handle(other.desk, request)
    row = await here.w.journal.first(Request, id=request)
    assert row is not None
    assert row.state is RequestState.REFUSED
    assert "is cancelled: nothing is in doubt" in row.error
    assert (await the_order(here)).state is S.CANCELLED


@pytest.mark.parametrize("text", ["/unknown x", "/unknown 99", "/unknown 1 perhaps"])
async def test_what_cannot_be_read_is_refused_in_a_line(text: str):
    here, _, other = await parked(at_broker=False)
    await press(here, other, text, pressed=False)
    row = await here.w.journal.first(Request, order="-id")
    assert row is not None
    assert row.state is RequestState.REFUSED


async def test_orders_health_positions_and_unknown_name_it():
    here, _, other = await parked(at_broker=False)
    for verb in ("orders", "health", "positions"):
        said = await press(here, other, f"/{verb}", pressed=False)
        assert "Outcome not known: buy 50 AAPL" in said, verb
    assert "Outcome not known: buy 50 AAPL" in await press(here, other, "/unknown", pressed=False)
    order = await the_order(here)
    await press(here, other, f"/unknown {order.id} absent yes")
    assert "every order" in await press(here, other, "/unknown", pressed=False)


async def test_halt_lists_what_is_on_its_way():
    here, _, other = await parked(at_broker=False)
    said = await press(here, other, "/halt", pressed=False)
    assert "Already on their way: buy 50 AAPL (not answered yet)." in said


async def test_one_message_is_edited_while_its_fate_unfolds():
    here, stopped, _ = await parked(at_broker=False)
    order = await the_order(here)
    await stopped.wake()
    await here.settle(rounds_=3)
    subjects = {
        notice.subject
        for notice in await here.w.journal.read(Notice, kind="text", recipient=1)
        if "buy 50 AAPL" in str(notice.body)
    }
    assert subjects == {doubt.subject(order)}
