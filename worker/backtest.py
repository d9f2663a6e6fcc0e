"""A backtest asked for in the chat: a process of its own, its progress in one message."""

from collections.abc import Mapping
from contextlib import aclosing
from datetime import timedelta
from typing import Any

from desk import notices, wording
from desk.console.backtest import progress, subject
from desk.desk import Desk
from trading.errors import ConfigError, QuarterdeckError
from trading.facts import Notice, NoticeState, Picture, Request, Run, RunState
from trading.messages import Message, bold, message, table
from worker.research import Research

EDITS = timedelta(seconds=2)  # apart, of one message


async def backtest(desk: Desk, research: Research, claimed: Run) -> str:
    """Replay in a child process, so that scans go on; a run that was cancelled says nothing more.

    After a restart it begins again, and says so.
    """
    strategy = claimed.job.partition(":")[2]
    request = await desk.journal.first(Request, id=claimed.args.get("request", 0))
    if request is None or research.replaying is None:
        raise ConfigError("a backtest is asked for in the chat: /backtest")
    show = Show(desk, request, claimed, strategy)
    again = await desk.journal.count(Notice, subject=subject(claimed.id)) > 1
    show.note = "begun again after a restart; " if again else ""
    await show.step("reading bars")
    first, last = str(claimed.args.get("from", "")), str(claimed.args.get("to", ""))
    outcome = "it ended without a word"
    try:
        async with aclosing(research.replaying(strategy, first, last)) as news:
            async for item in news:
                if not await show.is_wanted():
                    return "cancelled"
                if "result" in item:
                    return await show.result(item["result"])
                if "error" in item:
                    outcome = str(item["error"])
                    break
                await show.step(_line(item))
    except QuarterdeckError as error:
        outcome = str(error)
    except Exception:
        await show.end(message(bold(f"Backtest of {strategy}"), "\nFailed by an error of ours."))
        raise
    await show.end(message(bold(f"Backtest of {strategy}"), f"\n{wording.capital(outcome)}."))
    return outcome


class Show:
    """The one message of a backtest: edited at most every two seconds, and only while its run is
    running and the last edit has been sent."""

    def __init__(self, desk: Desk, request: Request, run: Run, strategy: str) -> None:
        self._desk = desk
        self._request = request
        self._run = run
        self._strategy = strategy
        self._last: Any = None
        self.note = ""

    async def is_wanted(self) -> bool:
        run = await self._desk.journal.first(Run, id=self._run.id)
        return run is not None and run.state is RunState.RUNNING

    async def step(self, line: str) -> None:
        now = self._desk.wall.now()
        if self._last is not None and now - self._last < EDITS:
            return
        due = {"subject": subject(self._run.id), "state": NoticeState.DUE}
        if self._last is not None and await self._desk.journal.count(Notice, **due):
            return
        self._last = now
        await self.end(progress(self._strategy, self._run.id, self.note + line))

    async def end(self, said: Message, picture_id: int | None = None) -> None:
        """Say it, unless somebody cancelled meanwhile."""
        async with self._desk.journal.transaction():
            if await self.is_wanted():
                await notices.answer(
                    self._desk,
                    self._request,
                    said,
                    subject=subject(self._run.id),
                    picture_id=picture_id,
                )
        await self._desk.bell.ring("postman")

    async def result(self, found: Mapping[str, Any]) -> str:
        """The picture in the same message, the figures under it."""
        wanted = Picture("replay", found["spec"], self._desk.wall.now())
        [picture] = await self._desk.journal.append([wanted])
        await self._desk.bell.ring("draw", [picture.id])
        said = message(
            bold(f"Backtest of {self._strategy}"),
            f"\n{found['over']}\n",
            table(found["against"]),
            "\n",
            table(found["own"]),
            f"\n{found['notes']}",
        )
        await self.end(said, picture.id)
        return str(found["outcome"])


def _line(item: Mapping[str, Any]) -> str:
    if not item["day"]:
        return "begins"
    share = int(item["done"]) * 100 // max(int(item["of"]), 1)
    return f"{share} % · {item['day']} · {item['trades']} trades so far"
