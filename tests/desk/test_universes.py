"""Universes: who belongs, chosen once a week, told when it changes, asked for entries only."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk import lists, propose, universes
from desk.desk import Plan
from tests.desk.test_console import said
from tests.desk.test_deciding import TUESDAY, WEDNESDAY, bought, proposed
from tests.world import MONDAY, World, answer, explain, world
from trading.facts import Lane, Notice
from trading.messages import Message
from trading.types import Instrument, Target
from trading.universes import WATCHLIST, Selection, Universe

FRIDAY = date(2025, 1, 31)
LIQUID = Universe("liquid", top=2)


async def with_universe(universe: Universe | None = None, *, of: str = "") -> World:
    w = await world()
    if universe is not None:
        w.desk.universes = {universe.name: universe}
    w.desk.plans = {"dip": Plan("dip", universe=of or (universe.name if universe else ""))}
    return w


def ranked(**values: float) -> universes.Ranking:
    """A ranking that says this, and remembers nothing."""

    def ranking(instruments: Sequence[Instrument], days: Sequence[date]) -> Mapping[str, float]:
        del instruments, days
        return dict(sorted(values.items(), key=lambda item: -item[1]))

    return ranking


async def notices(w: World) -> list[str]:
    rows = await w.journal.read(Notice, recipient=1, lane=Lane.DIGEST)
    return [Message.from_json(row.body).plain for row in rows]


# Who belongs


BOOK = [
    Instrument("AAPL", "Apple Inc.", "Technology", "NASDAQ", currency="USD"),
    Instrument("SAP", "SAP SE", "Technology", "XETRA", currency="EUR"),
    Instrument("XOM", "Exxon Mobil", "Energy", "NYSE", currency="USD"),
]


@pytest.mark.parametrize(
    ("universe", "symbols"),
    [
        (Universe("u"), ["AAPL", "SAP", "XOM"]),
        (Universe("u", symbols=("XOM", "ELSEWHERE")), ["XOM"]),
        (Universe("u", sector="technology"), ["AAPL", "SAP"]),
        (Universe("u", sector="Technology", currency="USD"), ["AAPL"]),
        (Universe("u", exchange="nyse"), ["XOM"]),
        (Universe("u", watch=True), ["SAP"]),
        (Universe("u", watch=True, currency="USD"), []),
    ],
)
def test_every_condition_given_must_hold(universe: Universe, symbols: list[str]):
    assert [one.symbol for one in universe.candidates(BOOK, {"SAP"})] == symbols


async def test_only_members_are_entered():
    w = await with_universe(Universe("two", symbols=("AAPL", "XOM")))
    assert [s.symbol for s in await proposed(w, "AAPL", "MSFT", "XOM")] == ["AAPL", "XOM"]


async def test_a_strategy_without_a_universe_may_enter_the_whole_book():
    w = await with_universe()
    assert len(await proposed(w, "AAPL", "MSFT", "XOM")) == 3


async def test_what_left_the_universe_is_still_left():
    w = await with_universe()
    await bought(w, "AAPL")
    w.desk.universes = {"one": Universe("one", symbols=("XOM",))}
    w.desk.plans = {"dip": Plan("dip", universe="one")}
    w.go(TUESDAY, 21, 5)
    answers = [answer("AAPL", enter=0, exit=True, day=TUESDAY), answer("MSFT", day=TUESDAY)]
    signals = await propose.propose(w.desk, "dip", answers, explain=explain)
    assert [(s.symbol, s.target) for s in signals] == [("AAPL", Target.FLAT)]


async def test_the_watchlist_is_a_universe_that_is_kept_by_hand():
    w = await with_universe(of=WATCHLIST)
    assert await proposed(w, "AAPL", "MSFT") == []
    await said(w, "/watchlist add MSFT")
    assert [s.symbol for s in await proposed(w, "AAPL", "MSFT")] == ["MSFT"]


# The most traded


async def test_before_anything_is_computed_nothing_is_entered():
    w = await with_universe(LIQUID)
    assert await proposed(w, "AAPL") == []


async def test_the_best_are_recorded_with_the_last_session_of_the_week_before():
    w = await with_universe(LIQUID)
    assert await universes.choose(w.desk, ranked(AAPL=9e9, XOM=3e9, MSFT=5e9), LIQUID)
    [row] = await w.journal.read(Selection)
    assert (row.symbols, row.session) == (("AAPL", "MSFT"), FRIDAY)
    assert row.values == {"AAPL": 9e9, "MSFT": 5e9}
    assert [s.symbol for s in await proposed(w, "AAPL", "XOM")] == ["AAPL"]


async def test_the_days_ranked_are_sixty_sessions_up_to_that_one():
    w = await with_universe(LIQUID)
    asked: list[Sequence[date]] = []

    def ranking(instruments: Sequence[Instrument], days: Sequence[date]) -> Mapping[str, float]:
        asked.append(days)
        assert [one.symbol for one in instruments] == ["AAPL", "MSFT", "NVDA", "TSLA", "XOM"]
        return {}

    await universes.choose(w.desk, ranking, LIQUID)
    [days] = asked
    assert (len(days), days[-1]) == (60, FRIDAY)
    assert list(days) == sorted(set(days))


async def test_the_first_computation_is_one_line_and_a_change_names_who_came_and_went():
    w = await with_universe(LIQUID)
    await universes.choose(w.desk, ranked(AAPL=2, MSFT=1), LIQUID)
    assert await notices(w) == [
        "Universe liquid: 2 instruments by Fri 31 Jan, the 2 most traded by median of 60 sessions."
    ]
    w.go(MONDAY + timedelta(days=7), 21, 5)
    await universes.choose(w.desk, ranked(XOM=2, MSFT=1), LIQUID)
    assert (await notices(w))[1:] == ["Universe liquid: 1 in, 1 out, 2 in all\nIn: XOM\nOut: AAPL"]
    w.go(MONDAY + timedelta(days=14), 21, 5)
    assert await universes.choose(w.desk, ranked(XOM=2, MSFT=1), LIQUID) == "liquid: the same 2"
    assert len(await notices(w)) == 2, "no change, no word"


async def test_a_week_is_chosen_once_whatever_is_ranked_later():
    w = await with_universe(LIQUID)
    await universes.choose(w.desk, ranked(AAPL=2, MSFT=1), LIQUID)
    w.go(WEDNESDAY, 21, 5)
    assert "already" in await universes.choose(w.desk, ranked(XOM=2, NVDA=1), LIQUID)
    await universes.ready(w.desk, ranked(XOM=2, NVDA=1), "liquid")
    assert [row.symbols for row in await w.journal.read(Selection)] == [("AAPL", "MSFT")]
    assert len(await notices(w)) == 1


async def test_another_definition_is_another_computation():
    w = await with_universe(LIQUID)
    await universes.choose(w.desk, ranked(AAPL=2, MSFT=1), LIQUID)
    one = replace(LIQUID, top=1)
    w.desk.universes = {"liquid": one}
    assert (await universes.members(w.desk, "liquid")).symbols == ()
    await universes.ready(w.desk, ranked(AAPL=2, MSFT=1), "liquid")
    assert (await universes.members(w.desk, "liquid")).symbols == ("AAPL",)


async def test_last_weeks_members_stand_until_this_weeks_are_known():
    w = await with_universe(LIQUID)
    await universes.choose(w.desk, ranked(AAPL=2, MSFT=1), LIQUID)
    w.go(MONDAY + timedelta(days=8), 15)
    assert (await universes.members(w.desk, "liquid")).symbols == ("AAPL", "MSFT")


async def test_a_long_change_is_cut():
    w = await with_universe(replace(LIQUID, top=30))
    one = w.desk.universes["liquid"]
    await universes.choose(w.desk, ranked(AAPL=1), one)
    w.go(MONDAY + timedelta(days=7), 21, 5)
    await universes.choose(w.desk, ranked(**{f"S{n:02}": 30 - n for n in range(30)}), one)
    assert (await notices(w))[1].endswith("S10, S11 and 18 more\nOut: AAPL")


def _week(w: World) -> tuple[int, int]:
    now, calendar = w.clock.at, w.desk.calendar
    session = calendar.session_at(now) or calendar.next_session(now)
    return session.day.isocalendar()[:2]


@given(st.datetimes(datetime(2024, 1, 8), datetime(2025, 12, 1)), st.integers(0, 9000))
def test_a_week_has_one_eve_and_it_is_over(start: datetime, minutes: int):
    w = asyncio.run(world())
    w.clock.at = start.replace(tzinfo=UTC)
    week, first = _week(w), universes.eve(w.desk)
    assert first.close <= w.clock.at, "never a session that is not over"
    assert first.day.isocalendar()[:2] < week
    w.clock.at += timedelta(minutes=minutes)
    assert (universes.eve(w.desk) == first) == (_week(w) == week)


# The command


async def test_universe_lists_members_with_value_and_company_and_how_they_are_chosen():
    w = await with_universe(LIQUID)
    assert "Not computed yet" in await said(w, "/universe liquid")
    await universes.choose(w.desk, ranked(AAPL=9.8e9, MSFT=512e6), LIQUID)
    text = await said(w, "/universe liquid")
    assert text == (
        "liquid: 2 instruments\n"
        "The 2 most traded by median of 60 sessions. Used by dip.\n"
        "Median value a session to Fri 31 Jan, in USD; chosen again every week.\n"
        "AAPL Aapl Inc. 9.8B\nMSFT Msft Inc. 512M"
    )


async def test_universe_alone_lists_them_all():
    w = await with_universe(Universe("tech", sector="Technology"))
    text = await said(w, "/universe")
    assert "tech · 5 instruments\nSector Technology" in text
    assert "watchlist · no instrument" in text


async def test_members_are_shown_page_by_page_in_lines_that_fit_a_phone():
    universe = Universe("many", top=45)
    w = await with_universe(universe)
    names = {f"LONGSYMBOL{n:02}USDT": 1e13 / (n + 1) for n in range(45)}
    book = [Instrument(s, "A Company With A Very Long Name Indeed") for s in names]
    w.desk.instruments = _Book(book)
    await universes.choose(w.desk, ranked(**names), universe)
    text = await said(w, "/universe many 3", pressed=True)
    assert "Page 3 of 3" in text
    rows = [line for line in text.splitlines() if line.startswith("LONGSYM")]
    assert len(rows) == 5
    assert max(map(len, rows)) <= 34


class _Book:
    def __init__(self, instruments: Sequence[Instrument]) -> None:
        self._known = {one.symbol: one for one in instruments}

    def find(self, symbol: str) -> Instrument | None:
        return self._known.get(symbol)

    def all(self) -> Sequence[Instrument]:
        return list(self._known.values())


async def test_a_shorter_watchlist_takes_members_away_at_once():
    universe = Universe("mine", watch=True, top=5)
    w = await with_universe(universe)
    await lists.put(w.desk, WATCHLIST, ["AAPL", "MSFT"], by="operator:1")
    await universes.choose(w.desk, ranked(AAPL=2, MSFT=1), universe)
    await lists.take_off(w.desk, WATCHLIST, ["AAPL"], by="operator:1")
    assert (await universes.members(w.desk, "mine")).symbols == ("MSFT",)
