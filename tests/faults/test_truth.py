"""The trials can fail: what would be wrong is seen."""

import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from shutil import rmtree

import pytest

from tests.faults.fleet import Fleet
from tests.faults.house import House
from tests.faults.row import RATE, SQLITE, Case
from tests.faults.template import AUTO
from tests.faults.traffic import Traffic
from trading.facts import Lane, Notice, NoticeState
from trading.orders import Fill, Order


@pytest.fixture
async def house(fleet: Fleet) -> AsyncIterator[House]:
    """One worker and the bot, three orders through, all at rest; the broker does not dedupe."""
    folder = Path(tempfile.mkdtemp(prefix="qd-f-"))
    case = Case(SQLITE, folder, 1, 0, RATE, False, fleet)
    async with case.house(workers=1, broker_dedupes=False) as house:
        traffic = Traffic(house)
        await traffic.propose(AUTO, ("AAPL", "ABBV", "ABT"))
        assert await house.settle() is not None
        yield house
    rmtree(folder)


async def test_what_is_well_is_found_well_and_what_is_not_is_named(house: House) -> None:
    assert (await house.truth()).broken == []
    one = await house.journal.first(Order, symbol="AAPL")
    assert one is not None

    await house.paper.submit(one)  # as a worker would that forgot having sent it
    found = await house.truth()
    assert found.doubled == [one.key]
    assert any("same positions" in line for line in found.broken)

    stranger = replace(one, key="nobodys-1-0")
    await house.paper.submit(stranger)
    assert (await house.truth()).lost == [stranger.key]


async def test_a_fill_that_was_not_booked_and_a_notice_not_delivered_are_seen(house: House) -> None:
    fills = await house.journal.read(Fill)
    await house.journal.remove(Fill, id=fills[0].id)
    unsaid = Notice(1, "text", house.wall, body={"text": [["Nobody heard", ""]]})
    await house.journal.append([replace(unsaid, lane=Lane.CRITICAL, state=NoticeState.SENT)])
    broken = (await house.truth()).broken
    assert f"1 executions we do not have: {fills[0].execution_id}" in broken
    assert any("never saw" in line and "Nobody heard" in line for line in broken)


async def test_a_killed_worker_is_started_again_and_ends_when_the_house_does(house: House) -> None:
    before = house.parts["fast-1"].pid
    await house.kill("fast-1")
    after = house.parts["fast-1"].pid
    assert after not in (0, before)
    await house._close()
    assert not Path(f"/proc/{after}").exists()
