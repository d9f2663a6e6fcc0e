"""One table's SQL and codecs, compiled once per kind and dialect.

Statements are written here rather than by Tortoise's querysets because a queryset is built for
the dialect its model was last initialised with, and one process may hold two journals.
"""

# every name is one of our own fields, checked; every value is bound
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Generic, TypeVar, get_type_hints

from tortoise.models import Model

from db.codecs import UNREADABLE, Codec, Dialect, codec_for
from db.columns import Columns
from trading.damage import Damaged
from trading.errors import DamagedRow

F = TypeVar("F")

_COMPARE = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_SUFFIXES = frozenset({"", "in", "not", "isnull", *_COMPARE})

#: Both databases take about 32,700 parameters a statement; smaller chunks keep writes short.
PARAMETERS = 12_000


class Table(Generic[F]):
    """`kind` is a dataclass with an `id`, `row` the model with the same field names."""

    def __init__(
        self, kind: type[F], row: type[Model], key: tuple[str, ...], dialect: Dialect
    ) -> None:
        hints = get_type_hints(kind)
        self.hints = frozenset(hints.values())
        self.kind = kind
        self.name = row._meta.db_table
        self.key = key
        self.dialect = dialect
        self.fields = tuple(f.name for f in fields(kind))  # type: ignore[arg-type]
        self.codecs: dict[str, Codec] = {n: codec_for(hints[n], dialect) for n in self.fields}
        self.written = tuple(n for n in self.fields if n != "id")
        self.columns = _quoted(self.fields)
        self.chunk = PARAMETERS // len(self.fields)
        columns = row._meta.fields_map
        self._types = {
            n: columns[n].get_for_dialect("postgres", "SQL_TYPE").partition(" COLLATE")[0]
            for n in self.fields
        }
        self._decoders = tuple(self.codecs[n].decode for n in self.fields)
        self._columns = Columns(kind, self.codecs.values())
        self._sound: set[tuple[type, ...]] = set()
        self._orderings: dict[str, str] = {}
        if not key:
            self._skip = ""
        else:
            self._skip = f" ON CONFLICT ({_quoted(key)}) DO NOTHING"

    # Rows and facts

    def fact(self, row: Sequence[Any]) -> F:
        """The fact a row in the order of `columns` stands for. Raises DamagedRow."""
        # Types are looked at as one tuple: a driver's values of another type decode by accident.
        if tuple(map(type, row)) in self._sound:
            try:
                return self.kind(
                    *[
                        value if decode is None or value is None else decode(value)
                        for decode, value in zip(self._decoders, row, strict=True)
                    ]
                )
            except UNREADABLE:
                pass
        return self._carefully(row)

    def many(self, rows: Sequence[Sequence[Any]]) -> list[F] | None:
        """The facts of many rows, or None where one of them cannot be read: see `fact`."""
        return self._columns.facts(rows)

    def _carefully(self, row: Sequence[Any]) -> F:
        """Field by field, to name the one that is wrong; types that are right are remembered."""
        known: dict[str, Any] = {}
        wrong: tuple[str, str] | None = None
        for name, value in zip(self.fields, row, strict=True):
            try:
                known[name] = self.codecs[name].read(value)
            except ValueError as error:
                wrong = wrong or (name, str(error))
        if wrong is not None:
            id_ = known.pop("id", 0)
            raise DamagedRow(Damaged(self.name, id_, *wrong, known))
        self._sound.add(tuple(map(type, row)))
        return self.kind(**known)

    def values(self, fact: F, names: Sequence[str]) -> list[Any]:
        """What is bound for these fields. Raises ValueError naming the field that is wrong."""
        codecs = self.codecs
        try:
            return [codecs[name].write(getattr(fact, name)) for name in names]
        except (TypeError, ValueError):
            for name in names:
                self.encode(name, getattr(fact, name))
            raise

    def encode(self, name: str, value: Any) -> Any:
        codec = self.codecs.get(name)
        if codec is None:
            raise ValueError(f"{self.kind.__name__} has no field {name!r}")
        try:
            return codec.write(value)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{self.kind.__name__}.{name}: {error}") from error

    # Statements

    def insert(self, rows: Sequence[list[Any]], *, with_ids: bool) -> tuple[str, list[Any]]:
        """Skips existing keys; returns the ids of what went in. `rows` hold the values of
        `fields`, or of `written` without ids; at most `chunk` of them."""
        names = self.fields if with_ids else self.written
        if self.dialect == "postgres" and len(rows) > 1:
            # A column at a time: one statement, parsed once, however many rows.
            source = f"SELECT * FROM unnest({self._arrays(names)})"
            args: list[Any] = [list(column) for column in zip(*rows, strict=True)]
        else:
            width = len(names)
            groups = (
                f"({', '.join(self._mark(at) for at in range(first, first + width))})"
                for first in range(1, len(rows) * width + 1, width)
            )
            source = f"VALUES {', '.join(groups)}"
            args = [value for row in rows for value in row]
        head = f'INSERT INTO "{self.name}" ({_quoted(names)}) '
        return f'{head}{source}{self._skip} RETURNING "id"', args

    def _arrays(self, names: Sequence[str]) -> str:
        return ", ".join(f"${at}::{self._types[name]}[]" for at, name in enumerate(names, 1))

    def upsert(self) -> str:
        """Writes the row under its key, new or not; returns the whole row."""
        kept = ", ".join(f'"{n}" = excluded."{n}"' for n in self.written if n not in self.key)
        marks = ", ".join(self._mark(at) for at in range(1, len(self.written) + 1))
        return (
            f'INSERT INTO "{self.name}" ({_quoted(self.written)}) VALUES ({marks}) '
            f"ON CONFLICT ({_quoted(self.key)}) DO UPDATE SET {kept} RETURNING {self.columns}"
        )

    def select(
        self, where: Mapping[str, Any], order: str = "id", limit: int | None = None, after: int = 0
    ) -> tuple[str, list[Any]]:
        """At most `limit` rows, leaving out the first `after` of them."""
        condition, args = self._where(where)
        ordering = self._orderings.get(order)
        if ordering is None:
            ordering = self._orderings[order] = self._ordering(order)
        cut = "" if limit is None else f" LIMIT {int(limit)}"
        if after:
            cut += f" OFFSET {int(after)}"
        return f'SELECT {self.columns} FROM "{self.name}"{condition}{ordering}{cut}', args

    def count(self, where: Mapping[str, Any]) -> tuple[str, list[Any]]:
        condition, args = self._where(where)
        return f'SELECT count(*) FROM "{self.name}"{condition}', args

    def delete(self, where: Mapping[str, Any]) -> tuple[str, list[Any]]:
        condition, args = self._where(where)
        return f'DELETE FROM "{self.name}"{condition} RETURNING "id"', args

    def update(
        self, changes: Mapping[str, Any], where: Mapping[str, Any], *, versioned: bool = False
    ) -> tuple[str, list[Any]]:
        """Returns the rows as they have become; `versioned` counts their version up."""
        args = [self.encode(name, value) for name, value in changes.items()]
        sets = [f'"{name}" = {self._mark(at)}' for at, name in enumerate(changes, 1)]
        if versioned:
            sets.append('"version" = "version" + 1')
        condition, more = self._where(where, len(args))
        return (
            f'UPDATE "{self.name}" SET {", ".join(sets)}{condition} RETURNING {self.columns}',
            args + more,
        )

    # Their parts

    def _mark(self, at: int) -> str:
        return "?" if self.dialect == "sqlite" else f"${at}"

    def _where(self, where: Mapping[str, Any], before: int = 0) -> tuple[str, list[Any]]:
        if not where:
            return "", []
        parts: list[str] = []
        args: list[Any] = []
        for name, value in where.items():
            parts.append(self._condition(name, value, args, before))
        return f" WHERE {' AND '.join(parts)}", args

    def _condition(self, name: str, value: Any, args: list[Any], before: int) -> str:
        field, _, suffix = name.partition("__")
        codec = self.codecs.get(field)
        if codec is None:
            raise ValueError(f"{self.kind.__name__} has no field {field!r}")
        if suffix not in _SUFFIXES:
            raise ValueError(f"no condition is called {name!r}")
        column = f'"{field}"'
        if suffix == "isnull" or (value is None and suffix in {"", "not"}):
            empty = bool(value) if suffix == "isnull" else suffix == ""
            return f"{column} IS {'' if empty else 'NOT '}NULL"
        if not codec.comparable:
            raise ValueError(f"{self.kind.__name__}.{field} is opaque and cannot be compared")
        if suffix == "in":
            return self._among(field, column, value, args, before)
        if value is None:
            raise ValueError(f"{name} needs a value to compare with")
        args.append(self.encode(field, value))
        mark = self._mark(before + len(args))
        if suffix == "":
            return f"{column} = {mark}"
        if suffix == "not":
            unlike = "IS NOT" if self.dialect == "sqlite" else "IS DISTINCT FROM"
            return f"{column} {unlike} {mark}" if codec.nullable else f"{column} <> {mark}"
        sign = _COMPARE[suffix]
        if codec.decimal and self.dialect == "sqlite":
            return f"decimal_key({column}) {sign} decimal_key({mark})"
        return f"{column} {sign} {mark}"

    def _among(self, field: str, column: str, value: Any, args: list[Any], before: int) -> str:
        """One parameter however many values, so one prepared statement serves them all."""
        if isinstance(value, str):
            raise ValueError(  # noqa: TRY004  # as every other senseless condition
                f"{field}__in takes several values, not one text"
            )
        members = list(value)
        encoded = [self.encode(field, member) for member in members if member is not None]
        if self.dialect == "sqlite":
            args.append(json.dumps(encoded))
            among = f"{column} IN (SELECT value FROM json_each({self._mark(before + len(args))}))"
        else:
            args.append(encoded)
            among = f"{column} = ANY({self._mark(before + len(args))})"
        return f"({among} OR {column} IS NULL)" if None in members else among

    def _ordering(self, order: str) -> str:
        """An empty value sorts before every other, and the id settles ties."""
        terms: list[str] = []
        names: list[str] = []
        for part in order.split(","):
            name = part.strip().removeprefix("-")
            descending = part.strip().startswith("-")
            codec = self.codecs.get(name)
            if codec is None:
                raise ValueError(f"{self.kind.__name__} has no field {name!r} to order by")
            if not codec.comparable:
                raise ValueError(f"{self.kind.__name__}.{name} is opaque and has no order")
            column = f'"{name}"'
            if codec.decimal and self.dialect == "sqlite":
                column = f"decimal_key({column})"
            term = f"{column} DESC" if descending else column
            if codec.nullable and self.dialect == "postgres":
                term += " NULLS LAST" if descending else " NULLS FIRST"
            terms.append(term)
            names.append(name)
        if "id" not in names:
            terms.append('"id"')
        return f" ORDER BY {', '.join(terms)}"


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
