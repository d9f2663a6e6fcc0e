"""What every digest says of the state of things, and that it says as of when."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from desk import decide
from desk.console import digest_state as state
from desk.desk import DIGESTS
from risk.limits import Limits
from tests.desk.test_console import said
from tests.desk.test_deciding import TUESDAY, bought, proposed
from tests.desk.test_digest import text
from tests.desk.test_report import FRI, NEXT, THU, week
from tests.world import MONDAY, World, at, world
from trading.errors import DataError
from trading.facts import Beat, Request, RequestState, Run, RunState
from trading.orders import Order, OrderState
from trading.types import Side

D = Decimal


@pytest.mark.parametrize("kind", DIGESTS)
@pytest.mark.parametrize("quiet", [True, False], ids=["quiet", "busy"])
async def test_every_digest_states_as_of_and_that_the_broker_agrees(kind: str, quiet: bool):
    w = await (world() if quiet else week())
    w.go(FRI, 21, 20)
    words = await text(w, kind)
    assert words.startswith("Quiet ") is quiet
    assert words.rstrip().endswith("As of Fri 7 Feb 16:20 New York · broker agrees 16:20")


@pytest.mark.parametrize("kind", DIGESTS)
async def test_every_digest_says_how_much_is_at_risk_against_the_limit(kind: str):
    w = await week()
    w.go(FRI, 21, 20)
    line = "Gross 10.1 % of 100 % allowed\nNet +10.1 %, leverage 0.10\n"
    assert line in await text(w, kind)
    w.desk.limits = Limits(gross_notional=D("0.10"))
    assert "⚠ Gross 10.1 % of 10 % allowed" in await text(w, kind)


@pytest.mark.parametrize("kind", ["middle", "end"])
async def test_a_day_that_loses_says_how_much_of_the_equity(kind: str):
    w = await world()
    await bought(w, "AAPL", "MSFT")
    w.tape.prices |= {"AAPL": D(93), "MSFT": D(98)}
    w.go(TUESDAY, 17, 45)
    assert "Day's loss 452.00 USD, 0.45 %\n" in await text(w, kind)
    w.tape.prices |= {"AAPL": D(103)}
    assert "Day's loss" not in await text(w, kind)


@pytest.mark.parametrize("kind", ["middle", "end", "week", "month"])
async def test_orders_working_and_signals_waiting_are_told(kind: str):
    w = await world()
    first, _ = await proposed(w, "AAPL", "MSFT")
    await decide.approve(w.desk, first.id, by="operator:1")
    words = await text(w, kind)
    assert "1 order working\nbuy 50 AAPL Tue 09:30" in words
    assert "1 signal waits until Tue 4 Feb 09:29: MSFT" in words


async def test_the_start_says_what_was_made_so_far():
    w = await week()
    w.go(NEXT, 14, 35)
    assert "P&L so far: Mon 10 Feb +100.00, February +496.00 USD\n" in await text(w, "start")


def rejected(w: World, **changed) -> Order:
    made = Order(
        "k1", "dip", "paper", "paper", "NVDA", Side.BUY, D(5),
        w.clock.at, w.clock.at, state=OrderState.REJECTED, note="no funds", done_at=w.clock.at,
    )  # fmt: skip
    return replace(made, **changed)


@pytest.mark.parametrize("kind", DIGESTS)
async def test_what_went_wrong_since_the_last_one_is_told_once(kind: str):
    w = await world()
    w.go(THU, 21, 10)
    now = w.clock.at
    for fact in (
        Run("candles", now, RunState.FAILED, outcome="the exchange is away", finished_at=now),
        Request("t", "9", "pnl", now, state=RequestState.FAILED, handled_at=now, error="x"),
        rejected(w),
        Beat("draw", at(MONDAY, 9)),
    ):
        await w.journal.append([fact])
    w.go(THU, 21, 20)
    words = await text(w, kind)
    for line in (
        "⚠ candles failed Thu 6 Feb 16:10: the exchange is away\n",
        "⚠ /pnl failed: request 1 in the log\n",
        "⚠ buy 5 NVDA rejected: no funds\n",
        "⚠ silent: draw",
    ):
        assert line in words, line
    assert words.count("silent") == 1
    due = w.clock.at
    told = Run(f"digest:{kind}", due, RunState.DONE, outcome=f"the {kind} digest told for Thu",
               finished_at=due)  # fmt: skip
    await w.journal.append([told])
    w.go(FRI, 15)
    words = await text(w, kind)
    assert "failed" not in words
    assert "rejected: " not in words


async def test_a_muted_digest_was_not_told_so_the_next_tells_what_it_would_have():
    w = await world()
    due = at(THU, 21, 20)
    muted = Run("digest:end", due, RunState.DONE, outcome="the end digest is muted",
                finished_at=due)  # fmt: skip
    told = replace(
        muted,
        job="digest:start",
        due_at=at(THU, 14, 35),
        outcome="the start digest told for Thu 6 Feb",
        finished_at=at(THU, 14, 36),
    )
    await w.journal.append([muted, told])
    w.go(FRI, 14, 35)
    last = await state.since(w.desk, ("start", "middle", "end"), w.clock.at)
    assert (last.market, last.wall) == (at(THU, 14, 35), at(THU, 14, 36))


async def test_many_mishaps_of_one_sort_are_three_lines_and_a_number():
    w = await world()
    await w.journal.append([rejected(w, key=f"k{n}") for n in range(7)])
    words = await text(w, "end")
    assert words.count("NVDA rejected") == 3
    assert "⚠ … and 4 more orders rejected\n" in words


# Past the calendar's end


@pytest.mark.parametrize("command", ["/positions", "/pnl", "/pnl week dip", "/orders"])
async def test_past_the_calendars_end_figures_are_told_with_a_note(command: str):
    w = await week()
    w.desk.calendar = Ended(w.desk.calendar)
    w.desk.feed = Strict(w.desk.feed, w.desk.calendar)
    w.go(date(2025, 2, 12), 15)
    words = await said(w, command)
    note = "⚠ The XNYS calendar ended on Fri 7 Feb 2025: prices are of then\nAs of Wed 12 Feb"
    assert note in words
    if command == "/positions":
        assert "TSLA" in words
        assert "Unrealised +100.00 USD" in words
    if command == "/pnl":
        assert "+396.00 USD net" in words


class Ended:
    """A calendar that ends on Friday, as the real ones do: it raises, never guesses."""

    def __init__(self, whole) -> None:
        self._whole = whole
        self.known_through = FRI
        self.name, self.zone = whole.name, whole.zone

    def __getattr__(self, name: str):
        asked = getattr(self._whole, name)

        def within(*args):
            for arg in args:
                if (arg.date() if hasattr(arg, "hour") else arg) > FRI:
                    raise DataError("XNYS sessions are known to 2025-02-07 only")
            return asked(*args)

        return within


class Strict:
    def __init__(self, feed, calendar) -> None:
        self._feed, self._calendar = feed, calendar

    async def quote(self, symbol, at):
        self._calendar.session_at(at)
        return await self._feed.quote(symbol, at)
