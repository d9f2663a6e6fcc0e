"""Limit orders of the paper broker that are good until an end, also after a restart."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from brokers.costs import Costs
from brokers.paper import PaperBroker
from brokers.paper_book import PaperBook
from brokers.paper_wire import order_from_json, order_to_json
from tests.desk.test_deciding import TUESDAY
from tests.world import Stocks, Tape, Weekdays, at
from trading.clocks import SimulatedClock
from trading.errors import BrokerRejected
from trading.orders import Order, OrderState, OrderType
from trading.types import Side

D = Decimal
CLOSE = at(TUESDAY, 21)


def limit_order(key: str = "k1", price: str = "99") -> Order:
    now = at(TUESDAY, 15)
    return Order(
        key, "", "paper", "paper", "AAPL", Side.BUY, D(10), now, now,
        type=OrderType.LIMIT, limit=D(price), until=CLOSE,
    )  # fmt: skip


class Floor:
    """A broker on a book, at a time and a price."""

    def __init__(self, path: Path) -> None:
        self.clock = SimulatedClock(at(TUESDAY, 15))
        self.tape = Tape(Weekdays(), {"AAPL": D(100)})
        self.path = path
        self.broker = self.started()

    def started(self) -> PaperBroker:
        return PaperBroker(
            self.tape, self.clock, Stocks("AAPL"), Costs(slippage_bps=D(0)),
            cash=D(10_000), book=PaperBook(self.path),
        )  # fmt: skip

    def restart(self) -> None:
        self.broker.close()
        self.broker = self.started()


@pytest.fixture
def floor(tmp_path: Path) -> Floor:
    return Floor(tmp_path / "book")


async def test_it_rests_through_a_restart_and_fills_when_reached(floor: Floor):
    assert (await floor.broker.submit(limit_order())).state is OrderState.ACCEPTED
    floor.restart()
    floor.tape.prices["AAPL"] = D("99.01")
    assert await floor.broker.work() == 0
    floor.tape.prices["AAPL"] = D("98")
    assert await floor.broker.work() == 1
    [fill], _ = await floor.broker.fills("")
    assert fill.price == 98
    floor.broker.close()


async def test_at_its_end_it_expires_and_frees_its_money_even_after_a_restart(floor: Floor):
    await floor.broker.submit(limit_order())
    floor.restart()
    floor.clock.at = CLOSE - timedelta(microseconds=1)
    assert await floor.broker.work() == 0
    floor.clock.at = CLOSE
    floor.tape.prices["AAPL"] = D(1)
    assert await floor.broker.work() == 1
    ack = await floor.broker.find("k1")
    assert ack is not None
    assert (ack.state, ack.note) == (OrderState.EXPIRED, "not reached in its session")
    assert await floor.broker.working() == []
    assert floor.broker.statement.reserved() == 0
    assert (await floor.broker.fills(""))[0] == []
    floor.restart()
    again = await floor.broker.find("k1")
    assert again is not None
    assert again.state is OrderState.EXPIRED
    floor.broker.close()


async def test_what_filled_before_its_end_stays(floor: Floor):
    floor.broker.portion = lambda whole, lot: D(4)
    floor.tape.prices["AAPL"] = D(99)
    await floor.broker.submit(limit_order())
    floor.clock.at = CLOSE
    await floor.broker.work()
    assert [h.quantity for h in await floor.broker.positions()] == [D(4)]
    floor.broker.close()


async def test_sent_after_its_end_it_is_refused(floor: Floor):
    floor.clock.at = CLOSE
    with pytest.raises(BrokerRejected, match="good until before"):
        await floor.broker.submit(limit_order())
    floor.broker.close()


def test_its_end_travels_and_an_older_book_has_none():
    order = limit_order()
    body = order_to_json(order)
    assert order_from_json(body) == order
    del body["until"]
    assert order_from_json(body) == replace(order, until=None)
