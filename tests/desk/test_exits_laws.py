"""Whatever the broker does, and whenever a process dies: a position is covered once, and nothing
closes more than is held. The broker here cuts nothing, so that an order too many goes short."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from brokers.adversary import Adversary, Fate, Faults
from brokers.costs import Costs
from brokers.paper import PaperBroker
from desk import brackets
from desk.halt import latch
from tests.exits_world import TUESDAY, exiting, held, look
from tests.world import D, Stocks, Tape, Weekdays, World, at
from trading.clocks import SimulatedClock
from trading.facts import Trading
from trading.orders import WORKING, Ack, Fill, Order
from trading.types import Side

UNITS = D(40)
Step = tuple[str, int]

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("price"), st.integers(88, 116)),
        st.tuples(st.just("wait"), st.integers(1, 90)),
        st.tuples(st.just("fate"), st.integers(0, 4)),
        st.tuples(st.just("close"), st.integers(1, 2)),
        st.tuples(st.just("buy"), st.just(0)),
        st.tuples(st.just("restart"), st.just(0)),
        st.tuples(st.just("halt"), st.integers(0, 2)),
        st.tuples(st.just("away"), st.integers(1, 8)),
    ),
    min_size=4,
    max_size=14,
)
FATES = (Fate.DROP, Fate.BAD_GATEWAY, Fate.LOST, Fate.LATE, Fate.REFUSE)


class Heedless(PaperBroker):
    """Takes an order that only reduces for any other."""

    async def submit(self, order: Order) -> Ack:
        return await super().submit(replace(order, reduce_only=False))


async def opposed(faults: Faults, seed: int, **given: str | int) -> tuple[World, Adversary]:
    clock = SimulatedClock(at(TUESDAY, 15))
    tape = Tape(Weekdays(), {"AAPL": D(100)})
    paper = Heedless(
        tape, clock, Stocks("AAPL"), Costs(slippage_bps=D(0)),
        cash=D(1_000_000), shorts=True, dedupes=False,
    )  # fmt: skip

    def seconds() -> float:
        return clock.at.timestamp()

    adversary = Adversary(paper, faults, seed=seed, monotonic=seconds)
    w = await exiting(adversary, **given)
    w.desk.wall = w.desk.market = w.clock = clock
    w.desk.feed = w.tape = tape
    return w, adversary


async def wait(w: World, seconds: int) -> None:
    """A look every two seconds at most."""
    looks = min(seconds, 12)
    for _ in range(looks):
        w.clock.at += timedelta(seconds=seconds / looks)
        await look(w)
        assert await brackets.overclosed(w.desk) == []


async def order(w: World, key: str, side: Side, units: Decimal, *, reduces: bool) -> None:
    now = w.clock.at
    row = Order(
        key, "dip", "paper", "paper", "AAPL", side, units, now, now, reduce_only=reduces,
        purpose="manual",
    )  # fmt: skip
    await w.journal.append([row])


async def go(w: World, adversary: Adversary, number: int, step: Step) -> None:
    what, figure = step
    match what:
        case "price":
            w.tape.prices["AAPL"] = D(figure)
        case "fate":
            adversary.plan(FATES[figure])
        case "close":
            if await held(w) > 0 and not await others(w):
                units = (await held(w) / figure).to_integral_value()
                await order(w, f"close-{number}", Side.SELL, units or D(1), reduces=True)
        case "buy":
            if not await held(w) and not await others(w):
                await order(w, f"buy-{number}", Side.BUY, UNITS, reduces=False)
        case "restart":
            w.desk = replace(w.desk)
        case "halt":
            state = list(Trading)[figure]
            await latch(w.journal, state, by="operator:1", reason="", at=w.clock.at)
        case "away":
            adversary.leave(figure)
    await wait(w, figure if what == "wait" else 1)


async def others(w: World) -> int:
    return await w.journal.count(Order, purpose="manual", state__in=tuple(WORKING))


async def units_at(adversary: Adversary) -> Decimal:
    return adversary.broker.statement.quantity("AAPL")


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(
        [{"stop": "5 %"}, {"stop": "5 %", "target": "8 %"}, {"trail": "4 %", "target": "9 %"}]
    ),
    st.builds(
        Faults,
        lag=st.sampled_from([0.0, 2.0]),
        parts=st.sampled_from([1, 3]),
        duplicate=st.sampled_from([0.0, 0.5]),
        reorder=st.sampled_from([0.0, 0.5]),
        late_by=st.just(3.0),
    ),
    st.integers(0, 99),
    STEPS,
)
async def test_no_sequence_closes_more_than_is_held_or_leaves_a_position_uncovered(
    given: dict[str, str | int], faults: Faults, seed: int, steps: list[Step]
):
    w, adversary = await opposed(faults, seed, **given)
    await order(w, "buy", Side.BUY, UNITS, reduces=False)
    await wait(w, 3)
    for number, step in enumerate(steps):
        await go(w, adversary, number, step)
        assert await units_at(adversary) >= 0
    adversary.script.clear()
    await latch(w.journal, Trading.ACTIVE, by="operator:1", reason="", at=w.clock.at)
    for _ in range(8):
        await wait(w, 60)
    assert await units_at(adversary) >= 0
    assert await units_at(adversary) == await held(w)
    assert await brackets.uncovered(w.desk) == []
    ids = [fill.execution_id for fill in await w.journal.read(Fill)]
    assert len(ids) == len(set(ids))
