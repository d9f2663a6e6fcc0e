"""The paper broker's door: its address, its guard, its tick, and how light it is."""

import asyncio
import json
import os
import socket
import stat
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import aiohttp
import pytest

from brokers.paper_address import UNIX_LIMIT, PaperAddress
from brokers.paper_client import PaperClient
from brokers.paper_server import serve
from brokers.paper_wire import order_from_json, order_to_json
from tests.brokers.paper_floor import Floor, floor, order, serving
from trading.errors import BrokerError, BrokerRejected, ConfigError, DataError, OutcomeUnknown

ROOT = Path(__file__).parents[2]


@pytest.fixture
def here() -> Floor:
    return floor()


async def test_the_socket_opens_for_its_user_only(here: Floor, tmp_path: Path) -> None:
    async with serving(here.broker(), tmp_path / "s", here.clock):
        mode = (tmp_path / "s").stat().st_mode
        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o600


async def test_a_path_too_long_for_a_socket_is_served_on_a_guarded_port(
    here: Floor, tmp_path: Path
) -> None:
    path = tmp_path / ("long-" * 20) / "paper"
    assert len(os.fsencode(path)) > UNIX_LIMIT
    async with serving(here.broker(), path, here.clock) as client:
        await client.submit(order("buy 1 AAPL", "k1"))
        assert await client.find("k1") is not None
        address = PaperAddress(path)
        assert stat.S_IMODE(address.port_file.stat().st_mode) == 0o600
        url = f"http://127.0.0.1:{address.port().number}/account"
        async with aiohttp.ClientSession() as stranger, stranger.get(url) as answer:
            assert answer.status == 401


async def test_an_address_nobody_can_listen_at_is_refused_in_one_line(here: Floor) -> None:
    address = PaperAddress.of("tcp://:0123456789abcdef@203.0.113.1:8822")
    with pytest.raises(ConfigError, match=r"cannot listen at 203.0.113.1:8822: .*'paper'"):
        await serve(here.broker(), address, here.clock, asyncio.Event())


async def test_a_port_nobody_has_told_means_not_sent(tmp_path: Path) -> None:
    async with PaperClient(tmp_path / ("long-" * 30)) as client:
        with pytest.raises(BrokerError, match="not sent") as refused:
            await client.submit(order("buy 1 AAPL"))
    assert type(refused.value) is BrokerError


async def test_a_refused_connection_means_not_sent(tmp_path: Path) -> None:
    async with PaperClient(tmp_path / "s") as client:
        for call in (client.submit(order("buy 1 AAPL")), client.cancel("k1"), client.account()):
            with pytest.raises(BrokerError, match=r"cannot reach the paper broker.*not sent") as no:
                await call
            assert type(no.value) is BrokerError


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
        b"SSH-2.0-not-a-broker\r\n",
    ],
)
async def test_an_answer_that_makes_no_sense_is_an_unknown_outcome(
    tmp_path: Path, answer: bytes
) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(babble, tmp_path / "s")
    async with server, PaperClient(tmp_path / "s", timeout=2) as client:
        with pytest.raises(OutcomeUnknown):
            await client.submit(order("buy 1 AAPL"))
        with pytest.raises(OutcomeUnknown):
            await client.cancel("k1")


async def test_a_socket_that_never_accepts_is_not_waited_for_long(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(tmp_path / "s"))
        deaf.listen(1)
        async with PaperClient(tmp_path / "s", timeout=0.1, connect_timeout=0.1) as client:
            with pytest.raises(OutcomeUnknown, match="did not answer"):
                await client.submit(order("buy 1 AAPL"))
            with pytest.raises(BrokerError, match="did not answer"):
                await client.positions()


async def test_an_order_that_cannot_be_read_is_refused(here: Floor, tmp_path: Path) -> None:
    async with serving(here.broker(), tmp_path / "s", here.clock):
        connector = aiohttp.UnixConnector(str(tmp_path / "s"))
        async with aiohttp.ClientSession(connector=connector) as session:
            for body, text in [
                ("{", "not JSON"),
                ("[]", "a JSON object is expected"),
                ("{}", "order has no key"),
            ]:
                async with session.post("http://paper/orders", data=body) as answer:
                    assert answer.status == 400
                    assert text in (await answer.json())["error"]


def test_an_order_survives_the_wire() -> None:
    asked = order("sell 5 MSFT @ 51.50", reduce_only=True, reference=Decimal("51.2"))
    read = order_from_json(json.loads(json.dumps(order_to_json(asked))))
    assert order_to_json(read) == order_to_json(asked)
    assert read.strategy == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("quantity", "ten"),
        ("quantity", None),
        ("side", "hold"),
        ("reduce_only", "false"),
        ("created_at", "2026-02-03T14:30:00"),
    ],
)
def test_a_field_that_cannot_be_read_is_never_guessed(field: str, value: object) -> None:
    body = {**order_to_json(order("buy 1 AAPL")), field: value}
    with pytest.raises(DataError, match="order cannot be read"):
        order_from_json(body)


async def test_the_tick_fills_what_rests_without_being_asked(here: Floor, tmp_path: Path) -> None:
    async with serving(here.broker(), tmp_path / "s", here.clock, tick=0.01) as client:
        here.board.close("AAPL")
        await client.submit(order("buy 1 AAPL", "k1"))
        here.board.chalk("AAPL", "100")
        fills, _ = await client.fills("", wait=5)
    assert [f.order_key for f in fills] == ["k1"]


async def test_a_feed_that_is_away_does_not_stop_the_broker(
    here: Floor, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(here.broker(), tmp_path / "s", here.clock, tick=0.01) as client:
        here.board.close("AAPL")
        await client.submit(order("buy 1 AAPL", "k1"))
        here.board.chalk("AAPL", "100")
        quote, tried = here.board.quote, asyncio.Event()

        async def away(symbol: str, at: object) -> None:
            tried.set()
            raise ConnectionError("feed is away")

        here.board.quote = away  # type: ignore[method-assign]
        await tried.wait()
        here.board.quote = quote  # type: ignore[method-assign]
        fills, _ = await client.fills("", wait=5)
    assert len(fills) == 1
    assert "feed is away" in caplog.text


async def test_a_stopping_server_lets_no_waiting_reader_hold_it(
    here: Floor, tmp_path: Path
) -> None:
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        async with serving(here.broker(), tmp_path / "s", here.clock) as client:
            reading = group.create_task(lost_read(client))
            await asyncio.sleep(0.05)
        assert await reading
    assert not (tmp_path / "s").exists()


async def lost_read(client: PaperClient) -> bool:
    reader = PaperClient(client._address.path)
    try:
        await reader.fills("", wait=60)
    except BrokerError:
        return True
    finally:
        await reader.close()
    return False


async def test_ready_names_a_broker_of_another_account(here: Floor, tmp_path: Path) -> None:
    broker = here.broker()
    async with serving(broker, tmp_path / "s", here.clock, account_id="mine") as client:
        with pytest.raises(BrokerError, match="serves paper/paper, not paper/mine"):
            await client.ready(5)


async def test_a_broker_without_an_adversary_has_no_screws(here: Floor, tmp_path: Path) -> None:
    async with serving(here.broker(), tmp_path / "s", here.clock) as client:
        with pytest.raises(BrokerError, match="404") as refused:
            await client.control(away=1)
    assert not isinstance(refused.value, BrokerRejected)


def test_the_process_is_light() -> None:
    program = (
        "import sys, brokers.paper_server, brokers.paper_client\n"
        "heavy = {'pandas', 'numpy', 'matplotlib', 'tortoise', 'ccxt', 'polars', 'ib_async'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert told.stdout.strip() == "[]"
