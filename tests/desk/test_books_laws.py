"""The warm books are the cold fold, in whatever order facts arrive, in memory and on disk."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.journal import open_journal
from db.schema import migrate
from desk.books import Books
from replay.journal import MemoryJournal
from tests.trading.test_ledger_laws import History, histories
from tests.trading.unit_lots import T0, fills
from trading.clocks import SimulatedClock
from trading.errors import DataError
from trading.ledger import Ledger, Method, Rates, fold
from trading.ledger.fold import standing_fills
from trading.money import Action, Adjustment, Change, Rate
from trading.orders import Fill
from trading.ports import Journal

D = Decimal
KINDS: tuple[type[Any], ...] = (Fill, Adjustment, Action, Rate)


@asynccontextmanager
async def opened(kind: str) -> AsyncIterator[Journal]:
    if kind == "memory":
        yield MemoryJournal()
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "desk.db"
        file.write_bytes(await asyncio.to_thread(template))
        async with open_journal(file) as journal:
            yield journal


@cache
def template() -> bytes:
    """An empty database with our tables."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "desk.db"
        asyncio.run(migrate(file))
        return file.read_bytes()


async def cold(journal: Journal, now: datetime, method: Method = Method.FIFO) -> Ledger:
    standing = standing_fills(await journal.read(Fill))
    due = max([now, *(fill.at for fill in standing)])
    return fold(
        standing,
        await journal.read(Adjustment),
        await journal.read(Action, at__lte=due),
        methods={"ib": method},
        rates=Rates.of("USD", await journal.read(Rate)),
    )


def same(warm: Ledger, folded: Ledger) -> None:
    """All but the order in which books were met."""
    assert warm.positions == folded.positions
    assert (warm.cash, warm.flows, warm.base_flows) == (
        folded.cash, folded.flows, folded.base_flows)  # fmt: skip
    assert warm.totals == folded.totals
    assert warm.trades == folded.trades
    assert warm.net("ib") == folded.net("ib")
    assert {p.book for p in warm.held()} == {p.book for p in folded.held()}


async def arrive(kind: str, history: History, facts: Sequence[Any], asks: Sequence[int]) -> None:
    """Facts are recorded one by one; at `asks` somebody reads the books."""
    market = SimulatedClock(T0)
    async with opened(kind) as journal:
        books = Books(journal, market, "USD", {"ib": history.method})
        for number, fact in enumerate(facts):
            market.at = max(market.at, T0 + timedelta(minutes=10 * number))
            await journal.append([fact])
            if number in asks:
                same(await books.ledger(), await cold(journal, market.at, history.method))
        market.at = history.end
        same(await books.ledger(), await cold(journal, history.end, history.method))
        anew = Books(journal, market, "USD", {"ib": history.method})
        same(await anew.ledger(), await cold(journal, history.end, history.method))


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[History, list[Any], list[int]]:
    """A history with some fills reversed, in any order: reversals before what they reverse,
    actions long before or after they count, rates last."""
    history = draw(histories())
    wrong = draw(st.lists(st.sampled_from(history.fills), max_size=3, unique=True))
    undone = [
        replace(
            one,
            execution_id=f"undo-{one.execution_id}",
            side=one.side.opposite,
            reverses=one.execution_id,
            at=one.at + timedelta(minutes=draw(st.integers(0, 60))),
        )
        for one in wrong
    ]
    facts = [*history.rates, *history.cash, *history.actions, *history.fills, *undone]
    if draw(st.booleans()):
        facts.sort(key=lambda fact: fact.at)
        for _ in range(draw(st.integers(0, 3))):  # nearly in order, as they mostly come
            here, there = (draw(st.integers(0, len(facts) - 1)) for _ in range(2))
            facts.insert(there, facts.pop(here))
    else:
        facts = draw(st.permutations(facts))
    # The first rates lead: a figure without one is NaN, which equals nothing.
    facts.sort(key=lambda fact: not (isinstance(fact, Rate) and fact.at < T0))
    asks = draw(st.lists(st.integers(0, len(facts)), max_size=6, unique=True))
    return history, facts, asks


@settings(max_examples=25)
@given(arrivals())
def test_books_asked_at_any_time_are_the_fold_of_what_is_recorded(case):
    asyncio.run(arrive("memory", *case))


@settings(max_examples=4)
@given(arrivals())
def test_books_on_disk_are_the_fold_of_what_is_recorded(case):
    asyncio.run(arrive("sqlite", *case))


def action(kind: Change, symbol: str, minutes: int, **terms: Any) -> Action:
    at = T0 + timedelta(minutes=minutes)
    return Action("", f"{kind}-{symbol}-{minutes}", kind, symbol, at, **terms)


def moved(fill: Fill, minutes: int, **changes: Any) -> Fill:
    at = T0 + timedelta(minutes=minutes)
    return replace(fill, at=at, execution_id=f"m{minutes}-{fill.symbol}", **changes)


ONE = fills("buy 10 A @ 100")[0]
SPLIT = action(Change.SPLIT, "A", 30, gives=D(2))
NAME = action(Change.SYMBOL, "A", 30, into="B")


@pytest.fixture(params=("memory", "sqlite"))
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Journal, Books]]:
    async with opened(request.param) as journal:
        yield journal, Books(journal, SimulatedClock(T0 + timedelta(days=1)), "USD")


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([ONE, SPLIT, moved(ONE, 10, strategy="rip")], id="book new after a split"),
        pytest.param(
            [ONE, moved(ONE, 5, side=ONE.side.opposite), SPLIT, moved(ONE, 10)],
            id="book flat at a split",
        ),
        pytest.param([ONE, NAME, moved(ONE, 10, symbol="B")], id="the new name's book"),
        pytest.param(
            [ONE, action(Change.SPLIT, "B", 40, gives=D(3)), NAME], id="a name that comes late"
        ),
        pytest.param(
            [[SPLIT], [moved(ONE, 60, symbol="Z"), moved(ONE, 10)]], id="a page out of order"
        ),
        pytest.param(
            [moved(ONE, 9, reverses=ONE.execution_id, side=ONE.side.opposite), ONE],
            id="a reversal before what it reverses",
        ),
        pytest.param([moved(ONE, 9, symbol="B"), ONE,
                      moved(ONE, 20, side=ONE.side.opposite),
                      moved(ONE, 15, symbol="B", side=ONE.side.opposite)],
                     id="trades of other books"),
    ],
)  # fmt: skip
async def test_what_arrives_late_is_where_it_belongs(desk, steps):
    journal, books = desk
    for step in steps:
        await journal.append(step if isinstance(step, list) else [step])
        same(await books.ledger(), await cold(journal, T0 + timedelta(days=1)))


async def test_a_fill_dated_after_an_action_that_does_not_count_yet_is_on_its_terms(desk):
    """A broker's clock runs ahead of ours."""
    journal, books = desk
    ahead = 60 * 24
    await journal.append([ONE])
    await journal.append([action(Change.SPLIT, "A", ahead + 1, gives=D(2))])
    await journal.append([moved(ONE, ahead + 2)])
    for asked in (books, Books(journal, SimulatedClock(T0 + timedelta(days=1)), "USD")):
        assert (await asked.ledger()).net("paper") == {"A": 30}


async def test_an_action_that_cannot_be_leaves_no_wrong_books_behind(desk):
    journal, books = desk
    await books.ledger()
    await journal.append([action(Change.SPLIT, "A", 5, gives=D(0))])
    await journal.append([ONE, moved(ONE, 10), moved(ONE, 20)])
    for _ in range(2):
        with pytest.raises(DataError, match="no ratio"):
            await books.ledger()


async def test_what_was_rolled_back_never_counted(desk):
    journal, books = desk
    await journal.append([ONE])
    begun, asked = asyncio.Event(), asyncio.Event()

    async def fail() -> None:
        with pytest.raises(RuntimeError):
            async with journal.transaction():
                await journal.append([moved(ONE, 10)])
                begun.set()
                await asked.wait()
                raise RuntimeError

    failing = asyncio.ensure_future(fail())
    await begun.wait()
    assert (await books.ledger()).net("paper") == {"A": 10}, "not while it is open"
    asked.set()
    await failing
    await journal.append([moved(ONE, 20, quantity=D(1))])
    assert (await books.ledger()).net("paper") == {"A": 11}


async def test_two_who_ask_at_once_fold_each_fact_once(desk):
    journal, books = desk
    await journal.append([ONE, moved(ONE, 20)])
    await asyncio.gather(*(books.ledger() for _ in range(5)))
    await journal.append([moved(ONE, 30)])
    await journal.append([moved(ONE, 10)])  # late: some fold anew while others read on
    found = await asyncio.gather(*(books.ledger() for _ in range(5)))
    for one in found:
        same(one, await cold(journal, T0 + timedelta(days=1)))


async def test_the_books_of_a_past_moment_leave_out_what_was_corrected_since(desk):
    journal, books = desk
    await journal.append([ONE, moved(ONE, 10)])
    undo = moved(ONE, 500, reverses=ONE.execution_id, side=ONE.side.opposite)
    await journal.append([undo])
    assert (await books.as_of(T0 + timedelta(minutes=60))).net("paper") == {"A": 10}
    assert (await books.as_of(T0 + timedelta(minutes=5))).net("paper") == {}
