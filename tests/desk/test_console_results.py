"""What was made, as the chat says it: /pnl and its kin, against a week worked out by hand.

The week is that of test_report: 98, 49, 100 and 149 USD net from Tuesday to Friday; dip made 247 of
it with one trade that ended, rip 149 with none; four orders cost 1.00 each.
"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from charts.specs.bars import BarsSpec
from charts.specs.calendar import CalendarSpec
from charts.specs.compare import CompareSpec
from charts.specs.daily import PnlSpec
from charts.specs.report import ReportSpec
from desk.console.replies import WIDTH
from desk.console.verbs import VERBS, handle
from tests.desk.test_console import said
from tests.desk.test_report import NEXT, week
from tests.world import World, world
from trading.facts import Notice, Picture, Request, RequestState
from trading.messages import Message
from trading.orders import Fill

D = Decimal
AS_OF = "As of Fri 7 Feb 16:02 New York · broker agrees 16:02"
SPECS = {
    "pnl": PnlSpec,
    "bars": BarsSpec,
    "calendar": CalendarSpec,
    "compare": CompareSpec,
    "report": ReportSpec,
}
RESULTS = [name for name, verb in VERBS.items() if verb.topic == "Results" and name != "digest"]


async def told(w: World, text: str, *, pressed: bool = False) -> Message:
    request = await w.ask(text, pressed=pressed)
    await handle(w.desk, request)
    [row] = await w.journal.read(Notice, answers=request)
    return Message.from_json(row.body)


async def drawn(w: World) -> dict[str, Any]:
    """The spec of the newest picture, read as the drawing process reads it."""
    picture = await w.journal.first(Picture, order="-id")
    assert picture is not None
    SPECS[picture.kind].from_json(picture.spec)
    return dict(picture.spec)


async def test_pnl_says_total_changes_trades_and_whether_the_broker_agrees():
    w = await week()
    assert await said(w, "/pnl") == (
        "P&L since the start · All strategies\n"
        "+396.00 USD net\n"
        "              USD change\n"
        "Fri 7 Feb +149.00 +49.00\n"
        "7 days    +396.00      –\n"
        "30 days   +396.00      –\n"
        "1 trade closed, 1 won\n"
        f"Open now +100.00 USD\n{AS_OF}"
    )
    spec = await drawn(w)
    assert [net for _, net in spec["days"]] == [
        "98.000000",
        "49.000000",
        "100.000000",
        "149.000000",
    ]
    assert (spec["title"], spec["currency"], spec["bars"]) == (
        "Net P&L since the start",
        "USD",
        "day",
    )


@pytest.mark.parametrize(
    ("asked", "total", "title"),
    [
        ("today", "+149.00 USD net", "P&L today"),
        ("week", "+396.00 USD net", "P&L this week"),
        ("2025-02-04..2025-02-05", "+147.00 USD net", "P&L 4 Feb 2025 to 5 Feb 2025"),
        ("feb rip", "+149.00 USD net", "P&L February 2025 · rip"),
        ("rip feb", "+149.00 USD net", "P&L February 2025 · rip"),
        ("dip", "+247.00 USD net", "P&L since the start · dip"),
        ("gross", "+400.00 USD gross of fees and taxes", "P&L since the start"),
        ("dip gross quarter", "+250.00 USD gross of fees and taxes", "P&L this quarter · dip"),
        ("90d", "+396.00 USD net", "P&L last 90 days"),
    ],
)
async def test_pnl_of_a_period_and_a_strategy_in_any_order(asked: str, total: str, title: str):
    w = await week()
    lines = (await said(w, f"/pnl {asked}")).splitlines()
    assert lines[0].startswith(title)
    assert lines[1] == total
    spec = await drawn(w)
    assert sum(D(net) for _, net in spec["days"]) == D(total.split(maxsplit=1)[0].replace("−", "-"))
    assert spec["gross"] is ("gross" in asked)


async def test_pnl_of_a_time_before_the_first_trade_says_so_and_leads_on():
    w = await week()
    found = await told(w, "/pnl jan")
    assert found.plain.startswith("No trading by 31 Jan 2025, so no P&L.")
    assert [b.label for b in found.buttons[0]] == ["1D", "1W", "1M", "1Q", "YTD", "All"]


async def test_seven_days_are_told_against_the_seven_before():
    w = await week()
    w.go(NEXT + timedelta(days=2), 15)  # MSFT rose by two since Friday
    lines = (await said(w, "/pnl")).splitlines()
    assert lines[3] == "Wed 12 Feb +100.00  −49.00"
    assert lines[4] == "7 days     +349.00 +202.00", "98 and 49 are of the seven before"


async def test_the_buttons_of_pnl_ask_the_same_with_one_thing_changed():
    w = await week()
    said_ = await told(w, "/pnl month dip")
    rows = [[(b.label, b.args, b.style) for b in row] for row in said_.buttons]
    assert rows[0][0] == ("1D", ("today", "dip"), "")
    assert rows[0][2] == ("1M", ("month", "dip"), "primary")
    assert rows[1] == [("All strategies", ("month",), ""), ("dip", ("month", "dip"), "primary")]
    assert rows[2] == [("rip", ("month", "rip"), "")]
    assert rows[3] == [("Gross", ("month", "dip", "gross"), "")]
    for row in said_.buttons:
        for button in row:
            again = await told(w, " ".join(["/pnl", *button.args]), pressed=True)
            assert "USD" in again.plain


async def test_the_same_picture_is_not_drawn_twice():
    w = await week()
    for text in ("/daily 2", "/daily 2", "/daily 3", "/daily 2"):
        await said(w, text)
    assert await w.journal.count(Picture, kind="bars") == 2


async def test_days_weeks_and_months_stand_in_a_table_with_their_trades():
    w = await week()
    assert await said(w, "/daily 3") == (
        "The last 3 days · All strategies\n"
        "+298.00 USD net\n"
        "day       net USD trades\n"
        "Fri 7 Feb +149.00      0\n"
        "Thu 6 Feb +100.00      0\n"
        "Wed 5 Feb  +49.00      1\n"
        f"total     +298.00      1\n{AS_OF}"
    )
    assert (await drawn(w))["rows"] == [
        ["5 Feb", "49.000000"],
        ["6 Feb", "100.000000"],
        ["7 Feb", "149.000000"],
    ]
    w.go(NEXT, 15)
    assert "10 Feb 25 +100.00      0\n3 Feb 25  +396.00      1\n" in await said(w, "/weekly")
    assert "Feb 2025 +347.00      1\n" in await said(w, "/monthly dip"), "dip holds MSFT"


async def test_compare_puts_the_strategies_side_by_side():
    w = await week()
    assert await said(w, "/compare") == (
        "Strategies since the start\n"
        "      net USD trades\n"
        "dip   +247.00      1\n"
        "rip   +149.00      0\n"
        f"total +396.00      1\n{AS_OF}"
    )
    spec = await drawn(w)
    assert [float(net) for _, net in spec["lines"]["dip"]] == [98, 147, 247, 247]
    assert {name: float(rows[0][1]) for name, rows in spec["months"].items()} == {
        "dip": 247,
        "rip": 149,
    }


async def test_the_calendar_names_best_and_worst_and_turns_its_leaves():
    w = await week()
    assert await said(w, "/calendar month") == (
        "Calendar February 2025 · All strategies\n"
        "+396.00 USD net\n"
        "4 days: 4 up, 0 down\n"
        "Best Fri 7 Feb +149.00 USD\n"
        f"Worst Wed 5 Feb +49.00 USD\n{AS_OF}"
    )
    assert (await drawn(w))["month"] == "2025-02"
    year = await told(w, "/calendar 2025")
    assert [(b.label, b.args) for row in year.buttons for b in row] == [
        ("February 2025", ("2025-02",))
    ]
    assert (await drawn(w))["year"] == 2025


async def test_stats_are_those_of_the_trades_and_days():
    w = await week()
    text = await said(w, "/stats")
    found = dict(line.rsplit("  ", 1) for line in text.splitlines() if "  " in line)
    figures = {name.strip(): figure.strip() for name, figure in found.items()}
    assert figures["net"] == "+396.00 USD"
    assert figures["fees"] == "4.00 USD"
    assert figures["win rate"] == "100.0 %"
    assert figures["expectancy"] == "+298.00 USD"
    assert figures["mean return"] == "+5.96 %"  # 298 of 5,000
    assert figures["profit factor"] == "–", "nothing was lost"
    assert "+149.00 USD" in await said(w, "/stats week rip")


@pytest.mark.parametrize(
    ("by", "row"),
    [
        ("", "AAPL      1 100 % +298.00"),
        ("strategy", "dip      1 100 % +298.00"),
        ("weekday", "Tue      1 100 % +298.00"),
        ("hour", "09:00      1 100 % +298.00"),
        ("exit", "exit rule      1 100 % +298.00"),
    ],
)
async def test_performance_groups_the_trades(by: str, row: str):
    w = await week()
    assert row in (await said(w, f"/performance {by}")).splitlines()
    assert [net for _, net in (await drawn(w))["rows"]] == ["298"]


async def test_the_report_is_a_file_named_after_its_month():
    w = await week()
    assert await said(w, "/report") == (
        f"Report, February 2025 · All strategies\n+396.00 USD net, 1 trade closed\n{AS_OF}"
    )
    picture = await w.journal.first(Picture, kind="report")
    assert picture is not None
    assert picture.file_name == "quarterdeck-2025-02.pdf"
    spec = await drawn(w)
    assert spec["sentence"] == (
        "February 2025: the desk made 396.00 USD net (+0.40 % of its capital) on 1 closed trade, "
        "1 of them won."
    )
    tables = {table["title"]: table["rows"] for table in spec["tables"]}
    assert tables["By strategy"][-1] == ["total", "1", "1", "+400.00", "4.00", "0.00", "+396.00"]
    assert tables["Trades"][0][3:] == ["5 Feb 2025", "1 day", "+5.96 %", "+298.00"]
    assert [row[0] for row in tables["Costs"]] == ["dip", "rip"]
    assert spec["agrees"] == "broker agrees 16:02"
    await said(w, "/report 2025-02-04..2025-02-05 dip")
    newest = await w.journal.first(Picture, order="-id")
    assert newest is not None
    assert newest.file_name == "quarterdeck-2025-02-04-to-2025-02-05-dip.pdf"


@pytest.mark.parametrize("name", RESULTS)
async def test_before_the_first_trade_every_answer_is_friendly(name: str):
    w = await world()
    text = await said(w, f"/{name}{' 1' if name == 'trade' else ''}")
    assert text.startswith(("No ", "Nothing "))
    assert len(text.splitlines()) <= 2
    assert await w.journal.count(Picture) == 0


@pytest.mark.parametrize(
    "text",
    [
        "/pnl fortnight", "/pnl 2027", "/pnl dip rip", "/pnl week month", "/daily 0", "/daily ten",
        "/weekly 1000", "/monthly -1", "/stats sharpe", "/performance colour", "/trades ZZZZ",
        "/trade", "/trade x", "/trade 0", "/trade 999", "/slippage yesterday", "/veto nobody",
        "/calendar 2025-13", "/calendar 2031", "/compare fortnight", "/report nobody", "/help me",
    ],
)  # fmt: skip
async def test_a_bad_argument_is_one_line_with_an_example(text: str):
    w = await week()
    answer = await said(w, text)
    assert "\n" not in answer
    assert "xample: /" in answer or "write one like" in answer or "/trades lists" in answer
    request = await w.journal.first(Request, order="-id")
    assert request is not None
    assert request.state is RequestState.REFUSED


@pytest.mark.parametrize("name", RESULTS)
async def test_every_answer_fits_a_phone_and_says_as_of_when(name: str):
    w = await week()
    said_ = await told(w, f"/{name}{' 3' if name == 'trade' else ''}")
    if name == "veto":
        return
    for span in said_.text:
        if span.style == "pre":
            assert max(map(len, span.text.splitlines())) <= WIDTH
    assert said_.plain.endswith(AS_OF)
    assert len(said_.plain.encode("utf-16-le")) // 2 <= 1024 or name in ("stats", "trade")
    assert "USD" in said_.plain


async def test_a_difference_with_the_broker_is_counted():
    w = await week()
    [fill] = await w.journal.read(Fill, symbol="TSLA")
    await w.journal.append([replace(fill, execution_id="of nobody", quantity=D(7), id=0)])
    for name in ("pnl", "trades", "stats"):
        lines = (await said(w, f"/{name}")).splitlines()
        assert lines[-1].endswith("· 1 difference with the broker: TSLA paper 50, ours 57")


async def test_help_lists_every_topic_and_says_more_of_each():
    w = await world()
    whole = await said(w, "/help")
    assert len(whole.encode("utf-16-le")) // 2 <= 4096
    for topic in ("signals", "trading", "results", "lists", "safety", "console"):
        assert topic in whole.splitlines()[-1]
        assert "/" in await said(w, f"/help {topic}")
    for name, verb in VERBS.items():
        if verb.help:
            one = await said(w, f"/help {name}") if name not in ("signals", "stats") else ""
            assert not one or f"/{name}" in one
    assert "jan..mar" in await said(w, "/help periods")


async def test_help_stats_defines_every_statistic_shown_in_one_line():
    w = await week()
    lines = (await said(w, "/help stats")).splitlines()[1:-1]
    defined = {line.partition(": ")[0] for line in lines}
    shown = {
        line[:26].split("  ")[0].strip()
        for line in (await said(w, "/stats")).splitlines()
        if len(line) == WIDTH
    }
    assert shown - defined == set()
    assert all(len(line) <= 130 for line in lines)
