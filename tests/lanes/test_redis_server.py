"""The embedded redis-server: one a data folder, private, and never left behind."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from lanes import server as embedded
from lanes.server import claim_redis, known_url, start_redis
from lanes.wire import connect
from trading.errors import ConfigError

ROOT = Path(__file__).parents[2]


async def gone(pid: int, within: float = 5.0) -> bool:
    for _ in range(int(within / 0.05)):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        await asyncio.sleep(0.05)
    return False


async def ask(url: str, *command: str) -> object:
    redis = connect(url)
    try:
        return await redis.execute_command(*command)
    finally:
        await redis.aclose()


async def test_it_serves_on_a_private_socket_only(server, tmp_path):
    folder = tmp_path / "redis"
    assert server.url == known_url(tmp_path) == f"unix://{folder}/redis.sock?db=0"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in ("redis.conf", "url"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    assert psutil.Process(server.process.pid).net_connections("inet") == []
    assert await ask(server.url, "CONFIG", "GET", "appendonly") == [b"appendonly", b"yes"]
    policy = await ask(server.url, "CONFIG", "GET", "maxmemory-policy")
    assert policy == [b"maxmemory-policy", b"noeviction"]


async def test_a_folder_has_one_server(server, tmp_path):
    with pytest.raises(ConfigError, match=f"belongs to process {os.getpid()}"):
        await start_redis(tmp_path)
    assert await ask(server.url, "PING")


async def test_a_stopped_server_leaves_the_folder_free(tmp_path):
    for _ in range(2):
        server = await start_redis(tmp_path)
        pid = server.process.pid
        await server.stop()
        assert not psutil.pid_exists(pid)
        await server.stop()


async def test_a_stale_socket_is_no_obstacle(tmp_path):
    server = await start_redis(tmp_path)
    server.process.kill()
    await server.process.wait()
    await server.stop()
    assert (tmp_path / "redis" / "redis.sock").exists()
    again = await start_redis(tmp_path)
    await again.stop()


ORPHANING = """
import asyncio, os, subprocess, sys
from pathlib import Path
from lanes.server import claim_redis

async def main():
    server = await claim_redis(Path(sys.argv[1]))
    child = subprocess.Popen(server.argv, pass_fds=server.pass_fds, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    await server.ready()
    print(child.pid, flush=True)
    os._exit(0)

asyncio.run(main())
"""


async def test_a_server_orphaned_by_an_earlier_run_is_ended_first(tmp_path):
    out = subprocess.run(
        [sys.executable, "-c", ORPHANING, str(tmp_path)], cwd=ROOT, capture_output=True, check=True
    )
    orphan = int(out.stdout)
    assert not await gone(orphan, within=0.1)
    server = await start_redis(tmp_path)
    assert await gone(orphan, within=0.1)
    assert server.process.pid != orphan
    assert await ask(server.url, "PING")
    await server.stop()


STARTING = """
import asyncio, sys
from pathlib import Path
from lanes.server import start_redis

async def main():
    server = await start_redis(Path(sys.argv[1]))
    print(server.process.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_it_dies_with_a_killed_owner(tmp_path):
    owner = subprocess.Popen(
        [sys.executable, "-c", STARTING, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE
    )
    with owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        owner.send_signal(signal.SIGKILL)
    assert await gone(pid)


async def test_a_path_too_long_for_a_socket_gets_a_local_port_with_a_password(tmp_path):
    data = tmp_path / ("long" * 20) / ("path" * 20)
    server = await start_redis(data)
    try:
        assert server.url.startswith("redis://:")
        assert "@127.0.0.1:" in server.url
        assert await ask(server.url, "PING")
        with pytest.raises(Exception, match="Authentication required"):
            await ask(server.url.split("//")[0] + "//" + server.url.split("@")[1], "PING")
        listening = psutil.Process(server.process.pid).net_connections("inet")
        assert {c.laddr.ip for c in listening} == {"127.0.0.1"}
    finally:
        await server.stop()


async def test_a_folder_with_spaces_and_quotes_works(tmp_path):
    server = await start_redis(tmp_path / 'my "data" 100%')
    assert await ask(server.url, "PING")
    await server.stop()


async def test_without_a_redis_server_the_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="apt install redis-server"):
        await claim_redis(tmp_path)


async def test_a_server_that_cannot_start_says_why(tmp_path):
    server = await claim_redis(tmp_path)
    conf = tmp_path / "redis" / "redis.conf"
    conf.write_text(conf.read_text().replace("maxmemory-policy noeviction", "maxmemory-policy x"))
    with pytest.raises(ConfigError, match="does not answer"):
        await server.start()
    await server.stop()
