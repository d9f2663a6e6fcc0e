"""Square-offs of real processes that are killed at every step, at a broker that refuses, fills in
parts, loses replies and goes away, and in a market that is closed."""

import asyncio
import json
import signal
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from brokers.adversary import Fate, Faults
from brokers.paper_client import PaperClient
from brokers.paper_events import Executed
from brokers.paper_wire import event_from_json
from desk import decide, squareoff
from desk.halt import latch
from desk.scope import ALL, Kind, Scope
from tests.faults.clock import MARKET
from tests.faults.house import House, plain
from tests.faults.killing import WORKERS, verdict
from tests.faults.row import Case, Figures, Row
from tests.faults.template import AUTO, MANUAL
from tests.faults.traffic import Traffic
from trading.clocks import SimulatedClock
from trading.facts import Latch, Run, RunState, Trading
from trading.orders import WORKING, Order
from trading.types import Side

STEPS = 40  # a worker's life ends at one of this many first steps of its work
KILLS = 4  # a square-off
LONGEST = 0.4  # machine seconds that a life lasts at most
LIMIT = 900.0  # wall seconds from the last fault to flat
LATE = 2.0  # wall seconds an order lands late, and reads lag at most
AWAY = 60.0  # wall seconds the broker is away
WITHIN = timedelta(hours=6)  # from MARKET to after its session's close
NEXT = timedelta(days=1)
ZERO = Decimal(0)
STRATEGY = Scope(Kind.STRATEGY, AUTO)


@dataclass(slots=True)
class Tape:
    """The broker's own executions, in its order: the net of each instrument as it went."""

    paper: PaperClient
    after: int = 0
    net: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    flips: list[str] = field(default_factory=list)

    async def read(self) -> dict[str, Decimal]:
        """What is held now, of nothing left out. Every entry of the trial is long, so that a net
        below zero is a close too many."""
        while True:
            _, rows = await self.paper.book(self.after)
            if not rows:
                return {symbol: units for symbol, units in self.net.items() if units}
            for seq, kind, _, body in rows:
                self.after = int(seq)
                event = event_from_json(kind, json.loads(body))
                if isinstance(event, Executed):
                    fill = event.fill
                    sign = 1 if fill.side is Side.BUY else -1
                    self.net[fill.symbol] += sign * fill.quantity
                    if self.net[fill.symbol] < 0:
                        self.flips.append(f"{fill.symbol} went through zero by {fill.order_key}")


@dataclass(slots=True)
class Trial:
    """One house, square-off after square-off."""

    case: Case
    house: House
    figures: Figures
    tape: Tape
    traffic: Traffic

    async def open(self, *, settled: bool) -> None:
        """Positions of two strategies in the same instruments; else their entries still go."""
        desk, house = self.house.desk, self.house
        await house.paper.control(faults=plain(Faults()))
        for row in await desk.journal.read(Latch, state__not=Trading.ACTIVE):
            await latch(
                desk.journal, Trading.ACTIVE, by="operator:1", reason="/resume",
                at=desk.market.now(), scope=row.name,
            )  # fmt: skip
        symbols = await self.traffic._next()
        signals = await self.traffic.propose(MANUAL, symbols[:2])
        await decide.approve_ranked(desk, signals, by="auto")
        if not settled:  # what is on its way meets the square-off
            await self.weather()
        await self.traffic.propose(AUTO, symbols)
        if settled:
            await house.settle(LIMIT)
            await self.weather()

    async def weather(self) -> None:
        chances = {Fate.REFUSE: 0.1, Fate.DROP: 0.05, Fate.LOST: 0.05, Fate.LATE: 0.05}
        rate = self.case.rate
        lag = self.case.random.random() * LATE / rate
        found = Faults(chances, parts=3, late_by=LATE / rate, lag=lag)
        await self.house.paper.control(faults=plain(found))

    async def square_off(self, scope: Scope, kills: int, *, away: bool = False) -> None:
        run = await squareoff.begin(self.house.desk, scope, by="operator:1")
        if away:
            self.figures.faults += 1
            await self.house.paper.control(away=AWAY / self.case.rate)
        await self.kill(kills)
        await self.flat(run, scope)

    async def kill(self, kills: int) -> None:
        """Each life of a worker ends by its own hand at some step, or by ours at some moment."""

        def steps() -> list[int]:
            return [self.case.random.randint(1, STEPS)]

        house = self.house
        for name in WORKERS:
            house.parts[name].draw = steps
            house.send(name, signal.SIGKILL)
        for number in range(kills):
            name = WORKERS[number % len(WORKERS)]
            if await house.outlives(name, self.case.random.random() * LONGEST):
                await house.kill(name)
            self.figures.faults += 1
        for name in WORKERS:
            house.parts[name].draw = None
            house.send(name, signal.SIGKILL)

    async def flat(self, run: Run, scope: Scope) -> None:
        """Wait until it says so, and look at once whether it is."""
        house, began = self.house, self.house.wall
        while (found := await self.ended(run)) is None:
            if (house.wall - began).total_seconds() > LIMIT:
                now = await house.journal.first(Run, id=run.id)
                self.figures.broken.append(f"not flat after {LIMIT:.0f} s: {now and now.outcome}")
                return
            await asyncio.sleep(0.02)
        held = await self.tape.read()
        took = (house.wall - began).total_seconds()
        self.figures.slowest = max(self.figures.slowest or 0.0, took)
        self.figures.more["squared"] = self.figures.more.get("squared", 0) + 1
        await self.check(found, scope, held)
        await asyncio.sleep(3 * LATE / self.case.rate)  # what was put off has landed
        if await self.tape.read() != held:
            self.figures.broken.append(f"{scope.words}: something came after it said flat")

    async def ended(self, run: Run) -> Run | None:
        return await self.house.journal.first(Run, id=run.id, state=RunState.DONE)

    async def check(self, run: Run, scope: Scope, held: dict[str, Decimal]) -> None:
        """What it said against the broker's own book and ours."""
        said_flat = "Flat: " in run.outcome
        self.figures.more["left"] = self.figures.more.get("left", 0) + (not said_flat)
        if scope == ALL and said_flat and held:
            self.figures.broken.append(f"said flat, and the broker holds {held}")
        orders = await self.house.journal.read(Order, state__in=tuple(WORKING))
        if working := [order.key for order in orders if scope.covers(order)]:
            self.figures.broken.append(f"said {run.outcome!r}, and {working} still work")
        if scope.kind is Kind.STRATEGY:
            ledger = await self.house.desk.books.ledger()
            own = [p.book.symbol for p in ledger.held(scope.name) if p.quantity]
            if said_flat and own:
                self.figures.broken.append(f"said flat, and {scope.name} holds {own}")
            rest = {p.book.symbol: p.quantity for p in ledger.held(MANUAL) if p.quantity}
            if said_flat and rest != held:
                self.figures.broken.append(f"{MANUAL} should hold {rest}, the broker shows {held}")

    async def stand(self, market: datetime) -> None:
        """The market's clock of every process stands there from now on."""
        clock = self.house.clocks.market
        assert isinstance(clock, SimulatedClock)
        for part in self.house.parts.values():
            part.order["market"] = market.isoformat()
        for name in ("paper", *WORKERS):
            await self.house.kill(name)
        clock.at = market
        await self.house.paper.ready()

    async def closed_market(self, scope: Scope, kills: int) -> None:
        """Begun after the close: queued, said, and carried out at the next open."""
        await self.stand(MARKET + WITHIN)
        self.figures.faults += 1
        run = await squareoff.begin(self.house.desk, scope, by="operator:1")
        await self.kill(kills)
        async with asyncio.timeout(60):
            while True:
                now = await self.house.journal.first(Run, id=run.id)
                if now is not None and "The market is closed" in now.outcome:
                    break
                await asyncio.sleep(0.05)
        if await self.ended(run) is not None:
            self.figures.broken.append("it ended while the market was closed")
        await self.stand(MARKET + NEXT)
        await self.kill(kills)
        await self.flat(run, scope)


async def run(case: Case) -> Figures:
    figures = Figures(slowest=0.0)
    async with case.house(bot=False, operators=(), broker_dedupes=False) as house:
        trial = Trial(case, house, figures, Tape(house.paper), Traffic(house))
        number, kills = 0, KILLS if case.is_full else 2
        while figures.faults < case.count:
            number += 1
            of_one = number % 2 == 0
            await trial.open(settled=of_one)
            if of_one:
                await trial.square_off(STRATEGY, kills // 2)
            await trial.square_off(ALL, kills, away=not of_one)
        await trial.open(settled=True)
        await trial.closed_market(STRATEGY, kills // 2)
        await verdict(house, figures, within=LIMIT)
        figures.broken += trial.tape.flips
    return figures


SQUAREOFF = Row(
    "squareoff",
    "kills at every step of square-offs, two workers; refusals, lost and late orders, fills in "
    "parts, a broker away for a minute, a closed market",
    f"flat within {LIMIT:.0f} s of the last fault, nothing closed twice or through zero, said flat "
    "only when the broker is",
    full=200,
    short=3,
    run=run,
)
