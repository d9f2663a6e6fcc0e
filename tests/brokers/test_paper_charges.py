"""The paper broker charging by schedule: fees and taxes in its fills, in its cash, in its book."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from brokers.costs import Costs
from brokers.paper_book import PaperBook
from charges import Choice, Choices, load
from tests.brokers.paper_floor import Board, Floor, Listing, order
from trading.clocks import SimulatedClock
from trading.errors import BrokerRejected
from trading.types import Instrument

D = Decimal
NOON = datetime(2024, 11, 4, 6, tzinfo=UTC)  # 11:30 in Mumbai


def by(name: str, product: str = "") -> Costs:
    return Costs(slippage_bps=D(0), choices=Choices((Choice(load().find(name), product),)))


@pytest.fixture
def mumbai() -> Floor:
    """400 of INFY cost 400,000 rupees."""
    clock = SimulatedClock(NOON)
    board = Board(clock)
    board.chalk("INFY", "1000")
    return Floor(clock, board, Listing(Instrument("INFY", exchange="XNSE", currency="INR")))


@pytest.fixture
def york() -> Floor:
    clock = SimulatedClock(datetime(2024, 6, 3, 15, tzinfo=UTC))
    board = Board(clock)
    board.chalk("AAPL", "100")
    return Floor(clock, board, Listing(Instrument("AAPL"), Instrument("BTC", lot=D("0.1"))))


async def test_a_fill_carries_its_fee_and_its_tax(mumbai: Floor) -> None:
    """As computed by hand in tests/charges/test_nse.py."""
    broker = mumbai.broker(cash="500000", costs=by("nse_discount", "intraday"), currency="INR")
    await broker.submit(order("buy 400 INFY"))
    mumbai.board.chalk("INFY", "1100")
    await broker.submit(order("sell 400 INFY"))
    bought, sold = broker.statement.executions
    assert (bought.fee, bought.tax) == (D("32.68"), D("17.88"))
    assert (sold.fee, sold.tax) == (D("33.95"), D("116.11"))
    paid = D("32.68") + D("17.88") + D("33.95") + D("116.11")
    assert (await broker.account()).cash == 500_000 + 40_000 - paid


async def test_an_order_in_parts_pays_what_it_pays_whole(mumbai: Floor) -> None:
    broker = mumbai.broker(cash="500000", costs=by("nse_discount", "intraday"), currency="INR")
    broker.portion = lambda whole, lot: D(130)
    await broker.submit(order("buy 400 INFY"))
    while await broker.work():
        pass
    fills = broker.statement.executions
    assert [fill.quantity for fill in fills] == [130, 130, 130, 10]
    assert sum(fill.fee for fill in fills) == D("32.68")
    assert sum(fill.tax for fill in fills) == D("17.88")
    assert all(fill.fee >= 0 and fill.tax >= 0 for fill in fills)


async def test_a_book_on_disk_keeps_the_tax(mumbai: Floor, tmp_path: Path) -> None:
    costs = by("nse_discount", "intraday")
    book = PaperBook(tmp_path / "paper.sqlite3")
    broker = mumbai.broker(cash="500000", costs=costs, currency="INR", book=book)
    await broker.submit(order("buy 400 INFY"))
    cash = (await broker.account()).cash
    broker.close()
    again = mumbai.broker(costs=costs, currency="INR", book=PaperBook(tmp_path / "paper.sqlite3"))
    assert again.statement.executions == broker.statement.executions
    assert again.statement.executions[0].tax == D("17.88")
    assert (await again.account()).cash == cash
    again.close()


async def test_a_past_fill_is_charged_by_the_schedule_of_its_day(york: Floor) -> None:
    """Sell 99 @ 100 = 9,900: SEC at 8.00 a million 0.0792, at 27.80 a million 0.27522; TAF
    99 x 0.000166 = 0.016434; commission 1."""
    broker = york.broker(costs=by("us_ib_fixed"))
    for day in (21, 22):
        york.clock.at = datetime(2024, 5, day, 15, tzinfo=UTC)
        await broker.submit(order("buy 99 AAPL"))
        await broker.submit(order("sell 99 AAPL"))
    sales = broker.statement.executions[1::2]
    assert [fill.fee for fill in sales] == [D("1.095634"), D("1.291654")]


async def test_a_limit_order_that_rested_is_the_makers(york: Floor) -> None:
    """1 @ 100 at Kraken: 0.40 taken at once, 0.25 where it rested."""
    broker = york.broker(costs=by("crypto_kraken"))
    await broker.submit(order("buy 1 AAPL"))
    await broker.submit(order("buy 1 AAPL @ 99.99"))
    york.board.chalk("AAPL", "99.99")
    await broker.work()
    assert [fill.fee for fill in broker.statement.executions] == [D("0.40"), D("0.249975")]


async def test_charges_count_against_buying_power(york: Floor) -> None:
    broker = york.broker(costs=by("us_ib_fixed"))
    with pytest.raises(BrokerRejected, match=r"needs 10,001\.00 USD, has 10,000\.00 USD"):
        await broker.submit(order("buy 100 AAPL"))


async def test_a_day_the_schedule_does_not_know_is_refused_by_name(york: Floor) -> None:
    york.clock.at = datetime(2009, 6, 3, 15, tzinfo=UTC)
    broker = york.broker(costs=by("us_ib_fixed"))
    with pytest.raises(BrokerRejected, match="us_ib_fixed knows no Commission on 2009-06-03"):
        await broker.submit(order("buy 1 AAPL"))
    assert broker.statement.executions == []


async def test_an_instrument_without_a_schedule_pays_the_commission(york: Floor) -> None:
    crypto = Choices((Choice(load().find("crypto_kraken"), symbols=("BTC",)),))
    broker = york.broker(costs=Costs(slippage_bps=D(0), choices=crypto))
    york.board.chalk("BTC", "100")
    await broker.submit(order("buy 10 AAPL"))
    await broker.submit(order("buy 10 BTC"))
    assert [fill.fee for fill in broker.statement.executions] == [1, 4]
