"""Sessions marked anew: imported history, fills that came late, sessions nobody marked."""

from dataclasses import replace
from datetime import date
from typing import cast

from desk import anew, report
from tests.desk.test_report import CUMULATIVE, FRI, NEXT, THU, TUE, WED, marked, week
from tests.desk.test_snapshots import findings, late_fill
from tests.world import MONDAY, D, World, at, world
from trading.facts import Cursor, Run
from trading.money import Mark, Snapshot
from trading.orders import Fill
from trading.types import Side
from worker import jobs
from worker.research import Research

NOVEMBER = date(2024, 11, 4)  # a Monday


def past(number: int, day: date, side: Side, price: int, symbol: str = "AAPL") -> Fill:
    return Fill(
        "ib", "U1", f"{number}", f"{number}", "imported", symbol, side, D(10), D(price), D(1),
        "USD", at(day, 15),
    )  # fmt: skip


async def earned(w: World) -> dict[date, D]:
    found = await report.profit(w.desk, "all")
    return {day.day: day.net for day in found.days if day.net}


async def test_imported_history_is_on_its_own_days_and_not_on_today():
    w = await world()
    await w.journal.append(
        [
            past(1, NOVEMBER, Side.BUY, 90),
            past(2, date(2024, 11, 6), Side.SELL, 97),
            past(3, date(2024, 12, 2), Side.BUY, 95),
            past(4, date(2024, 12, 3), Side.SELL, 91),
        ]
    )
    assert await earned(w) == {MONDAY: D(26)}
    made = await anew.catch_up(w.desk)
    assert (made.changed[0], made.changed[-1]) == (NOVEMBER, MONDAY)
    assert (made.at_cost, made.untold) == (set(), {})
    assert await earned(w) == {
        NOVEMBER: D(99),  # held at 100 over the close, as the feed has it
        date(2024, 11, 6): D(-31),
        date(2024, 12, 2): D(49),
        date(2024, 12, 3): D(-91),
    }
    assert await findings(w) == []
    assert (await anew.catch_up(w.desk)).changed == []


async def test_what_never_had_a_price_is_carried_at_cost_and_named():
    w = await world()
    await w.journal.append(
        [
            past(1, NOVEMBER, Side.BUY, 90, "GONE"),
            past(2, date(2024, 11, 6), Side.SELL, 97, "GONE"),
        ]
    )
    made = await anew.catch_up(w.desk)
    assert made.at_cost == {"GONE"}
    assert await earned(w) == {NOVEMBER: D(-1), date(2024, 11, 6): D(69)}
    assert await findings(w) == []


async def test_a_session_whose_exchange_rate_is_missing_is_left_and_told():
    w = await world()
    bought = replace(past(1, THU, Side.BUY, 90), currency="EUR")
    await w.journal.append([past(2, TUE, Side.BUY, 90, "MSFT"), bought])
    w.go(FRI, 21, 5)
    made = await anew.catch_up(w.desk)
    assert made.changed == [TUE, WED]
    assert [*made.untold] == [THU, FRI]
    assert "quarterdeck import rates" in made.untold[THU]


async def test_a_history_older_than_the_calendar_begins_where_that_does():
    w = await world()

    class Young(type(w.desk.calendar)):  # type: ignore[misc]
        def sessions(self, first, last):
            if first < date(2025, 1, 2):
                raise report.DataError("sessions are known from 2025-01-02 only")
            return super().sessions(first, last)

    w.desk.calendar = Young()
    await w.journal.append([past(1, NOVEMBER, Side.BUY, 90)])
    made = await anew.catch_up(w.desk)
    assert made.changed[0] == date(2025, 1, 7)
    assert made.changed[-1] == MONDAY


async def test_the_next_mark_mends_what_a_late_fill_made_stale():
    w = await week()
    await anew.catch_up(w.desk)
    await w.journal.append([late_fill(THU)])
    assert await findings(w) != []
    w.go(NEXT, 21, 2)
    nobody = cast("Research", None)
    text = await jobs.mark(w.desk, nobody, Run("mark", at(NEXT, 21, 2)))
    assert text.endswith("2 earlier sessions made anew")
    assert await findings(w) == []
    assert "anew" not in await jobs.mark(w.desk, nobody, Run("mark", at(NEXT, 21, 2)))


async def test_a_correction_makes_anew_all_since_what_it_takes_back():
    w = await week()
    await anew.catch_up(w.desk)
    [bought] = await w.journal.read(Fill, symbol="MSFT")
    back = replace(bought, execution_id="back", reverses=bought.execution_id, at=at(FRI, 20), id=0)
    await w.journal.append([back])
    assert (await anew.catch_up(w.desk)).changed == [TUE, WED, THU, FRI]
    assert await findings(w) == []


async def test_a_session_nobody_marked_is_marked_later_as_it_would_have_been():
    w = await week(mark=(TUE, FRI))
    assert (await anew.catch_up(w.desk)).changed == [WED, THU]
    found = {day: D(0) for day in CUMULATIVE}
    for mark in await w.journal.read(Mark):
        found[mark.session] += D(mark.net).scaleb(-6)
    assert found == CUMULATIVE


async def test_a_fill_of_the_session_that_is_marked_by_itself_waits_for_it():
    w = await week(mark=(TUE, WED, THU))
    session = w.desk.calendar.session_on(FRI)
    assert (await anew.catch_up(w.desk, before=session)).changed == []
    assert await w.journal.count(Snapshot, session=FRI) == 0
    await marked(w, FRI)
    assert await findings(w) == []


async def test_a_cursor_that_cannot_be_read_has_all_sessions_compared_again():
    w = await week()
    await anew.catch_up(w.desk)
    cursor = await w.journal.first(Cursor, name=anew.SEEN)
    assert cursor is not None
    await w.journal.move(cursor, value="[7")
    await w.journal.append([late_fill(THU)])
    assert (await anew.catch_up(w.desk)).changed == [THU, FRI]
