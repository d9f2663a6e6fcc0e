"""/backtest: what it asks the heavy lane for, in which period, one at a time, and Cancel."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from desk.console.backtest import span, subject
from desk.console.verbs import handle
from tests.desk.test_console import said
from tests.world import BOB, World, world
from trading.errors import BadCommand
from trading.facts import Notice, Run, RunState
from trading.messages import Message

TODAY, LATEST = date(2025, 2, 4), date(2025, 2, 3)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("all", None, LATEST),
        ("1y", date(2024, 2, 4), LATEST),
        ("6m", date(2024, 8, 4), LATEST),
        ("2w", date(2025, 1, 21), LATEST),
        ("2024", date(2024, 1, 1), date(2024, 12, 31)),
        ("2025", date(2025, 1, 1), LATEST),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2024-01..2024-06", date(2024, 1, 1), date(2024, 6, 30)),
        ("2023..2024-06-15", date(2023, 1, 1), date(2024, 6, 15)),
        ("2024-03-28", date(2024, 3, 28), date(2024, 3, 28)),
        ("ALL", None, LATEST),
    ],
)
def test_a_period_means_these_days(text: str, first: date | None, last: date):
    assert span(text, TODAY, LATEST) == (first, last)


def test_a_year_back_from_a_leap_day_is_the_last_of_february():
    leap = date(2024, 2, 29)
    assert span("1y", leap, leap) == (date(2023, 3, 1), leap)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("fortnight", "'fortnight' is no period; write one like 1y, 6m, 2024, 2024-01..2024-06, a"),
        ("2024-13", "'2024-13' is no period"),
        ("0y", "'0y' is no period"),
        ("2024-06..2024-01", "'2024-06..2024-01' ends before it begins"),
        ("2026", "'2026' has not come yet"),
        ("..", "'..' is no period"),
    ],
)
def test_what_is_no_period_is_one_line(text: str, line: str):
    with pytest.raises(BadCommand) as refused:
        span(text, TODAY, LATEST)
    assert str(refused.value).startswith(line)


@given(st.text(max_size=24) | st.from_regex(r"\d{0,4}-?\d{0,2}(\.\.\d{0,4}-?\d{0,2})?"))
@example("９y")
@example("99y")
@example("0000")
def test_any_text_is_days_in_order_or_refused(text: str):
    with suppress(BadCommand):
        first, last = span(text, TODAY, LATEST)
        assert last <= LATEST
        assert first is None or first <= TODAY


async def runs(w: World) -> list[Run]:
    return await w.journal.read(Run)


async def test_a_backtest_is_a_run_of_the_heavy_lane_and_a_message_with_cancel():
    w = await world()
    text = await said(w, "/backtest dip 2024-01 .. 2024-06")
    [run] = await runs(w)
    assert (run.job, run.state) == ("backtest:dip", RunState.DUE)
    assert (run.args["from"], run.args["to"]) == ("2024-01-01", "2024-06-30")
    assert text == "Backtest of dip\nwaits for its turn"
    [notice] = await w.journal.read(Notice)
    assert notice.subject == subject(run.id)
    [[button]] = Message.from_json(notice.body).buttons
    assert (button.label, button.verb, button.args) == ("Cancel", "backtest", ("cancel", "1"))
    assert ("heavy", (run.id,)) in w.bells.rung


async def test_it_needs_a_strategy():
    w = await world()
    assert "Which strategy: dip? For example: /backtest dip 1y" in await said(w, "/backtest")
    assert await runs(w) == []


@pytest.mark.parametrize("state", [RunState.DUE, RunState.RUNNING])
async def test_a_second_one_is_refused_while_one_runs(state: RunState):
    w = await world()
    await said(w, "/backtest dip")
    [run] = await runs(w)
    if state is RunState.RUNNING:
        await w.journal.move(run, state=state)
    w.go(w.clock.at.date(), 22)
    text = await said(w, "/backtest rip 1y")
    assert text == ("A backtest of dip is running; one at a time: wait for it or cancel it.")
    assert len(await runs(w)) == 1


@pytest.mark.parametrize(
    ("state", "ended"), [(RunState.DUE, RunState.MISSED), (RunState.RUNNING, RunState.DONE)]
)
async def test_cancel_ends_the_run_and_says_who(state: RunState, ended: RunState):
    w = await world()
    await said(w, "/backtest dip")
    [run] = await runs(w)
    if state is RunState.RUNNING:
        await w.journal.move(run, state=state)
    request = await w.ask(f"/backtest cancel {run.id}", by=BOB, pressed=True)
    await handle(w.desk, request)
    [after] = await runs(w)
    assert (after.state, after.outcome) == (ended, "cancelled by Bob")
    last = await w.journal.first(Notice, order="-id")
    assert last is not None
    assert last.subject == subject(run.id)
    assert Message.from_json(last.body).plain == "Backtest of dip\nCancelled by Bob."
    assert "has ended already" in await said(w, f"/backtest cancel {run.id}")
    w.go(w.clock.at.date(), 22)
    assert "waits for its turn" in await said(w, "/backtest dip")


@pytest.mark.parametrize("number", ["", "99", "x", "４２"])
async def test_cancelling_what_is_no_backtest_is_one_line(number: str):
    w = await world()
    await w.journal.append([Run("scan:dip", w.clock.at)])
    assert await said(w, f"/backtest cancel {number}") == "There is no such backtest."
    assert await said(w, "/backtest cancel 1") == "There is no such backtest."
