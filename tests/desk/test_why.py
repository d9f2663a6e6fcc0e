"""/why: the whole story, from the bar to the profit, in one message."""

from dataclasses import replace

from desk import execute, inbox, propose
from desk.console.verbs import handle
from tests.desk.test_audit import asked, crewed
from tests.desk.test_deciding import TUESDAY, proposed
from tests.world import World, answer, explain
from trading.facts import Notice, Picture, Request
from trading.messages import Message
from trading.orders import Order


async def filled() -> World:
    w = await crewed()
    await proposed(w, "AAPL")
    await asked(w, "/approve 1")
    w.go(TUESDAY, 14, 30)
    await execute.execute_due(w.desk, owner="t")
    return w


async def test_the_story_tells_bar_decision_order_fills_and_what_is_held():
    w = await filled()
    said = await asked(w, "/why 1")
    order = (await w.journal.read(Order))[0]
    for part in ("Proposed", "Approved by you", "Ann wrote approve", order.key, "Sent to paper",
                 "filled", "than the signal", "Still held"):  # fmt: skip
        assert part in said, part
    assert len(said) < 4096


async def test_an_order_is_found_by_its_key():
    w = await filled()
    order = (await w.journal.read(Order))[0]
    assert await asked(w, f"/why {order.key}") == await asked(w, "/why 1")
    assert "no signal or order is called 'xyz'" in (await asked(w, "/why xyz")).lower()


async def test_an_order_without_a_signal_has_its_own_story():
    w = await filled()
    order = (await w.journal.read(Order))[0]
    await w.journal.append([replace(order, key="sq-1", signal_id=None, purpose=order.purpose)])
    assert (await asked(w, "/why sq-1")).startswith("Order sq-1")


async def test_what_the_card_said_is_told_as_it_was_pressed():
    w = await crewed()
    await proposed(w, "AAPL")
    seen = "BUY AAPL 50 shares\nabout 5,000 USD"
    request = await inbox.receive(
        w.journal,
        Request("telegram", "7", "reject", w.clock.at, ("1",), 1, 1,
                {"pressed": True, "seen": seen}),
    )  # fmt: skip
    assert request is not None
    await handle(w.desk, request.id)
    said = await asked(w, "/why 1")
    assert "Ann pressed reject" in said
    assert f"The card said:\n{seen}" in said


async def test_a_long_story_stays_one_message_and_narrow():
    w = await crewed()
    features = {f"a rather long feature name {n}": 1.5 * n for n in range(60)}
    found = replace(answer("AAPL"), features=features)
    await propose.propose(w.desk, "dip", [found], explain=explain)
    for _ in range(12):
        await asked(w, "/approve 1 half of it please " + "x" * 60)
    said = await asked(w, "/why 1")
    assert len(said.encode("utf-16-le")) // 2 <= 4096
    row = (await w.journal.read(Notice, order="-id"))[0]
    tables = [s.text for s in Message.from_json(row.body).text if s.style == "pre"]
    assert max(len(line) for text in tables for line in text.splitlines()) <= 34


async def test_the_chart_of_the_story_comes_by_its_button():
    w = await crewed()
    await proposed(w, "AAPL")
    assert "no chart" in (await asked(w, "/why 1 chart")).lower()
    await w.journal.append([Picture("candles", {}, w.clock.at, subject="signal:1")])
    await asked(w, "/why 1 chart")
    row = (await w.journal.read(Notice, order="-id"))[0]
    assert row.picture_id == 1
