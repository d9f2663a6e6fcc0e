"""The verb that shows how the house is: what is wrong and what to do about it, then the figures."""

import json
import os
import platform
from collections.abc import Sequence
from datetime import datetime, timedelta
from importlib.metadata import version

from desk import beats, doubt, notices, queues, timetable, wording
from desk.console.replies import columns
from desk.desk import Desk
from desk.halt import DESK, in_force, resumes, said, trading_state, who
from desk.marks import last_marked
from desk.queues import Queue
from desk.vitals import HousePulse, RedisPulse
from trading.errors import QuarterdeckError
from trading.facts import Beat, Cursor, Latch, Request, Trading
from trading.messages import Message, bold, message, table
from trading.signals import Signal, SignalState

LEAST_FREE = 2**30  # bytes of the data folder's disk
LEAST_SHARE = 0.05  # of it
SLOW = 500.0  # milliseconds of one read of the database
MOST = 6  # wrongs said in words
COMPARED = "reconcile:last"  # the cursor with the latest comparison of the books


async def health(desk: Desk, request: Request) -> None:
    """What is wrong first, then beats, queues, what is oldest, the latch, versions."""
    await notices.answer(desk, request, await shown(desk, but=request.id))


async def shown(desk: Desk, *, but: int = 0) -> Message:
    """At most 34 characters a line in the tables. The request `but` is not counted as waiting."""
    now = desk.wall.now()
    state, by = await _trading(desk)
    found = await desk.journal.read(Beat, order="name")
    rows = beats.expected(found, now)
    waiting = await queues.queues(desk, but=but)
    redis = await desk.vitals.redis() if desk.vitals else None
    house, trouble = await _house(desk)
    compared, differs = await _compared(desk)
    doubtful = await doubt.named(desk)
    wrong = [
        *_silent(desk, rows),
        *([f"Redis: {redis.why}. Presses take up to 5 s"] if redis and not redis.answers else []),
        *([trouble] if trouble else []),
        *_late(waiting),
        *([doubtful] if doubtful else []),
        *differs,
        *_machine(house),
        *([f"Trading is {state.value}{by}: /resume lets it go on"] if by else []),
        *await _latched(desk),
    ]
    hidden = len(wrong) - MOST
    head = bold("All well" if not wrong else wording.count(len(wrong), "thing") + " wrong")
    lines = [f"\n🔴 {line}." for line in wrong[:MOST]]
    more = [f"\n… and {hidden} more."] if hidden > 0 else []
    return message(
        head,
        *lines,
        *more,
        f"\nTrading is {state.value}{by}\n",
        table(_processes(desk, rows)),
        "\n",
        table(_waiting(waiting, redis, ours=but > 0)),
        "\n",
        "\n".join(
            [*await _facts(desk), compared, *_measured(house, redis), *_versions(house, redis)]
        ),
    )


async def _trading(desk: Desk) -> tuple[Trading, str]:
    """The latch, and who tightened it: " by Ann"."""
    latch = await desk.journal.first(Latch, name=DESK)
    state = await trading_state(desk)
    if latch is None or not latch.by or state is Trading.ACTIVE:
        return state, ""
    return state, f" by {who(desk, latch)}"


async def _latched(desk: Desk) -> list[str]:
    """The strategies and brokers that are halted by themselves, in words."""
    rows = await in_force(desk)
    return [f"{said(desk, row)}: {resumes(row.name)}" for row in rows if row.name != DESK]


async def _house(desk: Desk) -> tuple[HousePulse | None, str]:
    if desk.vitals is None:
        return None, ""
    try:
        return await desk.vitals.house(), ""
    except (QuarterdeckError, OSError) as error:
        return None, f"the machine could not be measured: {error}"


async def _compared(desk: Desk) -> tuple[str, list[str]]:
    """When our books were last compared with the brokers', and what is wrong with them."""
    row = await desk.journal.first(Cursor, name=COMPARED)
    body = json.loads(row.value) if row is not None and row.value else {}
    if not body:
        return "Books not compared yet; /reconcile does", []
    differences, away = int(body.get("differences", 0)), body.get("away", ())
    at = wording.moment(desk.local(datetime.fromisoformat(body["at"])))
    came = "they agree"
    wrong = []
    if away:
        came = "not every broker could be asked"
        wrong.append(f"The books could not all be compared: {away[0]}")
    if differences:
        came = wording.count(differences, "difference")
        wrong.append(f"Our books and the brokers' show {came}: /reconcile")
    return f"Books compared {at} {wording.place(desk.calendar.zone)}: {came}", wrong


def _silent(desk: Desk, rows: Sequence[Beat]) -> list[str]:
    now = desk.wall.now()
    return [
        f"{row.name} is silent for {wording.lasted(now - row.at)}. "
        f"{beats.MEANING.get(beats.part(row.name), '')} Its log says why"
        for row in rows
        if beats.is_silent(row, now)
    ]


def _late(waiting: Sequence[Queue]) -> list[str]:
    return [
        f"{wording.capital(queue.name)}: {queue.waits} wait"
        f"{'s' if queue.waits == 1 else ''}, the oldest for {wording.lasted(queue.age)}; "
        f"{queue.advice}"
        for queue in waiting
        if queue.late and queue.age is not None
    ]


def _machine(house: HousePulse | None) -> list[str]:
    if house is None:
        return []
    wrong = []
    if house.free < LEAST_FREE or house.free < LEAST_SHARE * house.total:
        wrong.append(f"The data folder's disk has {_size(house.free)} left: free some space")
    if house.database_ms > SLOW:
        wrong.append(f"The database took {house.database_ms:.0f} ms for one read: is it busy?")
    return wrong


def _processes(desk: Desk, rows: Sequence[Beat]) -> str:
    """Silent ones first."""
    now = desk.wall.now()
    ranked = sorted(rows, key=lambda row: (not beats.is_silent(row, now), row.name))
    if not ranked:
        return "no process has reported yet"
    return columns(
        [
            (
                row.name[:18],
                "SILENT" if beats.is_silent(row, now) else "alive",
                short(now - row.at),
            )
            for row in ranked
        ],
        left=2,
    )


def _waiting(waiting: Sequence[Queue], redis: RedisPulse | None, *, ours: bool) -> str:
    """What is late first; the lanes of Redis last, without the job that is asking now."""
    ranked = sorted(waiting, key=lambda queue: not queue.late)
    queued = dict(redis.queued) if redis else {}
    if ours and queued.get("fast"):
        queued["fast"] -= 1
    lanes = queues.lanes(queued)
    rows = [("", "waits", "oldest")]
    for queue in (*ranked, *lanes):
        age = short(queue.age) if queue.age is not None else ""
        rows.append((("! " if queue.late else "") + queue.name, str(queue.waits), age))
    return columns(rows)


async def _facts(desk: Desk) -> list[str]:
    signals = await desk.journal.count(Signal, state=SignalState.PENDING)
    marked = await last_marked(desk)
    now = desk.market.now()
    resting = [pause.job for pause in await timetable.paused(desk.journal, now)]
    return [
        *([f"Paused: {', '.join(resting)}; /jobs resumes"] if resting else []),
        f"{wording.capital(wording.count(signals, 'signal'))} "
        f"wait{'' if signals > 1 else 's'} for a decision",
        f"P&L saved to {marked:%a} {marked.day} {marked:%b %Y}" if marked else "No P&L saved yet",
        f"Market time {wording.moment(desk.local(now))} {wording.place(desk.calendar.zone)}",
    ]


def _measured(house: HousePulse | None, redis: RedisPulse | None) -> list[str]:
    lines = []
    if house is not None:
        answers = f"Database {house.database_ms:.1f} ms"
        answers += f", Redis {redis.ms:.1f} ms" if redis and redis.answers else ""
        lines += [answers, f"Disk: {_size(house.free)} free of {_size(house.total)}"]
    return lines


def _versions(house: HousePulse | None, redis: RedisPulse | None) -> list[str]:
    ours = f"Quarterdeck {version('quarterdeck')}, Python {platform.python_version()}"
    lines = [f"{ours}, {os.uname().sysname}"]
    if house is not None:
        known = [house.database]
        known += [f"Redis {redis.version}"] if redis and redis.version else []
        known += [f"{name} {number}" for name, number in house.versions.items()]
        lines.append(", ".join(known))
    return lines


def short(age: timedelta) -> str:
    """`4 s`, `12 min`, `3 h`, `2 d`: at most six characters for any age that is shown."""
    seconds = max(0, int(age.total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _size(count: int) -> str:
    """`41.2 GB`, of 1,000,000,000 bytes, as disks are sold."""
    return f"{count / 1e9:,.1f} GB"
