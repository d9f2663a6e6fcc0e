"""The bell: enqueue what is due and wake who serves it.

The database is the truth, so a ring that Redis does not take is counted and forgotten.
"""

import asyncio
from collections.abc import Iterable, Sequence
from time import time
from types import TracebackType
from typing import Self

from arq.constants import expires_extra_ms, job_key_prefix
from arq.jobs import serialize_job

from lanes.outage import Outage
from lanes.wire import AWAY, QUEUED, WORK, channel_of, connect, dumps, hang_up, job_id, queue_of

_BATCH = 500  # ids in one round trip


class RedisBell:
    """Implements `trading.ports.Bell`. `ring` never raises and takes at most about `patience`
    seconds; while Redis hangs it is asked once a second, and between that rings cost nothing."""

    def __init__(self, url: str, *, patience: float = 0.1) -> None:
        self._redis = connect(url)
        self._patience = patience
        self._outage = Outage("bell")
        self._mute_until = 0.0

    @property
    def missed(self) -> int:
        """Rings Redis did not take since this bell was made."""
        return self._outage.missed

    @property
    def is_away(self) -> bool:
        return self._outage.is_on

    async def ring(self, lane: str, ids: Iterable[int] = ()) -> None:
        """Wake `lane`; on a lane with workers, also enqueue one job an id.

        An id that is queued or being worked on is not enqueued twice.
        """
        rows = list(ids) if lane in QUEUED else []
        loop = asyncio.get_running_loop()
        if loop.time() < self._mute_until:
            self._outage.missed += 1
            return
        for last_try in (False, True):
            began = loop.time()
            try:
                async with asyncio.timeout(self._patience):
                    await self._send(lane, rows)
            except AWAY as error:
                took = loop.time() - began
                if isinstance(error, TimeoutError) and took > 2 * self._patience and not last_try:
                    continue  # our own loop was busy, not Redis: its answer may be waiting
                if took > self._patience / 2:
                    self._mute_until = loop.time() + 1.0
                self._outage.begin(error)
            else:
                self._outage.end()
            return

    async def _send(self, lane: str, rows: Sequence[int]) -> None:
        """Like `ArqRedis.enqueue_job` for each row, then the publish, in one round trip a batch
        (arq's takes four a job). NX on both keys leaves a queued or running job alone. Scores are
        the time in ms, not in the future, and keep the order given."""
        for start in range(0, max(len(rows), 1), _BATCH):
            async with self._redis.pipeline(transaction=True) as pipe:
                now = int(time() * 1000)
                for place, row in enumerate(rows[start : start + _BATCH]):
                    key = job_id(lane, row)
                    job = serialize_job(WORK, (row,), {}, None, now, serializer=dumps)
                    pipe.set(job_key_prefix + key, job, px=expires_extra_ms, nx=True)
                    pipe.zadd(queue_of(lane), {key: now - 1 + place / _BATCH}, nx=True)
                pipe.publish(channel_of(lane), b"")
                await pipe.execute()

    async def close(self) -> None:
        await hang_up(self._redis)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
