"""`quarterdeck mail` as a real process, and the fast worker's own loop."""

import asyncio
import json
from pathlib import Path

import pytest

from mail.progress import NAME
from mailing import keep_mailing
from settings import load
from tests.mail.conftest import Post
from tests.mail.server import PASSWORD, USER, Server, certificate
from tests.test_cli import refusal, run
from trading.facts import Cursor


def environment(server: Server, **more: str) -> dict[str, str]:
    mail = {"host": "127.0.0.1", "port": server.port, "sender": "desk@example.org", **more}
    mail = {"security": "none", "to": ["ann@example.org", "bob@example.net"], **mail}
    return {"QUARTERDECK_MAIL": json.dumps(mail)}


async def test_a_test_mail_says_what_happened(tmp_path: Path, server: Server):
    done = await asyncio.to_thread(run, tmp_path, "mail", "test", env=environment(server))
    assert done.stdout == (
        f"127.0.0.1:{server.port} took a test mail to ann@example.org, bob@example.net in the "
        "clear\n"
    )
    assert server.subjects == ["Quarterdeck: test"]


async def test_a_test_mail_with_starttls_and_a_password(tmp_path: Path, server: Server):
    await server.away()
    pem = certificate(tmp_path)
    await server.open(certificate=pem, auth=True)
    env = environment(server, security="starttls", user=USER) | {"SSL_CERT_FILE": str(pem)}
    env["QUARTERDECK_MAIL_PASSWORD"] = PASSWORD
    done = await asyncio.to_thread(run, tmp_path, "mail", "test", env=env)
    assert done.stdout.endswith("to ann@example.org, bob@example.net by starttls\n")
    env["QUARTERDECK_MAIL_PASSWORD"] = "a-wrong-one"
    said = await asyncio.to_thread(refusal, tmp_path, "mail", "test", env=env)
    assert said.startswith(f"no mail went: 127.0.0.1:{server.port}: 535 ")
    assert "a-wrong-one" not in said


async def test_a_test_mail_some_did_not_take(tmp_path: Path, server: Server):
    server.rcpt = lambda address: "550 no such user" if "bob" in address else ""
    done = await asyncio.to_thread(run, tmp_path, "mail", "test", env=environment(server))
    assert done.stdout.endswith(
        "to ann@example.org in the clear; not taken: bob@example.net: 550 no such user\n"
    )


async def test_a_test_mail_to_nobody_there(tmp_path: Path, server: Server):
    await server.away()
    said = await asyncio.to_thread(refusal, tmp_path, "mail", "test", env=environment(server))
    assert said.startswith(f"no mail went: 127.0.0.1:{server.port}: ")


def test_a_test_mail_without_settings_says_what_to_write(tmp_path: Path):
    said = refusal(tmp_path, "mail", "test")
    assert said == ("nobody is mailed: write host, sender and to under [mail] in quarterdeck.toml")


async def test_mail_that_is_no_longer_wanted_begins_anew_when_it_is(post: Post):
    clocks = post.man.clocks
    assert await post.world.journal.count(Cursor, name=NAME) == 1
    await keep_mailing(post.world.desk, load(), clocks, "one")
    assert await post.world.journal.count(Cursor, name=NAME) == 0


@pytest.mark.parametrize("away", [False, True])
async def test_a_mail_server_that_is_away_ends_no_worker(post: Post, server: Server, away: bool):
    if away:
        await server.away()
    mail = json.loads(environment(server)["QUARTERDECK_MAIL"])
    settings = load(mail=mail)
    loop = asyncio.ensure_future(keep_mailing(post.world.desk, settings, post.man.clocks, "two"))
    await asyncio.sleep(0.1)
    await post.alarm("alarm")
    async with asyncio.timeout(10):
        while not away and not server.mails:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.3)
    assert not loop.done()
    assert len(server.mails) == (not away)
    loop.cancel()
    await asyncio.wait([loop])
