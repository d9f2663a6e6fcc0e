"""A backtest of the chat: one message, edited as it goes, ended by a picture, a line or Cancel."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from charts import draw
from desk.console.backtest import subject
from desk.console.verbs import handle
from replaying import replaying
from settings import Settings
from tests.worker.synthetic import Station, station
from trading.facts import Notice, NoticeState, Picture, Run, RunState
from trading.messages import Message
from worker import jobs
from worker.backtest import EDITS
from worker.research import Replaying

SPEC = {
    "ts": ["2025-01-02", "2025-01-03"], "equity": [100.0, 101.0], "hold": [100.0, 99.0],
    "capital": 100.0, "title": "Replay of dip",
}  # fmt: skip
RESULT = {
    "spec": SPEC, "over": "2 Jan to 3 Jan", "against": "P&L", "own": "Trades", "notes": "Costs.",
    "outcome": "dip: +1.00 USD in 3 trades",
}  # fmt: skip


class Child:
    """Stands for the child process: says `news`, each after `before` was called."""

    def __init__(self, *news: Mapping[str, Any]) -> None:
        self.news = news
        self.asked: tuple[str, str, str] | None = None
        self.closed = False
        self.before: Any = None

    async def __call__(
        self, strategy: str, first: str, last: str
    ) -> AsyncGenerator[Mapping[str, Any], None]:
        self.asked = strategy, first, last
        try:
            for number, item in enumerate(self.news):
                if self.before is not None:
                    await self.before(number)
                yield item
        finally:
            self.closed = True


def steps(count: int) -> list[Mapping[str, Any]]:
    return [
        {"done": n, "of": count, "day": "2025-01-03" if n else "", "trades": n}
        for n in range(count)
    ]


async def asked(s: Station, text: str = "/backtest dip 2024") -> Run:
    await handle(s.w.desk, await s.w.ask(text))
    run = await s.w.journal.first(Run, order="-id")
    assert run is not None
    return run


async def carry(s: Station, run: Run, child: Replaying) -> Run:
    await jobs.run(s.w.desk, replace(s.research, replaying=child), run.id)
    found = await s.w.journal.first(Run, id=run.id)
    assert found is not None
    return found


async def shown(s: Station, run: Run) -> list[str]:
    rows = await s.w.journal.read(Notice, subject=subject(run.id))
    return [Message.from_json(row.body).plain for row in rows]


async def sent(s: Station) -> None:
    """The postman has sent what was due, and two seconds have passed."""
    for notice in await s.w.journal.read(Notice, state=NoticeState.DUE):
        await s.w.journal.move(notice, state=NoticeState.SENT)
    s.w.clock.at += EDITS


async def test_it_ends_with_a_picture_and_the_figures_in_the_same_message(tmp_path: Path):
    s = await station(tmp_path)
    run = await asked(s)
    child = Child(*steps(3), {"result": RESULT})
    done = await carry(s, run, child)
    assert child.asked == ("dip", "2024-01-01", "2024-12-31")
    assert (done.state, done.outcome) == (RunState.DONE, "dip: +1.00 USD in 3 trades")
    [picture] = await s.w.journal.read(Picture)
    assert draw(picture.kind, picture.spec).startswith(b"\x89PNG")
    last = await s.w.journal.first(Notice, order="-id")
    assert last is not None
    assert (last.subject, last.picture_id, last.recipient) == (subject(run.id), picture.id, 1)
    said = Message.from_json(last.body)
    assert said.plain == "Backtest of dip\n2 Jan to 3 Jan\nP&L\nTrades\nCosts."
    assert said.buttons == ()
    assert child.closed


async def test_progress_is_edited_once_in_two_seconds_and_only_when_the_last_was_sent(
    tmp_path: Path,
):
    s = await station(tmp_path)
    run = await asked(s)

    async def before(number: int) -> None:
        if number % 4 == 0:
            await sent(s)
        elif number % 4 == 2:
            s.w.clock.at += EDITS  # the last edit still waits: Telegram is slow

    child = Child(*steps(12), {"result": RESULT})
    child.before = before
    await carry(s, run, child)
    texts = await shown(s, run)
    assert texts[1:-1] == [
        "Backtest of dip\nreading bars",
        "Backtest of dip\nbegins",
        *(f"Backtest of dip\n{n * 100 // 12} % · 2025-01-03 · {n} trades so far" for n in (4, 8)),
    ]


async def test_cancel_stops_the_work_and_nothing_is_said_after_it(tmp_path: Path):
    s = await station(tmp_path)
    run = await asked(s)

    async def before(number: int) -> None:
        await sent(s)
        if number == 2:
            await handle(s.w.desk, await s.w.ask(f"/backtest cancel {run.id}", pressed=True))

    child = Child(*steps(9), {"result": RESULT})
    child.before = before
    done = await carry(s, run, child)
    assert child.closed
    assert (done.state, done.outcome) == (RunState.DONE, "cancelled by Ann")
    assert (await shown(s, run))[-1] == "Backtest of dip\nCancelled by Ann."
    assert await s.w.journal.count(Picture) == 0


@pytest.mark.parametrize("moment", ["before", "last"])
async def test_a_cancel_that_meets_the_end_wins_or_comes_too_late(tmp_path: Path, moment: str):
    s = await station(tmp_path)
    run = await asked(s)
    cancel = f"/backtest cancel {run.id}"
    child = Child({"result": RESULT})
    if moment == "before":

        async def before(number: int) -> None:
            await handle(s.w.desk, await s.w.ask(cancel))

        child.before = before
    await carry(s, run, child)
    if moment == "last":
        await handle(s.w.desk, await s.w.ask(cancel))
    last = (await shown(s, run))[-1]
    assert ("Cancelled by Ann" in last) is (moment == "before")


async def test_what_cannot_be_replayed_is_said_in_its_message(tmp_path: Path):
    s = await station(tmp_path)
    run = await asked(s)
    done = await carry(s, run, Child({"error": "no strategy is called 'dip'"}))
    assert done.outcome == "no strategy is called 'dip'"
    assert (await shown(s, run))[-1] == "Backtest of dip\nNo strategy is called 'dip'."


async def test_a_child_that_breaks_is_told_and_no_cancel_is_left(tmp_path: Path):
    s = await station(tmp_path)
    run = await asked(s)

    async def broken(number: int) -> None:
        raise RuntimeError("it died")

    child = Child(*steps(1))
    child.before = broken
    done = await carry(s, run, child)
    assert done.state is RunState.FAILED
    assert (await shown(s, run))[-1] == "Backtest of dip\nFailed by an error of ours."


async def test_after_a_restart_it_begins_again_and_says_so(tmp_path: Path):
    s = await station(tmp_path)
    run = await asked(s)

    async def killed(number: int) -> None:
        raise asyncio.CancelledError

    child = Child(*steps(2))
    child.before = killed
    with pytest.raises(asyncio.CancelledError):
        await carry(s, run, child)
    assert child.closed
    await sent(s)
    s.w.clock.at += timedelta(minutes=5)
    done = await carry(s, run, Child(*steps(1), {"result": RESULT}))
    assert done.state is RunState.DONE
    assert any("begun again after a restart" in text for text in await shown(s, run))
    assert "restart" not in (await shown(s, run))[-1]


async def test_the_child_replays_the_sample_and_says_how_far_it_is(tmp_path: Path):
    settings = Settings(data=tmp_path / "none")
    news = [item async for item in replaying(settings, "weekly_trend", "2024-01-02", "2024-12-31")]
    assert news[0] == {"done": 0, "of": 252, "day": "", "trades": 0}
    result = news[-1]["result"]
    assert draw("replay", result["spec"]).startswith(b"\x89PNG")
    assert result["over"].startswith("2 Jan 2024 to 31 Dec 2024\n503 instruments, 100,000.00 USD")


async def test_the_child_says_what_is_wrong_in_one_line(tmp_path: Path):
    settings = Settings(data=tmp_path / "none")
    news = [item async for item in replaying(settings, "astrology", "", "")]
    assert news[-1]["error"].startswith("no strategy is called 'astrology'; there are: ")


async def test_closing_it_ends_the_child(tmp_path: Path):
    settings = Settings(data=tmp_path / "none")
    news = replaying(settings, "swing_stochastic_rsi", "", "")
    await anext(news)
    [child] = [c for c in psutil.Process().children() if "replaying" in c.cmdline()]
    await news.aclose()
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
