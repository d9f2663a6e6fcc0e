"""/drill squareoff: in a room of its own, through faults, and it touches nothing."""

from decimal import Decimal
from pathlib import Path

from desk.console import verbs
from market.store import BarStore
from tests.desk.floor import book, floor, hold, net, say
from tests.hurried import hurried
from tests.world import World
from trading.facts import Notice, Run, RunState
from trading.messages import Message
from trading.orders import Order
from worker import jobs
from worker.research import Research


async def drilled(w: World, folder: Path) -> Message:
    answer = await say(w, "/drill squareoff")
    assert "Drill begun" in answer.plain
    [run] = await w.journal.read(Run)
    clocks = hurried(10)
    w.desk.wall, w.desk.rest = clocks.wall, clocks.sleep
    await jobs.run(w.desk, Research(BarStore(folder), {}), run.id)
    [run] = await w.journal.read(Run)
    assert run.state is RunState.DONE, run.outcome
    found = await w.journal.first(Notice, subject=f"drill:{run.id}", order="-id")
    assert found is not None
    return Message.from_json(found.body)


async def test_it_gets_flat_through_faults_and_leaves_the_books_alone(tmp_path: Path):
    w = await floor()
    await hold(w, "buy 10 AAPL")
    await hold(w, "sell 4 MSFT", strategy="gap")
    said = (await drilled(w, tmp_path)).plain
    assert "Drill: flat in" in said
    assert "On 2 copies of the paper account" in said
    assert await net(w) == {"AAPL": 10, "MSFT": -4}
    assert await book(w, "dip", "AAPL") == Decimal(10)
    assert await w.journal.count(Order, purpose="squareoff") == 0


async def test_without_a_paper_account_there_is_none(tmp_path: Path):
    w = await floor()
    w.desk.brokers = {"other": w.desk.brokers["other"]}
    said = (await drilled(w, tmp_path)).plain
    assert "There is no paper account to copy, and a drill touches no other." in said


async def test_one_drill_at_a_time():
    w = await floor()
    await say(w, "/drill squareoff")
    assert "A drill is under way" in (await say(w, "/drill squareoff")).plain


async def test_another_drill_is_not_known():
    w = await floor()
    assert "There is one: /drill squareoff" in (await say(w, "/drill fire")).plain
    assert "drill" in verbs.VERBS
