"""The state machine's own world keeps the promises its broker makes."""

from datetime import timedelta

import pytest

from brokers.adversary import Fate
from tests.faults.lifecycle import Lifecycle
from tests.world import D
from trading.errors import OutcomeUnknown
from trading.orders import Order
from trading.types import Side


def test_however_long_a_leap_what_lands_late_shows_within_settles_in() -> None:
    machine = Lifecycle()
    machine.begin(dedupes=False, lag=1.0, parts=1, seed=0)
    now = machine.market.at
    order = Order("k", "dip", "paper", "paper", "AAPL", Side.BUY, D(1), now, now)

    async def late() -> None:
        machine.adversary.plan(Fate.LATE)
        with pytest.raises(OutcomeUnknown):
            await machine.adversary.submit(order)
        await machine.passes(machine.adversary.settles_in.total_seconds() + 0.5)
        assert machine.market.at == now + machine.adversary.settles_in + timedelta(seconds=0.5)
        assert await machine.adversary.find("k") is not None

    machine.run(late())
    machine.is_broken = True  # nothing to settle: the desk never knew this order
    machine.teardown()
