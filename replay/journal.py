"""The journal in memory: the same contract in plain dicts, microseconds an operation."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from operator import attrgetter
from typing import Any, TypeVar, get_args

from replay.shelf import Shelf
from trading.damage import Damaged
from trading.facts import Fact

F = TypeVar("F")

_HALF_DONE = (
    "nothing was recorded: an exception left a nested transaction and was caught inside the outer"
)
_by_id = attrgetter("id")


class MemoryJournal:
    """Everything ends with the process. One event loop; any number of its tasks, or `alone` one,
    which spares every call the question whose transaction it is."""

    def __init__(self, *, alone: bool = False) -> None:
        self._task: Callable[[], Any] = (lambda: self) if alone else asyncio.current_task
        self._shelves: dict[type[Any], Shelf] = {kind: Shelf(kind) for kind in get_args(Fact)}
        self._lock = asyncio.Lock()
        self._owner: Any = None
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
        self._put(shelf, old.id, old, new, (*changes, "version"))
        return new

    async def read(
        self, kind: type[F], /, *, order: str = "id", limit: int | None = None, **where: Any
    ) -> list[F]:
        """`order` is a field name, "-" before it for descending; several joined by commas.

        An empty value sorts first, ties by id; `__not` also matches empty fields.
        """
        return self._read(kind, order, limit, where)

    def _read(
        self, kind: type[F], order: str, limit: int | None, where: Mapping[str, Any]
    ) -> list[F]:
        shelf = self._shelf(kind)
        found = shelf.find(where, self._committed(shelf) if self._is_anothers() else None)
        if order == "-id":
            found.reverse()
        elif order != "id":
            shelf.sort(found, order)
        return found if limit is None else found[:limit]

    async def first(self, kind: type[F], /, *, order: str = "id", **where: Any) -> F | None:
        found = self._read(kind, order, 1, where)
        return found[0] if found else None

    async def count(self, kind: type[Any], /, **where: Any) -> int:
        return len(self._read(kind, "id", None, where))

    @property
    def away(self) -> str:
        return ""

    @property
    def damage(self) -> Sequence[Damaged]:
        """Nothing here is ever read back from a disk."""
        return ()

    async def damaged(self, *kinds: type[Any], **where: Any) -> list[Damaged]:
        return []

    async def mended(self) -> list[Damaged]:
        return []

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
        try:
            return self._shelves[kind]
        except KeyError:
            raise ValueError(f"the journal keeps no {kind.__name__}") from None

    def _put(
        self, shelf: Shelf, id_: int, old: Any, new: Any, changed: Collection[str] | None = None
    ) -> None:
        if self._owner is not None:
            self._undo.append((shelf, id_, old))
        shelf.put(id_, old, new, changed)

    def _is_anothers(self) -> bool:
        return self._owner is not None and self._owner is not self._task()

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
        task = self._task()
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
