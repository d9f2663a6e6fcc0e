"""Trades, one trade, slippage and vetoes as the chat tells them."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np

from desk import decide, propose
from tests.desk.test_console import said
from tests.desk.test_console_results import AS_OF, drawn, told
from tests.desk.test_report import FRI, MONDAY, PRICES, TUE, Papers, opened, week
from tests.world import CLOSE, Weekdays, World, answer, at, explain
from trading.bars import Bars
from trading.facts import Picture
from trading.orders import Fill
from trading.types import Side

D = Decimal


async def test_trades_stand_newest_first_with_what_they_made():
    w = await week()
    assert await said(w, "/trades") == (
        "1 trade\n"
        "+298.00 USD net, 1 won\n"
        "     trade    ended net USD\n"
        "AAPL     3 5 Feb 25 +298.00\n"
        f"/trade 3 tells one whole\n{AS_OF}"
    )
    for of in ("AAPL", "aapl", "dip", "AAPL dip", "1"):
        assert "AAPL     3 5 Feb 25 +298.00" in await said(w, f"/trades {of}")
    for of in ("rip", "MSFT", "AAPL rip"):
        assert (await said(w, f"/trades {of}")).startswith("0 trades of ")


async def traded(count: int) -> World:
    """That many trades of one minute each, the nth made n USD."""
    w = await opened()
    fills = []
    for n in range(1, count + 1):
        moment = at(TUE, 15) + timedelta(minutes=2 * n)
        first = Fill(
            "paper", w.broker.account_id, f"in {n}", f"in {n}", "dip", "AAPL", Side.BUY, D(1),
            D(100), D(0), "USD", moment,
        )  # fmt: skip
        last = replace(
            first, execution_id=f"out {n}", order_key=f"out {n}", side=Side.SELL, price=D(100 + n),
            at=moment + timedelta(minutes=1),
        )  # fmt: skip
        fills += [first, last]
    await w.journal.append(fills)
    w.go(TUE, 20)
    return w


async def test_long_lists_are_paged_and_the_buttons_keep_what_was_asked():
    w = await traded(30)
    first = await told(w, "/trades AAPL")
    assert first.plain.startswith("30 trades of AAPL\n+465.00 USD net, 30 won\n")
    assert "Page 1 of 3" in first.plain
    assert [(b.label, b.args) for row in first.buttons for b in row] == [("More ›", ("AAPL", "p2"))]
    third = await told(w, "/trades AAPL p3", pressed=True)
    assert [b.label for row in third.buttons for b in row] == ["‹ Back"]
    shown = [line for line in third.plain.splitlines() if line.startswith("AAPL ")]
    assert len(shown) == 6
    assert shown[-1].endswith(" +1.00")
    assert "20 trades\n+410.00 USD net" in await said(w, "/trades 20"), "the last twenty: 11 to 30"


async def test_one_trade_is_told_from_its_signal_to_its_profit():
    w = await week()
    text = await said(w, "/trade 3")
    assert text == (
        "Trade 3: AAPL long 50 · dip\n"
        "+298.00 USD net, +5.96 % of its cost\n"
        "Mon 3 Feb 2025\n"
        "16:05 signal 1 at 100.00\n"
        "16:05 approved by you\n"
        "Tue 4 Feb 2025\n"
        "09:30 market order sent\n"
        "09:30 bought 50 @ 100.00, fee 1.00\n"
        "16:05 signal 3 at 100.00\n"
        "16:05 approved by you\n"
        "Wed 5 Feb 2025\n"
        "09:30 market order sent\n"
        "09:30 sold 50 @ 106.00, fee 1.00\n"
        "held                         1 day\n"
        "entry                   100.00 USD\n"
        "exit                    106.00 USD\n"
        "gross                  +300.00 USD\n"
        "fees                     −2.00 USD\n"
        "taxes                     0.00 USD\n"
        f"net                    +298.00 USD\n{AS_OF}"
    )


async def test_a_trade_of_many_fills_shows_the_first_and_the_last():
    w = await traded(1)
    [opening] = await w.journal.read(Fill, execution_id="in 1")
    many = [
        replace(
            opening, execution_id=f"more {n}", order_key="more", quantity=D("0.01"), id=0,
            at=opening.at + timedelta(seconds=n),
        )
        for n in range(20)
    ]  # fmt: skip
    out = [replace(one, execution_id=f"less {n}", side=Side.SELL) for n, one in enumerate(many)]
    await w.journal.append(many)
    await w.journal.append(out)
    [number] = [
        line.split()[1] for line in (await said(w, "/trades")).splitlines() if "AAPL " in line
    ]
    text = await said(w, f"/trade {number}")
    assert "and 30 fills between those" in text
    assert text.count("bought") + text.count("sold") == 12


async def test_slippage_goes_from_the_signal_to_the_fees():
    w = await week()
    text = await said(w, "/slippage")
    assert text == (
        "Slippage since the start · All strategies\n"
        "4 orders worth 20,000.00 USD\n"
        "Slippage saved 300.00 USD; fees and taxes cost 4.00 USD\n"
        "bps of price late  fill fees  all\n"
        "dip          −133 −66.7 +2.0 −198\n"
        "rip           0.0   0.0 +2.0 +2.0\n"
        "all          −100 −50.0 +2.0 −148\n"
        f"A plus costs you. Late is signal to decision, fill from there to the fill\n{AS_OF}"
    )
    spec = await drawn_rows(w)
    assert [row[0] for row in spec] == ["dip", "rip"]
    assert [round(float(value), 1) for value in spec[0][1:]] == [-133.3, -66.7, 2.0]


async def drawn_rows(w: World) -> list[list[str]]:
    picture = await w.journal.first(Picture, order="-id")
    assert picture is not None
    assert picture.kind == "slippage"
    return list(picture.spec["rows"])


async def test_the_week_is_asked_of_one_strategy_alone():
    w = await week()
    assert "1 order worth 5,000.00 USD" in await said(w, "/slippage rip week")
    assert (await drawn_rows(w))[0][0] == "rip"
    await said(w, "/performance dip")
    assert (await drawn(w))["subtitle"] == "dip, since the start"


class Kept(Papers):
    """The same printed prices as daily bars."""

    async def bars(
        self, symbols: Collection[str], first: date, at: datetime, timeframe: str = "1d"
    ) -> Mapping[str, Bars]:
        return {symbol: self._of(symbol, first, at) for symbol in symbols}

    def _of(self, symbol: str, first: date, at: datetime) -> Bars:
        rows = [
            (np.datetime64(day, "us"), *prices)
            for day, prices in PRICES[symbol].items()
            if first <= day and datetime.combine(day, CLOSE, UTC) <= at
        ]
        ts, start, close = zip(*rows, strict=True)
        begun, ended = np.array(start, float), np.array(close, float)
        high, low = np.maximum(begun, ended), np.minimum(begun, ended)
        return Bars(symbol, np.array(ts), begun, high, low, ended, np.full(len(rows), 1e6))


async def test_rejected_signals_are_judged_by_the_bars_that_came():
    """AAPL would have been stopped at 90 on Thursday, MSFT be held still, at 99."""
    w = await opened()
    w.desk.feed = Kept(Weekdays())
    w.go(MONDAY, 21, 5)
    assert (await said(w, "/veto")).startswith("No entry was rejected or expired, last 90 days")
    answers = [answer(symbol, day=MONDAY) for symbol in ("AAPL", "MSFT")]
    for signal in await propose.propose(w.desk, "dip", answers, explain=explain):
        await decide.reject(w.desk, signal.id, by="operator:1", reason="no")
    w.go(FRI, 21, 2)
    assert await said(w, "/veto") == (
        "Vetoed, last 90 days · All strategies\n"
        "2 rejected, 0 expired, 1 would be held still\n"
        "They would have made −550.00 USD: spared\n"
        "    vetoed won     USD\n"
        "dip      2   0 −550.00\n"
        "     signal  return     USD\n"
        "MSFT      2  −1.0 %  −50.00\n"
        "AAPL      1 −10.0 % −500.00\n"
        "Before costs, filled whole at the open or close meant, left by the strategy's own exit or "
        f"stop\n{AS_OF}"
    )


async def test_how_far_a_trade_went_wrong_and_right_is_told_where_bars_are_kept():
    w = await week()
    w.desk.feed = Kept(Weekdays())
    lines = (await said(w, "/trade 3")).splitlines()
    assert lines[-3:-1] == [
        "MAE at most        0.00 % 0.00 USD",
        "MFE at most    +7.00 % +350.00 USD",
    ]
