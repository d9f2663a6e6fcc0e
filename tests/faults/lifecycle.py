"""The life of an order as a state machine: two owners who die, an adversary of a broker, two
operators. Whatever they do in whatever order, the invariants hold."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from datetime import UTC, timedelta
from math import ceil
from random import Random
from typing import Any, ClassVar

import numpy as np
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from brokers.adversary import Adversary, Fate, Faults
from brokers.costs import Costs
from brokers.paper import PaperBroker
from db.journal import open_journal
from desk import decide, execute, halt, inbox, invariants, propose
from desk.console import verbs
from desk.desk import Desk
from replay.journal import MemoryJournal
from tests.faults.differing import SYMBOLS, Differing, operators, owners, which
from tests.faults.ending import AtRest, nothing
from tests.faults.mortal import Killed, Life, MortalBroker, MortalJournal
from tests.world import ANN, BOB, MONDAY, D, Stocks, Tape, Weekdays, World, at, world
from trading.bars import Answer
from trading.clocks import SimulatedClock
from trading.errors import BrokerError, QuarterdeckError
from trading.facts import Notice, NoticeState, Request, RequestState
from trading.orders import IN_DOUBT, WORKING, Order
from trading.owners import Alone
from trading.signals import Signal, SignalState
from trading.types import Moment
from worker import rounds

TUESDAY = MONDAY.replace(day=4)
OWNERS = ("a", "b")
COMMANDS = (
    "resume yes", "resume yes", "halt", "orders", "positions", "squareoff yes", "reduce",
    "halt dip", "resume dip yes", "resume paper yes", "squareoff dip yes", "squareoff AAPL yes",
)  # fmt: skip

deaths = st.tuples(st.integers(0, 40), st.booleans())


class Owner:
    """A process that trades: its own desk, its own life."""

    def __init__(self, name: str, machine: "Lifecycle") -> None:
        self.name = name
        self.life = Life(machine.die)
        base = machine.world.desk
        journal = MortalJournal(base.journal, self.life, machine.seen)
        brokers: dict[str, Any] = {"paper": MortalBroker(machine.adversary, self.life)}
        alone = Alone(name, dead=machine.graves)
        self.desk: Desk = replace(base, journal=journal, brokers=brokers, owners=alone)

    async def look(self) -> None:
        await rounds.trade_once(self.desk, owner=self.name)

    async def sweep(self) -> None:
        for request in await inbox.unhandled(self.desk.journal):
            await verbs.handle(self.desk, request.id)
        await execute.follow(self.desk)


class Lifecycle(AtRest, Differing, RuleBasedStateMachine):
    """In memory; its children on a database. `reached` counts the changes of state of all runs."""

    reached: ClassVar[Counter[tuple[str, str, str]]] = Counter()
    settled: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        self.is_broken = False
        self.began = False

    # Setting up

    async def open(self) -> Any:
        """The journal of one example."""
        return MemoryJournal()

    @classmethod
    def place(cls) -> Any:
        return None

    @initialize(
        dedupes=st.booleans(),
        lag=st.sampled_from((0.0, 0.0, 1.0, 2.0)),
        parts=st.sampled_from((1, 1, 3)),
        seed=st.integers(0, 2**16),
    )
    def begin(self, dedupes: bool, lag: float, parts: int, seed: int) -> None:
        self.faults = Faults(lag=lag, parts=parts, duplicate=0.2, reorder=0.2, late_by=3.0)
        self.die = Random(seed)
        self.bars = self.asked = self.lives = 0
        self.graves: set[str] = set()
        self.where = self.place()
        self.run(self._begin(dedupes, seed))
        self.began = True

    async def _begin(self, dedupes: bool, seed: int) -> None:
        journal = await self.open()
        self.wall, self.market = (SimulatedClock(at(TUESDAY, 15)) for _ in range(2))
        calendar = Weekdays()
        self.tape = Tape(calendar, dict.fromkeys(SYMBOLS, D(100)))
        paper = PaperBroker(
            self.tape, self.market, Stocks(*SYMBOLS), Costs(slippage_bps=D(0)),
            cash=D(100_000), dedupes=dedupes,
        )  # fmt: skip
        self.paper = paper
        self.adversary = Adversary(paper, self.faults, seed=seed, monotonic=self.seconds)
        self.world: World = await world(journal, broker=self.adversary)
        desk = self.world.desk
        desk.wall, desk.market, desk.feed = self.wall, self.market, self.tape
        self.owners = {name: self.born(name) for name in OWNERS}

    def seconds(self) -> float:
        return self.wall.at.timestamp()

    def born(self, name: str) -> Owner:
        self.lives += 1
        return Owner(f"{name}{self.lives}", self)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def seen(self, kind: type[Any], before: Any, after: Any) -> None:
        self.reached[kind.__name__, before.value, after.value] += 1

    @property
    def desk(self) -> Desk:
        """The trial's own, which never dies."""
        return self.world.desk

    # What is proposed and decided

    @rule(
        symbols=st.sets(st.sampled_from(SYMBOLS), min_size=1),
        at_once=st.sampled_from((True, True, True, False)),
        auto=st.sampled_from((True, True, False)),
        fates=st.lists(st.sampled_from(Fate), max_size=3),
        name=owners,
        looks=st.none() | owners,
    )
    def propose(
        self,
        symbols: set[str],
        at_once: bool,
        auto: bool,
        fates: list[Fate],
        name: str,
        looks: str | None,
    ) -> None:
        """Bought where flat, sold where held; now, or at the next open; by itself, or asked."""
        self.adversary.plan(*fates)
        self.run(self._propose(self.owners[name].desk, sorted(symbols), at_once, auto))
        if looks:
            self.run(self.owners[looks].look())

    async def _propose(self, desk: Desk, symbols: Sequence[str], at_once: bool, auto: bool) -> None:
        self.bars += 1
        bar = np.datetime64(at(MONDAY, 0).replace(tzinfo=None) - timedelta(days=9), "us")
        bar += np.timedelta64(self.bars, "m")
        answers = [
            Answer(s, bar, bar, 1, True, 1.0, float(self.tape.prices[s]), 90.0, {"atr": 1.5})
            for s in symbols
        ]
        now = self.market.at
        when = None
        if at_once and self.desk.calendar.session_at(now):
            when = propose.Timing(Moment.OPEN, now, now + timedelta(minutes=10))
        try:
            new = await propose.propose(desk, "dip", answers, explain=lambda _: "", when=when)
        except BrokerError:
            return  # away: the scan is tried again
        if auto:
            await decide.approve_ranked(desk, new, by="auto")

    @rule(
        verb=st.sampled_from(("approve", "approve", "approve", "reject", "withdraw")),
        by=operators,
        back=which,
        pressed=st.booleans(),
        twice=st.booleans(),
        name=st.none() | owners,
    )
    def press(
        self, verb: str, by: Any, back: int, pressed: bool, twice: bool, name: str | None
    ) -> None:
        """By one operator or by both; carried out at once by `name`, or when somebody sweeps."""
        wanted = SignalState.APPROVED if verb == "withdraw" else SignalState.PENDING
        rows = self.run(self.desk.journal.read(Signal, state=wanted, order="-id", limit=back + 1))
        number = rows[-1].id if rows else 1
        for operator in (by, ANN if by is BOB else BOB)[: 1 + twice]:
            self.run(self.ask(f"{verb} {number}", operator, pressed))
        if name:
            self.run(self.owners[name].sweep())

    @rule(by=operators, text=st.sampled_from(COMMANDS), name=owners)
    def command(self, by: Any, text: str, name: str) -> None:
        self.run(self.ask(text, by, False))
        self.run(self.owners[name].sweep())

    async def ask(self, text: str, by: Any, pressed: bool) -> None:
        verb, *args = text.split()
        await self.receive(verb, tuple(args), by, pressed=pressed)

    async def receive(self, verb: str, args: tuple[str, ...], by: Any, *, pressed: bool) -> None:
        self.asked += 1
        number, said = str(self.asked), {"pressed": pressed}
        request = Request("test", number, verb, self.wall.at, args, by.id, by.id, said)
        await inbox.receive(self.desk.journal, request, halt.scopes(self.desk))

    @rule(by=operators, back=which, name=owners, word=st.sampled_from(("ask", "tell", "deny")))
    def answer_doubt(self, by: Any, back: int, name: str, word: str) -> None:
        """What an operator says of an order in doubt: as it is, or that it is not there, which may
        be a mistake."""
        self.run(self._answer_doubt(by, back, self.owners[name], word))

    async def _answer_doubt(self, by: Any, back: int, owner: Owner, word: str) -> None:
        doubts = await self.desk.journal.read(Order, state__in=tuple(IN_DOUBT), limit=back + 1)
        if not doubts:
            return
        order = doubts[-1]
        said = {"ask": "ask", "deny": "absent yes", "tell": self.truth(order)}[word]
        await self.ask(f"unknown {order.id} {said}", by, True)
        await owner.sweep()

    # What the owners do

    @rule(name=owners)
    def look(self, name: str) -> None:
        self.run(self.owners[name].look())

    @rule(name=owners)
    def sweep(self, name: str) -> None:
        self.run(self.owners[name].sweep())

    @rule(a=st.booleans(), b=st.booleans(), turns=st.integers(1, 6))
    def both(self, a: bool, b: bool, turns: int) -> None:
        """At the same time, their calls between each other's as the die falls."""
        self.run(self._both(a, b, turns))

    async def _both(self, a: bool, b: bool, turns: int) -> None:
        first, second = (self.owners[name] for name in OWNERS)
        for owner in (first, second):
            owner.life.turns = turns
        await asyncio.gather(
            first.look() if a else first.sweep(), second.look() if b else second.sweep()
        )
        for owner in (first, second):
            owner.life.turns = 0

    @rule(
        name=owners,
        death=deaths,
        looks=st.booleans(),
        meanwhile=st.booleans(),
        at_once=st.booleans(),
    )
    def dies(
        self, name: str, death: tuple[int, bool], looks: bool, meanwhile: bool, at_once: bool
    ) -> None:
        """Killed at one of its calls, while the other may be at work; another takes its place, and
        compares the books at once or when it comes to it."""
        self.run(self._dies(name, death, looks, meanwhile))
        if at_once:
            self.run(self._start(self.owners[name].desk))

    async def _dies(self, name: str, death: tuple[int, bool], looks: bool, meanwhile: bool) -> None:
        owner = self.owners[name]
        other = next(o for n, o in self.owners.items() if n != name)
        owner.life.ends_in(death[0], after=death[1])
        owner.life.turns = other.life.turns = 3 * meanwhile
        work = [owner.look() if looks else owner.sweep()]
        if meanwhile:
            work.append(other.look())
        for result in await asyncio.gather(*work, return_exceptions=True):
            if isinstance(result, BaseException) and not isinstance(result, Killed):
                raise result
        other.life.turns = 0
        if owner.life.is_over:
            self.bury(owner)
            self.owners[name] = self.born(name)
            self.owners[name].desk.reconciled = False
        else:
            owner.life.spared()
            owner.life.turns = 0

    def bury(self, owner: Owner) -> None:
        """Its lock is gone: whoever looks can prove it dead."""
        self.graves.add(owner.name)

    @rule(name=owners, back=which)
    def cancel(self, name: str, back: int) -> None:
        self.run(self._cancel(self.owners[name].desk, back))

    async def _cancel(self, desk: Desk, back: int) -> None:
        orders = await desk.journal.read(Order, state__in=tuple(WORKING), limit=back + 1)
        if orders:
            with suppress(QuarterdeckError):  # it says why: away, or the reply was lost
                await execute.cancel(desk, orders[-1], note="by hand")

    # What the world does

    @rule(seconds=st.sampled_from((1.0, 8.0, 40.0)))
    def broker_leaves(self, seconds: float) -> None:
        self.adversary.leave(seconds)

    @rule(seconds=st.sampled_from((0.3, 1.0, 2.5, 5.0, 11.0, 31.0, 61.0, 660.0)))
    def time_passes(self, seconds: float) -> None:
        self.run(self.passes(seconds))

    @rule(seconds=st.sampled_from((1.0, 11.0, 61.0)))
    def market_waits(self, seconds: float) -> None:
        """As the demo's clock does while a card is undecided."""
        self.run(self.goes_on(seconds, self.wall))

    @rule()
    def night_passes(self) -> None:
        self.run(self.night())

    async def night(self) -> None:
        session = self.desk.calendar.next_session(self.market.at)
        await self.passes((session.open - self.market.at).total_seconds() + 1.0)

    async def passes(self, seconds: float) -> None:
        await self.goes_on(seconds, self.wall, self.market)

    async def goes_on(self, seconds: float, *clocks: SimulatedClock) -> None:
        """What lands late does so when it is due, not when we look again: else it would come later
        than `settles_in` promises."""
        ends = self.seconds() + seconds
        for due in sorted({when for when, _ in self.adversary._late if when < ends} | {ends}):
            ahead = timedelta(microseconds=max(0, ceil((due - self.seconds()) * 1e6)))
            for clock in clocks:
                clock.at = (clock.at + ahead).astimezone(UTC)
            await self.adversary.work()

    @rule(symbol=st.sampled_from(SYMBOLS), change=st.sampled_from(("0.97", "0.995", "1.005")))
    def price_moves(self, symbol: str, change: str) -> None:
        self.tape.prices[symbol] = (self.tape.prices[symbol] * D(change)).quantize(D("0.01"))

    @rule()
    def postman(self) -> None:
        self.run(self.deliver())

    async def deliver(self) -> None:
        for notice in await self.desk.journal.read(Notice, state=NoticeState.DUE):
            await self.desk.journal.move(notice, state=NoticeState.SENT, sent_at=self.wall.at)

    # What must hold

    @invariant()
    def always_true(self) -> None:
        if not self.began:
            return
        self.is_broken = True  # until the last of these has held
        nothing(self.run(invariants.always(self.desk)))
        nothing(self.placed_twice())
        failed = self.run(self.desk.journal.read(Request, state=RequestState.FAILED))
        nothing([request.error for request in failed])
        self.is_broken = False

    def teardown(self) -> None:
        try:
            if self.began and not self.is_broken:
                self.run(self.settle())
        finally:
            self.run(self.stack.aclose())
            self.loop.close()


class OnDatabase(Lifecycle):
    """The same on a database of its own for each example."""

    async def open(self) -> Any:
        return await self.stack.enter_async_context(open_journal(self.where))

    @classmethod
    def place(cls) -> Any:
        """Where a fresh one with our tables is."""
        raise NotImplementedError
