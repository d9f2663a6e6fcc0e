"""An exchange rate nobody knows: it refuses that entry alone, and never an exit."""

from dataclasses import replace

import pytest

from desk import decide, judging
from tests.desk.test_deciding import TUESDAY, bought, proposed
from tests.world import Stocks, World, world
from trading.errors import DataError
from trading.orders import OrderState
from trading.types import Target


def in_euro(w: World, symbol: str) -> None:
    """It trades in a currency of which the desk knows no rate."""
    stocks = Stocks(*(one.symbol for one in w.desk.instruments.all()))
    stocks._known[symbol] = replace(stocks._known[symbol], currency="EUR")
    w.desk.instruments = stocks


async def test_without_a_rate_an_entry_is_refused_and_the_others_of_its_scan_go():
    w = await world()
    in_euro(w, "XOM")
    signals = {one.symbol: one for one in await proposed(w, "XOM", "AAPL")}
    assert signals["XOM"].quantity == 0
    assert signals["AAPL"].quantity > 0
    judged = await judging.latest(w.desk, signals["XOM"].id)
    assert judged is not None
    [check] = judging.checks_of(judged)
    assert (check.name, check.ok) == ("rate", False)
    assert "EUR" in check.text
    with pytest.raises(DataError, match="EUR"):
        await decide.approve(w.desk, signals["XOM"].id, by="operator:1")
    order = await decide.approve(w.desk, signals["AAPL"].id, by="operator:1")
    assert order.state is OrderState.PLANNED


async def test_without_a_rate_what_is_held_is_left_all_the_same():
    w = await world()
    await bought(w, "AAPL")
    w.go(TUESDAY, 21, 5)
    in_euro(w, "AAPL")
    [signal] = await proposed(w, "AAPL", enter=0, exit=True, day=TUESDAY)
    assert signal.target is Target.FLAT
    order = await decide.approve(w.desk, signal.id, by="operator:1")
    assert order.reduce_only
