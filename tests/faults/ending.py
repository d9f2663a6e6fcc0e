"""How a run of the state machine ends: the broker is well again, and both books are compared."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from desk import invariants, squareoff
from desk.halt import trading_state
from tests.world import ANN
from trading.facts import Request, RequestState, Trading
from trading.orders import AT_BROKER, IN_DOUBT, Fill, Order, OrderState
from trading.signals import Signal, SignalState

ROUNDS = 60  # of five seconds and then of a night, in which everything must settle
LOOKS = 4


def nothing(found: Sequence[object]) -> None:
    assert not found, "\n".join(str(one) for one in found)


class AtRest:
    """What the machine knows of the broker's own book."""

    settled: ClassVar[Counter[str]] = Counter()
    adversary: Any
    desk: Any
    faults: Any
    graves: set[str]
    owners: dict[str, Any]
    paper: Any
    wall: Any
    passes: Any
    night: Any
    deliver: Any
    ask: Any
    _start: Any
    adopt_all: Any

    def truth(self, order: Order) -> str:
        """What somebody sees who looks at the broker's own page, again and again if need be."""
        coming = {late.key for _, late in self.adversary._late}
        if coming or (order.owner and order.owner not in self.graves):
            return "ask"
        return "there" if order.key in self.paper.statement.newest else "absent yes"

    def placed_twice(self) -> list[str]:
        """Read from the broker's own book."""
        tickets = self.paper.statement.tickets.values()
        refused = (OrderState.REJECTED,)
        keys = Counter(t.order.key for t in tickets if t.state not in refused)
        return [key for key, times in keys.items() if times > 1]

    async def settle(self) -> None:
        """The broker is well again and time passes: then all is done, on both sides alike."""
        self.adversary.script.clear()
        self.adversary.set(replace(self.faults, duplicate=0.0, reorder=0.0, parts=1))
        for owner in self.owners.values():
            await self._start(owner.desk)
        for turn in range(ROUNDS):
            await self.passes(5.0)
            for owner in self.owners.values():
                await owner.look()
                await owner.sweep()
            await self.answer_doubts()
            if turn >= ROUNDS // 2:
                await self.night()
            if turn % LOOKS == 0 and await self.is_at_rest():
                break
        for _ in range(2):  # what was hidden shows, and is collected by whoever looks
            await self.passes(self.adversary.settles_in.total_seconds() + 1.0)
            for owner in self.owners.values():
                await owner.look()
        await self.adopt_all()
        await self.deliver()
        found = await invariants.findings(self.desk, at_rest=True)
        nothing([f"{finding.rule}: {finding.text}" for finding in found])
        await self.compare()

    async def answer_doubts(self) -> None:
        """Operators answer what nobody else can, truthfully."""
        for order in await self.desk.journal.read(
            Order, state__in=tuple(IN_DOUBT), asked_at__isnull=False
        ):
            await self.ask(f"unknown {order.id} {self.truth(order)}", ANN, True)

    async def is_at_rest(self) -> bool:
        journal = self.desk.journal
        if self.adversary.is_away or await journal.count(Order, state__in=tuple(AT_BROKER)):
            return False
        if await journal.count(Order, state=OrderState.PLANNED):
            return False
        if await journal.count(Request, state=RequestState.NEW):
            return False
        if await journal.count(Signal, state=SignalState.PENDING):
            return False
        return not await squareoff.under_way(self.desk)

    async def compare(self) -> None:
        """The broker's own book against ours: nothing lost, nothing doubled."""
        journal = self.desk.journal
        assert await self.is_at_rest(), "something never came to rest"
        orders = {order.key: order for order in await journal.read(Order)}
        nothing(self.placed_twice())
        for ticket in self.paper.statement.tickets.values():
            assert ticket.order.key in orders, f"{ticket.order.key} is lost"
            ours = orders[ticket.order.key]
            assert ours.state is ticket.state, (ours.key, ours.state, ticket.state)
        theirs = {fill.execution_id for fill in self.paper.statement.executions}
        fills = [fill for fill in await journal.read(Fill) if not fill.is_adopted]
        booked = [fill.execution_id for fill in fills]
        nothing(sorted(theirs.symmetric_difference(booked)))
        assert len(booked) == len(theirs), booked
        for owner in (self.desk, *(o.desk for o in self.owners.values())):
            ledger = await owner.books.ledger()
            held = {h.symbol: h.quantity for h in self.paper.statement.holdings()}
            assert ledger.net("paper") == held, (ledger.net("paper"), held)
        self.settled["filled"] += sum(o.state is OrderState.FILLED for o in orders.values())
        self.settled["adopted"] += await journal.count(Fill) - len(fills)
        self.settled["orders"] += len(orders)
        self.settled["halted"] += await trading_state(self.desk) is Trading.HALTED
