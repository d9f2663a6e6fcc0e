"""The vitals of the house, measured: Redis, the database, the disk, the versions."""

import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit

from db.journal import OrmJournal
from desk.vitals import HousePulse, RedisPulse
from lanes.depths import depths
from lanes.wire import AWAY
from logs import scrub

LIBRARIES = ("aiogram", "arq", "tortoise-orm", "polars", "TA-Lib")


class Measured:
    """Implements `desk.vitals.Vitals`. `redis` is its address, "" where there is none."""

    def __init__(self, journal: OrmJournal, redis: str, data: Path) -> None:
        self._journal = journal
        self._redis = redis
        self._data = data

    async def redis(self) -> RedisPulse:
        return await redis_pulse(self._redis)

    async def house(self) -> HousePulse:
        store = self._journal.store
        sqlite = store.dialect == "sqlite"
        sql = "SELECT sqlite_version()" if sqlite else "SHOW server_version"
        began = perf_counter()
        ((number,),) = await store.read(sql)
        ms = (perf_counter() - began) * 1000
        disk = shutil.disk_usage(self._data)
        name = "SQLite" if sqlite else "PostgreSQL"
        return HousePulse(
            f"{name} {str(number).split()[0]}", ms, disk.free, disk.total, libraries()
        )


async def redis_pulse(url: str) -> RedisPulse:
    """Never raises."""
    if not url:
        return RedisPulse(answers=False, why="no Redis is set for this process")
    try:
        found = await depths(url)
    except AWAY as error:
        reason = scrub(str(error)) or "no answer within a second"
        return RedisPulse(answers=False, why=f"{place(url)} does not answer: {reason}"[:160])
    return RedisPulse(answers=True, ms=found.ms, version=found.version, queued=found.queued)


def place(url: str) -> str:
    """The address without its password."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"redis://{parts.hostname}{port}" if parts.hostname else Path(parts.path).name


def libraries() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
