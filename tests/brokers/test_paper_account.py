"""Money at the paper broker: buying power, shorts, fees, and what happens when the open gaps."""

from dataclasses import replace
from decimal import Decimal

import pytest

from brokers.costs import Costs
from tests.brokers.paper_floor import AAPL, FREE, Floor, floor, order
from trading.errors import BrokerRejected, ConfigError, DataError
from trading.money import Adjustment
from trading.orders import Fill, OrderState
from trading.types import Holdings, Side

D = Decimal


@pytest.fixture
def here() -> Floor:
    return floor()


async def test_the_fee_counts_against_buying_power(here: Floor) -> None:
    broker = here.broker(costs=Costs(slippage_bps=D(0)))
    with pytest.raises(BrokerRejected, match=r"needs 10,001\.00 USD, has 10,000\.00 USD"):
        await broker.submit(order("buy 100 AAPL"))
    await broker.submit(order("buy 99 AAPL"))
    assert (await broker.account()).cash == D("99")


async def test_a_resting_order_holds_its_money_back(here: Floor) -> None:
    broker = here.broker()
    here.board.close("AAPL")
    await broker.submit(order("buy 60 AAPL"))
    with pytest.raises(BrokerRejected, match=r"needs 5,000\.00 USD, has 4,000\.00 USD"):
        await broker.submit(order("buy 100 MSFT"))


async def test_an_open_that_gaps_past_the_money_refuses_the_order(here: Floor) -> None:
    broker = here.broker()
    here.board.close("AAPL")
    await broker.submit(order("buy 100 AAPL", "k1"))
    here.board.chalk("AAPL", "101")
    await broker.work()
    found = await broker.find("k1")
    assert found is not None
    assert found.state is OrderState.REJECTED
    assert found.note == ("insufficient buying power: needs 10,100.00 USD, has 10,000.00 USD")
    assert (await broker.account()).cash == 10000


async def test_resting_exits_cannot_sell_the_same_shares_twice(here: Floor) -> None:
    broker = here.broker()
    await broker.submit(order("buy 10 AAPL"))
    await broker.submit(order("sell 10 AAPL @ 110"))
    with pytest.raises(BrokerRejected, match="10 held, 10 of them in other orders"):
        await broker.submit(order("sell 1 AAPL"))
    with pytest.raises(BrokerRejected, match="other orders already sell all 10 AAPL held"):
        await broker.submit(order("sell 1 AAPL", reduce_only=True))


async def test_an_exit_needs_no_money(here: Floor) -> None:
    broker = here.broker(shorts=True)
    await broker.submit(order("sell 50 AAPL"))
    here.board.chalk("AAPL", "160")  # 15,000 in cash, 8,000 owed: nothing left to borrow
    with pytest.raises(BrokerRejected, match="insufficient buying power"):
        await broker.submit(order("buy 1 MSFT"))
    ack = await broker.submit(order("buy 50 AAPL"))
    assert ack.state is OrderState.FILLED
    assert (await broker.account()).equity == D(7000)


async def test_shorts_use_buying_power_like_longs(here: Floor) -> None:
    broker = here.broker(shorts=True)
    await broker.submit(order("sell 60 AAPL"))
    with pytest.raises(BrokerRejected, match=r"needs 5,000\.00 USD, has 4,000\.00 USD"):
        await broker.submit(order("sell 50 AAPL"))
    with pytest.raises(BrokerRejected, match=r"needs 5,000\.00 USD, has 4,000\.00 USD"):
        await broker.submit(order("buy 100 MSFT"))


async def test_a_flip_spends_only_what_it_opens(here: Floor) -> None:
    broker = here.broker(shorts=True)
    await broker.submit(order("buy 100 AAPL"))
    with pytest.raises(BrokerRejected, match=r"needs 10,100\.00 USD, has 10,000\.00 USD"):
        await broker.submit(order("sell 201 AAPL"))
    await broker.submit(order("sell 200 AAPL"))
    assert await broker.positions() == [Holdings("AAPL", D(-100), D(100))]


async def test_leverage_lends_a_multiple_of_equity(here: Floor) -> None:
    broker = here.broker(leverage=D(2))
    await broker.submit(order("buy 150 AAPL"))
    here.board.chalk("AAPL", "90")  # equity 8,500; gross 13,500
    with pytest.raises(BrokerRejected, match=r"needs 3,550\.00 USD, has 3,500\.00 USD"):
        await broker.submit(order("buy 71 MSFT"))
    await broker.submit(order("buy 70 MSFT"))


async def test_a_contract_counts_its_multiplier() -> None:
    here = floor(ESH6="100")
    broker = here.broker()
    with pytest.raises(BrokerRejected, match=r"needs 15,000\.00 USD"):
        await broker.submit(order("buy 3 ESH6"))
    await broker.submit(order("buy 2 ESH6"))
    here.board.chalk("ESH6", "101")
    assert (await broker.account()).equity == D(10100)


async def test_the_fee_of_an_order_in_parts_is_one_orders_fee(here: Floor) -> None:
    broker = here.broker(costs=Costs(slippage_bps=D(0)))
    broker.portion = lambda whole, lot: max(whole // 4, lot)
    ack = await broker.submit(order("buy 80 AAPL"))
    assert ack.state is OrderState.PARTIALLY_FILLED
    for _ in range(3):
        await broker.work()
    fills, _ = await broker.fills("")
    assert [f.fee for f in fills] == [1, 0, 0, 0]
    assert await broker.work() == 0


async def test_a_reduce_only_order_at_rest_shrinks_with_its_position(here: Floor) -> None:
    broker = here.broker()
    await broker.submit(order("buy 10 AAPL"))
    await broker.submit(order("sell 10 AAPL @ 110", "k1", reduce_only=True))
    await broker.cancel("k1")
    await broker.submit(order("sell 6 AAPL @ 110", "k2", reduce_only=True))
    await broker.submit(order("sell 4 AAPL"))
    here.board.chalk("AAPL", "110")
    await broker.work()
    found = await broker.find("k2")
    assert found is not None
    assert found.state is OrderState.FILLED
    assert await broker.positions() == []


def _history() -> tuple[Adjustment, Fill]:
    at = floor().clock.now()
    deposit = Adjustment("paper", "opening", "deposit", D(5000), "USD", at)
    fill = Fill("paper", "paper", "x1", "k1", "momentum", "AAPL", Side.BUY, D(10), D(100), D(1),
                "USD", at, id=7)  # fmt: skip
    return deposit, fill


async def test_loaded_history_is_where_the_book_goes_on(here: Floor) -> None:
    deposit, fill = _history()
    done = order("buy 10 AAPL", "k1", state=OrderState.FILLED)
    resting = order("sell 10 AAPL @ 110", "k2", state=OrderState.ACCEPTED)
    gone = order("buy 1 AAPL @ 10", "k3", state=OrderState.CANCELLED, note="withdrawn")
    planned = order("buy 1 AAPL", "k4")
    broker = here.broker(cash="0")
    broker.load([deposit], [fill], [done, resting, gone, planned])

    assert (await broker.account()).cash == D(3999)
    assert (await broker.fills(""))[0] == [replace(fill, strategy="", id=0)]
    states = {key: await broker.find(key) for key in ("k1", "k2", "k3", "k4")}
    assert {key: ack.state for key, ack in states.items() if ack} == {
        "k1": OrderState.FILLED,
        "k2": OrderState.ACCEPTED,
        "k3": OrderState.CANCELLED,
    }
    here.board.chalk("AAPL", "111")
    await broker.work()
    fills, _ = await broker.fills("1")
    assert [(f.order_key, f.execution_id, f.price) for f in fills] == [("k2", "x2", D(111))]


async def test_only_an_empty_book_is_loaded(here: Floor) -> None:
    with pytest.raises(ConfigError, match="already holds 1 events; load into a new one"):
        here.broker().load([_history()[0]])


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"account": "other"}, "this book is USD at paper/paper"),
        ({"currency": "EUR"}, "fill x1 is EUR"),
        ({"side": Side.SELL}, "history ends short of AAPL"),
    ],
)
async def test_history_that_contradicts_the_book_is_refused(
    here: Floor, change: dict[str, str], text: str
) -> None:
    broker = here.broker(cash="0")
    with pytest.raises(DataError, match=text):
        broker.load([], [replace(_history()[1], **change)])
    assert broker.events == []


async def test_an_execution_told_twice_is_refused(here: Floor) -> None:
    _, fill = _history()
    with pytest.raises(DataError, match="execution x1 is given twice"):
        here.broker(cash="0").load([], [fill, fill])


async def test_an_order_still_in_doubt_is_not_loaded(here: Floor) -> None:
    doubt = order("buy 1 AAPL", "k1", state=OrderState.UNKNOWN)
    with pytest.raises(DataError, match="order k1 is unknown; settle it before loading"):
        here.broker(cash="0").load([], [], [doubt])


async def test_a_feed_that_fails_refuses_an_order_and_spares_the_others(here: Floor) -> None:
    broker = here.broker()
    await broker.submit(order("buy 1 AAPL @ 90", "k1"))
    await broker.submit(order("buy 1 MSFT @ 45", "k2"))
    here.board.chalk("MSFT", "44")
    quote = here.board.quote

    async def broken(symbol: str, at: object) -> object:
        if symbol == "AAPL":
            raise DataError("bars of AAPL are torn")
        return await quote(symbol, here.clock.now())

    here.board.quote = broken  # type: ignore[method-assign, assignment]
    with pytest.raises(BrokerRejected, match="no price for AAPL: bars of AAPL are torn"):
        await broker.submit(order("buy 1 AAPL"))
    assert await broker.work() == 1
    assert [f.order_key for f in (await broker.fills(""))[0]] == ["k2"]


def test_the_floor_trades_without_costs_unless_told() -> None:
    assert FREE.fee(D(100), D(10000)) == 0
    assert FREE.slipped(D(100), Side.BUY, AAPL.tick) == 100
