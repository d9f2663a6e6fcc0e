"""A damaged row is told once, stops what needs it and nothing else, and is not deleted."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from db.journal import OrmJournal, open_journal
from desk import damage, decide, execute, halt, propose, settle, squareoff
from desk.console import verbs
from desk.halt import trading_state
from tests.world import ANN, MONDAY, World, answer, explain, timetable, world
from trading.damage import Damaged
from trading.errors import DamagedRow, Refused
from trading.facts import Cursor, Lane, Notice, Pause, Request, RequestState, Run, Trading
from trading.orders import Fill, Order, OrderState
from trading.signals import Signal
from worker import rounds, schedule

TUESDAY = MONDAY.replace(day=4)


@pytest.fixture
async def at_sea(tmp_path: Path) -> AsyncIterator[World]:
    async with open_journal(tmp_path / "desk.db") as journal:
        yield await world(journal)


async def spoil(w: World, table: str, column: str, id_: int, value: str = "x'ff'") -> None:
    journal = w.journal
    assert isinstance(journal, OrmJournal)
    sql = f'UPDATE "{table}" SET "{column}" = {value} WHERE id = {id_} RETURNING id'
    assert len(await journal.store.write(sql)) == 1


async def scanned(w: World, *symbols: str) -> list[Signal]:
    answers = [answer(s, strength=9.0 - n) for n, s in enumerate(symbols)]
    return await propose.propose(w.desk, "dip", answers, explain=explain)


async def bought(w: World, *symbols: str) -> list[Order]:
    for signal in await scanned(w, *symbols):
        await decide.approve(w.desk, signal.id, by="operator:1")
    w.go(TUESDAY, 14, 30)
    await execute.execute_due(w.desk, owner="fast")
    return await w.journal.read(Order)


def words(notice: Notice) -> str:
    return "".join(text for text, _ in notice.body["text"])


async def told(w: World, words_: str) -> list[Notice]:
    return [n for n in await w.journal.read(Notice) if n.kind == "text" and words_ in words(n)]


async def test_it_is_told_once_to_each_operator_whoever_meets_it_again(at_sea: World) -> None:
    w = at_sea
    await w.journal.append([Run("mark", w.clock.at), Run("scan:dip", w.clock.at)])
    await spoil(w, "runs", "args", 1, "'{'")
    for told_before in (set[Damaged](), set[Damaged]()):  # two processes
        assert [run.job for run in await w.journal.read(Run)] == ["scan:dip"]
        await damage.report(w.desk, told_before)
        await damage.report(w.desk, told_before)
    notices = await told(w, "Row 1 of runs cannot be read")
    assert [n.recipient for n in notices] == [1, 2]
    assert {n.lane for n in notices} == {Lane.CRITICAL}
    text = words(notices[0])
    assert "Its args is '{'." in text
    assert "It is of job mark." in text
    assert "restore the newest backup" in text
    assert await w.journal.count(Run) == 2


async def test_a_row_put_right_is_told_and_would_be_told_again(at_sea: World) -> None:
    w, known = at_sea, set[Damaged]()
    await w.journal.append([Run("mark", w.clock.at)])
    for times in (1, 2):
        await spoil(w, "runs", "args", 1, "'{'")
        await w.journal.read(Run)
        await damage.report(w.desk, known)
        await spoil(w, "runs", "args", 1, "'{}'")
        await damage.report(w.desk, known)
        assert len(await told(w, "cannot be read")) == 2 * times
        assert len(await told(w, "can be read again")) == 2 * times
    assert await w.journal.count(Cursor, name="damaged:runs:1") == 0


async def test_a_table_torn_to_shreds_is_told_a_few_at_a_time(at_sea: World) -> None:
    w, known = at_sea, set[Damaged]()
    await w.journal.append([Run(f"j{n}", w.clock.at) for n in range(12)])
    for n in range(1, 13):
        await spoil(w, "runs", "args", n, "'{'")
    await w.journal.read(Run)
    counts = [await damage.report(w.desk, known) for _ in range(4)]
    assert counts == [5, 5, 2, 0]


@pytest.mark.parametrize(("column", "value"), [("state", "'submited'"), ("quantity", "'ten'")])
async def test_an_order_that_cannot_be_read_blocks_its_instrument_alone(
    at_sea: World, column: str, value: str
) -> None:
    w = at_sea
    aapl, msft, nvda = await scanned(w, "AAPL", "MSFT", "NVDA")
    await decide.approve(w.desk, aapl.id, by="operator:1")
    await spoil(w, "orders", "symbol", 1, "'NVDA'")
    await spoil(w, "orders", column, 1, value)
    with pytest.raises(Refused, match="row 1 of orders cannot be read.*NVDA takes no new order"):
        await decide.approve(w.desk, nvda.id, by="operator:1")
    await decide.approve(w.desk, msft.id, by="operator:1")
    w.go(TUESDAY, 14, 30)
    await execute.execute_due(w.desk, owner="fast")
    [sent] = await w.journal.read(Order)
    assert (sent.symbol, sent.state) == ("MSFT", OrderState.FILLED)
    await damage.report(w.desk, set())
    assert await told(w, "NVDA takes no new order until then; other orders go on")


async def test_an_order_of_nobody_knows_what_blocks_every_instrument(at_sea: World) -> None:
    w = at_sea
    aapl, msft = await scanned(w, "AAPL", "MSFT")
    await decide.approve(w.desk, aapl.id, by="operator:1")
    await spoil(w, "orders", "symbol", 1)
    with pytest.raises(Refused, match="its symbol is b'.xff', a bytes; MSFT takes no new order"):
        await decide.approve(w.desk, msft.id, by="operator:1")


async def test_an_order_that_is_over_blocks_nothing(at_sea: World) -> None:
    w = at_sea
    await bought(w, "AAPL")
    await settle.collect(w.desk, w.broker)
    await spoil(w, "orders", "note", 1)
    await damage.check(w.desk, "AAPL")


async def test_fills_of_an_order_that_cannot_be_read_keep_their_strategy(at_sea: World) -> None:
    w = at_sea
    for signal in await scanned(w, "AAPL", "MSFT"):
        await decide.approve(w.desk, signal.id, by="operator:1")
    w.go(TUESDAY, 14, 30)
    for order in await w.journal.read(Order):
        await w.broker.submit(order)
    await spoil(w, "orders", "note", 1)
    await settle.collect(w.desk, w.broker)
    assert [(f.symbol, f.strategy) for f in await w.journal.read(Fill)] == [
        ("AAPL", "dip"),
        ("MSFT", "dip"),
    ]
    assert not await told(w, "did not order")


async def test_no_figure_is_built_on_a_fill_that_cannot_be_read(at_sea: World) -> None:
    w = at_sea
    await bought(w, "AAPL", "MSFT")
    w.go(TUESDAY, 21, 5)
    [signal] = await propose.propose(w.desk, "dip", [answer("NVDA", day=TUESDAY)], explain=explain)
    await spoil(w, "fills", "price", 1, "'NaN'")
    w.desk.books = type(w.desk.books)(w.journal, w.desk.market)  # a process that starts now
    with pytest.raises(DamagedRow, match="row 1 of fills cannot be read: its price is 'NaN'"):
        await w.desk.books.ledger()
    for command in ("/positions", "/pnl"):
        request = await w.ask(command)
        await verbs.handle(w.desk, request)
        done = await w.journal.first(Request, id=request)
        assert done is not None
        assert done.state is RequestState.REFUSED
        assert "row 1 of fills cannot be read" in done.error
    with pytest.raises(DamagedRow, match="row 1 of fills"):
        await decide.approve(w.desk, signal.id, by="operator:1")
    await w.ask("/halt")
    assert await trading_state(w.desk) is Trading.HALTED


async def test_square_off_closes_what_the_broker_shows_though_our_books_are_torn(
    at_sea: World,
) -> None:
    w = at_sea
    await bought(w, "AAPL", "MSFT")
    await spoil(w, "fills", "quantity", 1, "'lots'")
    w.desk.books = type(w.desk.books)(w.journal, w.desk.market)
    run = await squareoff.begin(w.desk, by="operator:1")
    for _ in range(4):
        progress = await squareoff.advance(w.desk, run, owner="fast")
    assert progress.flat
    assert await w.broker.positions() == []


async def test_a_latch_that_cannot_be_read_stops_orders_and_a_halt_writes_it_anew(
    at_sea: World,
) -> None:
    w = at_sea
    await halt.latch(w.journal, Trading.HALTED, by="a", reason="", at=None)
    await halt.latch(w.journal, Trading.ACTIVE, by="a", reason="", at=None)
    [signal] = await scanned(w, "AAPL")
    for column in ("state", "name"):
        ids = await w.journal.damaged()
        assert ids == []
        journal = w.journal
        assert isinstance(journal, OrmJournal)
        await journal.store.write(f"UPDATE latches SET {column} = x'ff' RETURNING id")
        with pytest.raises(DamagedRow, match="of latches"):
            await decide.approve(w.desk, signal.id, by="operator:1")
        with pytest.raises(DamagedRow):
            await halt.latch(journal, Trading.ACTIVE, by="a", reason="", at=None)
        await w.ask("/halt")
        assert await trading_state(w.desk) is Trading.HALTED


async def test_a_pause_that_cannot_be_read_holds(at_sea: World) -> None:
    w = at_sea
    timetable(w.desk)
    await w.journal.append([Pause("scan:dip", w.clock.at)])
    await spoil(w, "pauses", "since", 1, "'x'")
    w.go(TUESDAY, 21, 30)
    jobs = {run.job for run in await schedule.due_runs(w.desk)}
    assert "scan:dip" not in jobs
    assert "mark" in jobs


async def test_a_request_that_cannot_be_read_keeps_no_other_waiting(at_sea: World) -> None:
    w = at_sea
    first, second = await w.ask("/help"), await w.ask("/start")
    await spoil(w, "requests", "payload", first, "'{'")
    looks = 0

    async def rest(_: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 2:
            raise EOFError

    with pytest.raises(EOFError):
        await rounds.sweep(w.desk, rest)
    done = await w.journal.first(Request, id=second)
    assert done is not None
    assert done.state is RequestState.DONE
    assert done.operator == ANN.id
    assert [d.id for d in w.journal.damage] == [first]
    assert await w.journal.count(Request) == 2
