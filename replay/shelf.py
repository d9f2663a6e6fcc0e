"""Shelves of the journal in memory: one kind of fact each, found by what is asked of them."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields
from operator import attrgetter, ge, gt, le, lt
from typing import Any, get_origin, get_type_hints

from trading.facts import MOVES, UNIQUE

#: On a longer shelf, a field asked for by order is looked at: does it rise from id to id?
SCAN = 64

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
        self.equals = frozenset(names) - self.opaque  # those that an index may be made of
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
        self.rising: dict[str, tuple[list[Any], list[int]] | None] = {}
        self.next = 1
        self._questions: dict[tuple[str, ...], list[tuple[str, str]]] = {}  # understood before
        self._orders: dict[str, list[tuple[Callable[[Any], Any], bool]]] = {}

    # Writing

    def put(self, id_: int, old: Any, new: Any, changed: Collection[str] | None = None) -> None:
        """What was `old` under this id becomes `new`; None, on either side, is no fact. They
        differ in no other field than those `changed`, where that is known."""
        if new is None:
            del self.rows[id_]
            if self.key is not None:
                del self.keys[self.key(old)]
        else:
            self.rows[id_] = new
            if old is None and self.key is not None:
                self.keys[self.key(new)] = id_
        for name in self.indexes if changed is None else changed:
            if (index := self.indexes.get(name)) is None:
                continue
            get = self.get[name]
            if old is None:
                index.setdefault(get(new), {})[id_] = None
            elif new is None:
                del index[get(old)][id_]
            elif (was := get(old)) != (now := get(new)):
                del index[was][id_]
                index.setdefault(now, {})[id_] = None
        if self.rising and (changed is None or not self.rising.keys().isdisjoint(changed)):
            self._climb(id_, old, new)

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
        if view is None and len(where) == 1:  # the questions asked most
            if "id" in where:
                fact = rows.get(where["id"])
                return [] if fact is None else [fact]
            if where.get("id__gt", -1) >= self.next - 1:
                return []
            [(name, value)] = where.items()
            if name in self.equals:
                return [rows[id_] for id_ in sorted(self._index(name).get(value, ()))]
        names = tuple(where)
        asked = self._questions.get(names)
        if asked is None:
            asked = self._questions[names] = [self._condition(name) for name in names]
        conditions = [(*one, value) for one, value in zip(asked, where.values(), strict=True)]
        ids, answered = self._candidates(conditions) if view is None and rows else (None, None)
        if ids is None:
            found = list(rows.values())
        elif isinstance(ids, range):
            found = [rows[id_] for id_ in ids if id_ in rows]
        else:
            found = [rows[id_] for id_ in sorted(ids)]
        for place, (field, suffix, value) in enumerate(conditions):
            if place != answered:
                found = self._kept(found, field, suffix, value)
        return found

    def _candidates(
        self, conditions: Sequence[tuple[str, str, Any]]
    ) -> tuple[Collection[int] | None, int | None]:
        """The fewest ids that can answer, or None for all; and which condition they answer."""
        fewest, best, answered = len(self.rows) + 1, None, None
        for place, (field, suffix, value) in enumerate(conditions):
            parts = self._parts(field, suffix, value)
            if parts is not None and (size := sum(map(len, parts))) < fewest:
                fewest, best, answered = size, parts, place
        if best is None:
            return None, None
        if len(best) == 1:
            return best[0], answered
        return [id_ for part in best for id_ in part], answered

    def _parts(self, field: str, suffix: str, value: Any) -> Sequence[Collection[int]] | None:
        """The ids that answer one condition, in parts; None where no index knows."""
        if field == "id" and suffix in {"", "gt", "gte"} and isinstance(value, int):
            first = max(value + (suffix == "gt"), 1)
            return [range(first, min(first + 1, self.next) if suffix == "" else self.next)]
        if suffix in {"gt", "gte"} and value is not None:
            rising = self._rising(field)
            if rising is None:
                return None
            values, ids = rising
            return [ids[(bisect_right if suffix == "gt" else bisect_left)(values, value) :]]
        if suffix == "":
            return [self._index(field).get(value, ())]
        if suffix != "in" or isinstance(value, str):
            return None
        index = self._index(field)
        return [index[member] for member in set(value) if member in index]

    def _index(self, field: str) -> Mapping[Any, dict[int, None]]:
        """By value of a field, the ids that have it; kept from the first question on."""
        index = self.indexes.get(field)
        if index is None:
            index = self.indexes[field] = {}
            get = self.get[field]
            for id_, fact in self.rows.items():
                index.setdefault(get(fact), {})[id_] = None
        return index

    def _rising(self, field: str) -> tuple[list[Any], list[int]] | None:
        """Values and ids of a field that never falls from one id to the next, or None."""
        if field not in self.rising and len(self.rows) > SCAN:
            get = self.get[field]
            values, ids = [get(fact) for fact in self.rows.values()], list(self.rows)
            rises = None not in values and all(map(le, values, values[1:]))
            self.rising[field] = (values, ids) if rises else None
        return self.rising.get(field)

    def _climb(self, id_: int, old: Any, new: Any) -> None:
        """Keep the rising fields true: a fact was added at the end, changed, or taken away."""
        for name, rising in list(self.rising.items()):
            if rising is None:
                continue
            values, ids = rising
            now = None if new is None else self.get[name](new)
            if (
                old is None
                and now is not None
                and (not ids or (ids[-1] < id_ and values[-1] <= now))
            ):
                values.append(now)
                ids.append(id_)
            elif new is None:
                del self.rising[name]  # looked at again when it is next asked for
            elif old is None or self.get[name](old) != now:
                self.rising[name] = None

    def _condition(self, name: str) -> tuple[str, str]:
        field, _, suffix = name.partition("__")
        if field not in self.position:
            raise ValueError(f"{self.kind.__name__} has no field {field!r}")
        if suffix not in _SUFFIXES:
            raise ValueError(f"no condition is called {name!r}")
        if field in self.opaque and suffix != "isnull":
            raise ValueError(f"{self.kind.__name__}.{field} is opaque and cannot be compared")
        return field, suffix

    def _kept(self, found: list[Any], field: str, suffix: str, value: Any) -> list[Any]:
        """Those of `found` that answer the condition."""
        get = self.get[field]
        if suffix == "":
            return [fact for fact in found if get(fact) == value]
        if suffix == "not":
            return [fact for fact in found if get(fact) != value]
        if suffix == "isnull":
            return [fact for fact in found if (get(fact) is None) == bool(value)]
        if suffix == "in":
            if isinstance(value, str):
                raise ValueError(f"{field}__in takes several values, not one text")
            members = frozenset(value)
            return [fact for fact in found if get(fact) in members]
        if value is None:
            raise ValueError(f"{field}__{suffix} needs a value to compare with")
        compare = _COMPARE[suffix]
        return [f for f in found if (mine := get(f)) is not None and compare(mine, value)]

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


def _is_opaque(hint: Any) -> bool:
    """Whether a field is a mapping, a tuple or bytes, which no database compares."""
    origin = get_origin(hint)
    mapping = isinstance(origin, type) and issubclass(origin, Mapping)
    return mapping or origin is tuple or hint is bytes
