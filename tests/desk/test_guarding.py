"""Protections put their lock on once for the same trades, and again for new ones."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from desk import breakers, execute, locks
from risk.limits import Breakers, Limits, Protections
from tests.desk.test_deciding import TUESDAY, WEDNESDAY
from tests.world import World, at, world
from trading.brackets import Bracket, Trigger
from trading.locks import Lock
from trading.orders import Order, OrderType
from trading.types import Side

D = Decimal
OFF = Breakers(D(0), D(0), D(0), 0, 0)


async def locked(w: World) -> list[tuple[str, datetime | None, str, str]]:
    return [(row.scope, row.until, row.reason, row.by) for row in await w.journal.read(Lock)]


async def guarded(protections: Protections) -> World:
    w = await world()
    w.desk.limits = replace(Limits(), breakers=OFF, protections=protections, collar=D(1))
    w.go(TUESDAY, 15)
    await breakers.keep(w.desk, fresh=True)
    return w


async def stopped(w: World, symbol: str, number: int, price: str = "99") -> None:
    """Bought at 100 and left by its stop, which we watched."""
    now = w.clock.at
    for key, side, purpose in (("in", Side.BUY, "manual"), ("out", Side.SELL, "exit")):
        w.tape.prices[symbol] = D(100) if side is Side.BUY else D(price)
        order = Order(
            f"{key}{number}", "dip", "paper", "paper", symbol, side, D(10), now, now,
            reduce_only=side is Side.SELL, purpose=purpose,
        )  # fmt: skip
        await w.journal.append([order])
        assert await execute.execute_due(w.desk) == 1
    bracket = Bracket(
        "dip", "paper", "paper", symbol, f"in{number}", now, Side.SELL, D(100),
        fired=Trigger.STOP, fired_at=now, ended_at=now,
    )  # fmt: skip
    await w.journal.append([bracket])
    await breakers.keep(w.desk, fresh=True)


async def test_so_many_stops_lock_their_strategy_once():
    w = await guarded(Protections(stops=2, stop_sessions=5, lock_sessions=2))
    await stopped(w, "AAPL", 1)
    assert await locked(w) == []
    await stopped(w, "MSFT", 2)
    await breakers.keep(w.desk, fresh=True)
    thursday_open = at(TUESDAY.replace(day=6), 14, 30)
    only = [("strategy:dip", thursday_open, "2 stops in 5 sessions, limit 2", "protection")]
    await breakers.keep(w.desk, fresh=True)
    assert await locked(w) == only


async def test_a_lock_that_ended_is_put_on_again_by_as_many_new_stops():
    w = await guarded(Protections(stops=2, stop_sessions=5, lock_sessions=1))
    await stopped(w, "AAPL", 1)
    await stopped(w, "MSFT", 2)
    w.go(TUESDAY.replace(day=6), 15)
    await stopped(w, "NVDA", 3)
    assert len(await locked(w)) == 1
    await stopped(w, "TSLA", 4)
    assert len(await locked(w)) == 2


async def test_a_stop_that_rested_at_the_broker_counts_as_one_we_watched():
    resting = Order(
        "x", "dip", "paper", "paper", "AAPL", Side.SELL, D(10), at(TUESDAY, 15), at(TUESDAY, 15),
        reduce_only=True, purpose="exit", type=OrderType.STOP, stop=D(95),
    )  # fmt: skip
    assert locks.is_stop(resting)
    assert not locks.is_stop(replace(resting, type=OrderType.MARKET))
    assert not locks.is_stop(replace(resting, purpose="manual"))


async def test_a_stop_that_made_money_is_no_stop_out():
    w = await guarded(Protections(stops=1))
    await stopped(w, "AAPL", 1, price="110")
    assert await locked(w) == []


async def test_an_instrument_that_loses_again_and_again_is_locked():
    w = await guarded(Protections(stops=0, poor_trades=2, poor_sessions=10))
    await stopped(w, "AAPL", 1)
    w.go(WEDNESDAY, 15)
    await stopped(w, "AAPL", 2)
    [(scope, _, reason, _)] = await locked(w)
    assert scope == "symbol:AAPL"
    assert reason.startswith("2 trades made -2")
