"""An order whose outcome nobody knows: looked up, sent again only when that is safe, else asked."""

from dataclasses import replace
from datetime import timedelta

import pytest

from brokers.adversary import Fate, Faults
from desk import decide, doubt, execute, propose, sending
from desk.halt import latch
from tests.desk.doubtful import House, house, states
from tests.world import answer, explain
from trading.errors import BrokerError, Refused
from trading.facts import Trading
from trading.orders import Order, OrderState
from trading.ports import Terms

S = OrderState


async def until_settled(here: House) -> Order:
    await here.settle()
    return await here.order()


@pytest.mark.parametrize("dedupes", [True, False])
@pytest.mark.parametrize("fate", [Fate.DROP, Fate.BAD_GATEWAY, Fate.LOST, Fate.LATE])
@pytest.mark.parametrize("lag", [0.0, 2.0])
async def test_whatever_became_of_the_answer_it_is_placed_once(
    fate: Fate, dedupes: bool, lag: float
):
    here = await house(fate, faults=Faults(lag=lag, late_by=3.0), dedupes=dedupes)
    await here.plan("buy 10 AAPL")
    assert (await until_settled(here)).state is S.FILLED
    assert here.placed() == ["k1"]
    assert await here.told() == [], "an outage this short is nobody's business"


async def test_a_refusal_is_final():
    here = await house(Fate.REFUSE)
    await here.plan("buy 10 AAPL")
    assert (await until_settled(here)).state is S.REJECTED
    assert here.placed() == []


@pytest.mark.parametrize(("first", "ends", "placed"), [
    (Fate.LATE, S.FILLED, ["k1"]),
    (Fate.LOST, S.REJECTED, []),
])  # fmt: skip
async def test_a_refusal_to_take_it_a_second_time_says_nothing_of_the_first(
    first: Fate, ends: OrderState, placed: list[str]
):
    """It may be refused because the first is on its way: for the money, or for its very key."""
    here = await house(first, *[Fate.REFUSE] * 3, faults=Faults(lag=2.0, late_by=6.0), dedupes=True)
    await here.plan("buy 10 AAPL")
    worker = here.workers[0]
    await execute.execute_due(worker.desk)
    await here.pass_time(2.0)
    await execute.resolve(worker.desk)
    order = await here.order()
    assert (order.state, order.attempts) == (S.UNKNOWN, 2)
    assert (await until_settled(here)).state is ends
    assert here.placed() == placed


async def test_a_silence_is_unknown_at_once_and_nobody_holds_it():
    here = await house(Fate.LATE)
    await here.plan("buy 10 AAPL")
    await execute.execute_due(here.workers[0].desk)
    order = await here.order()
    assert (order.state, order.owner, order.attempts) == (S.UNKNOWN, "", 1)


async def test_an_absence_counts_only_twice_and_settles_in_apart():
    here = await house(Fate.LOST, faults=Faults(late_by=10.0))
    [worker] = here.workers[:1]
    await here.plan("buy 10 AAPL")
    await execute.execute_due(worker.desk)
    for _ in range(5):
        await here.pass_time(2.0)
        await execute.resolve(worker.desk)
        assert (await here.order()).state is S.UNKNOWN
    await here.pass_time(2.0)
    await execute.resolve(worker.desk)
    assert (await here.order()).state is S.PLANNED


async def test_a_broker_that_was_away_in_between_is_asked_anew_from_the_start():
    """A request it had been sent may have waited all that time."""
    here = await house(Fate.LOST, faults=Faults(late_by=5.0))
    worker = here.workers[0]
    await here.plan("buy 10 AAPL")
    await execute.execute_due(worker.desk)
    await here.pass_time(2.0)
    await execute.resolve(worker.desk)
    here.adversary.leave(30.0)
    await here.pass_time(29.0)
    await execute.resolve(worker.desk)
    await here.pass_time(2.0)
    await execute.resolve(worker.desk)
    assert (await here.order()).state is S.UNKNOWN, "its first answer since"


async def test_a_stopped_process_keeps_its_order_and_operators_are_asked_within_a_minute():
    here = await house()
    stopped, other = here.workers
    await here.plan("buy 10 AAPL")
    claimed = here.w.clock.at
    stopped.wire.stop = "before"
    await stopped.look()
    while not (await here.order()).asked_at:
        await here.pass_time(1.0)
        await other.look()
        assert here.w.clock.at - claimed < timedelta(seconds=60)
    order = await here.order()
    assert (order.state, order.owner) == (S.UNKNOWN, stopped.name)
    await here.settle()
    assert here.placed() == [], "nobody else may send it"
    assert len([text for text in await here.told() if "Outcome not known" in text]) == 1
    await stopped.wake()
    assert (await here.order()).state is S.FILLED
    assert here.placed() == ["k1"]
    assert (await here.told())[-1].startswith("Settled: buy 10 AAPL")


@pytest.mark.parametrize("point", ["before", "after"])
@pytest.mark.parametrize("dedupes", [True, False])
async def test_a_process_killed_while_sending_loses_and_doubles_nothing(point: str, dedupes: bool):
    here = await house(faults=Faults(lag=2.0), dedupes=dedupes)
    victim = here.workers[0]
    await here.plan("buy 10 AAPL")
    victim.wire.stop = point
    await victim.look()
    await here.kill(victim)
    assert (await until_settled(here)).state is S.FILLED
    assert here.placed() == ["k1"]


async def test_a_broker_that_dedupes_is_sent_it_again_though_the_first_lives():
    here = await house(dedupes=True)
    stopped, other = here.workers
    await here.plan("buy 10 AAPL")
    stopped.wire.stop = "before"
    await stopped.look()
    await here.pass_time(sending.LEASE.total_seconds() + 1)
    await other.look()
    assert (await here.order()).state is S.FILLED
    await stopped.wake()
    assert here.placed() == ["k1"]


async def test_a_process_held_up_between_claim_and_send_gives_the_order_back():
    here = await house()
    desk = here.workers[0].desk
    [planned] = await here.plan("buy 10 AAPL")
    claimed = await sending.claim(desk, planned)
    assert claimed is not None
    await here.pass_time(sending.SEND_WITHIN.total_seconds() + 1)
    assert await sending.send(desk, desk.brokers["paper"], claimed) is None
    assert (await here.order()).state is S.PLANNED
    assert here.placed() == []


async def test_a_held_up_process_gives_back_an_order_that_was_asked_about():
    here = await house()
    desk = here.workers[0].desk
    [planned] = await here.plan("buy 10 AAPL")
    claimed = await sending.claim(desk, planned)
    assert claimed is not None
    await here.pass_time(45.0)
    await here.workers[1].look()
    assert doubt.is_parked(await here.order())
    await sending.send(desk, desk.brokers["paper"], claimed)
    order = await here.order()
    assert (order.state, order.asked_at) == (S.PLANNED, None)
    assert (await here.told())[-1].startswith("Settled: buy 10 AAPL")


async def test_a_second_attempt_not_sent_proves_nothing_about_the_first():
    here = await house(Fate.LATE, faults=Faults(late_by=8.0), dedupes=True)
    worker = here.workers[0]
    await here.plan("buy 10 AAPL")
    await execute.execute_due(worker.desk)
    submit = here.adversary.submit

    async def away(order: Order) -> None:
        raise BrokerError("cannot reach the paper broker: not sent")

    here.adversary.submit = away  # type: ignore[method-assign,assignment]
    await here.pass_time(1.0)
    await execute.resolve(worker.desk)
    order = await here.order()
    assert (order.state, order.attempts) == (S.UNKNOWN, 2)
    here.adversary.submit = submit  # type: ignore[method-assign]
    await here.settle()
    assert here.placed() == ["k1"]


async def test_after_a_halt_what_never_arrived_is_not_sent_again():
    for dedupes in (True, False):
        here = await house(Fate.LOST, dedupes=dedupes)
        await here.plan("buy 10 AAPL")
        await execute.execute_due(here.workers[0].desk)
        await latch(here.w.journal, Trading.HALTED, by="operator:1", reason="", at=None)
        await here.settle()
        assert await states(here) == [S.PLANNED]
        assert here.placed() == []


async def test_where_nobody_can_say_when_absence_is_final_it_stays_and_is_asked():
    here = await house(Fate.LOST)
    await here.plan("buy 10 AAPL")

    async def terms() -> Terms:
        return Terms(dedupes=False, settles_in=None)

    here.adversary.terms = terms  # type: ignore[method-assign]
    order = await until_settled(here)
    assert doubt.is_parked(order)
    assert "never says when that is final" in order.note


async def test_a_broker_that_cannot_be_asked_for_an_order_answers_with_its_fill():
    here = await house(Fate.DROP)
    await here.plan("buy 10 AAPL")

    async def terms() -> Terms:
        return Terms(dedupes=False, settles_in=timedelta(0), finds=False)

    here.adversary.terms = terms  # type: ignore[method-assign]
    assert (await until_settled(here)).state is S.FILLED


async def test_an_order_proven_absent_that_shows_up_after_all_is_not_sent_again():
    """The broker broke its promise: it landed later than `settles_in`."""
    here = await house(Fate.LATE, faults=Faults(late_by=20.0))
    worker = here.workers[0]

    async def terms() -> Terms:
        return Terms(dedupes=False, settles_in=timedelta(seconds=1))

    here.adversary.terms = terms  # type: ignore[method-assign]
    await here.plan("buy 10 AAPL")
    await execute.execute_due(worker.desk)
    for _ in range(3):
        await here.pass_time(2.0)
        await execute.resolve(worker.desk)
    assert (await here.order()).state is S.PLANNED
    await here.pass_time(20.0)
    await execute.follow(worker.desk)
    from desk import settle

    await settle.collect(worker.desk, worker.desk.brokers["paper"])
    assert (await here.order()).state is S.FILLED
    assert await execute.execute_due(worker.desk) == 0


async def test_an_instrument_in_doubt_is_blocked_at_proposal_decision_and_claim():
    here = await house()
    here.w.go(here.w.clock.at.date().replace(day=3), 21, 5)
    desk = here.workers[0].desk
    [signal] = await propose.propose(desk, "dip", [answer("AAPL")], explain=explain)
    [other] = await propose.propose(desk, "dip", [answer("MSFT")], explain=explain)
    approved = await decide.approve(desk, other.id, by="operator:1")
    await here.plan("sell 3 AAPL", "sell 3 MSFT", "sell 3 XOM", state=S.UNKNOWN)
    assert not await propose.propose(desk, "dip", [answer("XOM")], explain=explain)
    with pytest.raises(Refused, match="not known yet"):
        await decide.approve(desk, signal.id, by="operator:1")
    here.w.go(here.w.clock.at.date().replace(day=4), 14, 30)
    await execute.execute_due(desk)
    waiting = await here.w.journal.first(Order, key=approved.key)
    assert waiting is not None
    assert waiting.state is S.PLANNED
    assert "not known yet" in waiting.note


async def test_an_exit_of_a_blocked_instrument_waits_and_a_square_off_does_not():
    here = await house()
    desk = here.workers[0].desk
    [stuck] = await here.plan("buy 3 AAPL", state=S.UNKNOWN)
    out = replace(stuck, id=0, key="out", state=S.PLANNED, reduce_only=True)
    close = replace(out, key="sq", purpose="squareoff")
    await here.w.journal.append([out, close])
    await execute.execute_due(desk)
    assert (await here.order("out")).state is S.PLANNED
    assert (await here.order("sq")).attempts == 1


async def test_a_silent_broker_gets_no_second_order_in_the_same_look():
    here = await house(Fate.LOST)
    await here.plan("buy 10 AAPL", "buy 10 MSFT")
    await execute.execute_due(here.workers[0].desk)
    assert await states(here) == [S.UNKNOWN, S.PLANNED]
    await here.settle()
    assert await states(here) == [S.FILLED, S.FILLED]


async def test_orders_of_a_broker_that_is_gone_from_the_settings_are_asked_about():
    here = await house()
    [order] = await here.plan("buy 10 AAPL", state=S.UNKNOWN)
    stray = replace(order, id=0, key="k9", broker="gone", leased_until=here.w.clock.at)
    await here.w.journal.append([stray])
    await here.settle(rounds_=3)
    assert doubt.is_parked(await here.order("k9"))


async def test_fills_that_lag_behind_an_answer_are_not_taken_for_none():
    here = await house(faults=Faults(lag=5.0))
    await here.plan("buy 10 AAPL")
    await here.workers[0].look()
    assert (await here.order()).state is S.ACCEPTED, "its fill does not show yet"
    await here.settle(rounds_=8)
    assert (await here.order()).state is S.FILLED
    assert not any("after it was" in text for text in await here.told())
