"""arq's worker, woken: its poll sleep ends on a ring and when a job slot frees.

Read against arq 0.28 (`Worker.main`, `_poll_iteration`, `start_jobs`, `run_job`), which is pinned.
"""

import asyncio
import contextlib
import logging
from time import monotonic
from typing import TYPE_CHECKING, Any

from arq.connections import ArqRedis
from arq.constants import in_progress_key_prefix
from arq.worker import Worker, func

from lanes.outage import Outage
from lanes.wire import AWAY, WORK, dumps, is_job_id, loads, queue_of

if TYPE_CHECKING:
    from arq.typing import WorkerCoroutine

log = logging.getLogger(__name__)

_LONGEST_REST = 5.0  # seconds between looks while Redis is away
_HUNG = 2.0  # seconds without an answer after which Redis counts as away


class WakingWorker(Worker):
    """Serves one lane until `stop`, then gives running jobs `grace` seconds to finish.

    Set `wake` to make it look at once; `poll_delay` is the safety net. Redis may go away for any
    time: jobs that run go on, and looking resumes when it is back. A job is leased for `lease`
    seconds and the lease renewed while it runs, so a killed worker's jobs are not held for as long
    as the longest job may take (arq's rule), and are taken up again at most twice.
    """

    def __init__(
        self,
        lane: str,
        redis: ArqRedis,
        work: "WorkerCoroutine",
        *,
        wake: asyncio.Event,
        stop: asyncio.Event,
        max_jobs: int,
        job_timeout: float,
        poll_delay: float = 0.5,
        grace: float = 8.0,
        lease: float = 30.0,
    ) -> None:
        super().__init__(
            [func(work, name=WORK)],
            queue_name=queue_of(lane),
            redis_pool=redis,
            handle_signals=False,
            max_jobs=max_jobs,
            job_timeout=job_timeout,
            poll_delay=poll_delay,
            keep_result=0,
            max_tries=3,
            health_check_interval=10,
            job_serializer=dumps,
            job_deserializer=loads,
            log_results=False,
        )
        self.wake = wake
        self.stop = stop
        self.grace = grace
        self.in_progress_timeout_s = lease
        self._renewed_at = monotonic()
        self._outage = Outage(f"lane {lane}")

    async def main(self) -> None:
        """arq's loop, except that the sleep can be ended and a lost Redis does not end it."""
        rest = self.poll_delay_s or 0.5
        pause = rest
        try:
            while not self.stop.is_set():
                self.wake.clear()  # before looking: a ring from here on is not lost
                try:
                    async with asyncio.timeout(_HUNG):
                        await self._poll_iteration()
                except AWAY as error:
                    self._outage.begin(error)
                    pause = min(2 * pause, _LONGEST_REST)
                else:
                    self._outage.end()
                    pause = rest
                timer = self.loop.call_later(pause, self.wake.set)
                await self.wake.wait()
                timer.cancel()
        finally:
            await self._finish()

    async def start_jobs(self, job_ids: list[bytes]) -> None:
        for raw in job_ids:
            if not is_job_id(raw):
                log.warning("%s: %r is no job of ours; removed", self.queue_name, raw[:80])
                await self.pool.zrem(self.queue_name, raw)
                continue
            mine = self.tasks.get(raw.decode())
            if mine is not None and not mine.done():
                continue  # three round trips saved; its end wakes us, should it be queued anew
            if self.job_counter >= self.max_jobs:
                return
            try:
                await super().start_jobs([raw])
            except (*AWAY, asyncio.CancelledError):
                running = sum(not task.done() for task in self.tasks.values())
                if self.job_counter > running:  # arq leaks the slot it took, or has given it back
                    self._release_sem_dec_counter_on_complete()
                raise

    async def run_job(self, job_id: str, score: int) -> None:
        try:
            try:
                await super().run_job(job_id, score)
            except AWAY:
                raise
            except Exception:  # what a job raises, arq has logged: this job could not be read
                log.exception("%s: job %s is malformed; dropped", self.queue_name, job_id)
                await self.finish_failed_job(job_id, None)
        except AWAY as error:
            self._outage.begin(error)

    async def finish_job(self, *args: Any) -> None:
        async with asyncio.timeout(_HUNG):
            await super().finish_job(*args)

    async def heart_beat(self) -> None:
        await self.record_health()  # arq's also looks for cron jobs: the schedule is not arq's
        lease = self.in_progress_timeout_s
        if self.tasks and monotonic() - self._renewed_at > lease / 3:
            self._renewed_at = monotonic()
            async with self.pool.pipeline(transaction=False) as pipe:
                for job_id in self.tasks:
                    pipe.pexpire(in_progress_key_prefix + job_id, int(lease * 1000))
                await pipe.execute()

    def _release_sem_dec_counter_on_complete(self) -> None:
        super()._release_sem_dec_counter_on_complete()
        self.wake.set()

    async def _finish(self) -> None:
        """Let running jobs end; cancel those that outlast the grace, to be run again."""
        running = {task for task in self.tasks.values() if not task.done()}
        try:
            if running and self.stop.is_set():
                _, running = await asyncio.wait(running, timeout=self.grace)
        finally:
            for task in running:
                task.cancel()
        if running:
            _, stuck = await asyncio.wait(running, timeout=1.0)
            log.warning(
                "%s: %d jobs were cut short, %d would not end",
                self.queue_name,
                len(running),
                len(stuck),
            )
        with contextlib.suppress(*AWAY):  # the key also expires by itself
            async with asyncio.timeout(0.5):
                await self.pool.delete(self.health_check_key)
