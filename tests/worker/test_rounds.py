"""Rounds: what a lost wake-up left lying is carried out, and one failure stops nothing else."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from brokers.adversary import Adversary, Faults
from brokers.costs import Costs
from brokers.paper import PaperBroker
from desk import decide, execute, propose, sending, settle, squareoff
from desk.console import verbs
from tests.desk.test_deciding import bought
from tests.world import MONDAY, D, Stocks, Tape, Weekdays, World, answer, at, explain, world
from trading.clocks import SimulatedClock
from trading.errors import QuarterdeckError
from trading.facts import Notice, Request, RequestState
from trading.orders import Fill, Order, OrderState
from trading.shift import Shift
from trading.types import Side
from worker import rounds

TUESDAY = MONDAY.replace(day=4)


class Enough(Exception):
    """Ends a loop that goes on for ever."""


async def swept(w: World, times: int = 1) -> None:
    """As many rounds of the sweep, without a wall clock to wait for."""
    left = times

    async def rest(_: float) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise Enough

    with pytest.raises(Enough):
        await rounds.sweep(w.desk, rest)


async def states(w: World) -> list[RequestState]:
    return [request.state for request in await w.journal.read(Request)]


async def test_a_request_whose_wake_up_was_lost_is_carried_out_by_the_sweep():
    w = await world()
    asked = await w.ask("/start")
    w.bells.rung.clear()
    await swept(w)
    request = await w.journal.first(Request, id=asked)
    assert request is not None
    assert request.state is RequestState.DONE
    assert await w.journal.count(Notice, answers=asked) == 1
    await swept(w, times=3)
    assert await w.journal.count(Notice, answers=asked) == 1, "once"


async def test_a_request_that_fails_does_not_stop_the_next(monkeypatch: pytest.MonkeyPatch):
    w = await world()

    async def broken(*_: Any) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setitem(verbs.VERBS, "signals", verbs.Verb(broken))
    await w.ask("/signals")
    await w.ask("/nonsense")
    asked = await w.ask("/start")
    await swept(w)
    assert await states(w) == [RequestState.FAILED, RequestState.REFUSED, RequestState.DONE]
    assert await w.journal.count(Notice, answers=asked) == 1
    said = str([notice.body for notice in await w.journal.read(Notice)])
    assert "ZeroDivisionError" in said
    assert "Traceback" not in said


async def test_a_request_is_carried_out_once_though_it_is_rung_again():
    w = await world()
    asked = await w.ask("/start")
    for _ in range(3):
        await rounds.carry_out(w.desk, asked)
    assert await w.journal.count(Notice, answers=asked) == 1
    await rounds.carry_out(w.desk, 999)


async def test_each_request_sees_the_market_time_of_its_own_start():
    w = await world()
    refreshed = []

    class Refreshing(SimulatedClock):
        async def refresh(self) -> Any:
            refreshed.append(self.at)
            return await super().refresh()

    w.desk.market = Refreshing(w.clock.at)
    await w.ask("/start")
    await w.ask("/start")
    await swept(w)
    assert len(refreshed) == 2


async def test_one_look_expires_sends_and_settles():
    w = await world()
    signals = await propose.propose(
        w.desk, "dip", [answer("AAPL"), answer("MSFT")], explain=explain
    )
    await decide.approve(w.desk, signals[0].id, by="operator:1")
    w.go(TUESDAY, 14, 30)
    await rounds.trade_once(w.desk)
    [order] = await w.journal.read(Order)
    assert order.state is OrderState.FILLED
    states = [(await decide.signal_of(w.desk, s.id)).state.value for s in signals]
    assert states == ["approved", "expired"]
    before = await w.journal.count(Notice)
    await rounds.trade_once(w.desk)
    assert await w.journal.count(Notice) == before, "a look at nothing tells nothing"


async def test_past_the_calendars_end_a_square_off_waits_and_the_rounds_go_on():
    w = await world()
    await bought(w, "AAPL")
    w.desk.calendar = Weekdays(known_through=MONDAY)
    w.go(TUESDAY, 20)
    run = await squareoff.begin(w.desk, by="operator:1")
    await rounds.trade_once(w.desk)
    assert (await squareoff.under_way(w.desk)) == [run]


async def test_the_conductor_moves_the_clock_only_after_the_look():
    w = await world()
    [signal] = await propose.propose(w.desk, "dip", [answer("AAPL")], explain=explain)
    await decide.approve(w.desk, signal.id, by="operator:1")
    w.go(TUESDAY, 14, 30)
    seen = []

    async def conduct() -> None:
        seen.append([order.state for order in await w.journal.read(Order)])

    async def rest(_: float) -> None:
        raise Enough

    with pytest.raises(Enough):
        await rounds.trade(w.desk, rest, owner="t", conduct=conduct)
    assert seen == [[OrderState.FILLED]]


async def test_a_sweep_that_meets_a_database_away_looks_again(monkeypatch: pytest.MonkeyPatch):
    w = await world()
    asked = await w.ask("/start")
    looks = 0
    whole = w.journal.read

    async def away(*_: Any, **__: Any) -> Any:
        nonlocal looks
        looks += 1
        if looks == 3:
            monkeypatch.setattr(w.journal, "read", whole)
        raise QuarterdeckError("the database is away")

    monkeypatch.setattr(w.journal, "read", away)
    await swept(w, times=4)
    assert looks == 3
    assert await w.journal.count(Notice, answers=asked) == 1


async def test_a_request_cut_short_is_left_to_the_next_process_at_once(
    monkeypatch: pytest.MonkeyPatch,
):
    w = await world()
    begun = asyncio.Event()

    async def slow(*_: Any) -> None:
        begun.set()
        await asyncio.Event().wait()

    start = verbs.VERBS["start"]
    monkeypatch.setitem(verbs.VERBS, "start", verbs.Verb(slow))
    asked = await w.ask("/start")
    task = asyncio.ensure_future(rounds.carry_out(w.desk, asked))
    await begun.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    monkeypatch.setitem(verbs.VERBS, "start", start)
    await rounds.carry_out(w.desk, asked)
    assert await states(w) == [RequestState.DONE]
    assert await w.journal.count(Notice, answers=asked) == 1


async def test_once_the_shift_is_over_nothing_due_is_begun():
    w = await world()
    signals = await propose.propose(w.desk, "dip", [answer("AAPL")], explain=explain)
    await decide.approve(w.desk, signals[0].id, by="operator:1")
    w.go(TUESDAY, 14, 30)
    stop = asyncio.Event()
    stop.set()
    w.desk.shift = Shift(stop)
    asked = await w.ask("/start")
    await rounds.trade_once(w.desk, owner="t")
    await swept(w)
    assert [order.state for order in await w.journal.read(Order)] == [OrderState.PLANNED]
    assert await w.journal.count(Notice, answers=asked) == 0


async def test_a_database_that_is_away_ends_a_look_and_not_the_loop():
    w = await world()
    [signal] = await propose.propose(w.desk, "dip", [answer("AAPL")], explain=explain)
    await decide.approve(w.desk, signal.id, by="operator:1")
    w.go(TUESDAY, 14, 30)
    journal = w.desk.journal
    looks = 0

    class Gone:
        def __getattr__(self, name: str) -> Any:
            raise QuarterdeckError("the database closed the connection; nothing was recorded")

    async def rest(_: float) -> None:
        nonlocal looks
        looks += 1
        w.desk.journal = journal if looks == 3 else Gone()  # type: ignore[assignment]
        if looks == 5:
            w.desk.journal = journal
            raise Enough

    w.desk.journal = Gone()  # type: ignore[assignment]
    with pytest.raises(Enough), capture_logs() as said:
        await rounds.trade(w.desk, rest)
    [order] = await journal.read(Order)
    assert order.state is OrderState.FILLED
    lines = [line["event"] for line in said]
    failed = "a look failed; trying again until it passes"
    assert lines == [failed, "looks go through again", failed]


async def test_an_order_that_breaks_us_stops_no_other(monkeypatch: pytest.MonkeyPatch):
    w = await world()
    signals = await propose.propose(
        w.desk, "dip", [answer("AAPL"), answer("MSFT")], explain=explain
    )
    for signal in signals:
        await decide.approve(w.desk, signal.id, by="operator:1")
    quote = w.tape.quote

    async def broken(symbol: str, at: Any) -> Any:
        if symbol == "AAPL":
            raise KeyError(symbol)
        return await quote(symbol, at)

    monkeypatch.setattr(w.tape, "quote", broken)
    w.go(TUESDAY, 14, 30)
    await rounds.trade_once(w.desk)
    states = {order.symbol: order.state for order in await w.journal.read(Order)}
    assert states == {"AAPL": OrderState.PLANNED, "MSFT": OrderState.FILLED}


async def test_the_rounds_send_only_after_the_start_has_compared_the_books():
    w = await world()
    [order] = await approved_order(w)
    w.desk.reconciled = False
    w.go(TUESDAY, 15)
    await rounds.trade_once(w.desk)
    assert (await w.journal.read(Order))[0].state is OrderState.PLANNED, order.key
    await rounds.start(w.desk)
    await rounds.trade_once(w.desk)
    assert (await w.journal.read(Order))[0].state is OrderState.FILLED


async def test_a_fill_that_lags_behind_its_orders_cancel_is_booked_though_nothing_works_any_more():
    clock = SimulatedClock(at(TUESDAY, 15))
    tape = Tape(Weekdays(), {"AAPL": D(100)})
    paper = PaperBroker(tape, clock, Stocks("AAPL"), Costs(slippage_bps=D(0)), cash=D(100_000))

    def seconds() -> float:
        return clock.at.timestamp()

    slow = Adversary(paper, Faults(lag=2.0, parts=2), monotonic=seconds)
    w = await world(broker=slow)
    w.desk.wall = w.desk.market = w.clock = clock
    w.desk.feed = tape
    now = clock.at
    order = Order("k", "dip", "paper", "paper", "AAPL", Side.BUY, D(10), now, now)
    await w.journal.append([order])
    await rounds.trade_once(w.desk)
    [sent] = await w.journal.read(Order)
    await execute.cancel(w.desk, sent, note="by hand")
    assert await w.journal.count(Order, state=OrderState.CANCELLED) == 1
    asked = []
    for _ in range(20):
        await rounds.trade_once(w.desk)
        clock.at += timedelta(seconds=1)
        asked.append(await w.journal.count(Fill))
    assert asked[0] == 0
    assert asked[-1] == 1
    assert await slow.positions() != []
    slow.leave(60)
    with capture_logs() as logs:
        await rounds.trade_once(w.desk)
    assert logs == [], "its reads have caught up, so it is asked no more"


async def test_a_part_that_fills_before_the_answer_is_on_record_moves_the_order():
    """Its sender has not said yet how the attempt ended; the fill says it."""
    w = await world()
    await approved_order(w)
    w.go(TUESDAY, 15)
    [order] = await w.journal.read(Order)
    claimed = await sending.claim(w.desk, order)
    assert claimed is not None
    broker = w.broker
    assert isinstance(broker, PaperBroker)
    broker.portion = lambda whole, lot: whole / 2
    await broker.submit(claimed)
    await settle.collect(w.desk, broker)
    [order] = await w.journal.read(Order)
    assert order.state is OrderState.PARTIALLY_FILLED
    await broker.work()
    await rounds.trade_once(w.desk)
    [order] = await w.journal.read(Order)
    assert order.state is OrderState.FILLED


async def approved_order(w: World) -> list[Order]:
    [signal] = await propose.propose(w.desk, "dip", [answer("AAPL")], explain=explain)
    return [await decide.approve(w.desk, signal.id, by="operator:1")]
