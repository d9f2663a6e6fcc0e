"""Encrypted and signed in as the route says, or not at all."""

from pathlib import Path

import pytest

from mail.carrier import Carrier, Taken
from mail.letter import Stationery
from mail.route import Route
from tests.mail.conftest import route
from tests.mail.server import PASSWORD, USER, Server, certificate
from trading.clocks import Clocks, SystemClock
from trading.errors import MailAway, MailRefused

CLOCKS = Clocks(rate=20.0)


async def send(given: Route) -> Taken:
    letter = Stationery(given, "qd", str).test("test-1", SystemClock().now())
    async with Carrier(given, CLOCKS).open() as visit:
        return await visit.send(letter, given.to)


@pytest.fixture
async def guarded(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """STARTTLS and a password are asked for; its certificate is trusted here."""
    await server.away()
    pem = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    await server.open(certificate=pem, auth=True)
    return server


async def test_starttls_and_a_password(guarded: Server):
    taken = await send(route(guarded, security="starttls", user=USER, password=PASSWORD))
    assert taken == Taken(("ann@example.org", "bob@example.net"))
    assert guarded.signed_in == 1
    assert guarded.subjects == ["Quarterdeck: test"]


async def test_a_wrong_password_says_so_and_shows_none(guarded: Server):
    wrong = "wrong-horse-battery"
    with pytest.raises(MailAway, match="535") as refused:
        await send(route(guarded, security="starttls", user=USER, password=wrong))
    assert wrong not in str(refused.value)


async def test_no_password_where_one_is_asked_for_is_no_fault_of_the_mail(guarded: Server):
    with pytest.raises(MailAway, match="530"):
        await send(route(guarded, security="starttls"))


async def test_a_certificate_nobody_vouches_for_is_refused(
    guarded: Server, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(MailAway, match="certificate"):
        await send(route(guarded, security="starttls", user=USER, password=PASSWORD))
    assert guarded.signed_in == 0


async def test_a_server_without_starttls_is_given_neither_password_nor_mail(server: Server):
    with pytest.raises(MailAway, match="STARTTLS"):
        await send(route(server, security="starttls", user=USER, password=PASSWORD))
    assert server.mails == []


async def test_tls_from_the_first_byte(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
):
    await server.away()
    pem = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    await server.open(certificate=pem, tls=True)
    assert (await send(route(server, security="tls"))).to == ("ann@example.org", "bob@example.net")


async def test_nobody_there(server: Server):
    await server.away()
    with pytest.raises(MailAway, match="127.0.0.1"):
        await send(route(server))


async def test_what_a_server_says_of_each_address(server: Server):
    said = {"ann@example.org": "550 unknown", "bob@example.net": "451 later"}
    server.rcpt = said.__getitem__
    taken = await send(route(server))
    assert taken == Taken((), {"ann@example.org": "550 unknown"}, {"bob@example.net": "451 later"})


@pytest.mark.parametrize("code", ["552", "554", "550"])
async def test_content_that_is_refused(server: Server, code: str):
    server.data = lambda mail: f"{code} not this one"
    with pytest.raises(MailRefused, match=f"{code} not this one"):
        await send(route(server))


async def test_content_that_is_to_come_later(server: Server):
    server.data = lambda mail: "451 greylisted"
    taken = await send(route(server))
    assert (taken.to, taken.refused) == ((), {})
    assert taken.later["ann@example.org"] == "451 greylisted"
