"""Jobs at the open, before the close and after the week, over real sessions and sample bars."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from desk.desk import Desk
from folder import bars_folder, install_sample
from market.store import BarStore
from replay.engine import Script
from replay.journal import MemoryJournal
from settings import Settings
from strategies.registry import STRATEGIES
from trading.clocks import SimulatedClock
from trading.facts import Run, RunState
from trading.money import Adjustment
from trading.orders import Fill
from trading.signals import Signal
from wiring import desk_of_replay
from worker import jobs, rounds, schedule
from worker.research import Research

NAMES = ("mean_reversion", "intraday_gap_up", "swing_stochastic_rsi", "weekly_trend")


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(
        data=tmp_path_factory.mktemp("moments"),
        strategies={name: {"mode": "auto", "cards": 0} for name in NAMES},
    )
    install_sample(settings)
    return settings


class House:
    """A desk on sample bars whose jobs are run as they come due."""

    def __init__(self, settings: Settings, at: datetime) -> None:
        self.store = BarStore(bars_folder(settings))
        self.clock = SimulatedClock(at)
        self.journal = MemoryJournal()
        known = {name: STRATEGIES[name] for name in NAMES}
        self.desk: Desk = desk_of_replay(settings, self.journal, self.clock, self.store, known)
        self.research = Research(self.store, known)

    async def open(self, settings: Settings) -> "House":
        await self.journal.append(
            [Adjustment("paper", "opening", "deposit", settings.capital, "USD", self.clock.at)]
        )
        return self

    async def go(self, at: datetime) -> list[str]:
        """One look at that time; the strategies' jobs that came due, carried out."""
        self.clock.at = at
        await rounds.trade_once(self.desk, owner="test")
        await schedule.due_runs(self.desk)
        runs = await self.journal.read(Run, state=RunState.DUE)
        for run in runs:
            await jobs.run(self.desk, self.research, run.id)
        await rounds.trade_once(self.desk, owner="test")
        return [run.job for run in runs if run.job.partition(":")[0] in ("mark", "scan", "leave")]


def utc(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


@pytest.fixture
async def house(chosen: Settings) -> House:
    house = await House(chosen, utc(date(2025, 2, 3), 12)).open(chosen)
    await house.go(utc(date(2025, 2, 3), 12))  # what the last session left due
    return house


async def test_a_day_brings_the_open_the_last_minutes_and_the_close(house: House) -> None:
    day = date(2025, 2, 4)
    await house.go(utc(date(2025, 2, 3), 22))
    assert await house.go(utc(day, 14, 29)) == []
    assert await house.go(utc(day, 14, 30)) == ["scan:intraday_gap_up"]
    assert await house.go(utc(day, 20, 54)) == []
    assert await house.go(utc(day, 20, 55)) == ["leave:intraday_gap_up"]
    assert await house.go(utc(day, 20, 59)) == []
    after = await house.go(utc(day, 21, 30))
    assert sorted(after) == ["mark", "scan:mean_reversion", "scan:swing_stochastic_rsi"]


async def test_a_half_day_is_left_before_its_own_close(house: House) -> None:
    half = date(2025, 7, 3)
    await house.go(utc(half, 13, 30))
    assert await house.go(utc(half, 16, 54)) == []
    assert await house.go(utc(half, 16, 55)) == ["leave:intraday_gap_up"]


async def test_the_open_follows_the_clocks_of_new_york(house: House) -> None:
    await house.go(utc(date(2025, 3, 7), 22))
    assert await house.go(utc(date(2025, 3, 10), 13, 29)) == []
    assert "scan:intraday_gap_up" in await house.go(utc(date(2025, 3, 10), 13, 30))
    await house.go(utc(date(2025, 10, 31), 22))
    assert await house.go(utc(date(2025, 11, 3), 14, 29)) == []
    assert "scan:intraday_gap_up" in await house.go(utc(date(2025, 11, 3), 14, 30))


@pytest.mark.parametrize(
    ("day", "weekly"),
    [
        (date(2025, 2, 6), False),
        (date(2025, 2, 7), True),
        (date(2025, 4, 17), True),  # Good Friday follows
        (date(2025, 7, 3), True),  # a half-day; Friday the 4th is a holiday
    ],
)
async def test_a_week_is_scanned_after_its_last_session(
    house: House, day: date, weekly: bool
) -> None:
    due = await house.go(utc(day, 22))
    assert ("scan:weekly_trend" in due) is weekly


async def test_a_missed_open_is_not_made_up_but_a_missed_leave_is(house: House) -> None:
    day = date(2025, 2, 4)
    await house.go(utc(date(2025, 2, 3), 22))
    assert await house.go(utc(day, 14, 41)) == []
    assert "leave:intraday_gap_up" in await house.go(utc(day, 23))


async def test_an_asked_for_scan_at_another_time_says_when_it_can_be_read(house: House) -> None:
    house.clock.at = utc(date(2025, 2, 5), 23)
    for name, says in (
        ("intraday_gap_up", "decides at the open; the next is Thu 6 Feb 09:30"),
        ("weekly_trend", "reads whole weeks; the week of Wed 5 Feb is not over"),
    ):
        outcome = await jobs.scan(house.desk, house.research, STRATEGIES[name])
        assert says in outcome


async def test_three_weeks_live_say_what_a_replay_says(house: House) -> None:
    """The same signals on the same bars, job by job and from the whole panel at once."""
    first, last = date(2025, 2, 4), date(2025, 2, 21)
    sessions = house.desk.calendar.sessions(first, last)
    for session in sessions:
        for at in (
            session.open,
            session.close - timedelta(minutes=5),
            session.close - timedelta(minutes=1),
            session.close + timedelta(minutes=30),
        ):
            await house.go(at)
    panel = house.store.read(until=last)
    live = await house.journal.read(Signal)
    for name in ("intraday_gap_up", "weekly_trend"):
        answers = Script.of(STRATEGIES[name], panel).answers
        said = [s for s in live if s.strategy == name and s.leg == 0 and not s.is_exit]
        assert said
        for signal in said:
            bar = np.datetime64(signal.bar.date(), "us")
            (one,) = [a for a in answers.on(bar) if a.symbol == signal.symbol]
            assert one.strength == pytest.approx(signal.strength, rel=1e-12)
            assert dict(one.features) == pytest.approx(dict(signal.features), rel=1e-12)
    bought = [f for f in await house.journal.read(Fill) if f.strategy == "intraday_gap_up"]
    by_day: dict[date, int] = {}
    for fill in bought:
        by_day[fill.at.date()] = by_day.get(fill.at.date(), 0) + int(fill.quantity * fill.side.sign)
    assert by_day
    assert set(by_day.values()) == {0}


def test_the_folder_of_strategies_reaches_the_desk(tmp_path: Path, chosen: Settings) -> None:
    from tests.strategies.test_folder import LAWFUL
    from wiring import strategies

    (tmp_path / "mine.py").write_text(LAWFUL)
    given = chosen.model_copy(
        update={
            "strategy_folder": str(tmp_path),
            "strategies": {"breakout": chosen.strategies["mean_reversion"]},
        }
    )
    assert strategies(given)["breakout"].warmup == 21
