"""A day's snapshot: worked out by hand, taken with the marks, made anew from facts."""

from dataclasses import replace
from decimal import Decimal

import pytest

from desk import anew, equity
from desk.closes import books_at
from desk.invariants.caches import marks_as_facts, snapshots_as_facts
from tests.desk.test_report import FRI, NEXT, THU, TUE, WED, marked, week
from tests.world import MONDAY, World, at
from trading.errors import DataError, JournalError
from trading.money import Adjustment, Mark, Snapshot, Told, money
from trading.orders import Fill
from trading.types import Side

D = Decimal


async def shot(w: World, day) -> Snapshot:
    [found] = await w.journal.read(Snapshot, session=day)
    return found


async def findings(w: World) -> list[str]:
    said = [text async for text in marks_as_facts(w.desk)]
    return said + [text async for text in snapshots_as_facts(w.desk)]


async def test_fridays_snapshot_is_what_a_pencil_makes_of_it():
    w = await week()
    found = await shot(w, FRI)
    amounts = [money(v) for v in (found.equity, found.cash, found.gross, found.net, found.capital)]
    assert amounts == [D(100_396), D(90_296), D(10_100), D(10_100), D(100_000)]
    assert (found.leverage, found.told) == (D(1), Told.RULE)
    assert (found.margin, found.buying_power) == (found.gross, found.cash)
    assert found.leverage_used == D(10_100) / D(100_396)
    assert found.positions == (
        {
            "symbol": "MSFT", "strategy": "dip", "currency": "USD", "units": "50",
            "average": "100", "price": "99", "value": "4950",
        },
        {
            "symbol": "TSLA", "strategy": "rip", "currency": "USD", "units": "50",
            "average": "100", "price": "103", "value": "5150",
        },
    )  # fmt: skip
    assert found.trades == ()
    assert (await shot(w, WED)).trades == (
        {
            "symbol": "AAPL", "strategy": "dip", "units": "50", "entry": "100", "exit": "106",
            "net": "298",
        },
    )  # fmt: skip


async def test_equity_is_what_the_broker_says_it_is():
    w = await week()
    assert money((await shot(w, FRI)).equity) == (await w.broker.account()).equity


async def test_a_second_call_changes_nothing():
    w = await week()
    before = [await w.journal.read(Snapshot), await w.journal.read(Mark)]
    assert await marked(w, FRI) == []
    assert [await w.journal.read(Snapshot), await w.journal.read(Mark)] == before


async def test_a_missed_session_is_taken_late_with_what_it_had():
    at_once, late = await week(), await week(mark=())
    for day in (TUE, WED, THU, FRI):
        await marked(late, day)
    plain = [[replace(s, id=0) for s in await w.journal.read(Snapshot)] for w in (at_once, late)]
    assert plain[0] == plain[1]


def late_fill(day=FRI) -> Fill:
    return Fill(
        "paper", "paper", "late", "o", "dip", "MSFT", Side.BUY, D(10), D(98), D(2), "USD",
        at(day, 20),
    )  # fmt: skip


async def test_a_fill_that_came_late_is_in_it_the_next_time():
    w = await week()
    await w.journal.append([late_fill()])
    [changed] = await marked(w, FRI)
    assert (changed.strategy, money(changed.fees)) == ("dip", D(5))
    found = await shot(w, FRI)
    assert money(found.equity) == D(100_396) + 10 * (99 - 98) - 2
    assert await w.journal.count(Mark, session=FRI) == 2


async def test_what_is_paid_in_after_the_close_is_the_next_sessions():
    w = await week()
    await w.journal.append([Adjustment("paper", "more", "deposit", D(5_000), "USD", at(FRI, 22))])
    await marked(w, FRI)
    assert money((await shot(w, FRI)).capital) == D(100_000)
    w.go(NEXT, 21, 2)
    await marked(w, NEXT)
    assert money((await shot(w, NEXT)).capital) == D(105_000)


async def test_marks_and_snapshot_come_together_or_not_at_all():
    w = await week(mark=(TUE, WED, THU))
    append = w.journal.append

    class Lost:
        def __getattr__(self, name: str):
            return getattr(journal, name)

        async def append(self, facts):
            if any(isinstance(fact, Mark) for fact in facts):
                raise JournalError("the database went away")
            return await append(facts)

    journal, w.desk.journal = w.journal, Lost()
    with pytest.raises(JournalError):
        await marked(w, FRI)
    w.desk.journal = journal
    assert await journal.count(Snapshot, session=FRI) == 0
    await marked(w, FRI)
    assert (await journal.count(Snapshot, session=FRI), await journal.count(Mark)) == (1, 5)


class Says:
    """A broker that tells its own margin."""

    def __init__(self, broker) -> None:
        self._broker = broker

    def __getattr__(self, name: str):
        return getattr(self._broker, name)

    async def account(self):
        return replace(await self._broker.account(), margin=D(2_525), buying_power=D(190_000))


async def test_a_brokers_own_margin_is_taken_at_its_word_and_no_finding():
    w = await week(mark=(TUE, WED, THU))
    w.desk.brokers = {"paper": Says(w.broker)}
    await marked(w, FRI)
    found = await shot(w, FRI)
    assert found.told is Told.BROKER
    assert (money(found.margin or 0), money(found.buying_power or 0)) == (D(2_525), D(190_000))
    await marked(w, THU)
    assert (await shot(w, THU)).told is Told.RULE, "today's margin is not Thursday's"
    assert await findings(w) == []


async def test_a_currency_without_a_rate_is_refused_by_name():
    w = await week()
    await w.journal.append([replace(late_fill(), currency="EUR", symbol="SAP")])
    w.desk.feed = Nothing(w.desk.feed)
    with pytest.raises(DataError, match="exchange rate"):
        await marked(w, FRI)


class Nothing:
    def __init__(self, feed) -> None:
        self._feed = feed

    def __getattr__(self, name: str):
        return getattr(self._feed, name)

    async def quote(self, symbol, at):
        return None if symbol == "SAP" else await self._feed.quote(symbol, at)


# Against the facts


async def test_what_is_kept_is_what_the_facts_make():
    assert await findings(await week()) == []


@pytest.mark.parametrize(
    ("kind", "change", "line"),
    [
        (Mark, {"fees": 4_000_000}, "the mark of dip (paper) at the close of 2025-02-06 has fees "
         "4.000000, the facts make 3.000000"),
        (Mark, {"unrealised": 0}, "has unrealised 0.000000, the facts make -50.000000"),
        (Snapshot, {"cash": 1}, "the snapshot of paper at the close of 2025-02-06 has cash "
         "0.000001, the facts make 95297.000000"),
        (Snapshot, {"buying_power": 7}, "has buying power 0.000007"),
        (Snapshot, {"trades": ({"symbol": "X"},)}, "has other trades than the facts make"),
    ],
)  # fmt: skip
async def test_a_figure_changed_by_hand_is_found_and_made_anew(kind, change, line):
    w = await week()
    whole = [replace(one, id=0) for one in await w.journal.read(kind, session=THU)]
    [row] = await w.journal.read(kind, session=THU)
    await w.journal.remove(kind, id=row.id)
    await w.journal.append([replace(row, id=0, **change)])
    [found] = await findings(w)
    assert line in found
    assert (await anew.rebuild(w.desk)).changed == [THU]
    assert await findings(w) == []
    assert [replace(one, id=0) for one in await w.journal.read(kind, session=THU)] == whole
    assert (await anew.rebuild(w.desk)).changed == []


async def test_a_snapshot_that_is_gone_is_missed_and_made_anew_at_the_feeds_prices():
    w = await week()
    kept = replace(await shot(w, THU), id=0)
    await w.journal.remove(Snapshot, session=THU)
    assert await findings(w) == ["the snapshot of paper at the close of 2025-02-06 is missing"]
    await anew.rebuild(w.desk)
    assert replace(await shot(w, THU), id=0) == kept


async def test_marks_from_before_there_were_snapshots_are_no_finding():
    w = await week()
    await w.journal.remove(Snapshot)
    assert await findings(w) == []
    assert (await anew.rebuild(w.desk)).changed == [TUE, WED, THU, FRI]
    assert await w.journal.count(Snapshot) == 4


async def test_a_fill_that_came_late_is_a_finding_until_it_is_made_anew():
    w = await week()
    await w.journal.append([late_fill(THU)])
    said = await findings(w)
    assert all("2025-02-06" in text or "2025-02-07" in text for text in said)
    assert (await anew.rebuild(w.desk)).changed == [THU, FRI]
    assert await findings(w) == []


@pytest.mark.parametrize("day", [WED, FRI])
async def test_books_close_by_close_are_the_books_as_of_each(day):
    """A correction dated `day` takes back Tuesday's purchase of MSFT."""
    w = await week()
    [fill] = await w.journal.read(Fill, symbol="MSFT")
    await w.journal.append(
        [replace(fill, execution_id="back", reverses=fill.execution_id, at=at(day, 20), id=0)]
    )
    sessions = w.desk.calendar.sessions(MONDAY, NEXT)
    compared = 0
    async for one, ledger in books_at(w.desk, sessions):
        other = await w.desk.books.as_of(one.close)
        assert (ledger.positions, ledger.cash, ledger.totals, ledger.trades) == (
            other.positions, other.cash, other.totals, other.trades,
        )  # fmt: skip
        compared += 1
    assert compared == 6


# The curve


async def test_the_curve_is_the_equity_at_each_close():
    w = await week()
    points = await equity.curve(w.desk)
    assert [(p.session, p.equity) for p in points] == [
        (TUE, D(100_098)), (WED, D(100_147)), (THU, D(100_247)), (FRI, D(100_396)),
    ]  # fmt: skip
    assert [p.gain for p in points] == [98, 49, 100, 149]
    assert points[0].flow == D(100_000)
    assert points[-1].index.quantize(D("1e-50")) == D("1.00396")
    assert points[-1].leverage == D(10_100) / D(100_396)
    assert (points[-1].margin, points[-1].buying_power) == (D(10_100), D(90_296))
    assert [p.session for p in await equity.curve(w.desk, WED, THU)] == [WED, THU]


async def test_what_is_paid_in_or_taken_out_is_neither_gain_nor_loss():
    w = await week()
    flow = Adjustment("paper", "in", "deposit", D(50_000), "USD", at(FRI, 15))
    await w.journal.append([flow, replace(flow, reference="out", kind="withdrawal",
                                          amount=D(-20_000), at=at(THU, 15))])  # fmt: skip
    await anew.rebuild(w.desk)
    points = await equity.curve(w.desk)
    assert [p.flow for p in points] == [100_000, 0, -20_000, 50_000]
    assert [p.gain for p in points] == [98, 49, 100, 149]
    assert points[2].returned == D(100) / D(100_147), "what goes out earned until the close"
    assert points[3].returned == D(149) / (D(80_247) + 50_000)


async def test_a_strategys_curve_is_its_own_gain_and_its_part_of_the_return():
    w = await week()
    dip, rip = [await equity.curve(w.desk, strategy=name) for name in ("dip", "rip")]
    assert [p.equity for p in dip] == [98, 147, 247, 247]
    assert [(p.session, p.equity, p.net) for p in rip] == [(FRI, D(149), D(5_150))]
    assert rip[0].returned == D(149) / D(100_247)
    assert rip[0].leverage is None
