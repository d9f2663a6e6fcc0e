"""A fact moves by compare-and-set along its legal states, and exactly one mover wins."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from trading.facts import Cursor, Notice, NoticeState, Request, RequestState, Run, RunState
from trading.orders import Fill, Order, OrderState
from trading.ports import Journal
from trading.signals import Signal, SignalState
from trading.types import Moment, Side, Target

OPEN = datetime(2026, 2, 3, 14, 30, tzinfo=UTC)


@pytest.fixture
async def pending(journal: Journal) -> Signal:
    [added] = await journal.append(
        [
            Signal(
                "dip",
                "AAPL",
                Target.LONG,
                OPEN,
                Moment.CLOSE,
                Decimal("101.5"),
                Decimal(10),
                OPEN,
                OPEN,
                OPEN + timedelta(minutes=10),
                features={"rsi": 21.5},
            )
        ]
    )
    return added


async def test_a_move_changes_what_it_names_and_counts_the_version(
    journal: Journal, pending: Signal
) -> None:
    moved = await journal.move(
        pending,
        state=SignalState.APPROVED,
        decided_by="operator:42",
        decided_at=OPEN,
        quantity=Decimal(7),
    )
    assert moved == replace(
        pending,
        state=SignalState.APPROVED,
        decided_by="operator:42",
        decided_at=OPEN,
        quantity=Decimal(7),
        version=1,
    )
    assert await journal.read(Signal) == [moved]


async def test_the_second_press_finds_it_moved(journal: Journal, pending: Signal) -> None:
    assert await journal.move(pending, state=SignalState.APPROVED)
    assert await journal.move(pending, state=SignalState.REJECTED) is None
    assert await journal.move(pending, note="late") is None
    found = await journal.first(Signal)
    assert found is not None
    assert (found.state, found.note) == (SignalState.APPROVED, "")


async def test_of_two_tasks_exactly_one_moves_it(journal: Journal, pending: Signal) -> None:
    start = asyncio.Barrier(6)
    outcomes: list[Signal | None] = []

    async def press(state: SignalState) -> None:
        await start.wait()
        async with journal.transaction():
            outcomes.append(await journal.move(pending, state=state))

    async with asyncio.TaskGroup() as tasks:
        for n in range(6):
            tasks.create_task(press(SignalState.APPROVED if n % 2 else SignalState.REJECTED))
    assert len([o for o in outcomes if o is not None]) == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (SignalState.PENDING, SignalState.WITHDRAWN),
        (SignalState.APPROVED, SignalState.APPROVED),
        (SignalState.REJECTED, SignalState.APPROVED),
        (SignalState.PENDING, "nonsense"),
    ],
)
async def test_an_illegal_change_of_state_is_refused(
    journal: Journal, pending: Signal, before: SignalState, after: Any
) -> None:
    await journal.remove(Signal)
    [fact] = await journal.append([replace(pending, state=before)])
    with pytest.raises(ValueError, match="cannot go from"):
        await journal.move(fact, state=after)
    assert await journal.read(Signal) == [fact]


async def test_a_lease_is_renewed_without_a_change_of_state(journal: Journal) -> None:
    [run] = await journal.append([Run("mark", OPEN)])
    running = await journal.move(run, state=RunState.RUNNING, leased_until=OPEN)
    assert running is not None
    again = await journal.move(running, state=RunState.RUNNING, leased_until=None)
    assert again is not None
    assert await journal.move(again, outcome="half way")
    assert (await journal.read(Run))[0].leased_until is None


async def test_kinds_without_a_table_of_moves_go_anywhere(journal: Journal) -> None:
    [notice] = await journal.append([Notice(7, "text", OPEN)])
    sent = await journal.move(notice, state=NoticeState.SENT)
    assert sent is not None
    assert await journal.move(sent, state=NoticeState.DUE, attempts=1)
    assert await journal.count(Notice, state=NoticeState.DUE) == 1
    assert await journal.count(Notice, state=NoticeState.SENT) == 0


@pytest.mark.parametrize("changes", [{"id": 4}, {"version": 4}, {"name": "b"}, {"colour": "red"}])
async def test_identity_and_unknown_fields_do_not_move(journal: Journal, changes: Any) -> None:
    [cursor] = await journal.append([Cursor("a", "1")])
    with pytest.raises(ValueError, match=r"never changes|has no field"):
        await journal.move(cursor, **changes)


async def test_a_fill_is_only_appended(journal: Journal) -> None:
    [fill] = await journal.append(
        [
            Fill(
                "paper",
                "main",
                "x1",
                "o1",
                "dip",
                "AAPL",
                Side.BUY,
                Decimal(10),
                Decimal(1),
                Decimal(0),
                "USD",
                OPEN,
            )
        ]
    )
    with pytest.raises(ValueError, match="only appended"):
        await journal.move(fill, fee=Decimal(1))


async def test_a_fact_that_is_not_there_does_not_move(journal: Journal) -> None:
    assert await journal.move(Cursor("a", "1", id=77), value="2") is None


async def test_a_move_writes_over_nothing_it_does_not_name(journal: Journal) -> None:
    [cursor] = await journal.append([Cursor("a", "1")])
    moved = await journal.move(replace(cursor, value="never recorded"))
    assert moved == replace(cursor, version=1)


async def test_sweeps_find_a_moved_fact_under_its_new_state(journal: Journal) -> None:
    added = await journal.append([Request("cli", str(n), "pnl", OPEN) for n in range(3)])
    await journal.move(added[1], state=RequestState.DONE)
    assert await journal.read(Request, state=RequestState.NEW) == [added[0], added[2]]


async def test_an_order_goes_its_whole_way(journal: Journal) -> None:
    [order] = await journal.append(
        [Order("k", "dip", "paper", "main", "AAPL", Side.BUY, Decimal(10), OPEN, OPEN)]
    )
    for state in (
        OrderState.SUBMITTING,
        OrderState.UNKNOWN,
        OrderState.ACCEPTED,
        OrderState.PARTIALLY_FILLED,
        OrderState.CANCELLED,
        OrderState.FILLED,
    ):
        moved = await journal.move(order, state=state)
        assert moved is not None
        order = moved
    assert order.version == 6
    assert await journal.first(Order, key="k") == order
