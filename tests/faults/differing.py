"""What the state machine does to make the books differ, and to settle it: positions that come and
go behind our back, starts that compare, operators who adopt, ignore and close."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from desk import reconcile, starting
from desk.console import differences
from desk.desk import Desk
from desk.differences import ADOPT, CLOSE, IGNORE, Difference, Shift, ordered
from tests.world import ANN, BOB, D

SYMBOLS = ("AAPL", "MSFT", "NVDA")
ACTS = (ADOPT, IGNORE, CLOSE)

owners = st.sampled_from(("a", "b"))
operators = st.sampled_from((ANN, BOB))
which = st.integers(0, 7)


class Differing:
    adversary: Any
    desk: Any
    market: Any
    owners: dict[str, Any]
    tape: Any
    wall: Any
    passes: Any
    receive: Any
    run: Any

    @rule(
        symbol=st.sampled_from(SYMBOLS),
        quantity=st.sampled_from((-40, -7, 3, 20)),
        rarely=st.sampled_from((True, False, False)),
    )
    def transferred(self, symbol: str, quantity: int, rarely: bool) -> None:
        """Nobody is shown an execution."""
        if rarely:
            self.adversary.transfer(symbol, D(quantity), self.tape.prices[symbol])

    @rule(name=owners)
    def reconcile(self, name: str) -> None:
        self.run(self._reconcile(self.owners[name].desk))

    async def _reconcile(self, desk: Desk) -> None:
        await differences.tell(desk, await reconcile.check(desk, self.passes))

    @rule(name=owners)
    def start(self, name: str) -> None:
        """Whoever came back compares the books before it sends."""
        self.run(self._start(self.owners[name].desk))

    async def _start(self, desk: Desk) -> None:
        if not desk.reconciled:
            desk.rest = self.passes
            await starting.reconcile_at_start(desk)

    @rule(
        name=owners,
        act=st.sampled_from(ACTS),
        back=which,
        first=operators,
        second=operators,
        seconds=st.sampled_from((0.0, 0.0, 2.5, 660.0)),
    )
    def press_difference(
        self, name: str, act: str, back: int, first: Any, second: Any, seconds: float
    ) -> None:
        """One asks, one or both say yes, perhaps too late."""
        self.run(self._press_difference(self.owners[name], act, back, first, second, seconds))

    async def _press_difference(
        self, owner: Any, act: str, back: int, first: Any, second: Any, seconds: float
    ) -> None:
        found = ordered((await reconcile.check(owner.desk, self.passes)).found)
        if not found:
            return
        row = found[back % len(found)]
        await self.said(row, act, first)
        await owner.sweep()
        asked = self.wall.at.isoformat()
        await self.passes(seconds)
        for operator in {first.id: first, second.id: second}.values():
            await self.said(row, act, operator, asked, "yes")
        await owner.sweep()

    async def said(self, row: Difference, act: str, by: Any, *yes: str) -> None:
        await self.receive("reconcile", (act, *row.words, *yes), by, pressed=True)

    async def adopt_all(self) -> None:
        """Operators settle what is left, once all else is at rest."""
        reading = await reconcile.check(self.desk, self.passes)
        for row in ordered(reading.found):
            assert isinstance(row, Shift), f"nobody transferred {row.text}"
            await self.said(row, ADOPT, ANN, self.wall.at.isoformat(), "yes")
        for owner in self.owners.values():
            await owner.sweep()
