"""Parts that die with their owner: a process killed between any two of its calls.

Each call to the journal or the broker is a moment at which the owner may die: before it, or right
after its effect. Once dead, nothing it still tries (a `finally`, say) reaches anything.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from random import Random
from types import TracebackType
from typing import Any

from trading.facts import MOVES

Seen = Callable[[type[Any], Any, Any], None]


class Killed(BaseException):
    """SIGKILL: no handler of ours catches it."""


class Life:
    """One owner's. `turns` gives the other owner a chance between two calls, as drawn by `die`."""

    def __init__(self, die: Random) -> None:
        self.is_over = False
        self.turns = 0  # at most so many before each call
        self._die = die
        self._left: int | None = None
        self._after = False

    def ends_in(self, calls: int, *, after: bool) -> None:
        """Dies at that call, before or after its effect."""
        self._left, self._after = calls, after

    def spared(self) -> None:
        """The call it was to die at never came."""
        self._left = None

    async def call(self, effect: Callable[[], Any]) -> Any:
        for _ in range(self._die.randint(0, self.turns)):
            await asyncio.sleep(0)
        dies = self.is_dying()
        if dies and not self._after:
            self.end()
        result = await effect()
        if dies:
            self.end()
        return result

    def is_dying(self) -> bool:
        """Counts one call."""
        if self.is_over:
            raise Killed
        if self._left is None:
            return False
        self._left -= 1
        return self._left < 0

    def end(self) -> None:
        self.is_over = True
        raise Killed

    @property
    def dies_after(self) -> bool:
        return self._after


class MortalJournal:
    """`trading.ports.Journal`; what an owner's death leaves open is rolled back. `seen` is told of
    every change of state."""

    def __init__(self, journal: Any, life: Life, seen: Seen) -> None:
        self.journal = journal
        self.life = life
        self._seen = seen

    def transaction(self) -> AbstractAsyncContextManager[None]:
        return _Scope(self)

    async def append(self, facts: Any) -> Any:
        return await self.life.call(lambda: self.journal.append(facts))

    async def move(self, fact: Any, **changes: Any) -> Any:
        moved = await self.life.call(lambda: self.journal.move(fact, **changes))
        if moved is not None and type(fact) in MOVES and "state" in changes:
            self._seen(type(fact), fact.state, moved.state)
        return moved

    async def read(self, kind: Any, /, **where: Any) -> Any:
        return await self.life.call(lambda: self.journal.read(kind, **where))

    async def first(self, kind: Any, /, **where: Any) -> Any:
        return await self.life.call(lambda: self.journal.first(kind, **where))

    async def count(self, kind: Any, /, **where: Any) -> Any:
        return await self.life.call(lambda: self.journal.count(kind, **where))

    async def remove(self, kind: Any, /, **where: Any) -> Any:
        return await self.life.call(lambda: self.journal.remove(kind, **where))

    @property
    def away(self) -> Any:
        return self.journal.away

    @property
    def damage(self) -> Any:
        return self.journal.damage

    async def damaged(self, *kinds: Any, **where: Any) -> Any:
        return await self.life.call(lambda: self.journal.damaged(*kinds, **where))

    async def mended(self) -> Any:
        return await self.life.call(self.journal.mended)


class _Scope:
    def __init__(self, owner: MortalJournal) -> None:
        self._life = owner.life
        self._inner = owner.journal.transaction()

    async def __aenter__(self) -> None:
        began = False

        async def begin() -> None:
            nonlocal began
            await self._inner.__aenter__()
            began = True

        try:
            await self._life.call(begin)
        except Killed as killed:
            if began:
                await self._inner.__aexit__(Killed, killed, None)
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            await self._inner.__aexit__(kind, error, trace)
            return
        try:
            dies = self._life.is_dying()
            if dies and not self._life.dies_after:
                self._life.end()
        except Killed as killed:
            await self._inner.__aexit__(Killed, killed, None)
            raise
        await self._inner.__aexit__(None, None, None)
        if dies:
            self._life.end()


class MortalBroker:
    """`trading.ports.Broker`: the broker lives on, whoever asked it does not."""

    ASKED = ("submit", "find", "cancel", "fills", "positions", "account", "working", "terms")

    def __init__(self, broker: Any, life: Life) -> None:
        self.broker = broker
        self.life = life

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.broker, name)
        if name not in self.ASKED:
            return found

        async def asked(*args: Any) -> Any:
            return await self.life.call(lambda: found(*args))

        return asked
