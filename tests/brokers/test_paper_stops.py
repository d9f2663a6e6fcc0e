"""Stop orders at the paper broker: in memory, on disk, and over its socket."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from brokers.adversary import Adversary, Faults
from brokers.paper import PaperBroker
from brokers.paper_client import PaperClient
from brokers.paper_wire import order_from_json, order_to_json
from tests.brokers.paper_floor import KINDS, Floor, floor, opened, order
from trading.errors import BrokerRejected
from trading.orders import Order, OrderState, OrderType

D = Decimal
Door = PaperBroker | PaperClient


def stop(words: str, at: str, key: str = "") -> Order:
    return order(words, key, type=OrderType.STOP, stop=D(at), reduce_only=words[:4] == "sell")


@pytest.fixture
def here() -> Floor:
    return floor()


@pytest.fixture(params=KINDS)
async def broker(
    request: pytest.FixtureRequest, here: Floor, tmp_path: Path
) -> AsyncIterator[Door]:
    async with opened(str(request.param), here, tmp_path) as door:
        yield door


async def test_it_says_that_stops_rest_there(broker: Door) -> None:
    assert (await broker.terms()).rests >= {OrderType.STOP}


async def test_a_sell_stop_rests_until_the_market_comes_to_it(broker: Door, here: Floor) -> None:
    await broker.submit(order("buy 10 AAPL"))
    assert (await broker.submit(stop("sell 10 AAPL", "95", "s"))).state is OrderState.ACCEPTED
    here.board.chalk("AAPL", "95.01")
    assert await broker.work() == 0
    [resting] = await broker.working()
    assert (resting.key, resting.stop, resting.limit) == ("s", D(95), None)
    here.board.chalk("AAPL", "95")
    assert await broker.work() == 1
    assert await broker.positions() == []


async def test_after_a_gap_it_fills_where_the_market_is(broker: Door, here: Floor) -> None:
    await broker.submit(order("buy 10 AAPL"))
    await broker.submit(stop("sell 10 AAPL", "95"))
    here.board.chalk("AAPL", "90")
    await broker.work()
    fills, _ = await broker.fills("")
    assert fills[-1].price == D(90)


async def test_a_buy_stop_waits_for_the_market_to_rise(broker: Door, here: Floor) -> None:
    await broker.submit(stop("buy 10 AAPL", "105", "b"))
    here.board.chalk("AAPL", "104")
    assert await broker.work() == 0
    here.board.chalk("AAPL", "106")
    assert await broker.work() == 1


@pytest.mark.parametrize(
    ("at", "said"), [("0", "a stop above zero"), ("NaN", "a stop above"), ("95.001", "0.01 tick")]
)
async def test_a_stop_that_is_no_price_is_refused(
    broker: Door, here: Floor, at: str, said: str
) -> None:
    del here
    await broker.submit(order("buy 10 AAPL"))
    with pytest.raises(BrokerRejected, match=said):
        await broker.submit(stop("sell 10 AAPL", at))


async def test_one_that_was_set_off_goes_on_when_the_price_comes_back(here: Floor) -> None:
    broker = here.broker()
    await broker.submit(order("buy 9 AAPL"))
    Adversary(broker, Faults(parts=3))
    await broker.submit(stop("sell 9 AAPL", "95"))
    here.board.chalk("AAPL", "94")
    await broker.work()
    here.board.chalk("AAPL", "99")
    await broker.work()
    await broker.work()
    assert await broker.positions() == []


async def test_a_stop_survives_a_restart(here: Floor, tmp_path: Path) -> None:
    before = here.persisted(tmp_path / "paper.sqlite")
    await before.submit(order("buy 10 AAPL"))
    await before.submit(stop("sell 10 AAPL", "95", "s"))
    before.close()
    after = here.persisted(tmp_path / "paper.sqlite")
    [resting] = await after.working()
    assert resting.stop == D(95)
    here.board.chalk("AAPL", "94")
    assert await after.work() == 1
    after.close()


def test_an_order_of_an_earlier_book_has_no_stop() -> None:
    body = order_to_json(order("buy 1 AAPL"))
    del body["stop"]
    assert order_from_json(body).stop is None
