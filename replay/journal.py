"""The journal in memory: the same contract in plain dicts, microseconds an operation."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import fields
from operator import attrgetter, ge, gt, le, lt
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from trading.facts import MOVES, UNIQUE, Fact

F = TypeVar("F")

#: On a longer shelf, a field asked for by equality is indexed from then on.
SCAN = 64

_HALF_DONE = (
    "nothing was recorded: an exception left a nested transaction and was caught inside the outer"
)
_by_id = attrgetter("id")
_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {"lt": lt, "lte": le, "gt": gt, "gte": ge}
_SUFFIXES = frozenset({"", "in", "not", "isnull", *_COMPARE})


class Shelf:
    """One kind's facts by id, by unique key, and by the fields they are asked for."""

    def __init__(self, kind: type[Any]) -> None:
        hints = get_type_hints(kind)
        names = tuple(f.name for f in fields(kind))
        self.kind = kind
        self.get = {name: attrgetter(name) for name in names}
        self.values = attrgetter(*names)
        self.position = {name: at for at, name in enumerate(names)}
        self.opaque = frozenset(name for name in names if _is_opaque(hints[name]))
        self.versioned = "version" in names
        key = UNIQUE.get(kind, ())
        self.key: Callable[[Any], Any] | None = attrgetter(*key) if key else None
        self.fixed = frozenset({"id", "version", *key})
        self.moves: Mapping[Any, Collection[Any]] | None = MOVES.get(kind)
        self.rows: dict[int, Any] = {}  # in the order of ids
        self.keys: dict[Any, int] = {}
        self.indexes: dict[str, dict[Any, dict[int, None]]] = {}
        if "state" in self.position:
            self.indexes["state"] = {}
        self.next = 1
        self._conditions: dict[str, tuple[str, str]] = {}
        self._orders: dict[str, list[tuple[Callable[[Any], Any], bool]]] = {}

    # Writing

    def put(self, id_: int, old: Any, new: Any) -> None:
        """What was `old` under this id becomes `new`; None, on either side, is no fact."""
        if new is None:
            del self.rows[id_]
            if self.key is not None:
                del self.keys[self.key(old)]
        else:
            self.rows[id_] = new
            if old is None and self.key is not None:
                self.keys[self.key(new)] = id_
        for name, index in self.indexes.items():
            get = self.get[name]
            if old is None:
                index.setdefault(get(new), {})[id_] = None
            elif new is None:
                del index[get(old)][id_]
            elif (was := get(old)) != (now := get(new)):
                del index[was][id_]
                index.setdefault(now, {})[id_] = None

    def with_id(self, fact: Any, id_: int) -> Any:
        values = list(self.values(fact))
        values[self.position["id"]] = id_
        return self.kind(*values)

    def moved(self, fact: Any, changes: Mapping[str, Any]) -> Any:
        values = list(self.values(fact))
        for name, value in changes.items():
            values[self.position[name]] = value
        values[self.position["version"]] += 1
        return self.kind(*values)

    def check_move(self, fact: Any, changes: Mapping[str, Any]) -> None:
        """Raises ValueError for a change the journal refuses."""
        name = self.kind.__name__.lower()
        if not self.versioned:
            raise ValueError(f"a {name} is only appended, never changed")
        for field in changes:
            if field in self.fixed:
                raise ValueError(f"a {name}'s {field} never changes")
            if field not in self.position:
                raise ValueError(f"{self.kind.__name__} has no field {field!r}")
        if self.moves is not None and "state" in changes:
            state = changes["state"]
            if state not in self.moves.get(fact.state, ()):
                raise ValueError(f"{name} {fact.id} cannot go from {fact.state} to {state}")

    # Reading

    def find(self, where: Mapping[str, Any], view: Mapping[int, Any] | None = None) -> list[Any]:
        """The facts that answer every condition, by id; `view` replaces the rows and indexes."""
        rows = self.rows if view is None else view
        conditions = [(*self._condition(name), value) for name, value in where.items()]
        tests = [self._test(*condition) for condition in conditions]
        ids = self._candidates(conditions) if view is None else None
        if ids is None:
            found = list(rows.values())
        elif isinstance(ids, range):
            found = [rows[id_] for id_ in ids if id_ in rows]
        else:
            found = [rows[id_] for id_ in sorted(ids)]
        for test in tests:
            found = [fact for fact in found if test(fact)]
        return found

    def _candidates(self, conditions: Sequence[tuple[str, str, Any]]) -> Collection[int] | None:
        """The fewest ids that can answer, or None for all."""
        best: Collection[int] | None = None
        for field, suffix, value in conditions:
            ids: Collection[int] | None = None
            if field == "id" and suffix in {"", "gt", "gte"} and isinstance(value, int):
                first = max(value + (suffix == "gt"), 1)
                ids = range(first, min(first + 1, self.next) if suffix == "" else self.next)
            elif suffix == "":
                index = self._index(field)
                ids = None if index is None else index.get(value, {})
            elif suffix == "in":
                index = self._index(field)
                if index is not None:
                    ids = [id_ for member in set(value) for id_ in index.get(member, ())]
            if ids is not None and (best is None or len(ids) < len(best)):
                best = ids
        return best

    def _index(self, field: str) -> Mapping[Any, dict[int, None]] | None:
        index = self.indexes.get(field)
        if index is None and len(self.rows) > SCAN:
            index = self.indexes[field] = {}
            get = self.get[field]
            for id_, fact in self.rows.items():
                index.setdefault(get(fact), {})[id_] = None
        return index

    def _condition(self, name: str) -> tuple[str, str]:
        known = self._conditions.get(name)
        if known is None:
            field, _, suffix = name.partition("__")
            if field not in self.position:
                raise ValueError(f"{self.kind.__name__} has no field {field!r}")
            if suffix not in _SUFFIXES:
                raise ValueError(f"no condition is called {name!r}")
            if field in self.opaque and suffix != "isnull":
                raise ValueError(f"{self.kind.__name__}.{field} is opaque and cannot be compared")
            known = self._conditions[name] = field, suffix
        return known

    def _test(self, field: str, suffix: str, value: Any) -> Callable[[Any], bool]:
        get = self.get[field]
        if suffix == "":
            return lambda fact: get(fact) == value
        if suffix == "not":
            return lambda fact: get(fact) != value
        if suffix == "isnull":
            return lambda fact: (get(fact) is None) == bool(value)
        if suffix == "in":
            if isinstance(value, str):
                raise ValueError(f"{field}__in takes several values, not one text")
            members = frozenset(value)
            return lambda fact: get(fact) in members
        if value is None:
            raise ValueError(f"{field}__{suffix} needs a value to compare with")
        compare = _COMPARE[suffix]
        return lambda fact: (mine := get(fact)) is not None and compare(mine, value)

    def sort(self, found: list[Any], order: str) -> None:
        """In place; an empty value sorts before every other, and the id settles ties."""
        keys = self._orders.get(order)
        if keys is None:
            keys = self._orders[order] = [self._order(part) for part in order.split(",")]
        for key, descending in reversed(keys):
            found.sort(key=key, reverse=descending)

    def _order(self, part: str) -> tuple[Callable[[Any], Any], bool]:
        name = part.strip().removeprefix("-")
        if name not in self.position:
            raise ValueError(f"{self.kind.__name__} has no field {name!r} to order by")
        if name in self.opaque:
            raise ValueError(f"{self.kind.__name__}.{name} is opaque and has no order")
        get = self.get[name]

        def empty_first(fact: Any) -> tuple[bool, Any]:
            value = get(fact)
            return value is not None, value

        return empty_first, part.strip().startswith("-")


class MemoryJournal:
    """Everything ends with the process. One event loop; any number of its tasks."""

    def __init__(self) -> None:
        self._shelves: dict[type[Any], Shelf] = {kind: Shelf(kind) for kind in get_args(Fact)}
        self._lock = asyncio.Lock()
        self._owner: asyncio.Task[Any] | None = None
        self._depth = 0
        self._doomed = False
        self._undo: list[tuple[Shelf, int, Any]] = []
        self._scope = _Scope(self)

    def transaction(self) -> AbstractAsyncContextManager[None]:
        """All or nothing, one task at a time. Nested, it joins: an exception that leaves a nested
        block rolls all back, and if it is caught inside the outer one, that one raises."""
        return self._scope

    async def append(self, facts: Sequence[F]) -> list[F]:
        """Record facts of one kind; those whose unique key exists are skipped. Returns the new
        ones in the order given, with their ids."""
        if not facts:
            return []
        shelf = self._shelf(type(facts[0]))
        if any(type(fact) is not shelf.kind for fact in facts):
            raise ValueError("facts of one kind are appended at a time")
        if self._is_anothers():
            async with self._scope:
                return self._append(shelf, facts)
        return self._append(shelf, facts)

    def _append(self, shelf: Shelf, facts: Sequence[F]) -> list[F]:
        added: list[F] = []
        for fact in facts:
            if shelf.key is not None and shelf.key(fact) in shelf.keys:
                continue
            id_ = shelf.next
            shelf.next += 1
            new = shelf.with_id(fact, id_)
            self._put(shelf, id_, None, new)
            added.append(new)
        return added

    async def move(self, fact: F, **changes: Any) -> F | None:
        """Compare-and-set on (id, version): the moved fact, or None if somebody was first.

        Raises ValueError for an illegal change of state, an unknown field, a change of identity,
        or a kind that is only appended.
        """
        shelf = self._shelf(type(fact))
        shelf.check_move(fact, changes)
        if self._is_anothers():
            async with self._scope:
                return self._move(shelf, fact, changes)
        return self._move(shelf, fact, changes)

    def _move(self, shelf: Shelf, fact: F, changes: Mapping[str, Any]) -> F | None:
        old: Any = shelf.rows.get(fact.id)  # type: ignore[attr-defined]
        if old is None or old.version != fact.version:  # type: ignore[attr-defined]
            return None
        new: F = shelf.moved(old, changes)
        self._put(shelf, old.id, old, new)
        return new

    async def read(
        self, kind: type[F], /, *, order: str = "id", limit: int | None = None, **where: Any
    ) -> list[F]:
        """`order` is a field name, "-" before it for descending; several joined by commas.

        An empty value sorts first, ties by id; `__not` also matches empty fields.
        """
        shelf = self._shelf(kind)
        found = shelf.find(where, self._committed(shelf) if self._is_anothers() else None)
        if order == "-id":
            found.reverse()
        elif order != "id":
            shelf.sort(found, order)
        return found if limit is None else found[:limit]

    async def first(self, kind: type[F], /, *, order: str = "id", **where: Any) -> F | None:
        found = await self.read(kind, order=order, limit=1, **where)
        return found[0] if found else None

    async def count(self, kind: type[Any], /, **where: Any) -> int:
        return len(await self.read(kind, **where))

    async def remove(self, kind: type[Any], /, **where: Any) -> int:
        """Prune; for rows that are caches or handled. Returns how many went."""
        shelf = self._shelf(kind)
        if self._is_anothers():
            async with self._scope:
                return self._remove(shelf, where)
        return self._remove(shelf, where)

    def _remove(self, shelf: Shelf, where: Mapping[str, Any]) -> int:
        gone = shelf.find(where)
        for fact in gone:
            self._put(shelf, fact.id, fact, None)
        return len(gone)

    # In bulk

    def facts(self, kind: type[F]) -> list[F]:
        """All of one kind, by id."""
        return list(self._shelf(kind).rows.values())

    def everything(self) -> dict[type[Any], list[Any]]:
        """All facts by kind, as `load` takes them."""
        return {kind: self.facts(kind) for kind in self._shelves}

    def load(self, facts: Mapping[type[Any], Iterable[Any]]) -> None:
        """Takes facts with the ids they carry. Raises ValueError unless this journal is empty."""
        if any(shelf.rows for shelf in self._shelves.values()):
            raise ValueError("facts are loaded into an empty journal")
        for kind, several in facts.items():
            shelf = self._shelf(kind)
            for fact in sorted(several, key=_by_id):
                shelf.put(fact.id, None, fact)
                shelf.next = fact.id + 1

    # Transactions

    def _shelf(self, kind: type[Any]) -> Shelf:
        shelf = self._shelves.get(kind)
        if shelf is None:
            raise ValueError(f"the journal keeps no {kind.__name__}")
        return shelf

    def _put(self, shelf: Shelf, id_: int, old: Any, new: Any) -> None:
        if self._owner is not None:
            self._undo.append((shelf, id_, old))
        shelf.put(id_, old, new)

    def _is_anothers(self) -> bool:
        return self._owner is not None and self._owner is not asyncio.current_task()

    def _committed(self, shelf: Shelf) -> dict[int, Any]:
        """The shelf as it was before the transaction another task has open."""
        view = dict(shelf.rows)
        for changed, id_, old in reversed(self._undo):
            if changed is shelf:
                if old is None:
                    view.pop(id_, None)
                else:
                    view[id_] = old
        return dict(sorted(view.items()))

    async def _enter(self) -> None:
        task = asyncio.current_task()
        if self._owner is not None and self._owner is task:
            self._depth += 1
            return
        await self._lock.acquire()
        self._owner = task
        self._depth = 1
        self._doomed = False

    def _leave(self, *, failed: bool) -> None:
        self._depth -= 1
        if self._depth:
            self._doomed = self._doomed or failed
            return
        if failed or self._doomed:
            self._roll_back()
        self._undo.clear()
        self._owner = None
        self._lock.release()
        if self._doomed and not failed:
            raise RuntimeError(_HALF_DONE)

    def _roll_back(self) -> None:
        disordered: set[Shelf] = set()
        for shelf, id_, old in reversed(self._undo):
            now = shelf.rows.get(id_)
            shelf.put(id_, now, old)
            if now is None:
                disordered.add(shelf)
        for shelf in disordered:
            shelf.rows = dict(sorted(shelf.rows.items()))


class _Scope:
    """The one reusable block that `transaction()` hands out; who holds it is the journal's."""

    def __init__(self, journal: MemoryJournal) -> None:
        self._journal = journal

    async def __aenter__(self) -> None:
        await self._journal._enter()

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._journal._leave(failed=kind is not None)


def _is_opaque(hint: Any) -> bool:
    """Whether a field is a mapping, a tuple or bytes, which no database compares."""
    origin = get_origin(hint)
    mapping = isinstance(origin, type) and issubclass(origin, Mapping)
    return mapping or origin is tuple or hint is bytes
