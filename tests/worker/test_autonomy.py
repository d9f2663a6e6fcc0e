"""The job `autonomy`: what is earned is suggested once, what is lost is taken back at once."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from desk import autonomy, modes, preferences
from desk.console.verbs import handle
from risk.autonomy import Demotion, Promotion
from tests.desk.test_report import FRI, week
from tests.world import ANN, World
from trading.facts import Lane, Notice
from trading.messages import Message
from trading.orders import Order, OrderState
from trading.signals import Signal
from trading.types import Mode
from worker.jobs import JOBS

D = Decimal
EASY = Promotion(trades=1, slippage_bps=D(10_000), profit_factor=D(1), agreement=D("0.5"))
NEVER = Demotion(drawdown=D(1), errors=99, slippage_bps=D(10_000))


async def after_a_week(mode: Mode = Mode.MANUAL, **changes: object) -> World:
    w = await week()
    w.go(FRI, 22)
    plan = replace(w.desk.plans["dip"], mode=mode, promotion=EASY, demotion=NEVER)
    w.desk.plans = {"dip": replace(plan, **changes)}  # type: ignore[arg-type]
    for signal in await w.journal.read(Signal):
        await w.journal.move(signal, decided_by="operator:1")
    return w


async def refused(w: World, number: int) -> None:
    """One more order that the broker did not take."""
    order = await w.journal.first(Order, strategy="dip")
    assert order is not None
    changes = {"id": 0, "key": f"x-{number}", "submitted_at": w.clock.at}
    await w.journal.append([replace(order, state=OrderState.REJECTED, **changes)])


async def review(w: World) -> str:
    assert "autonomy" in JOBS
    return await autonomy.review(w.desk)


async def texts(w: World, **where: object) -> list[Message]:
    rows = await w.journal.read(Notice, kind="text", recipient=ANN.id, **where)
    return [Message.from_json(row.body) for row in rows]


async def test_what_is_earned_is_suggested_once_with_its_evidence():
    w = await after_a_week()
    assert await review(w) == "veto suggested for dip"
    [said] = [one for one in await texts(w) if "has earned veto" in one.plain]
    assert "✔ 1 trades ended, wanted 1" in said.plain
    assert "✔ Profit factor without a loss, wanted 1" in said.plain
    assert [b.label for b in said.buttons[0]] == ["Raise to veto", "Not now"]
    assert await review(w) == "nothing to change"
    assert w.desk.plan("dip").mode is Mode.MANUAL, "a suggestion changes nothing"


async def test_one_figure_short_is_not_suggested():
    w = await after_a_week(promotion=replace(EASY, trades=2))
    assert await review(w) == "nothing to change"


async def test_not_now_is_quiet_for_thirty_days():
    w = await after_a_week()
    await review(w)
    [said] = [one for one in await texts(w) if "has earned veto" in one.plain]
    later = said.buttons[0][1]
    await handle(w.desk, await w.ask(f"/{later.verb} {' '.join(later.args)}", pressed=True))
    w.clock.at += timedelta(days=30) - timedelta(seconds=1)
    assert await review(w) == "nothing to change"
    w.clock.at += timedelta(seconds=1)
    assert await review(w) == "veto suggested for dip"


async def test_raising_is_asked_and_the_next_step_starts_from_nothing():
    w = await after_a_week()
    await review(w)
    await handle(w.desk, await w.ask("/mode dip veto", pressed=True))
    assert w.desk.plan("dip").mode is Mode.MANUAL
    await handle(w.desk, await w.ask("/mode dip veto yes", pressed=True))
    assert w.desk.plan("dip").mode is Mode.VETO
    w.clock.at += timedelta(days=1)
    assert await review(w) == "nothing to change", "no trade ended since"
    evidence = await autonomy.evidence(w.desk, "dip", await modes.since(w.desk, "dip"))
    assert evidence.agreement is None


async def test_what_is_lost_is_taken_back_at_once_and_everybody_hears():
    w = await after_a_week(Mode.AUTO, demotion=replace(NEVER, errors=1))
    await refused(w, 1)
    assert await review(w) == "dip back to manual"
    assert w.desk.plan("dip").mode is Mode.MANUAL
    [said] = await texts(w, lane=Lane.CRITICAL, subject="")
    assert (
        "dip is back to manual\nIt was auto: orders refused or in doubt: 1, limit 1" in said.plain
    )
    rows = await preferences.chosen(w.journal, "mode:")
    assert (rows["dip"].value, rows["dip"].by) == ("manual", "autonomy")


async def test_orders_a_broker_refused_count_as_errors():
    w = await after_a_week(Mode.VETO, demotion=replace(NEVER, errors=2), promotion=Promotion())
    await refused(w, 1)
    assert await review(w) == "nothing to change"
    await refused(w, 2)
    assert await review(w) == "dip back to manual"


async def test_manual_has_nothing_to_lose():
    w = await after_a_week(demotion=replace(NEVER, errors=1), promotion=Promotion())
    await refused(w, 1)
    assert await review(w) == "nothing to change"
