"""Real children, all small Python programs."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

import supervisor as supervisors
from lanes.server import claim_redis
from lanes.wire import connect
from supervisor import Child, Supervisor
from trading.errors import ConfigError

ROOT = Path(__file__).parents[2]
SLEEP = "import time; time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"


def child(name: str, code: str, **more) -> Child:
    return Child(name, [sys.executable, "-S", "-c", code], **more)


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def until(condition, within: float = 10.0) -> None:
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running(data, *groups, **settings):
    stop = asyncio.Event()
    with Supervisor(data, **settings) as it:
        async with asyncio.TaskGroup() as group:
            group.create_task(it.run(groups, stop))
            try:
                yield it
            finally:
                stop.set()


class Deaths(list):
    """Collects what is told; its clock moves only by the pauses and lives it is given."""

    def __init__(self, lived: float = 0.1) -> None:
        super().__init__()
        self.pauses: list[float] = []
        self.lived = lived
        self.at = 0.0

    async def tell(self, death) -> None:
        self.append(death)

    def now(self) -> float:
        self.at += self.lived / 2  # read at birth and at death
        return self.at

    async def sleep(self, pause: float) -> None:
        self.pauses.append(pause)
        self.at += pause
        if len(self.pauses) >= 9:
            await asyncio.Event().wait()

    @property
    def settings(self):
        return {"on_death": self.tell, "now": self.now, "sleep": self.sleep}


async def test_what_dies_is_started_again_and_told(tmp_path):
    deaths = Deaths()
    async with running(tmp_path, [child("worker", SLEEP)], on_death=deaths.tell) as it:
        await until(lambda: it.pids)
        first = it.pids["worker"]
        os.kill(first, signal.SIGKILL)
        await until(lambda: it.pids.get("worker", first) != first)
    (death,) = deaths
    assert (death.name, death.pid, death.code, death.pause) == ("worker", first, -9, 0.5)
    assert "worker died (SIGKILL) after" in str(death)


async def test_pauses_double_to_thirty_seconds(tmp_path):
    deaths = Deaths()
    async with running(tmp_path, [child("bot", "raise SystemExit(3)")], **deaths.settings):
        await until(lambda: len(deaths.pauses) == 9)
    assert deaths.pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert deaths[0].code == 3


async def test_a_minute_of_life_forgives_the_past(tmp_path):
    deaths = Deaths(lived=130.0)
    async with running(tmp_path, [child("bot", "raise SystemExit(3)")], **deaths.settings):
        await until(lambda: len(deaths.pauses) == 9)
    assert deaths.pauses == [0.5] * 9
    assert not any(death.hopeless for death in deaths)


async def test_a_child_dead_on_arrival_is_told_once_clearly_and_still_retried(tmp_path):
    deaths = Deaths()
    dying = child("bot", "raise SystemExit('QUARTERDECK_TOKEN is missing')")
    async with running(tmp_path, [dying], **deaths.settings):
        await until(lambda: len(deaths.pauses) == 9)
    assert [death.hopeless for death in deaths] == [False] * 4 + [True]
    line = str(deaths[-1])
    assert line.startswith("bot keeps dying (5 times in 60 s, exit 1); retrying: QUARTERDECK_TOKEN")
    assert "\n" not in line


async def test_a_program_that_is_not_there_is_said_in_its_log(tmp_path):
    deaths = Deaths()
    async with running(tmp_path, [Child("bot", ["/no/such/program"])], **deaths.settings):
        await until(lambda: deaths)
    assert "cannot run /no/such/program: No such file" in str(deaths[0])


async def test_a_teller_that_fails_does_not_end_the_keeping(tmp_path, caplog):
    async def tell(_):
        raise OSError("no database")

    async with running(tmp_path, [child("worker", SLEEP)], on_death=tell) as it:
        await until(lambda: it.pids)
        first = it.pids["worker"]
        os.kill(first, signal.SIGKILL)
        await until(lambda: it.pids.get("worker", first) != first)
    assert "could not tell" in caplog.text


async def test_output_and_environment_reach_the_childs_own_log(tmp_path):
    code = "import os, sys; print(os.environ['DESK']); print('oh', file=sys.stderr, flush=True)"
    talker = child("talker", f"{code}; {SLEEP}", env={"DESK": "quarter"})
    log = tmp_path / "logs" / "talker.log"
    async with running(tmp_path, [talker]):
        await until(lambda: log.exists() and "oh" in log.read_text())
    assert sorted(log.read_text().split()) == ["oh", "quarter"]


async def test_a_large_log_is_set_aside_at_start(tmp_path, monkeypatch):
    monkeypatch.setattr(supervisors, "LOG_LIMIT", 10)
    logs = tmp_path / "logs"
    logs.mkdir()
    for name, text in (("a.log", "newest " * 3), ("a.log.1", "older"), ("a.log.3", "oldest")):
        (logs / name).write_text(text)
    async with running(tmp_path, [child("a", f"print('now', flush=True); {SLEEP}")]):
        log = logs / "a.log"
        await until(lambda: log.exists() and log.read_text() == "now\n")
    found = {path.name: path.read_text().strip() for path in logs.iterdir()}
    assert found == {
        "a.log": "now",
        "a.log.1": ("newest " * 3).strip(),
        "a.log.2": "older",
        "a.log.3": "oldest",
    }


async def test_the_next_group_starts_when_the_first_is_ready(tmp_path):
    ready = asyncio.Event()
    first, second = child("redis", SLEEP, ready=ready.wait), child("worker", SLEEP)
    async with running(tmp_path, [first], [second, child("bot", SLEEP)]) as it:
        await until(lambda: "redis" in it.pids)
        await asyncio.sleep(0.1)
        assert set(it.pids) == {"redis"}
        ready.set()
        await until(lambda: set(it.pids) == {"redis", "worker", "bot"})


async def test_the_rest_starts_even_if_the_first_is_never_ready(tmp_path, caplog):
    async def ready():
        raise ConfigError("redis-server does not answer")

    async with running(tmp_path, [child("redis", SLEEP, ready=ready)], [child("w", SLEEP)]) as it:
        await until(lambda: set(it.pids) == {"redis", "w"})
    assert "redis is not ready: redis-server does not answer" in caplog.text


async def test_stopping_leaves_nothing_not_even_grandchildren(tmp_path):
    made = tmp_path / "grandchild"
    parent = child(
        "draw",
        f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-S', '-c', {SLEEP!r}]);"
        f"open({str(made)!r}, 'w').write(str(p.pid)); {SLEEP}",
    )
    before = set(psutil.Process().children())
    async with running(tmp_path, [parent], [child("worker", SLEEP)]) as it:
        await until(lambda: len(it.pids) == 2 and made.exists() and made.read_text())
        pids = [*it.pids.values(), int(made.read_text())]
    await until(lambda: all(map(is_gone, pids)))
    assert set(psutil.Process().children()) <= before


async def test_a_child_that_ignores_sigterm_is_killed_after_the_grace(tmp_path):
    code = f"{STUBBORN.replace('; time.sleep', '; print(1, flush=True); time.sleep')}"
    log = tmp_path / "logs" / "stubborn.log"
    async with running(tmp_path, [child("stubborn", code)], grace=0.5) as it:
        await until(lambda: log.exists() and log.read_text())
        pid = it.pids["stubborn"]
    assert is_gone(pid)


async def test_groups_end_last_first(tmp_path):
    def saying(name: str) -> Child:
        code = (
            "import signal, sys, time\n"
            "def end(*_):\n"
            f"    time.sleep(0.1); open({str(tmp_path / 'order')!r}, 'a').write('{name} ')\n"
            "    sys.exit()\n"
            "signal.signal(signal.SIGTERM, end); print('up', flush=True); time.sleep(60)"
        )
        return child(name, code)

    async with running(tmp_path, [saying("redis")], [saying("worker")]):
        logs = [tmp_path / "logs" / f"{name}.log" for name in ("redis", "worker")]
        await until(lambda: all(log.exists() and log.read_text() for log in logs))
    assert (tmp_path / "order").read_text() == "worker redis "


async def test_one_supervisor_a_data_folder(tmp_path):
    twice = pytest.raises(ConfigError, match=rf"already running \(pid {os.getpid()}\)")
    with Supervisor(tmp_path), twice:
        Supervisor(tmp_path).__enter__()
    with Supervisor(tmp_path):
        pass


async def test_an_unusable_data_folder_is_one_clear_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot use the data folder"):
        Supervisor(tmp_path / "file").__enter__()


async def test_redis_under_supervision_is_first_up_and_comes_back(tmp_path):
    before = set(psutil.Process().children())
    redis = await claim_redis(tmp_path)
    client = connect(redis.url)
    server = Child("redis", redis.argv, pass_fds=redis.pass_fds, ready=redis.ready)
    async with running(tmp_path, [server], [child("worker", SLEEP)]) as it:
        await until(lambda: set(it.pids) == {"redis", "worker"})
        assert await client.ping()
        first = it.pids["redis"]
        os.kill(first, signal.SIGKILL)
        await until(lambda: it.pids.get("redis", first) != first)
        await redis.ready()
    await client.aclose()
    await redis.stop()
    assert set(psutil.Process().children()) <= before


PROGRAM = """
import asyncio, sys
from pathlib import Path
from supervisor import Child, Supervisor

async def main(data):
    stop = asyncio.Event()
    codes = sys.argv[2:]
    group = [Child(f"c{i}", [sys.executable, "-S", "-c", code]) for i, code in enumerate(codes)]
    with Supervisor(data, grace=20) as it:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(it.run([group], stop))
            while len(it.pids) < len(codes):
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.3)
            print(*it.pids.values(), flush=True)

asyncio.run(main(Path(sys.argv[1])))
"""


@pytest.fixture
def program(tmp_path):
    """A supervisor in a process of its own, and the pids of its children."""
    started = []

    def start(*codes: str):
        argv = [sys.executable, "-c", PROGRAM, str(tmp_path), *codes]
        process = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        return process, [int(pid) for pid in process.stdout.readline().split()]

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_all_children_then_the_supervisor(program, number):
    process, pids = program(SLEEP, SLEEP)
    process.send_signal(number)
    assert await asyncio.to_thread(process.wait, 10) == 0
    assert all(map(is_gone, pids))


async def test_a_second_signal_does_not_wait(program):
    process, pids = program(STUBBORN)
    process.send_signal(signal.SIGINT)
    await asyncio.sleep(0.3)
    assert not is_gone(pids[0])
    process.send_signal(signal.SIGINT)
    await asyncio.to_thread(process.wait, 5)
    assert is_gone(pids[0])


async def test_a_killed_supervisor_leaves_nothing_and_its_folder_is_free(program, tmp_path):
    process, pids = program(SLEEP, STUBBORN)
    assert len(pids) == 2
    with pytest.raises(ConfigError, match=f"pid {process.pid}"):
        Supervisor(tmp_path).__enter__()
    process.send_signal(signal.SIGKILL)
    process.wait()
    await until(lambda: all(map(is_gone, pids)))
    with Supervisor(tmp_path):
        pass
