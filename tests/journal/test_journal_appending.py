"""What is appended comes back as it was, once, in order."""

import asyncio
import types
import typing
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trading.facts import Cursor, Fact, Lane, Latch, Notice, Request, Trial
from trading.money import Adjustment, Mark
from trading.orders import Fill
from trading.ports import Journal
from trading.signals import Signal
from trading.types import Moment, Side, Target

KINDS = typing.get_args(Fact)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OPEN = datetime(2026, 2, 3, 14, 30, tzinfo=UTC)

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=5,
)
BY_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    str: text,
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False),
    bool: st.booleans(),
    bytes: st.binary(max_size=40),
    Decimal: st.decimals(
        allow_nan=False, allow_infinity=False, min_value=-(10**24), max_value=10**24
    ),
    date: st.dates(),
    datetime: st.integers(-(10**15), 10**16).map(lambda n: EPOCH + timedelta(microseconds=n)),
}


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    origin = typing.get_origin(hint)
    if origin is types.UnionType:
        return st.one_of(*(values_of(part) for part in typing.get_args(hint)))
    if hint is type(None):
        return st.none()
    if origin is tuple:
        return st.lists(text, max_size=3).map(tuple)
    if origin is not None:
        numbers = typing.get_args(hint)[1] is float
        return st.dictionaries(
            text, st.floats(allow_nan=False) if numbers else json_values, max_size=3
        )
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    return BY_TYPE[hint]


def facts_of(kind: type[Any]) -> st.SearchStrategy[Any]:
    hints = typing.get_type_hints(kind)
    return st.builds(
        kind, **{f.name: values_of(hints[f.name]) for f in fields(kind) if f.name != "id"}
    )


@pytest.mark.parametrize("kind", KINDS)
async def test_any_fact_of_any_kind_comes_back_as_it_was(journal: Journal, kind: type[Any]) -> None:
    # The journal's loop is running, so examples are drawn first and appended after.
    drawn: list[Any] = []

    @settings(max_examples=25, database=None, suppress_health_check=list(HealthCheck))
    @given(facts_of(kind))
    def draw(fact: Any) -> None:
        drawn.append(fact)

    draw()
    for fact in drawn:
        for added in await journal.append([fact]):
            assert added == replace(fact, id=added.id)
            assert await journal.first(kind, id=added.id) == added


def fill(n: int, **changes: Any) -> Fill:
    return replace(
        Fill(
            "paper",
            "main",
            f"x{n}",
            f"o{n // 2}",
            "dip",
            "AAPL",
            Side.BUY,
            Decimal(10),
            Decimal("101.25"),
            Decimal("0.35"),
            "USD",
            OPEN + timedelta(seconds=n),
        ),
        **changes,
    )


def signal(**changes: Any) -> Signal:
    return replace(
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
        ),
        **changes,
    )


async def test_ids_are_given_in_order_whatever_id_the_fact_carried(journal: Journal) -> None:
    added = await journal.append([fill(n, id=99) for n in range(5)])
    added += await journal.append([fill(5, id=1)])
    assert [f.execution_id for f in added] == [f"x{n}" for n in range(6)]
    assert sorted(f.id for f in added) == [f.id for f in added]
    assert len({f.id for f in added}) == 6


async def test_the_same_bar_proposes_once(journal: Journal) -> None:
    assert len(await journal.append([signal()])) == 1
    assert await journal.append([signal(price=Decimal(7))]) == []
    assert [s.price for s in await journal.read(Signal)] == [Decimal("101.5")]


async def test_of_many_only_the_new_ones_are_returned_in_order(journal: Journal) -> None:
    await journal.append([fill(2), fill(4)])
    added = await journal.append([fill(n) for n in (5, 4, 3, 3, 2, 1)])
    assert [f.execution_id for f in added] == ["x5", "x3", "x1"]
    assert added == [await journal.first(Fill, id=f.id) for f in added]
    assert await journal.count(Fill) == 5


async def test_nothing_appended_is_nothing(journal: Journal) -> None:
    assert await journal.append([]) == []


async def test_a_skipped_key_leaves_its_transaction_sound(journal: Journal) -> None:
    await journal.append([fill(1)])
    async with journal.transaction():
        assert await journal.append([fill(1)]) == []
        assert len(await journal.append([fill(1), fill(2)])) == 1
    assert await journal.count(Fill) == 2


async def test_notices_have_no_key_and_are_all_kept(journal: Journal) -> None:
    one = Notice(7, "text", OPEN, body={"text": [["hello", ""]]}, lane=Lane.CRITICAL)
    assert len(await journal.append([one, one])) == 2
    assert len(await journal.append([one])) == 1


async def test_a_trial_of_two_machines_is_kept_once_and_as_the_first_found_it(
    journal: Journal,
) -> None:
    [first] = await journal.append([Trial("s", '{"a":1}', 1, "one", OPEN)])
    again = [Trial("s", '{"a":1}', 1, "two", OPEN), Trial("s", '{"a":1}', 2, "other", OPEN)]
    assert [trial.fold for trial in await journal.append(again)] == [2]
    kept = await journal.read(Trial, study="s")
    assert [trial.outcome for trial in kept] == ["one", "other"]
    assert await journal.read(Trial, study="s", id__gt=first.id) == kept[1:]


async def test_two_tasks_that_append_one_key_record_it_once(journal: Journal) -> None:
    start = asyncio.Barrier(8)
    added: list[Signal] = []

    async def press() -> None:
        await start.wait()
        added.extend(await journal.append([signal()]))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(8):
            tasks.create_task(press())
    assert len(added) == 1


async def test_facts_of_two_kinds_are_refused_together(journal: Journal) -> None:
    with pytest.raises(ValueError, match="one kind"):
        await journal.append([fill(1), signal()])
    assert await journal.count(Fill) == 0


async def test_decimals_keep_every_digit(journal: Journal) -> None:
    amounts = [
        Decimal(t)
        for t in (
            "41",
            "41.00",
            "1E+3",
            "-0.000000000000000001",
            "0.10",
            "123456789012345678901234567890.123456789012345678",
        )
    ]
    for n, amount in enumerate(amounts):
        await journal.append([Adjustment("main", f"r{n}", "fee", amount, "USD", OPEN)])
    assert [a.amount for a in await journal.read(Adjustment)] == amounts


async def test_a_day_and_scaled_money_come_back(journal: Journal) -> None:
    mark = Mark(date(2026, 2, 3), "main", "dip", "USD", 12_345_678, -9, 1, 2**40, 3)
    [added] = await journal.append([mark])
    assert await journal.first(Mark, session=date(2026, 2, 3)) == added


async def test_the_first_latch_stays(journal: Journal) -> None:
    await journal.append([Latch()])
    assert await journal.append([Latch(reason="again")]) == []


async def test_requests_carry_their_arguments_as_a_tuple(journal: Journal) -> None:
    [asked] = await journal.append(
        [Request("telegram", "1", "approve", OPEN, ("17", "now"), payload={"chat": {"id": 7}})]
    )
    found = await journal.first(Request)
    assert found == asked
    assert found is not None
    assert found.args == ("17", "now")


async def test_what_is_removed_is_counted_and_gone(journal: Journal) -> None:
    await journal.append([fill(n) for n in range(10)])
    assert await journal.remove(Fill, at__lt=OPEN + timedelta(seconds=4)) == 4
    assert await journal.remove(Fill, symbol="MSFT") == 0
    assert await journal.count(Fill) == 6
    assert len(await journal.append([fill(1)])) == 1  # its key is free again
    assert [f.execution_id for f in await journal.read(Fill, id__gt=0)][-1] == "x1"


async def test_ids_of_removed_facts_are_not_given_again(journal: Journal) -> None:
    [before] = await journal.append([Cursor("a", "1")])
    await journal.remove(Cursor)
    [after] = await journal.append([Cursor("a", "1")])
    assert after.id > before.id
