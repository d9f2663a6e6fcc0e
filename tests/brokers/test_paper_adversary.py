"""Each way a broker lets one down, seen from the desk's side of the socket."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from brokers.adversary import Adversary, Fate, Faults
from brokers.paper_client import PaperClient
from tests.brokers.paper_floor import Floor, floor, order, serving
from trading.errors import BrokerError, BrokerRejected, ConfigError, OutcomeUnknown
from trading.orders import OrderState


class Watch:
    """A monotonic clock that a test winds."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def here() -> Floor:
    return floor()


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def adversary(here: Floor, watch: Watch) -> Adversary:
    return Adversary(here.broker(), monotonic=watch)


@pytest.fixture
async def client(adversary: Adversary, here: Floor, tmp_path: Path) -> AsyncIterator[PaperClient]:
    async with serving(adversary, tmp_path / "s", here.clock) as client:
        yield client


@pytest.mark.parametrize(
    ("fate", "text"),
    [(Fate.DROP, "answer was lost"), (Fate.BAD_GATEWAY, "answered 502 without JSON")],
)
async def test_a_lost_reply_is_an_unknown_outcome_and_the_order_is_there(
    client: PaperClient, fate: Fate, text: str
) -> None:
    await client.control(script=[fate])
    with pytest.raises(OutcomeUnknown, match=text):
        await client.submit(order("buy 1 AAPL", "k1"))
    found = await client.find("k1")
    assert found is not None
    assert found.state is OrderState.FILLED
    await client.submit(order("buy 1 AAPL", "k1"))
    assert len((await client.fills(""))[0]) == 1


async def test_a_lost_request_looks_the_same_and_the_order_is_not_there(
    client: PaperClient,
) -> None:
    await client.control(script=[Fate.LOST])
    with pytest.raises(OutcomeUnknown, match="502"):
        await client.submit(order("buy 1 AAPL", "k1"))
    assert await client.find("k1") is None


async def test_without_dedupe_a_retry_after_a_lost_reply_doubles(client: PaperClient) -> None:
    await client.control(script=[Fate.DROP], dedupes=False)
    with pytest.raises(OutcomeUnknown):
        await client.submit(order("buy 1 AAPL", "k1"))
    await client.submit(order("buy 1 AAPL", "k1"))
    (held,) = await client.positions()
    assert held.quantity == 2
    assert not (await client.terms()).dedupes


async def test_a_late_order_lands_after_it_was_looked_for(
    client: PaperClient, watch: Watch
) -> None:
    await client.control(script=["late"], faults={"late_by": 3.0})
    with pytest.raises(OutcomeUnknown):
        await client.submit(order("buy 1 AAPL", "k1"))
    assert await client.find("k1") is None
    watch.seconds = 2.9
    await client.work()
    assert await client.find("k1") is None
    watch.seconds = 3.0
    assert await client.work() == 1
    found = await client.find("k1")
    assert found is not None
    assert found.state is OrderState.FILLED


async def test_a_late_order_and_its_retry_are_one_order_where_the_broker_dedupes(
    client: PaperClient, watch: Watch
) -> None:
    await client.control(script=["late"])
    with pytest.raises(OutcomeUnknown):
        await client.submit(order("buy 1 AAPL", "k1"))
    await client.submit(order("buy 1 AAPL", "k1"))
    watch.seconds = 5
    await client.work()
    assert len((await client.fills(""))[0]) == 1


async def test_a_late_order_that_cannot_be_paid_is_refused_in_silence(
    adversary: Adversary, watch: Watch
) -> None:
    adversary.plan(Fate.LATE)
    with pytest.raises(OutcomeUnknown):
        await adversary.submit(order("buy 1000 AAPL", "k1"))
    watch.seconds = 5
    await adversary.work()
    assert await adversary.find("k1") is None


async def test_a_refusal_is_final(client: PaperClient) -> None:
    await client.control(script=["refuse"], faults={"refusal": "margin call"})
    with pytest.raises(BrokerRejected, match=r"^margin call$"):
        await client.submit(order("buy 1 AAPL", "k1"))
    assert await client.find("k1") is None


async def test_lagging_reads_show_the_books_as_they_were(client: PaperClient, watch: Watch) -> None:
    await client.submit(order("buy 1 AAPL", "k0"))
    watch.seconds = 1
    await client.control(faults={"lag": 0.4})
    await client.submit(order("buy 2 AAPL", "k1"))
    watch.seconds = 1.39
    assert await client.find("k0") is not None
    assert await client.find("k1") is None
    assert [h.quantity for h in await client.positions()] == [1]
    assert (await client.account()).cash == Decimal(9900)
    fills, cursor = await client.fills("")
    assert [f.order_key for f in fills] == ["k0"]
    watch.seconds = 1.41
    assert await client.find("k1") is not None
    assert [f.order_key for f in (await client.fills(cursor))[0]] == ["k1"]
    assert [h.quantity for h in await client.positions()] == [3]


async def test_what_was_seen_is_not_unseen_when_reads_begin_to_lag(client: PaperClient) -> None:
    await client.submit(order("buy 1 AAPL", "k0"))
    _, cursor = await client.fills("")
    await client.control(faults={"lag": 10})
    assert await client.find("k0") is not None
    assert await client.fills(cursor) == ([], cursor)
    await client.submit(order("buy 1 AAPL", "k1"))
    await client.control(faults={"lag": 20})
    assert await client.find("k1") is None
    await client.control(faults={})
    assert await client.find("k1") is not None


async def test_a_lagging_reader_waits_until_the_fill_shows(here: Floor) -> None:
    adversary = Adversary(here.broker(), Faults(lag=0.1))
    await adversary.submit(order("buy 1 AAPL", "k1"))
    assert (await adversary.fills(""))[0] == []
    async with asyncio.timeout(5):
        fills, _ = await adversary.fills("", wait=30)
    assert [f.order_key for f in fills] == ["k1"]


async def test_an_order_fills_in_parts_one_a_tick(client: PaperClient) -> None:
    await client.control(faults={"parts": 3})
    ack = await client.submit(order("buy 10 AAPL", "k1"))
    assert ack.state is OrderState.PARTIALLY_FILLED
    while await client.work():
        pass
    fills, _ = await client.fills("")
    found = await client.find("k1")
    assert [f.quantity for f in fills] == [3, 3, 3, 1]
    assert found is not None
    assert found.state is OrderState.FILLED


async def test_what_is_left_of_an_order_in_parts_can_be_cancelled(client: PaperClient) -> None:
    await client.control(faults={"parts": 4})
    await client.submit(order("buy 8 AAPL", "k1"))
    assert (await client.cancel("k1")).state is OrderState.CANCELLED
    assert await client.work() == 0
    assert [h.quantity for h in await client.positions()] == [2]


async def test_fills_come_twice_and_out_of_order_under_the_same_ids(client: PaperClient) -> None:
    keys = [f"k{n}" for n in range(6)]
    for key in keys:
        await client.submit(order("buy 1 AAPL", key))
    honest, _ = await client.fills("")
    await client.control(faults={"duplicate": 1.0, "reorder": 1.0}, seed=3)
    page, cursor = await client.fills("")
    assert len(page) > len(honest)
    assert {f.execution_id: f for f in page} == {f.execution_id: f for f in honest}
    assert [f.execution_id for f in page[:6]] != [f.execution_id for f in honest]
    assert cursor == "6"


async def test_an_answer_slower_than_our_patience_is_an_unknown_outcome(
    here: Floor, tmp_path: Path
) -> None:
    slow = Adversary(here.broker(), Faults(delay=0.3))
    async with serving(slow, tmp_path / "s", here.clock, timeout=0.1) as client:
        client.connect_timeout = 0.1
        with pytest.raises(OutcomeUnknown, match=r"did not answer POST /orders in 0\.1 s"):
            await client.submit(order("buy 1 AAPL", "k1"))
    assert await slow.find("k1") is not None


async def test_a_broker_that_went_away_takes_nothing_and_comes_back(
    here: Floor, tmp_path: Path
) -> None:
    watch = Watch()
    adversary = Adversary(here.broker(), monotonic=watch)
    async with serving(adversary, tmp_path / "s", here.clock, tick=0.01) as client:
        await client.control(away=60)
        with pytest.raises(BrokerError, match="cannot reach the paper broker"):
            await client.find("k1")
        while (tmp_path / "s").exists():
            await asyncio.sleep(0.01)
        with pytest.raises(BrokerError, match="not sent") as away:
            await client.submit(order("buy 1 AAPL", "k1"))
        assert not isinstance(away.value, OutcomeUnknown | BrokerRejected)
        watch.seconds = 61
        await client.ready(5)
        assert await client.find("k1") is None


async def test_the_same_seed_deals_the_same_fates(here: Floor) -> None:
    dealt = []
    for seed in (1, 1, 2):
        faults = Faults({Fate.DROP: 0.3, Fate.REFUSE: 0.3})
        adversary, fates = Adversary(here.broker(), faults, seed=seed), []
        for _ in range(30):
            try:
                await adversary.submit(order("buy 1 AAPL"))
                fates.append("honest")
            except BrokerError as error:
                fates.append(type(error).__name__)
        dealt.append(fates)
    assert dealt[0] == dealt[1] != dealt[2]
    assert set(dealt[0]) == {"honest", "DroppedReply", "BrokerRejected"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"faults": {"chances": {"drop": 1.5}}},
        {"faults": {"chances": {"vanish": 0.5}}},
        {"faults": {"parts": 0}},
        {"faults": {"lagg": 1}},
        {"script": ["vanish"]},
        {"scrip": []},
    ],
)
async def test_a_control_that_cannot_be_read_changes_nothing(
    client: PaperClient, adversary: Adversary, wrong: dict[str, object]
) -> None:
    with pytest.raises(BrokerRejected):
        await client.control(**wrong)
    assert adversary.faults == Faults()
    assert not adversary.script


def test_chances_beyond_one_are_refused() -> None:
    with pytest.raises(ConfigError):
        Faults({Fate.DROP: 0.6, Fate.LATE: 0.6})


async def test_the_client_learns_the_terms_of_the_process_it_talks_to(client: PaperClient) -> None:
    first = await client.terms()
    assert first.dedupes
    await client.control(faults={"late_by": 3.0, "lag": 2.0}, dedupes=False)
    later = await client.terms()
    assert not later.dedupes
    assert later.settles_in is not None
    waited = client.timeout + client.connect_timeout
    assert later.settles_in.total_seconds() >= 5.0 + waited


async def test_a_transfer_changes_a_position_and_shows_no_execution(
    client: PaperClient, adversary: Adversary
) -> None:
    cash = (await client.account()).cash
    await client.control(transfer={"symbol": "AAPL", "quantity": "3", "price": "100"})
    [held] = await client.positions()
    assert (held.symbol, held.quantity, held.average) == ("AAPL", Decimal(3), Decimal(100))
    assert (await client.fills(""))[0] == []
    assert (await client.account()).cash == cash
    await client.control(transfer={"symbol": "AAPL", "quantity": "-3", "price": "0"})
    assert await client.positions() == []


@pytest.mark.parametrize(
    "wanted", [{"symbol": "AAPL"}, {"symbol": "NOPE", "quantity": "1", "price": "1"}, "AAPL"]
)
async def test_a_transfer_that_cannot_be_read_changes_nothing(
    client: PaperClient, wanted: object
) -> None:
    with pytest.raises(BrokerError, match=r"transfer|no instrument"):
        await client.control(transfer=wanted)
    assert await client.positions() == []
