"""How soon a job starts once it is enqueued: stock arq against our lane, in the same run.

Both workers are processes of their own on one redis-server; the rings are interleaved at random
moments, so both see the same machine. Idle CPU is measured with both idle at once.
Run as `python -m benchmarks.queue`.
"""

import asyncio
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import psutil  # type: ignore[import-untyped]
from arq.connections import ArqRedis
from arq.worker import Worker, func

from benchmarks.line import Line, table
from lanes.bell import RedisBell
from lanes.lane import run_lane
from lanes.server import start_redis
from lanes.wire import connect, dumps, loads

JOBS = 120  # of each kind
WINDOWS, WINDOW = 6, 3.0  # seconds; the least of them is told: other work only adds to it

ROOT = Path(__file__).parents[1]


async def _note(redis: ArqRedis, kind: str, row: int) -> None:
    """The moment a job started; CLOCK_MONOTONIC is one clock for all processes of a machine."""
    moment = f"{row} {time.monotonic_ns()}"
    await redis.execute_command("RPUSH", f"bench:{kind}", moment)  # type: ignore[no-untyped-call]


def _serve_stock(url: str) -> None:
    """arq as it comes, but for JSON: default poll_delay, max_jobs and results as ours has them."""

    async def work(ctx: dict[Any, Any], *args: Any, **_: Any) -> None:
        await _note(ctx["redis"], "stock", args[0])

    async def serve() -> None:
        worker = Worker(
            [func(work, name="work", keep_result=0)],
            queue_name="bench",
            redis_pool=connect(url),
            job_serializer=dumps,
            job_deserializer=loads,
        )
        await worker.async_run()

    asyncio.run(serve())


def _serve_ours(url: str) -> None:
    async def serve() -> None:
        redis = connect(url)

        async def handle(row: int) -> None:
            await _note(redis, "ours", row)

        await run_lane("fast", url, handle, max_jobs=10, stop=asyncio.Event())

    asyncio.run(serve())


async def _gather(redis: ArqRedis, kind: str, sent: dict[int, int]) -> list[float]:
    """Milliseconds from before the enqueue to the job's start, sorted."""
    noted: list[float] = []
    async with asyncio.timeout(10):
        while len(noted) < len(sent):
            raw = await redis.execute_command("LPOP", f"bench:{kind}")  # type: ignore[no-untyped-call]
            if raw is None:
                await asyncio.sleep(0.05)
                continue
            row, at = map(int, raw.split())
            noted.append((at - sent[row]) / 1e6)
    return sorted(noted)


def _cpu_ns(process: subprocess.Popen[bytes]) -> int:
    """CPU time used by all its threads: the scheduler's own count, since psutil's ticks of 10 ms
    are too coarse for an idle process."""
    tasks = Path(f"/proc/{process.pid}/task")
    try:
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir())
    except OSError:
        used = psutil.Process(process.pid).cpu_times()
        return int((used.user + used.system) * 1e9)


async def _idle(workers: list[subprocess.Popen[bytes]]) -> list[float]:
    """CPU milliseconds a second of each worker, all idle at once."""
    windows: list[list[float]] = [[] for _ in workers]
    for _ in range(WINDOWS):
        before = [_cpu_ns(worker) for worker in workers]
        await asyncio.sleep(WINDOW)
        for worker, was, seen in zip(workers, before, windows, strict=True):
            seen.append((_cpu_ns(worker) - was) / 1e6 / WINDOW)
    return [min(seen) for seen in windows]


async def _measure(url: str, workers: list[subprocess.Popen[bytes]]) -> list[Line]:
    redis = connect(url)
    async with RedisBell(url) as bell:
        sent: dict[str, dict[int, int]] = {"stock": {}, "ours": {}}

        async def enqueue(kind: str, row: int) -> None:
            sent[kind][row] = time.monotonic_ns()
            if kind == "ours":
                await bell.ring("fast", [row])
            else:
                await redis.enqueue_job("work", row, _queue_name="bench")

        for kind, moments in sent.items():  # both are up, imported and connected
            await enqueue(kind, 0)
            await _gather(redis, kind, moments)
            moments.clear()
        dice = random.Random(7)  # so that no enqueue keeps step with a poll
        for row in range(JOBS):
            for kind in ("stock", "ours"):
                await asyncio.sleep(dice.uniform(0.02, 0.08))
                await enqueue(kind, row)
        stock, ours = [await _gather(redis, kind, sent[kind]) for kind in ("stock", "ours")]

        await asyncio.sleep(2.0)
        idle = await _idle(workers)
    await redis.aclose()
    last = -(-99 * JOBS // 100) - 1
    return [
        _line("queue: enqueue to job start, p50", median(ours), median(stock)),
        _line("queue: enqueue to job start, p99", ours[last], stock[last]),
        _line("queue: idle CPU, ms a second", idle[1], idle[0]),
    ]


def _worker(kind: str, url: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "benchmarks.queue", kind, url], cwd=ROOT)


def _line(name: str, ours: float, stock: float) -> Line:
    return Line(name, ours, "arq, poll_delay 0.5", stock, stock / ours)


def run() -> list[Line]:
    """About 40 s. The ratio is how many times sooner (or less) ours is."""

    async def measured() -> list[Line]:
        with tempfile.TemporaryDirectory() as folder:
            server = await start_redis(Path(folder))
            workers = [_worker(kind, server.url) for kind in ("stock", "ours")]
            try:
                return await _measure(server.url, workers)
            finally:
                for worker in workers:
                    worker.kill()
                    worker.wait()
                await server.stop()

    return asyncio.run(measured())


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["stock", url]:
            _serve_stock(url)
        case ["ours", url]:
            _serve_ours(url)
        case _:
            print(table(run()))
