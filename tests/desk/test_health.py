"""/health: what is wrong first and what to do, then every figure, on a small screen."""

import json
from collections.abc import Mapping
from datetime import timedelta

import pytest

from desk.console.health import short, shown
from desk.halt import latch
from desk.vitals import HousePulse, RedisPulse
from tests.world import World, world
from trading.errors import QuarterdeckError
from trading.facts import Beat, Cursor, Lane, Notice, Picture, Request, Run, RunState, Trading

SECOND = timedelta(seconds=1)
GB = 10**9


class Vitals:
    """The machine as a test says it is."""

    def __init__(self, redis: str = "", free: int = 40 * GB, fails: str = "") -> None:
        self._redis = redis
        self._free = free
        self._fails = fails

    async def redis(self) -> RedisPulse:
        queued: Mapping[str, int] = {"fast": 0, "heavy": 2}
        if self._redis:
            return RedisPulse(answers=False, why=self._redis)
        return RedisPulse(answers=True, ms=0.31, version="7.0.1", queued=queued)

    async def house(self) -> HousePulse:
        if self._fails:
            raise QuarterdeckError(self._fails)
        return HousePulse("SQLite 3.45.1", 0.42, self._free, 100 * GB, {"arq": "0.28.0"})


async def house(vitals: Vitals | None = None) -> World:
    w = await world()
    w.desk.vitals = vitals or Vitals()
    for name in ("bot", "fast", "heavy", "draw", "paper", "supervisor"):
        await w.journal.append([Beat(name, w.clock.at - 4 * SECOND, 1)])
    return w


async def lines(w: World) -> list[str]:
    return (await shown(w.desk)).plain.splitlines()


async def test_a_house_in_order_says_all_well_and_shows_every_figure():
    w = await house()
    said = await lines(w)
    assert said[:2] == ["All well", "Trading is active"]
    assert "supervisor alive 4 s" in said
    text = "\n".join(said)
    for part in (
        "Database 0.4 ms, Redis 0.3 ms",
        "Disk: 40.0 GB free of 100.0 GB",
        "SQLite 3.45.1, Redis 7.0.1, arq 0.28.0",
        "Market time Mon 3 Feb 16:05 New York",
        "redis heavy         2",
        "commands            0",
    ):
        assert part in text, part


async def test_what_is_wrong_comes_first_with_what_to_do():
    w = await house(Vitals(redis="redis://host refuses", free=GB // 2))
    [fast] = await w.journal.read(Beat, name="fast")
    await w.journal.move(fast, at=w.clock.at - timedelta(minutes=3))
    await latch(w.journal, Trading.HALTED, by="operator:2", reason="", at=w.clock.at)
    await w.journal.append([Request("test", "1", "pnl", w.clock.at - 90 * SECOND)])
    old = w.clock.at - timedelta(hours=2)
    await w.journal.append([Notice(1, "text", old, lane=Lane.CRITICAL)])
    said = await lines(w)
    assert said[:8] == [
        "6 things wrong",
        "🔴 fast is silent for 3 minutes. Commands, decisions and orders wait. Its log says why.",
        "🔴 Redis: redis://host refuses. Presses take up to 5 s.",
        "🔴 Commands: 1 waits, the oldest for 1 minute; "
        "see that fast runs: quarterdeck check fast.",
        "🔴 News, critical: 1 waits, the oldest for 2 hours; "
        "see that bot runs and Telegram answers.",
        "🔴 The data folder's disk has 0.5 GB left: free some space.",
        "🔴 Trading is halted by Bob: /resume lets it go on.",
        "Trading is halted by Bob",
    ]
    assert said[8] == "fast       SILENT 3 min", "first of the processes too"
    queues = [line for line in said if line.startswith("! ")]
    assert [line.split()[1] for line in queues] == ["commands", "news,"]


async def test_the_last_comparison_of_the_books_is_told_and_a_difference_is_wrong():
    w = await house()
    assert "Books not compared yet; /reconcile does" in await lines(w)
    body = {"at": w.clock.at.isoformat(), "differences": 0, "ignored": 0, "away": []}
    [row] = await w.journal.append([Cursor("reconcile:last", json.dumps(body))])
    said = await lines(w)
    assert said[0] == "All well"
    assert "Books compared Mon 3 Feb 16:05 New York: they agree" in said
    await w.journal.move(row, value=json.dumps(body | {"differences": 2}))
    said = await lines(w)
    wrong = "🔴 Our books and the brokers' show 2 differences: /reconcile."
    assert said[:2] == ["1 thing wrong", wrong]
    assert "Books compared Mon 3 Feb 16:05 New York: 2 differences" in said


async def test_one_wrong_is_one_thing():
    w = await house(Vitals(fails="the database took no question"))
    assert (await lines(w))[:2] == [
        "1 thing wrong",
        "🔴 the machine could not be measured: the database took no question.",
    ]


async def test_the_question_itself_does_not_wait():
    w = await house()
    asked = await w.ask("/health")
    w.clock.at += timedelta(seconds=30)
    said = (await shown(w.desk, but=asked)).plain
    assert "commands            0" in said


async def test_no_line_of_its_tables_is_wider_than_a_phone():
    w = await house()
    await w.journal.append([Beat("heavy#12@a-rather-long-machine", w.clock.at, 1)])
    late = w.clock.at - timedelta(days=99)
    await w.journal.append([Picture("pnl", {}, late) for _ in range(2000)])
    await w.journal.append([Run("mark", late, RunState.RUNNING, started_at=late)])
    message = await shown(w.desk)
    tables = [span.text for span in message.text if span.style == "pre"]
    assert len(tables) == 2
    assert max(len(line) for table in tables for line in table.splitlines()) <= 34
    assert any("99 d" in table for table in tables)


async def test_a_house_that_measures_nothing_still_answers():
    w = await world()
    said = await lines(w)
    assert said[0] == "All well"
    assert "no process has reported yet" in said


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0 s"), (59, "59 s"), (60, "1 min"), (7200, "2 h"), (200_000, "2 d")],
)
def test_an_age_fits_a_column(seconds: int, text: str):
    assert short(timedelta(seconds=seconds)) == text
