"""A worker killed just as the server has taken its mail: the next one loses and renames nothing."""

import asyncio
import os
import sys
import time
from pathlib import Path

from db.journal import open_journal
from desk import notices
from mail.progress import NAME, Progress, written
from tests.mail.killable import Hurried
from tests.mail.server import Server
from tests.world import world
from trading.facts import Cursor, Lane
from trading.messages import bold, message

ROOT = Path(__file__).parents[2]
EVENTS, KILLS = 12, 4


async def test_a_worker_killed_over_a_mail_loses_none_and_repeats_under_its_name(
    tmp_path: Path, server: Server
):
    database = tmp_path / "desk.db"
    anchor = time.time()
    async with open_journal(database) as journal:
        desk = (await world(journal)).desk
        desk.wall = Hurried(anchor)
        await journal.append([Cursor(NAME, written(Progress(0)))])
        for number in range(EVENTS):
            await notices.tell(desk, message(bold(f"event {number}.")), lane=Lane.CRITICAL)

    running: list[asyncio.subprocess.Process] = []

    async def kill() -> None:
        """The sender of every third mail, before or just after the server has answered it."""
        if len(server.mails) % 3 == 0 and len(server.mails) <= 3 * KILLS:
            victim = running[-1]
            if len(server.mails) % 2:
                victim.kill()
            else:
                asyncio.get_running_loop().call_later(0.002, victim.kill)

    server.taking = kill
    wanted = {f"Quarterdeck: event {number}." for number in range(EVENTS)}
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    script = Path(__file__).with_name("killable.py")
    words = [sys.executable, script, f"sqlite://{database}", str(server.port), str(anchor)]
    lives = 0
    async with asyncio.timeout(45):
        while set(server.subjects) < wanted:
            running.append(await asyncio.create_subprocess_exec(*words, env=env))
            lives += 1
            dead = asyncio.ensure_future(running[-1].wait())
            while not dead.done() and set(server.subjects) < wanted:
                await asyncio.sleep(0.02)
            if not dead.done():
                running[-1].kill()
            await dead
    assert lives >= KILLS
    names = {(str(mail["Subject"]), str(mail["Message-ID"])) for mail in server.mails}
    assert len(names) == EVENTS
    assert len(server.mails) <= EVENTS + lives
