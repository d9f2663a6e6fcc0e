"""A row that cannot be read stops itself, whichever column it is, and is named; nothing is lost."""

import typing
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, get_type_hints

import pytest

from db.backup import snapshot, tables
from db.journal import OrmJournal
from db.models import ROWS
from db.posts import NonceBook, PostBook, Refusal
from trading.errors import DamagedRow
from trading.facts import WHOLE, Cursor, Notice, Picture, Run, RunState
from trading.money import Adjustment
from trading.orders import Fill, Order

WHEN = datetime(2026, 2, 3, 14, 30, tzinfo=UTC)


def sample(hint: Any, n: int) -> Any:
    """Some value of this type."""
    if type(None) in typing.get_args(hint):
        hint = next(part for part in typing.get_args(hint) if part is not type(None))
    origin = typing.get_origin(hint) or hint
    values = {str: f"x{n}", int: n, float: 0.5, bool: True, bytes: b"png", Decimal: Decimal("1.5")}
    values |= {datetime: WHEN.replace(second=n), date: date(2026, 2, n), tuple: ("a",)}
    if origin in values:
        return values[origin]
    if isinstance(origin, type) and issubclass(origin, Enum):
        return next(iter(origin))
    assert issubclass(origin, Mapping), hint
    return {"a": 1}


def facts_of(kind: type[Any]) -> list[Any]:
    hints = get_type_hints(kind)
    names = [f.name for f in fields(kind) if f.name not in ("id", "version")]
    return [kind(**{name: sample(hints[name], n) for name in names}) for n in (1, 2, 3)]


async def spoil(journal: OrmJournal, table: str, column: str, value: str, id_: int = 2) -> None:
    sql = f'UPDATE "{table}" SET "{column}" = {value} WHERE id = {id_} RETURNING id'
    assert len(await journal.store.write(sql)) == 1


async def raw(journal: OrmJournal, table: str, column: str, id_: int = 2) -> Any:
    ((value,),) = await journal.store.read(f'SELECT "{column}" FROM "{table}" WHERE id = {id_}')
    return value


@pytest.mark.parametrize("kind", ROWS, ids=lambda kind: kind.__name__)
async def test_each_column_of_each_table_stops_its_row_alone(
    orm: OrmJournal, kind: type[Any]
) -> None:
    if orm.store.dialect == "postgres":
        pytest.skip("PostgreSQL keeps another type out of a column")
    added = await orm.append(facts_of(kind))
    table = orm.table(kind).name
    for f in fields(kind):
        if f.name == "id":
            continue
        before = await raw(orm, table, f.name)
        bad = "'no picture'" if isinstance(before, bytes) else "x'ff00'"
        await spoil(orm, table, f.name, bad)
        if kind in WHOLE:
            with pytest.raises(DamagedRow, match=rf"row 2 of {table} cannot be read: its {f.name}"):
                await orm.read(kind)
        else:
            assert await orm.read(kind) == [added[0], added[2]]
        [found] = await orm.damaged(kind)
        assert (found.table, found.id, found.field) == (table, 2, f.name)
        assert found in orm.damage
        assert await orm.count(kind) == 3, "it is not deleted"
        assert await raw(orm, table, f.name) == (
            bad.strip("'") if isinstance(before, bytes) else b"\xff\x00"
        )
        await orm.store.write(
            f'UPDATE "{table}" SET "{f.name}" = ? WHERE id = 2 RETURNING id', [before]
        )
        assert await orm.mended() == [found]
        assert not orm.damage
        assert await orm.read(kind) == added


@pytest.mark.parametrize(
    ("kind", "column", "value"),
    [
        (Order, "state", "'sumbitted'"),
        (Order, "side", "''"),
        (Notice, "body", "'{\"text\": '"),
        (Notice, "body", "'[1]'"),
        (Notice, "lane", "7"),
        (Picture, "spec", "'" + "[" * 5000 + "'"),
        (Run, "args", "'null'"),
        (Run, "due_at", "9223372036854775807"),
    ],
)
async def test_a_value_of_the_right_type_that_makes_no_sense(
    orm: OrmJournal, kind: type[Any], column: str, value: str
) -> None:
    added = await orm.append(facts_of(kind))
    await spoil(orm, orm.table(kind).name, column, value)
    assert await orm.read(kind) == [added[0], added[2]]
    [found] = orm.damage
    assert found.field == column
    assert len(str(found)) < 160


@pytest.mark.parametrize("kind", [Fill, Adjustment])
async def test_an_amount_that_is_no_number_is_refused_rather_than_left_out(
    orm: OrmJournal, kind: type[Any]
) -> None:
    await orm.append(facts_of(kind))
    column = "price" if kind is Fill else "amount"
    await spoil(orm, orm.table(kind).name, column, "'NaN'")
    with pytest.raises(DamagedRow, match=f"row 2 of .* its {column} is .*NaN"):
        await orm.read(kind)
    assert len(await orm.read(kind, id__not=2)) == 2, "what does not need the row goes on"


async def test_text_that_is_no_text_stops_its_row_alone(orm: OrmJournal) -> None:
    if orm.store.dialect == "postgres":
        pytest.skip("PostgreSQL checks its text")
    await orm.append([Cursor("a", "1"), Cursor("b", "2"), Cursor("c", "ü")])
    await spoil(orm, "cursors", "value", "CAST(x'41ff' AS TEXT)")
    assert [c.value for c in await orm.read(Cursor)] == ["1", "ü"]
    async with orm.transaction():
        assert [c.value for c in await orm.read(Cursor)] == ["1", "ü"]
    assert [(d.table, d.id, d.field) for d in orm.damage] == [("cursors", 2, "value")]


async def test_an_amount_that_is_none_does_not_stop_an_order_by_amounts(orm: OrmJournal) -> None:
    if orm.store.dialect == "postgres":
        pytest.skip("PostgreSQL keeps it out")
    await orm.append(facts_of(Order))
    await spoil(orm, "orders", "quantity", "'ten'")
    assert [o.id for o in await orm.read(Order, order="-quantity")] == [1, 3]
    assert [o.id for o in await orm.read(Order, quantity__gt=Decimal(0))] == [1, 3]


async def test_those_asked_for_are_found_behind_those_that_cannot_be_read(orm: OrmJournal) -> None:
    runs = await orm.append([Run(f"j{n}", WHEN, RunState.DUE) for n in range(1, 9)])
    for id_ in (1, 2, 3, 8):
        await spoil(orm, "runs", "args", "'{'", id_)
    assert await orm.first(Run) == runs[3]
    assert await orm.first(Run, order="-id") == runs[6]
    assert [r.id for r in await orm.read(Run, limit=2)] == [4, 5]
    assert [r.id for r in await orm.read(Run, limit=6)] == [4, 5, 6, 7]
    assert await orm.first(Run, id=2) is None
    assert await orm.count(Run) == 8


async def test_a_damaged_row_is_said_once_in_the_log(
    orm: OrmJournal, caplog: pytest.LogCaptureFixture
) -> None:
    await orm.append(facts_of(Run))
    await spoil(orm, "runs", "args", "'{'")
    for _ in range(3):
        await orm.read(Run)
    assert caplog.text.count("row 2 of runs cannot be read: its args is '{'") == 1


async def test_what_the_voice_forgot_is_shown_anew_and_a_button_means_nothing(
    orm: OrmJournal,
) -> None:
    posts, nonces = PostBook(orm), NonceBook(orm)
    await posts.put(1, "signal:1", message_id=7, at=WHEN)
    await nonces.issue([("n1", "approve", ("1",), True)], recipient=1, subject="s", at=WHEN)
    await spoil(orm, "posts", "updated_at", "-9223372036854775807", 1)
    await spoil(orm, "nonces", "args", "'{}'", 1)
    assert await posts.get(1, "signal:1") is None
    assert (await posts.put(1, "signal:1", message_id=8, at=WHEN)).message_id == 8
    assert await posts.get(1, "signal:1") is not None
    taken = await nonces.take("n1", user=1, recipient=1, message_id=None, at=WHEN)
    assert taken is Refusal.UNKNOWN


async def test_a_backup_keeps_a_row_that_cannot_be_read(orm: OrmJournal) -> None:
    await orm.append(facts_of(Fill))
    await spoil(orm, "fills", "price", "'NaN'")
    table = tables()["fills"]
    async with snapshot(orm) as view:
        rows = [row async for page in view.pages(table) for row in page]
    place = list(table.columns).index("price")
    assert [row[place] for row in rows] == ["1.5", "NaN", "1.5"]
