"""What each digest says, how quiet days read, and what muting and moving keep."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from desk import decide, digest, execute, notices, preferences
from desk.console.digests import WRITERS, compose
from desk.desk import DIGESTS, Digests, Plan
from desk.halt import latch
from tests.desk.test_console import said
from tests.desk.test_deciding import TUESDAY, bought, proposed
from tests.desk.test_report import FRI, NEXT, THU, TUE, opened, session, taken, week
from tests.world import ANN, BOB, MONDAY, World, at, world
from trading.errors import BadCommand
from trading.facts import (
    Beat,
    Lane,
    Notice,
    NoticeState,
    Picture,
    Preference,
    Run,
    RunState,
    Trading,
)
from trading.messages import Message, message
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
    assert len(rest) <= 1
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


# Telling


async def told(w: World) -> list[Notice]:
    return [n for n in await w.journal.read(Notice) if n.subject.startswith("digest:")]


async def test_it_goes_to_every_operator_behind_all_else_with_its_picture():
    w = await week()
    w.go(FRI, 21, 20)
    await digest.tell(w.desk, await compose(w.desk, "end", w.clock.at))
    rows = await told(w)
    assert [(n.recipient, n.lane, n.silent) for n in rows] == [
        (ANN.id, Lane.DIGEST, False),
        (BOB.id, Lane.DIGEST, False),
    ]
    picture = await w.journal.first(Picture, id=rows[0].picture_id or 0)
    assert picture is not None
    assert picture.kind == "digest"
    assert picture.spec["highlight"] == FRI.isoformat()
    assert ("draw", (picture.id,)) in w.bells.rung


async def test_words_too_long_for_a_caption_go_before_the_picture():
    w = await week()
    w.go(FRI, 21, 20)
    found = await compose(w.desk, "end", w.clock.at)
    await digest.tell(w.desk, replace(found, said=message("long " * 300)))
    mine = [n for n in await told(w) if n.recipient == ANN.id]
    assert [n.picture_id is None for n in mine] == [True, False]
    assert mine[1].silent
    assert Message.from_json(mine[1].body).plain == "End of session"


async def test_a_newer_one_of_its_kind_takes_the_place_of_one_not_yet_sent():
    w = await week()
    for day, kind in ((THU, "end"), (FRI, "week"), (FRI, "end")):
        w.go(day, 21, 20)
        await digest.tell(w.desk, await compose(w.desk, kind, w.clock.at))
    due = {n.subject for n in await told(w) if n.state is NoticeState.DUE}
    assert due == {f"digest:end:{FRI}", f"digest:week:{FRI}"}
    assert all(
        n.state is NoticeState.MERGED for n in await told(w) if n.subject == f"digest:end:{THU}"
    )


async def test_one_that_is_being_sent_is_left_alone():
    w = await week()
    w.go(THU, 21, 20)
    await digest.tell(w.desk, await compose(w.desk, "end", w.clock.at))
    [first, _] = await told(w)
    await w.journal.move(first, leased_until=w.clock.at + timedelta(minutes=1))
    w.go(FRI, 21, 20)
    await digest.tell(w.desk, await compose(w.desk, "end", w.clock.at))
    states = [n.state for n in await told(w)]
    assert states.count(NoticeState.MERGED) == 1
    assert states[0] is NoticeState.DUE


async def test_other_notices_do_not_give_way():
    w = await week()
    await notices.tell(w.desk, message("other"), lane=Lane.DIGEST, subject="else:1")
    w.go(FRI, 21, 20)
    await digest.tell(w.desk, await compose(w.desk, "end", w.clock.at))
    assert await w.journal.count(Notice, state=NoticeState.MERGED) == 0


# Mute and move


async def test_muting_lasts_until_its_day_or_for_good():
    w = await world()
    await digest.mute(w.desk, "end", MONDAY + timedelta(days=2), by="operator:1")
    await digest.mute(w.desk, "week", None, by="operator:1")
    assert await digest.muted(w.desk) == {"end": MONDAY + timedelta(days=2), "week": None}
    w.go(MONDAY + timedelta(days=2), 15)
    assert await digest.muted(w.desk) == {"week": None}
    await digest.unmute(w.desk, "week", by="operator:2")
    assert await digest.muted(w.desk) == {}
    rows = await w.journal.read(Preference, name="mute:digest:week")
    assert [(row.value, row.by, row.version) for row in rows] == [("", "operator:2", 1)]


async def test_a_moved_time_is_kept_by_job_until_it_is_moved_back():
    w = await world()
    assert await digest.moved(w.journal) == {}
    await digest.move(w.desk, "end", "XNYS close+45m", by="operator:1")
    await digest.move(w.desk, "start", "0 9 * * 1-5 Europe/Berlin", by="operator:1")
    assert await digest.moved(w.journal) == {
        "digest:end": "XNYS close+45m",
        "digest:start": "0 9 * * 1-5 Europe/Berlin",
    }
    await digest.move(w.desk, "end", "", by="operator:1")
    assert set(await digest.moved(w.journal)) == {"digest:start"}


async def test_a_time_the_schedule_does_not_understand_is_refused_with_its_reason():
    w = await world()

    def reads(when: str) -> None:
        raise ValueError("expected a cron expression")

    w.desk.digests = Digests(reads=reads)
    with pytest.raises(BadCommand, match="'tea time': expected a cron expression"):
        await digest.move(w.desk, "end", "tea time", by="operator:1")
    assert await digest.moved(w.journal) == {}


async def test_choices_of_others_are_no_digest_s():
    w = await world()
    await preferences.choose(w.desk, "theme", "light", by="operator:1")
    assert await digest.moved(w.journal) == {}
    assert await digest.muted(w.desk) == {}


# /digest


async def test_the_list_says_when_each_comes_and_whether():
    w = await world()
    w.desk.digests = Digests(sent=("start", "end", "week", "middle"))
    await said(w, "/digest mute week")
    await said(w, "/digest mute start 3")
    await said(w, "/digest move end XNYS close+45m")
    words = await said(w, "/digest")
    assert "Start of session (start)\nopen+5m\nmuted until Thu 6 Feb" in words
    assert "Middle of session (middle)\nmiddle\nwithout a sound" in words
    assert "End of session (end)\nXNYS close+45m (moved)" in words
    assert "The week (week)\nlast session of the week, close+30m\nmuted\n" in words
    assert "The month (month)\nlast session of the month, close+35m\nswitched off" in words
    await said(w, "/digest move end default")
    assert "(end)\nclose+20m\n" in await said(w, "/digest unmute start")


@pytest.mark.parametrize("kind", DIGESTS)
async def test_a_preview_is_marked_and_tells_only_who_asked(kind: str):
    w = await week()
    w.go(FRI, 21, 20)
    words = await said(w, f"/digest {kind}")
    assert words.startswith("Preview\n")
    assert (await text(w, kind)) in words
    assert await told(w) == []


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("/digest tea", "/digest alone lists them; or one of start, middle, end, week, month"),
        ("/digest mute", "/digest alone lists them"),
        ("/digest mute tea", "'tea' is no digest; there are: start, middle, end, week, month"),
        ("/digest mute end soon", "'soon' is neither a number of days"),
        ("/digest mute end 0", "'0' is neither a number of days"),
        ("/digest mute end 2025-02-03", "nor a day to come"),
        ("/digest mute end ４", "is neither a number of days"),
        ("/digest unmute tea", "'tea' is no digest"),
        ("/digest move tea close", "'tea' is no digest"),
        ("/digest move end", "for example: /digest move end close+45m"),
    ],
)
async def test_a_bad_word_after_digest_is_one_clear_line(command: str, line: str):
    w = await world()
    answer = await said(w, command)
    assert line in answer
    assert "\n" not in answer
    assert await w.journal.count(Preference) == 0


def test_every_digest_has_a_title_a_time_and_somebody_who_writes_it():
    assert set(DIGESTS) == set(digest.TITLES) == set(digest.WHENS) == set(WRITERS)
