"""Conditions and orders mean the same in memory, SQLite and PostgreSQL."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from replay.journal import MemoryJournal
from trading.facts import Lane, Notice, NoticeState, Picture, Run
from trading.money import Adjustment
from trading.orders import Order, OrderState
from trading.ports import Journal
from trading.types import Side

OPEN = datetime(2026, 2, 3, 14, 30, tzinfo=UTC)


def order(n: int, **changes: Any) -> Order:
    return replace(
        Order(f"o{n}", "dip", "paper", "main", "AAPL", Side.BUY, Decimal(10), OPEN, OPEN), **changes
    )


def cash(n: int, amount: str) -> Adjustment:
    return Adjustment("main", f"r{n}", "fee", Decimal(amount), "USD", OPEN)


async def keys(journal: Journal, **asked: Any) -> list[str]:
    return [found.key for found in await journal.read(Order, **asked)]


async def test_a_moment_with_and_without_microseconds_is_in_its_place(journal: Journal) -> None:
    whole, later = OPEN, OPEN + timedelta(microseconds=1)
    await journal.append(
        [
            order(1, execute_at=later),
            order(2, execute_at=whole),
            order(3, execute_at=whole - timedelta(microseconds=1)),
        ]
    )
    assert await keys(journal, order="execute_at") == ["o3", "o2", "o1"]
    assert await keys(journal, execute_at__lte=whole) == ["o2", "o3"]
    assert await keys(journal, execute_at__lt=whole) == ["o3"]
    assert await keys(journal, execute_at__gt=whole) == ["o1"]
    assert await keys(journal, execute_at=later) == ["o1"]


async def test_amounts_are_compared_as_numbers(journal: Journal) -> None:
    amounts = ("9", "10", "-1.5", "-1", "0", "100", "0.5", "-20", "1E+1")
    await journal.append([cash(n, amount) for n, amount in enumerate(amounts)])

    async def read(**asked: Any) -> list[Decimal]:
        return [a.amount for a in await journal.read(Adjustment, **asked)]

    assert await read(order="amount") == sorted(Decimal(a) for a in amounts)
    assert await read(order="-amount") == sorted((Decimal(a) for a in amounts), reverse=True)
    assert await read(amount__gte=Decimal(10)) == [10, 100, 10]
    assert await read(amount__lt=Decimal(-1)) == [Decimal("-1.5"), -20]
    assert await read(amount=Decimal("10.000")) == [10, 10]
    assert await read(amount__in=[Decimal("0.50"), Decimal(7)]) == [Decimal("0.5")]
    assert await read(amount__not=Decimal(10), limit=2) == [9, Decimal("-1.5")]


async def test_suffixes_select(journal: Journal) -> None:
    await journal.append(
        [
            order(1),
            order(2, state=OrderState.FILLED, limit=Decimal(5)),
            order(3, state=OrderState.UNKNOWN, symbol="MSFT"),
            order(4, limit=Decimal(6)),
        ]
    )
    assert await keys(journal, state__in={OrderState.FILLED, OrderState.UNKNOWN}) == ["o2", "o3"]
    assert await keys(journal, state__in=()) == []
    assert await keys(journal, state__not=OrderState.PLANNED) == ["o2", "o3"]
    assert await keys(journal, limit__isnull=True) == ["o1", "o3"]
    assert await keys(journal, limit__isnull=False) == ["o2", "o4"]
    assert await keys(journal, signal_id=None, symbol="MSFT") == ["o3"]
    assert await keys(journal, limit__not=None) == ["o2", "o4"]
    assert await keys(journal, limit__not=Decimal(5)) == ["o1", "o3", "o4"]
    assert await keys(journal, limit__in=[None, Decimal(6)]) == ["o1", "o3", "o4"]
    assert await keys(journal, limit__gt=Decimal(1)) == ["o2", "o4"]
    assert await keys(journal, symbol="AAPL", state=OrderState.PLANNED) == ["o1", "o4"]
    assert await keys(journal, reduce_only=False, symbol__not="AAPL") == ["o3"]
    assert await journal.count(Order, state=OrderState.PLANNED) == 2
    assert await journal.count(Order) == 4


async def test_ids_select_ranges(journal: Journal) -> None:
    added = await journal.append([order(n) for n in range(6)])
    third = added[2].id
    assert await keys(journal, id=third) == ["o2"]
    assert await keys(journal, id__gt=third) == ["o3", "o4", "o5"]
    assert await keys(journal, id__gte=third, id__lt=added[4].id) == ["o2", "o3"]
    assert await keys(journal, id__in=[added[5].id, added[0].id, 999]) == ["o0", "o5"]
    assert await keys(journal, id=-1) == []
    assert await keys(journal, id__gt=-5, limit=1) == ["o0"]


async def test_empty_values_sort_first_and_ids_settle_ties(journal: Journal) -> None:
    await journal.append(
        [
            order(1, limit=Decimal(2)),
            order(2),
            order(3, limit=Decimal(1)),
            order(4),
            order(5, limit=Decimal(2)),
        ]
    )
    assert await keys(journal, order="limit") == ["o2", "o4", "o3", "o1", "o5"]
    assert await keys(journal, order="-limit") == ["o1", "o5", "o3", "o2", "o4"]
    assert await keys(journal, order="-limit,-id") == ["o5", "o1", "o3", "o4", "o2"]
    assert await keys(journal, order="-id", limit=2) == ["o5", "o4"]
    assert (await journal.first(Order, order="-limit")).key == "o1"  # type: ignore[union-attr]
    assert await journal.first(Order, symbol="MSFT") is None


async def test_text_sorts_by_code_point(journal: Journal) -> None:
    symbols = ["a", "B", "_", "Z", "é", "0", "aa", "😀", "\uffee"]
    await journal.append([order(n, symbol=symbol) for n, symbol in enumerate(symbols)])
    found = await journal.read(Order, order="symbol")
    assert [o.symbol for o in found] == sorted(symbols)


async def test_the_outbox_reads_lane_by_lane(journal: Journal) -> None:
    lanes = (Lane.DIGEST, Lane.CRITICAL, Lane.NORMAL, Lane.CRITICAL)
    await journal.append([Notice(n, "text", OPEN, lane=lane) for n, lane in enumerate(lanes)])
    due = await journal.read(Notice, state=NoticeState.DUE, order="lane,id", limit=3)
    assert [n.recipient for n in due] == [1, 3, 2]


@pytest.mark.parametrize(
    "asked",
    [
        {"colour": 1},
        {"price__like": "1"},
        {"order": "colour"},
        {"args": {}},
        {"args__in": []},
        {"order": "args"},
        {"due_at__lt": None},
        {"job__in": "scan"},
    ],
)
async def test_a_condition_that_means_nothing_is_refused(journal: Journal, asked: Any) -> None:
    said = r"has no field|no condition|opaque|needs a value|several values"
    with pytest.raises(ValueError, match=said):
        await journal.read(Run, **asked)
    await journal.append([Run("mark", OPEN)])
    assert await journal.count(Run) == 1


async def test_opaque_fields_only_tell_whether_they_are_empty(journal: Journal) -> None:
    await journal.append([Picture("candles", {}, OPEN, png=b"\0\xff")])
    assert await journal.count(Picture, png__isnull=False) == 1
    with pytest.raises(ValueError, match="opaque"):
        await journal.read(Picture, png=b"")


async def test_a_kind_the_journal_does_not_keep_is_refused(journal: Journal) -> None:
    with pytest.raises(ValueError, match="keeps no"):
        await journal.read(Side)


small = st.integers(0, 3)
maybe = st.none() | small.map(Decimal)
orders = st.lists(st.tuples(small, maybe, st.sampled_from(OrderState)), max_size=90)
conditions = st.fixed_dictionaries(
    {},
    optional={
        "quantity": small.map(Decimal),
        "quantity__gte": small.map(Decimal),
        "signal_id": st.none() | small,
        "limit__not": maybe,
        "limit__lt": small.map(Decimal),
        "limit__isnull": st.booleans(),
        "limit__in": st.lists(maybe, max_size=3),
        "state": st.sampled_from(OrderState),
        "state__in": st.sets(st.sampled_from(OrderState)),
        "id__gt": st.integers(-1, 95),
        "id__lte": st.integers(-1, 95),
        "symbol__in": st.lists(st.sampled_from(["S1", "S2"])),
    },
)
orderings = st.lists(
    st.sampled_from(["id", "-id", "limit", "-limit", "quantity", "-state", "symbol"]),
    min_size=1,
    max_size=3,
    unique_by=lambda name: name.removeprefix("-"),
).map(",".join)


async def test_every_question_has_the_answer_memory_gives(journal: Journal) -> None:
    asked: list[tuple[Any, Any, str, int | None]] = []

    @settings(max_examples=40, database=None, suppress_health_check=list(HealthCheck))
    @given(st.tuples(orders, conditions, orderings, st.none() | st.integers(0, 5)))
    def draw(example: Any) -> None:
        asked.append(example)

    draw()
    for rows, where, ordering, limit in asked:
        await journal.remove(Order)
        facts = [
            order(n, symbol=f"S{n % 3}", quantity=Decimal(q), limit=top, state=state)
            for n, (q, top, state) in enumerate(rows)
        ]
        stored = await journal.append(facts)
        memory = MemoryJournal()
        memory.load({Order: stored})
        plain = [o for o in stored if all(_holds(o, n, v) for n, v in where.items())]
        assert {o.key for o in await memory.read(Order, **where)} == {o.key for o in plain}
        expected = await memory.read(Order, order=ordering, limit=limit, **where)
        assert await journal.read(Order, order=ordering, limit=limit, **where) == expected


def _holds(fact: Any, name: str, value: Any) -> bool:
    field, _, suffix = name.partition("__")
    mine = getattr(fact, field)
    match suffix:
        case "":
            return bool(mine == value)
        case "not":
            return bool(mine != value)
        case "in":
            return mine in list(value)
        case "isnull":
            return (mine is None) == value
        case _ if mine is None:
            return False
        case "lt":
            return bool(mine < value)
        case "lte":
            return bool(mine <= value)
        case "gt":
            return bool(mine > value)
        case _:
            return bool(mine >= value)
