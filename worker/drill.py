"""The drill: a square-off in a room of its own, of copies, through faults, against the clock."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from brokers.adversary import Adversary, Fate, Faults
from brokers.paper import PaperBroker
from db.journal import open_journal
from desk import notices, settle, squareoff
from desk.desk import Desk
from desk.invariants import always
from desk.wording import capital
from market.calendars import RoundTheClock
from trading.clocks import WallClock
from trading.errors import BrokerError, ConfigError, DeskError
from trading.facts import Request, Run
from trading.messages import Message, bold, message, table
from trading.orders import Fill, Order
from trading.ports import Broker, Journal
from trading.types import Holdings, Quote, Side
from worker.research import Research

PAPER = "paper"
LOOK = 0.1  # wall seconds between two rounds
LONGEST = timedelta(seconds=90)
AWAY = 2.0  # wall seconds the broker is away
PARTS = 3
INVENTED = 3  # positions, where the paper account holds none
MOST = 50  # positions copied
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Still:
    """A feed of the prices of the moment the drill began."""

    prices: Mapping[str, Decimal]

    async def quote(self, symbol: str, at: datetime) -> Quote | None:
        price = self.prices.get(symbol)
        return None if price is None else Quote(symbol, price, at)

    def known_through(self) -> datetime:
        return datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Steady:
    """A market that is open all the time, by the machine's own clock."""

    wall: WallClock

    def now(self) -> datetime:
        return self.wall.now()

    async def refresh(self) -> datetime:
        return self.wall.now()


@dataclass(frozen=True, slots=True)
class Drilled:
    """What came of it; times are wall seconds."""

    positions: int
    seconds: float
    rounds: int
    orders: int
    steps: Sequence[str]
    wrong: Sequence[str]  # empty: it held


async def drill(desk: Desk, _: Research, claimed: Run) -> str:
    """Carries it out and answers whoever asked for it."""
    request = await desk.journal.first(Request, id=claimed.args.get("request", 0))
    if request is None:
        raise ConfigError("a drill is asked for in the chat: /drill squareoff")
    try:
        said, outcome = await _drilled(desk)
    except DeskError as refusal:
        said, outcome = message(bold("No drill"), f"\n{capital(str(refusal))}."), str(refusal)
    await notices.answer(desk, request, said, subject=f"drill:{claimed.id}")
    await desk.bell.ring("postman")
    return outcome


async def _drilled(desk: Desk) -> tuple[Message, str]:
    """What to say, and a clause of it. Raises DeskError where there is no paper account to copy,
    or no price for anything."""
    held, copied = await _copies(desk)
    with tempfile.TemporaryDirectory(prefix="qd-drill-") as folder:
        async with open_journal(Path(folder) / "drill.sqlite3") as journal:
            room, adversary = await _room(desk, journal, held)
            done = await _square_off(room, adversary, len(held))
    outcome = f"{'failed' if done.wrong else 'flat'} in {done.seconds:.1f} s"
    return _report(done, copied=copied), outcome


async def _copies(desk: Desk) -> tuple[dict[str, tuple[Decimal, Decimal]], bool]:
    """Signed units and price by symbol: of the paper account, or a few invented ones."""
    paper: Broker | None = desk.brokers.get(PAPER)
    if paper is None:
        raise DeskError("there is no paper account to copy, and a drill touches no other")
    try:
        held = await paper.positions()
    except BrokerError as error:
        raise DeskError(f"{error}; try the drill again") from error
    copied = [one for one in held if one.quantity and desk.instruments.find(one.symbol)][:MOST]
    known = desk.instruments.all()
    wanted = copied or [Holdings(one.symbol, 10 * one.lot, ZERO) for one in known]
    found: dict[str, tuple[Decimal, Decimal]] = {}
    for holding in wanted:
        quote = await desk.feed.quote(holding.symbol, desk.market.now())
        price = quote.price if quote is not None else holding.average
        if price > 0:
            found[holding.symbol] = (holding.quantity, price)
        if not copied and len(found) == INVENTED:
            break
    if not found:
        raise DeskError("nothing has a price, so there is nothing to drill with")
    return found, bool(copied)


async def _room(
    desk: Desk, journal: Journal, held: Mapping[str, tuple[Decimal, Decimal]]
) -> tuple[Desk, Adversary]:
    """A desk and a broker that nobody else knows, holding the copies in the book `unassigned`."""
    clock = Steady(desk.wall)
    feed = Still({symbol: price for symbol, (_, price) in held.items()})
    worth = sum((abs(units) * price for units, price in held.values()), ZERO)
    paper = PaperBroker(
        feed,
        clock,
        desk.instruments,
        cash=worth * 10 + 1_000_000,
        currency=desk.currency,
        leverage=Decimal(10),
        shorts=True,
    )
    room = replace(
        desk,
        journal=journal,
        market=clock,
        feed=feed,
        calendar=RoundTheClock(),
        brokers={PAPER: paper},
        operators=(),
        jobs={},
        vitals=None,
        reconciled=True,
        desk_id="drill",
    )
    for symbol, (units, _) in held.items():
        side = Side.BUY if units > 0 else Side.SELL
        now = clock.now()
        await paper.submit(
            Order(f"copy-{symbol}", "", PAPER, paper.account_id, symbol, side, abs(units), now, now)
        )
    await settle.collect(room, paper)
    faults = Faults(parts=PARTS)
    adversary = Adversary(paper, faults, monotonic=lambda: desk.wall.now().timestamp())
    adversary.plan(Fate.REFUSE, Fate.DROP)
    room.brokers = {PAPER: adversary}
    return room, adversary


async def _square_off(room: Desk, adversary: Adversary, positions: int) -> Drilled:
    began, rounds = room.wall.now(), 0
    steps: list[str] = []
    run = await squareoff.begin(room, by="drill")
    while room.wall.now() - began < LONGEST:
        rounds += 1
        progress = await squareoff.advance(room, run, owner="drill")
        said = squareoff.wording_of(room, progress)
        if not steps or steps[-1] != said:
            steps.append(said)
        if progress.ended:
            break
        if rounds == 1:
            adversary.leave(AWAY)
        await adversary.work()
        await room.rest(LOOK)
    seconds = (room.wall.now() - began).total_seconds()
    orders = await room.journal.count(Order)
    return Drilled(positions, seconds, rounds, orders, steps, await _wrong(room, adversary))


async def _wrong(room: Desk, adversary: Adversary) -> list[str]:
    """What must hold of every square-off, read from the broker's own book."""
    found = []
    left = adversary.broker.statement.holdings()
    if left:
        found.append(f"not flat: {', '.join(one.symbol for one in left)}")
    net: dict[str, Decimal] = {}
    first: dict[str, Decimal] = {}
    for fill in adversary.broker.statement.executions:
        net[fill.symbol] = net.get(fill.symbol, ZERO) + _signed(fill)
        first.setdefault(fill.symbol, net[fill.symbol])
        if net[fill.symbol] * first[fill.symbol] < 0:
            found.append(f"{fill.symbol} went through zero")
    found += [str(one) for one in await always(room)]
    return list(dict.fromkeys(found))


def _signed(fill: Fill) -> Decimal:
    return fill.quantity if fill.side is Side.BUY else -fill.quantity


def _report(done: Drilled, *, copied: bool) -> Message:
    what = "one copy" if done.positions == 1 else f"{done.positions} copies"
    rows = [
        f"Time to flat   {done.seconds:.1f} s",
        f"Positions      {done.positions}",
        f"Rounds         {done.rounds}",
        f"Orders         {done.orders}",
        f"Steps told     {len(done.steps)}",
    ]
    whose = "of the paper account" if copied else "made up, since the paper account is flat"
    lines = (
        f"\nOn {what} {whose}. Faults: one close refused, one reply lost, every order filled in "
        f"{PARTS} parts, the broker away for {AWAY:.0f} s. Nothing real was touched."
    )
    if done.wrong:
        title = bold("Drill failed")
        lines += "\n" + "\n".join(f"🔴 {one}." for one in done.wrong[:5])
    else:
        title = bold(f"Drill: flat in {done.seconds:.1f} s")
        lines += "\nNothing was closed twice, and nothing went through zero."
    return message(title, "\n", table("\n".join(rows)), lines)
