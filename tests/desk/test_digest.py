"""What each digest says, how quiet days read, and what muting and moving keep."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from desk import decide, execute
from desk.console.digests import compose
from desk.desk import DIGESTS, Plan
from desk.halt import latch
from tests.desk.test_console import said
from tests.desk.test_deciding import TUESDAY, bought, proposed
from tests.desk.test_report import FRI, NEXT, THU, TUE, opened, session, taken, week
from tests.world import MONDAY, World, at, world
from trading.facts import (
    Beat,
    Run,
    RunState,
    Trading,
)
from trading.messages import Message
from trading.orders import Fill
from trading.ports import Session
from trading.types import Holding, Side

D = Decimal


async def text(w: World, kind: str) -> str:
    return (await compose(w.desk, kind, w.clock.at)).said.plain


def fits_a_phone(said: Message) -> None:
    for span in said.text:
        if span.style == "pre":
            assert max(map(len, span.text.splitlines())) <= 34, span.text


# What each says


async def test_the_end_says_what_the_day_made_is_held_and_comes_next():
    w = await week()
    w.go(FRI, 21, 20)
    words = await text(w, "end")
    for line in (
        "+149.00 USD net, +0.15 %",
        "End of session · Fri 7 Feb",
        "rip   +149.00",
        "dip      0.00",
        "total +149.00",
        "Realised 0.00, open +150.00, fees 1.00",
        "No trade closed",
        "1 order filled, 5,000.00 USD",
        "Over night: 2 positions, 10,100.00 USD, 10.1 % of equity",
        "TSLA 5,150.00 5.1 %",
        "Next session Mon 10 Feb 09:30–16:00 New York",
        "As of Fri 7 Feb 16:20 New York · broker agrees",
    ):
        assert line in words, line
    assert "so far" not in words


async def test_the_trades_of_a_day_are_told_with_what_each_made():
    w = await opened()
    await taken(w, "dip", MONDAY, "AAPL", "MSFT")
    await session(w, TUE)
    await taken(w, "dip", TUE, "AAPL", exit=True)
    await session(w, TUE + timedelta(days=1))
    words = await text(w, "end")
    assert "1 trade closed, 1 won" in words
    assert "AAPL +298.00" in words
    assert "300.00 USD better than the signals' prices" in words, "sold 6 % above its signal"


async def test_an_end_looked_at_before_the_close_says_so_far():
    w = await week()
    w.go(NEXT, 15)
    assert (await text(w, "end")).startswith("+100.00 USD net, +0.10 % so far")


async def test_signals_of_the_scan_after_the_close_are_in_the_end():
    w = await world()
    await proposed(w, "AAPL", "MSFT")
    words = await text(w, "end")
    assert "2 signals wait until Tue 4 Feb 09:29: AAPL, MSFT" in words


class HalfDays:
    """A calendar whose Wednesday closes early and whose Thursday is a holiday."""

    def __init__(self, w: World) -> None:
        self._all = w.desk.calendar

    def __getattr__(self, name: str):
        return getattr(self._all, name)

    def session_on(self, day: date) -> Session | None:
        found = self._all.session_on(day)
        if found is None or day == THU:
            return None
        early = day == TUE + timedelta(days=1)
        return replace(found, close=found.close - timedelta(hours=3)) if early else found

    def sessions(self, first: date, last: date) -> list[Session]:
        days = (first + timedelta(days=n) for n in range((last - first).days + 1))
        return [found for day in days if (found := self.session_on(day))]


async def test_half_days_and_holidays_ahead_are_told_at_the_end():
    w = await world()
    w.desk.calendar = HalfDays(w)  # type: ignore[assignment]
    await proposed(w, "AAPL")
    w.go(MONDAY, 21, 20)
    words = await text(w, "end")
    assert "Next session Tue 4 Feb 09:30–16:00 New York\n" in words
    assert "Wed 5 Feb 09:30–13:00 New York, half day" in words
    assert "Thu 6 Feb closed" in words
    assert "Fri 7 Feb" not in words


async def test_the_start_says_what_was_planned_and_what_became_of_it():
    w = await world()
    for signal in await proposed(w, "AAPL", "MSFT"):
        await decide.approve(w.desk, signal.id, by="operator:1")
    w.go(TUESDAY, 14, 0)
    before = await text(w, "start")
    assert "Start of session · Tue 4 Feb\n09:30–16:00 New York" in before
    assert "buy 50 AAPL goes 09:30" in before
    w.go(TUESDAY, 14, 30)
    await execute.execute_due(w.desk, owner="t")
    w.go(TUESDAY, 14, 35)
    after = await text(w, "start")
    assert "2 orders" in after
    assert "buy 50 AAPL filled @ 100.00" in after
    assert "Held 10,000.00 USD, 10.0 % of equity" in after
    assert "Prices reach the close of Mon 3 Feb" in after


async def test_the_start_names_what_stands_in_the_way():
    w = await world()
    await bought(w, "AAPL")
    w.go(TUESDAY, 21, 10)
    await latch(w.journal, Trading.HALTED, by="operator:2", reason="", at=w.clock.at)
    run = Run("scan:dip", at(TUESDAY, 21, 5), state=RunState.FAILED, outcome="no bars of AAPL")
    await w.journal.append([run])
    await w.journal.append([Beat("draw", at(MONDAY, 9)), Beat("fast", at(date(2025, 2, 5), 14))])
    w.tape.known_through = lambda: at(MONDAY, 21)  # type: ignore[method-assign]
    w.go(date(2025, 2, 5), 14)
    words = await text(w, "start")
    assert "⚠ Trading is halted by Bob" in words
    assert "⚠ scan:dip failed Tue 4 Feb 16:05: no bars of AAPL" in words
    assert "⚠ Prices end Mon 3 Feb 16:00; the last close was Tue 4 Feb 16:00" in words
    assert "⚠ silent: draw" in words
    assert "Prices reach" not in words


async def test_the_start_says_what_leaves_today():
    w = await world()
    await bought(w, "AAPL")
    w.desk.plans = {"dip": Plan("dip", holds=Holding.SESSION)}
    w.go(TUESDAY, 14, 35)
    assert "Leave before the close, 15:55: AAPL" in await text(w, "start")


async def test_the_middle_says_how_the_day_goes():
    w = await world()
    await bought(w, "AAPL", "MSFT")
    w.tape.prices |= {"AAPL": D(103), "MSFT": D(98)}
    w.go(TUESDAY, 17, 45)
    words = await text(w, "middle")
    for line in (
        "+48.00 USD net, +0.05 % so far",
        "Realised 0.00, open +50.00, fees 2.00",
        "AAPL +150.00 +3.0 %",
        "MSFT −100.00 −2.0 %",
        "2 orders filled, 10,000.00 USD",
        "buy 50 AAPL 100.00 0.00 %",
        "Cash 89,998.00 USD",
        "Held 10,050.00 USD, 10.0 % of equity",
    ):
        assert line in words, line


async def test_the_week_says_what_was_made_by_whom_against_the_one_before():
    w = await week()
    w.go(FRI, 21, 30)
    words = await text(w, "week")
    for line in (
        "+396.00 USD net",
        "The week · 3 Feb to 7 Feb",
        "dip   +247.00",
        "1 trade, 1 won (100 %): AAPL +298.00",
        "Best day Fri 7 Feb +149.00, worst Wed 5 Feb +49.00",
        "At its highest point",
        "Turnover 20,300.00 USD (20 % of equity)",
        "Signals rejected 0, expired 0; orders not filled 0",
        "The week before: no trading",
    ):
        assert line in words, line
    w.go(NEXT, 21, 30)
    assert "The week before: +396.00 USD, 1 trade, 1 won (100 %)" in await text(w, "week")


async def test_the_month_is_the_calendars():
    w = await week()
    w.go(FRI, 21, 30)
    words = await text(w, "month")
    assert "The month · February 2025" in words
    assert "The month before: no trading" in words
    w.go(date(2025, 3, 3), 21, 30)
    assert "The month before: +396.00 USD" in await text(w, "month")


async def test_a_difference_with_the_broker_shows_as_in_pnl():
    w = await week()
    [fill] = await w.journal.read(Fill, symbol="MSFT")
    await w.journal.append([replace(fill, execution_id="stray", quantity=D(3), id=0)])
    w.go(FRI, 21, 20)
    line = "1 difference with the broker: MSFT paper 50, ours 53"
    assert line in await said(w, "/pnl week")
    for kind in DIGESTS:
        assert line in await text(w, kind), kind


# Quiet days, and room


@pytest.mark.parametrize("kind", DIGESTS)
async def test_with_nothing_to_tell_it_is_a_heartbeat_without_a_picture(kind: str):
    w = await world()
    w.go(TUESDAY, 21, 20)
    await w.journal.append([Beat("fast", w.clock.at), Beat("bot", w.clock.at)])
    found = await compose(w.desk, kind, w.clock.at)
    assert found.picture is None
    first, *rest = found.said.plain.splitlines()
    assert first.startswith("Quiet ")
    assert first.endswith("all processes alive.")
    assert len(rest) <= 2
    await w.journal.append([Beat("draw", at(MONDAY, 9))])
    assert "⚠ silent: draw" in await text(w, kind)


async def test_a_halted_desk_is_no_quiet_start():
    w = await world()
    await latch(w.journal, Trading.HALTED, by="operator:1", reason="", at=w.clock.at)
    assert not (await text(w, "start")).startswith("Quiet")


async def crowded(w: World) -> None:
    """Thirty strategies with long names, every stock of theirs at figures of millions."""
    w.go(TUESDAY, 15)
    for n in range(30):
        name = f"a_strategy_with_a_long_name_{n:02}"
        symbol = ("AAPL", "MSFT", "NVDA", "TSLA", "XOM")[n % 5]
        fill = Fill(
            "paper", "paper", f"x{n}", f"o{n}", name, symbol, Side.BUY, D(987_654), D("99.37"),
            D("1234.56"), "USD", w.clock.at,
        )  # fmt: skip
        await w.journal.append([fill])
    await proposed(w, "AAPL", "MSFT", "NVDA", "TSLA", "XOM")


@pytest.mark.parametrize("kind", DIGESTS)
@pytest.mark.parametrize("full", [False, True], ids=["a week", "crowded"])
async def test_every_digest_fits_a_phone(kind: str, full: bool):
    w = await (world() if full else week())
    if full:
        await crowded(w)
    else:
        w.go(FRI, 21, 20)
    found = await compose(w.desk, kind, w.clock.at)
    fits_a_phone(found.said)
    assert len(found.said.plain) < 3000
    assert found.fits is (len(found.said.plain) <= 1024)
    assert full or found.fits
