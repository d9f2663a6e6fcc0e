"""A universe of the most traded under replay: the members of each week, and live the same."""

from dataclasses import replace
from datetime import date
from statistics import median

import pytest

from desk import decide, execute, marks
from market.universe import Turnover
from replay.engine import AFTER_CLOSE
from tests.replay.sampled import STRATEGY, Sample, Ship, sample, ship
from trading.money import Mark
from trading.orders import Fill, Order
from trading.signals import Signal, SignalState
from trading.universes import SESSIONS, Selection, Universe
from worker import jobs
from worker.research import Research

FIRST, LAST = date(2024, 3, 1), date(2024, 5, 31)
TOP = 12


@pytest.fixture(scope="module")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return sample(tmp_path_factory.mktemp("sample"))


async def sailed(bars: Sample, last: date = LAST) -> Ship:
    sessions = bars.sessions(FIRST, last)
    there = await ship(bars, sessions[0])
    there.desk.universes = {"liquid": Universe("liquid", top=TOP)}
    plan = there.desk.plans[STRATEGY.name]
    there.desk.plans = {STRATEGY.name: replace(plan, universe="liquid")}
    await there.sail(sessions, ranking=Turnover(bars.panel).most_traded)
    return there


async def test_each_week_enters_only_the_most_traded_of_the_sessions_before_it(bars: Sample):
    voyage = await sailed(bars)
    rows = voyage.journal.facts(Selection)
    weeks = {s.day.isocalendar()[:2] for s in bars.sessions(FIRST, LAST)}
    assert len(rows) == len(weeks), "the close of a Friday asks for the week after"
    signals = [s for s in voyage.journal.facts(Signal) if not s.is_exit]
    assert len(signals) > 5
    for signal in signals:
        known = [r for r in rows if r.session <= signal.bar.date()]
        newest = max(known, key=lambda r: r.session)
        assert signal.symbol in newest.symbols
    for row in rows[:: len(rows) // 3]:
        assert dict(row.values) == pytest.approx(by_hand(bars, row.session))
        assert list(row.symbols) == list(row.values)


def by_hand(bars: Sample, until: date) -> dict[str, float]:
    frame = bars.store.read().frame().to_dicts()
    days = sorted({r["ts"].date() for r in frame if r["ts"].date() <= until})[-SESSIONS:]
    traded: dict[str, list[float]] = {}
    for r in frame:
        if days[0] <= r["ts"].date() <= until:
            traded.setdefault(r["symbol"], []).append(r["close"] * r["volume"])
    medians = {s: median(v + [0.0] * (len(days) - len(v))) for s, v in traded.items()}
    best = sorted(medians.items(), key=lambda item: (-item[1], item[0]))
    return dict(best[:TOP])


async def test_a_live_scan_chooses_and_proposes_what_the_replay_does(bars: Sample):
    to_date, last = date(2024, 4, 19), date(2024, 5, 3)
    replayed, live = await sailed(bars, last), await sailed(bars, to_date)
    research = Research(bars.store, {STRATEGY.name: STRATEGY})
    for session in bars.sessions(date(2024, 4, 22), last):
        live.clock.at = session.open
        await decide.expire(live.desk)
        await execute.execute_due(live.desk, owner="replay")
        live.clock.at = session.close
        await marks.mark_session(live.desk, session)
        live.clock.at = session.close + AFTER_CLOSE
        await jobs.scan(live.desk, research, STRATEGY)
        new = await live.journal.read(Signal, state=SignalState.PENDING)
        new = [s for s in new if s.bar.date() == session.day and s.quantity > 0]
        await decide.approve_ranked(live.desk, new, by="replay")
    for kind in (Selection, Signal, Order, Fill, Mark):
        assert live.journal.facts(kind) == replayed.journal.facts(kind)
