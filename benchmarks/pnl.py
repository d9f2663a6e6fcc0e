"""`/pnl` of a desk with 100,000 fills, from the recorded request to the recorded answer.

Three strategies in 200 of the sample's stocks over its last 750 sessions, at their real closes,
each session marked and the last one's snapshot taken. Measured in a process of its own: the first
ask, which folds every fill, the first of a process that has compared its books with the broker's
as each does when it starts, and later ones. The alternative folds every fill for each answer.
"""

import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median

import structlog

from benchmarks.apart import apart
from benchmarks.line import Line, table
from db.journal import OrmJournal, open_journal
from desk import inbox, marks, snapshots
from desk.books import Books
from desk.closes import books_at
from desk.console.verbs import handle
from desk.desk import Desk, Operator, Plan
from desk.report import broker_agrees
from market.calendars import ExchangeCalendar
from market.history import HistoryFeed
from market.sample import sample_instruments, unpack_sample
from market.store import BarStore
from trading.clocks import SimulatedClock
from trading.facts import Picture, Request
from trading.money import Adjustment
from trading.orders import Fill
from trading.ports import Session
from trading.types import Holdings, Side
from wiring import Silence

FILLS, BATCH, SESSIONS, SYMBOLS = 100_000, 5_000, 750, 200
STRATEGIES = ("dip", "rip", "gap")
ASKED = 9  # times in a warm process
ANN = Operator(1, "Ann")


@dataclass(frozen=True, slots=True)
class Asked:
    """Milliseconds."""

    first: float
    later: float  # median
    later_cpu: float
    compared: float  # the books with the broker's, before the first


@dataclass(frozen=True, slots=True)
class Agrees:
    """A broker whose books are ours."""

    books: Books
    name: str = "ib"
    account_id: str = "U1"

    async def positions(self) -> list[Holdings]:
        net = (await self.books.ledger()).net(self.account_id)
        return [Holdings(symbol, units, Decimal(0)) for symbol, units in net.items()]


def desk_of(root: Path, journal: OrmJournal) -> Desk:
    calendar = ExchangeCalendar.open("XNYS", root / "calendars")
    feed = HistoryFeed(BarStore(root / "bars"), calendar)
    clock = SimulatedClock(feed.known_through() + timedelta(minutes=30))
    desk = Desk(
        journal=journal,
        market=clock,
        wall=clock,
        feed=feed,
        instruments=sample_instruments(),
        calendar=calendar,
        brokers={},
        plans={name: Plan(name) for name in STRATEGIES},
        bell=Silence(),
        desk_id="bench",
        operators=(ANN,),
    )
    desk.brokers = {"ib": Agrees(desk.books)}  # type: ignore[dict-item]  # it is only asked that
    return desk


def fills(feed: HistoryFeed, sessions: Sequence[Session], symbols: Sequence[str]) -> list[Fill]:
    """Long and short, partial closes and flips, spread evenly over the sessions."""
    dice, held = random.Random(7), defaultdict[tuple[str, str], int](int)
    made: list[Fill] = []
    each = -(-FILLS // len(sessions))
    for session in sessions:
        prices = feed.close_prices(session.day)
        for number in range(min(each, FILLS - len(made))):
            strategy, symbol = dice.choice(STRATEGIES), dice.choice(symbols)
            units, side = dice.randrange(1, 300), dice.choice(tuple(Side))
            have = held[strategy, symbol]
            if have and dice.random() < 0.5:
                units, side = abs(have), Side.SELL if have > 0 else Side.BUY
            held[strategy, symbol] += units * side.sign
            key, at = len(made), session.open + timedelta(minutes=2 * number)
            fee = Decimal(dice.randrange(35, 135)).scaleb(-2)
            made.append(Fill("ib", "U1", f"e{key}", f"k{key}", strategy, symbol, side,
                             Decimal(units), prices[symbol], fee, "USD", at))  # fmt: skip
    return made


async def _record(root: Path) -> None:
    """Facts, a mark for every session, a snapshot of the last."""
    unpack_sample(root / "bars")
    async with open_journal(root / "desk.db") as journal:
        desk = desk_of(root, journal)
        assert isinstance(desk.feed, HistoryFeed)
        last = desk.calendar.last_closed(desk.market.now()).day
        sessions = list(desk.calendar.sessions(last - timedelta(days=2_000), last))[-SESSIONS:]
        whole = desk.feed.close_prices(sessions[0].day)
        symbols = [s for s in sorted(whole) if s in desk.feed.close_prices(last)][:SYMBOLS]
        rows = fills(desk.feed, sessions, symbols)
        cash = Decimal(50_000_000)
        await journal.append(
            [Adjustment("U1", "opening", "deposit", cash, "USD", sessions[0].open)]
        )
        for start in range(0, len(rows), BATCH):
            await journal.append(rows[start : start + BATCH])
        async for session, ledger in books_at(desk, sessions):
            prices = await snapshots.prices_at(desk, ledger, session.close)
            await journal.append(marks.marks_of(ledger, session, prices))
            if session == sessions[-1]:
                await journal.append(
                    snapshots.snapshots_of(ledger, session, (), prices, {}, desk.currency)
                )


async def _ask(desk: Desk, number: int) -> tuple[float, float]:
    """Wall and CPU milliseconds; the picture is asked for, not drawn."""
    said = Request("bench", str(number), "pnl", desk.wall.now(), ("all",), ANN.id, ANN.id)
    request = await inbox.receive(desk.journal, said)
    assert request is not None
    start, busy = time.perf_counter(), time.process_time()
    await handle(desk, request.id)
    taken = (time.perf_counter() - start) * 1e3, (time.process_time() - busy) * 1e3
    assert await desk.journal.count(Picture)
    return taken


async def _asked(root: Path, compared: bool) -> Asked:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    async with open_journal(root / "desk.db") as journal:
        desk = desk_of(root, journal)
        start = time.perf_counter()
        if compared:
            assert not (await broker_agrees(desk)).differences
        told = (time.perf_counter() - start) * 1e3
        begin = await journal.count(Request)
        first, _ = await _ask(desk, begin)
        later = [await _ask(desk, begin + n) for n in range(1, ASKED + 1)]
        wall, cpu = (median(times) for times in zip(*later, strict=True))
    return Asked(first, wall, cpu, told)


async def _folding(root: Path) -> list[float]:
    """The same ask where nothing is kept: every fill is folded for it."""
    async with open_journal(root / "desk.db") as journal:
        taken = []
        for _ in range(3):
            desk = desk_of(root, journal)
            taken.append((await _ask(desk, await journal.count(Request)))[0])
    return taken


def run() -> list[Line]:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        apart(_record, root)
        cold, ready = apart(_asked, root, False), apart(_asked, root, True)
        anew = median(apart(_folding, root))
    other = "every fill folded for the answer"
    what = f"/pnl with {FILLS:,} fills and {SESSIONS} sessions marked"
    return [
        Line(f"{what}, later ones", ready.later, other, anew, anew / ready.later,
             f"CPU {ready.later_cpu:.0f} ms"),
        Line(f"{what}, first after the start", ready.first, other, anew, anew / ready.first,
             f"books compared in {ready.compared:,.0f} ms before"),
        Line(f"{what}, first of all", cold.first, other, anew, anew / cold.first),
    ]  # fmt: skip


if __name__ == "__main__":
    print(table(run()))
