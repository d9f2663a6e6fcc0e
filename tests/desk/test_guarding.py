"""Protections put their lock on once for the same trades, and again for new ones."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from desk import breakers, execute, locks
from desk.desk import Desk
from risk.limits import Breakers, Limits, Protections
from tests.desk.test_deciding import TUESDAY, WEDNESDAY
from tests.world import World, at, world
from trading.orders import Order
from trading.types import Side

D = Decimal
OFF = Breakers(D(0), D(0), D(0), 0, 0)


class Locked:
    """Stands at the locks' door and writes down what comes."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, datetime | None, str, str]] = []

    async def add(
        self, desk: Desk, scope: str, until: datetime | None, reason: str, by: str
    ) -> None:
        del desk
        self.rows.append((scope, until, reason, by))


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> Locked:
    found = Locked()
    monkeypatch.setattr(locks, "add", found.add)
    return found


async def guarded(protections: Protections) -> World:
    w = await world()
    w.desk.limits = replace(Limits(), breakers=OFF, protections=protections, collar=D(1))
    w.go(TUESDAY, 15)
    await breakers.keep(w.desk, fresh=True)
    return w


async def stopped(w: World, symbol: str, number: int, price: str = "99") -> None:
    """Bought at 100 and left by its stop."""
    now = w.clock.at
    for key, side, purpose in (("in", Side.BUY, "manual"), ("stop", Side.SELL, "exit")):
        w.tape.prices[symbol] = D(100) if side is Side.BUY else D(price)
        order = Order(
            f"{key}{number}", "dip", "paper", "paper", symbol, side, D(10), now, now,
            reduce_only=side is Side.SELL, purpose=purpose,
        )  # fmt: skip
        await w.journal.append([order])
        assert await execute.execute_due(w.desk) == 1
    await breakers.keep(w.desk, fresh=True)


async def test_so_many_stops_lock_their_strategy_once(locked: Locked):
    w = await guarded(Protections(stops=2, stop_sessions=5, lock_sessions=2))
    await stopped(w, "AAPL", 1)
    assert locked.rows == []
    await stopped(w, "MSFT", 2)
    await breakers.keep(w.desk, fresh=True)
    thursday_open = at(TUESDAY.replace(day=6), 14, 30)
    assert locked.rows == [
        ("strategy:dip", thursday_open, "2 stops in 5 sessions, limit 2", "protection")
    ]
    await stopped(w, "NVDA", 3)
    assert len(locked.rows) == 1, "one more is not two more"
    await stopped(w, "TSLA", 4)
    assert len(locked.rows) == 2


async def test_a_stop_that_made_money_is_no_stop_out(locked: Locked):
    w = await guarded(Protections(stops=1))
    await stopped(w, "AAPL", 1, price="110")
    assert locked.rows == []


async def test_an_instrument_that_loses_again_and_again_is_locked(locked: Locked):
    w = await guarded(Protections(stops=0, poor_trades=2, poor_sessions=10))
    await stopped(w, "AAPL", 1)
    w.go(WEDNESDAY, 15)
    await stopped(w, "AAPL", 2)
    [(scope, _, reason, _)] = locked.rows
    assert scope == "symbol:AAPL"
    assert reason.startswith("2 trades made -2")
