"""Whatever the broker does and however two processes interleave: one order a key, none lost."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from brokers.adversary import Fate, Faults
from desk import doubt
from tests.desk.doubtful import House, Process, house
from trading.orders import Order, OrderState

FATES = st.sampled_from([f for f in Fate if f is not Fate.REFUSE])
#: Worker 0 or 1 looks, is told where to stop, goes on, or dies; or time passes.
STEPS = st.one_of(
    st.tuples(st.just("look"), st.integers(0, 1)),
    st.tuples(st.just("before"), st.integers(0, 1)),
    st.tuples(st.just("after"), st.integers(0, 1)),
    st.tuples(st.just("wake"), st.integers(0, 1)),
    st.tuples(st.just("kill"), st.integers(0, 1)),
    st.tuples(st.just("pass"), st.sampled_from([0, 1, 3, 7, 21, 45])),
    st.tuples(st.just("away"), st.sampled_from([1, 5, 30])),
)


async def act(here: House, step: str, number: int) -> None:
    if step == "pass":
        await here.pass_time(number)
        return
    if step == "away":
        here.adversary.leave(number)
        return
    worker: Process = here.workers[number]
    match step:
        case "look":
            await worker.look()
        case "before" | "after":
            worker.wire.stop = step
            await worker.look()
        case "wake":
            await worker.wake()
        case "kill":
            await here.kill(worker)


async def story(
    fates: list[Fate], faults: Faults, steps: list[tuple[str, int]], *, dedupes: bool
) -> None:
    here = await house(*fates, faults=faults, dedupes=dedupes)
    keys = [order.key for order in await here.plan("buy 5 AAPL", "buy 5 MSFT", "buy 6 AAPL")]
    for step, number in steps:
        await act(here, step, number)
        placed = here.placed()
        assert len(placed) == len(set(placed)), "doubled"
    for worker in here.workers:
        worker.wire.stop = ""
    asleep = [worker for worker in here.workers if worker.wire.stopped]
    if len(asleep) < 2:  # one that is awake reports what the other keeps
        await here.settle(rounds_=40)
        for order in await here.w.journal.read(Order):
            held = any(order.owner == worker.name for worker in asleep)
            if order.state is OrderState.UNKNOWN:
                assert held, "somebody can settle it"
                assert doubt.is_parked(order), "what stays unknown is reported"
    for worker in here.workers:
        await worker.wake()
    await here.settle(rounds_=40)
    assert here.placed() == sorted(keys), "each once: none lost, none doubled"
    assert {order.state for order in await here.w.journal.read(Order)} == {OrderState.FILLED}
    for worker in here.workers:
        await worker.die()


@settings(max_examples=60)
@given(
    fates=st.lists(FATES, max_size=6),
    lag=st.sampled_from([0.0, 0.5, 2.0]),
    late_by=st.sampled_from([0.5, 3.0, 8.0]),
    steps=st.lists(STEPS, max_size=14),
    dedupes=st.booleans(),
)
def test_under_any_script_of_fates_and_interleaving_each_order_is_placed_once(
    fates: list[Fate], lag: float, late_by: float, steps: list[tuple[str, int]], dedupes: bool
):
    faults = Faults(lag=lag, late_by=late_by)
    asyncio.run(story(fates, faults, steps, dedupes=dedupes))
