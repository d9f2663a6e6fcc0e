"""Each invariant finds its own fault, alone, with a line that names the fact; a sound desk has
none."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from brokers.paper import PaperBroker
from desk import decide, execute, invariants, propose
from tests.desk import exits_broken
from tests.world import MONDAY, D, World, answer, at, explain, world
from trading.clocks import SimulatedClock
from trading.facts import (
    ClockReading,
    Lane,
    Latch,
    Notice,
    NoticeState,
    Picture,
    Request,
    RequestState,
    Run,
    RunState,
    Trading,
)
from trading.money import Adjustment, Mark, Snapshot, Told
from trading.orders import Fill, Order, OrderState, OrderType
from trading.signals import Signal, SignalState
from trading.types import Side

TUESDAY = MONDAY.replace(day=4)


async def sound() -> World:
    """AAPL bought and held, MSFT rejected, NVDA waiting, on Tuesday at noon."""
    w = await world()
    signals = await propose.propose(
        w.desk, "dip", [answer(s) for s in ("AAPL", "MSFT")], explain=explain
    )
    await decide.approve(w.desk, signals[0].id, by="operator:1")
    await decide.reject(w.desk, signals[1].id, by="operator:2")
    w.go(TUESDAY, 17)
    await execute.execute_due(w.desk, owner="t")
    for notice in await w.journal.read(Notice):
        await w.journal.move(notice, state=NoticeState.SENT, sent_at=w.clock.at)
    w.desk.wall = SimulatedClock(w.clock.at)
    return w


async def found(w: World, **how: Any) -> list[tuple[str, str]]:
    return [(f.rule, f.text) for f in await invariants.findings(w.desk, at_rest=True, **how)]


async def first(w: World, kind: type[Any], **where: Any) -> Any:
    row = await w.journal.first(kind, **where)
    assert row is not None
    return row


def long_ago(w: World, **ago: float) -> Any:
    return w.desk.wall.now() - timedelta(**(ago or {"hours": 1}))


def order(w: World, key: str, **changes: Any) -> Order:
    now = w.clock.at
    made = Order(key, "dip", "paper", "paper", "XOM", Side.BUY, D(10), now, now)
    return replace(made, **changes)


def signal(w: World, **changes: Any) -> Signal:
    from trading.types import Moment, Target

    now, day = w.clock.at, at(MONDAY, 0)
    made = Signal(
        "dip", "XOM", Target.LONG, day, Moment.CLOSE, D(100), D(10), now, now,
        now + timedelta(hours=1), state=SignalState.APPROVED, decided_by="auto", decided_at=now,
    )  # fmt: skip
    return replace(made, **changes)


def fill(w: World, **changes: Any) -> Fill:
    made = Fill(
        "paper", "paper", "y1", "none", "dip", "XOM", Side.BUY, D(10), D(100), D(0), "USD",
        w.clock.at,
    )  # fmt: skip
    return replace(made, **changes)


Break = Callable[[World], Awaitable[object]]
BREAKS: dict[str, list[tuple[str, Break]]] = {}


def breaks(rule: str, text: str) -> Callable[[Break], Break]:
    def note(fault: Break) -> Break:
        BREAKS.setdefault(rule, []).append((text, fault))
        return fault

    return note


@breaks("decided once", "signal 3 (XOM) is approved and has no order")
async def approved_without_an_order(w: World) -> None:
    await w.journal.append([signal(w)])


@breaks("decided once", "signal 1 (AAPL) is approved and has 2 orders: t-1-0, x-1-0")
async def ordered_twice(w: World) -> None:
    one = await first(w, Order)
    again = replace(one, key="x-1-0", state=OrderState.CANCELLED, id=0, version=0)
    await w.journal.append([again])


@breaks("decided once", "signal 2 (MSFT) is rejected and yet has order t-2-0")
async def ordered_though_rejected(w: World) -> None:
    now = w.clock.at + timedelta(hours=1)
    one = order(w, "t-2-0", symbol="MSFT", signal_id=2, execute_at=now)
    await w.journal.append([one])


@breaks("decided once", "signal 3 (XOM) is withdrawn and its order t-3-0 not cancelled")
async def sent_though_withdrawn(w: World) -> None:
    await w.journal.append([signal(w, state=SignalState.WITHDRAWN)])
    await w.journal.append([order(w, "t-3-0", signal_id=3)])


@breaks("decided once", "signal 3 (XOM) is approved, decided by nobody")
async def approved_by_nobody(w: World) -> None:
    await w.journal.append([signal(w, decided_by="")])
    await w.journal.append([order(w, "t-3-0", signal_id=3)])


@breaks("decided once", "order t-9-0 of signal 3 (XOM): its key is not the signal's")
async def under_another_key(w: World) -> None:
    await w.journal.append([signal(w)])
    await w.journal.append([order(w, "t-9-0", signal_id=3)])


@breaks("decided once", "order t-3-0 of signal 3 (XOM): 11 are ordered, 10 were approved")
async def more_than_was_approved(w: World) -> None:
    await w.journal.append([signal(w)])
    await w.journal.append([order(w, "t-3-0", signal_id=3, quantity=D(11))])


@breaks("own signal", "order t-9-0 is of signal 9, which does not exist")
async def of_no_signal(w: World) -> None:
    await w.journal.append([order(w, "t-9-0", signal_id=9)])


@breaks("known hands", "signal 3 (XOM) was rejected by operator:666")
async def decided_by_a_stranger(w: World) -> None:
    state = SignalState.REJECTED
    await w.journal.append([signal(w, state=state, decided_by="operator:666")])


@breaks("state as filled", "order k (XOM) is filled, with 0 of 10 filled")
async def filled_without_fills(w: World) -> None:
    await w.journal.append([order(w, "k", state=OrderState.FILLED)])


@breaks("state as filled", "order t-1-0 (AAPL) is filled, with 6 of 5 filled")
async def filled_more_than_ordered(w: World) -> None:
    one = await first(w, Order)
    found = await first(w, Fill)
    assert (one.quantity, found.quantity) == (D(50), D(50))
    # The journal changes neither, so another journal is written with smaller figures.
    rows = w.journal.everything()  # type: ignore[attr-defined]
    rows[Order] = [replace(o, quantity=D(5)) for o in rows[Order]]
    rows[Signal] = [replace(s, quantity=D(5)) for s in rows[Signal]]
    rows[Fill] = [replace(f, quantity=D(6)) for f in rows[Fill]]
    from desk.books import Books
    from replay.journal import MemoryJournal

    w.desk.journal = MemoryJournal()
    w.desk.journal.load(rows)
    w.desk.books = Books(w.desk.journal, w.desk.market)
    w.desk.brokers = {}


@breaks("state as filled", "order k (XOM) is planned, with 10 of 10 filled")
async def planned_and_filled(w: World) -> None:
    await w.journal.append([order(w, "k", execute_at=w.clock.at)])
    await w.journal.append([fill(w, order_key="k")])
    w.desk.brokers = {}


@breaks("fills in their books", "fill y1 at paper is booked as 'dip' and has no order none")
async def fill_of_nothing(w: World) -> None:
    await w.journal.append([fill(w)])
    w.desk.brokers = {}


@breaks(
    "fills in their books", "fill y1 at paper is booked as 'other', and its order k is of 'dip'"
)
async def fill_in_another_book(w: World) -> None:
    await w.journal.append([order(w, "k", state=OrderState.FILLED)])
    await w.journal.append([fill(w, order_key="k", strategy="other")])
    w.desk.brokers = {}


@breaks("sums come out", "the cash of paper is 94998 USD, its books make 94999")
async def money_out_of_nowhere(w: World) -> None:
    ledger = await w.desk.books.ledger()
    ledger.cash["paper", "USD"] -= 1


@breaks("same open orders", "order k (XOM) is accepted here, the broker does not know it")
async def accepted_by_nobody(w: World) -> None:
    await w.journal.append([order(w, "k", state=OrderState.ACCEPTED)])


@breaks("same open orders", "order by-hand (XOM) works at the broker and is unknown here")
async def works_there_alone(w: World) -> None:
    await w.broker.submit(order(w, "by-hand", type=OrderType.LIMIT, limit=D(90)))


@breaks("same open orders", "order k (XOM) works at the broker and is planned here")
async def sent_and_still_planned(w: World) -> None:
    one = order(w, "k", type=OrderType.LIMIT, limit=D(90))
    await w.journal.append([one])
    await w.broker.submit(one)


@breaks("same open orders", "order k (XOM) works at the broker 2 times over")
async def placed_twice(w: World) -> None:
    paper = w.broker
    assert isinstance(paper, PaperBroker)
    paper.dedupes = False
    one = order(w, "k", type=OrderType.LIMIT, limit=D(90), state=OrderState.ACCEPTED)
    await w.journal.append([one])
    await paper.submit(one)
    await paper.submit(one)


@breaks("same executions", "execution x1 (AAPL) has price 100 here, 100.5 at the broker")
async def another_price(w: World) -> None:
    paper = w.broker
    assert isinstance(paper, PaperBroker)
    paper.statement.executions[0] = replace(paper.statement.executions[0], price=D("100.5"))


@breaks("same executions", "execution y1 (XOM) is booked, not there")
async def booked_alone(w: World) -> None:
    later = w.clock.at
    buys = fill(w, strategy="unassigned", at=later)
    sells = replace(buys, execution_id="y2", side=Side.SELL, at=later - timedelta(days=1))
    await w.journal.append([buys, sells])


@breaks("same positions", "XOM: 0 here, 10 at the broker")
async def held_there_alone(w: World) -> None:
    paper = w.broker
    assert isinstance(paper, PaperBroker)
    from brokers.paper_statement import Held

    paper.statement.held["XOM"] = Held(D(1), D(10), D(100))


@breaks("claims go on", "order k (XOM): fast-9's claim ran out at 2025-02-04 16:00:00 UTC")
async def claimed_and_left(w: World) -> None:
    ended = long_ago(w)
    await w.journal.append(
        [
            order(
                w,
                "k",
                state=OrderState.SUBMITTING,
                owner="fast-9",
                leased_until=ended,
                claimed_at=w.desk.wall.now(),
            )
        ]
    )


@breaks("doubts asked about", "order k (XOM) is in doubt, and nobody was asked")
async def in_doubt_untold(w: World) -> None:
    ended = long_ago(w)
    await w.journal.append([order(w, "k", state=OrderState.UNKNOWN, claimed_at=ended)])


@breaks("orders end", "order k (XOM) was never sent; its session ended 2025-02-03 21:00:00 UTC")
async def left_from_yesterday(w: World) -> None:
    await w.journal.append([order(w, "k", execute_at=at(MONDAY, 15))])


@breaks("signals expire", "signal 3 (XOM) is still open; its time ended 2025-02-04 16:59:59 UTC")
async def open_past_its_time(w: World) -> None:
    ended = w.clock.at - timedelta(seconds=1)
    one = signal(w, state=SignalState.PENDING, decided_by="", decided_at=None, expires_at=ended)
    await w.journal.append([one])


@breaks("requests handled", "request 1 (/pnl) waits since 2025-02-04 16:00:00 UTC")
async def unanswered(w: World) -> None:
    await w.journal.append([Request("telegram", "7", "pnl", long_ago(w))])


@breaks(
    "notices sent", "critical notice 11 (halt) waits since 2025-02-04 16:57:00 UTC (Bad Gateway)"
)
async def critical_unsent(w: World) -> None:
    since = long_ago(w, minutes=3)
    late = Notice(1, "text", since, subject="halt", lane=Lane.CRITICAL, error="Bad Gateway")
    await w.journal.append([late])
    await w.journal.append([replace(late, not_before=w.desk.wall.now() + timedelta(hours=1))])
    await w.journal.append([replace(late, lane=Lane.DIGEST)])


@breaks("runs go on", "run 1 of mark was left behind at 2025-02-04 16:00:00 UTC")
async def run_left_behind(w: World) -> None:
    ended = long_ago(w)
    await w.journal.append([Run("mark", ended, RunState.RUNNING, leased_until=ended)])


@breaks("pictures drawn", "picture 1 (signal:9) is wanted since 2025-02-04 16:00:00 UTC")
async def never_drawn(w: World) -> None:
    await w.journal.append([Picture("candles", {}, long_ago(w), subject="signal:9")])


@breaks("critical arrives", "notice 11 (halt) never reached 1: Bad Request")
async def could_not_be_shown(w: World) -> None:
    failed = Notice(
        1, "text", w.clock.at, subject="halt", lane=Lane.CRITICAL, error="Bad Request",
        state=NoticeState.FAILED,
    )  # fmt: skip
    await w.journal.append([failed, replace(failed, subject="squareoff:1")])
    said = replace(failed, subject="unshown:12", state=NoticeState.SENT)
    await w.journal.append([said])


@breaks("told once", "fill:paper:x9 was announced 2 times to 1")
async def announced_twice(w: World) -> None:
    said = Notice(
        1, "text", w.clock.at, subject="fill:paper:x9", lane=Lane.CRITICAL, state=NoticeState.SENT
    )
    await w.journal.append([said, replace(said, recipient=2), said])


@breaks("answered once", "request 4 was answered 2 times with the same words")
async def answered_twice(w: World) -> None:
    said = Notice(1, "text", w.clock.at, body={"text": "done"}, answers=4, state=NoticeState.SENT)
    await w.journal.append([said, said, replace(said, body={"text": "and more"})])


@breaks("dated requests", "request 1 (/pnl) is done, at no time")
async def handled_at_no_time(w: World) -> None:
    await w.journal.append([Request("t", "7", "pnl", w.clock.at, state=RequestState.DONE)])


@breaks("one latch", "trading is halted by nobody")
async def halted_by_nobody(w: World) -> None:
    await w.journal.append([Latch(state=Trading.HALTED)])


@breaks("one latch", "square-off 1 is under way and trading is not halted")
async def squaring_off_while_active(w: World) -> None:
    await w.journal.append([Run("squareoff", w.clock.at)])


@breaks("sane clock", "the clock market runs at -1.0")
async def running_backwards(w: World) -> None:
    await w.journal.append([ClockReading(w.clock.at, w.clock.at, -1.0)])


@breaks("marks as facts", "the mark of x (paper) at the close of 2025-02-03 has no fact behind it")
async def marked_without_a_fact(w: World) -> None:
    await w.journal.append([Mark(MONDAY, "paper", "x", "USD", 0, 0, 0, 0, 0)])


@breaks("snapshots as facts", "the snapshot of x at the close of 2025-02-03 has no fact behind it")
async def taken_without_a_fact(w: World) -> None:
    amounts = (0, 0, 0, 0, 0, None, None, None)
    await w.journal.append([Snapshot(MONDAY, "x", "USD", *amounts, Told.NOBODY, (), ())])


BREAKS.update(exits_broken.BREAKS)


async def test_a_sound_desk_has_no_finding():
    w = await sound()
    assert await found(w) == []
    assert await first(w, Adjustment)
    assert (await first(w, Order)).state is OrderState.FILLED


@pytest.mark.parametrize(
    ("rule", "text", "fault"),
    [(rule, text, fault) for rule, faults in BREAKS.items() for text, fault in faults],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_a_fault_is_found_by_its_rule_alone(rule: str, text: str, fault: Break):
    w = await sound()
    await fault(w)
    assert await found(w) == [(rule, text)]
