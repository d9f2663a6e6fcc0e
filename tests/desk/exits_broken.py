"""Faults in exits for `test_invariants`: on a desk that holds 50 AAPL in "dip"."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from tests.world import D, World
from trading.brackets import Bracket
from trading.orders import Fill, Order, OrderState, OrderType
from trading.types import Side


async def without_its_stop(w: World) -> None:
    [fill] = await w.journal.read(Fill)
    bracket = Bracket(
        "dip", "paper", "paper", "AAPL", fill.order_key, fill.at, Side.SELL, fill.price,
        stop=D(95), rests=True,
    )  # fmt: skip
    await w.journal.append([bracket])


async def closed_twice_over(w: World) -> None:
    [entry] = await w.journal.read(Order)
    stop = replace(
        entry, key="x", side=Side.SELL, quantity=D(60), type=OrderType.STOP, stop=D(90),
        reduce_only=True, purpose="exit", state=OrderState.ACCEPTED, signal_id=None, id=0,
        version=0,
    )  # fmt: skip
    await w.journal.append([stop])
    w.desk.brokers = {}


Break = Callable[[World], Awaitable[object]]
BREAKS: dict[str, list[tuple[str, Break]]] = {
    "stops cover": [("AAPL in dip: 50 to cover, stops for 0", without_its_stop)],
    "closed once": [("AAPL in dip: orders close 60, 50 are held", closed_twice_over)],
}
