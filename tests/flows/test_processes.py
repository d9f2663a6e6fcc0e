"""The house with its processes killed: it comes back by itself and trades once."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from processes import until
from tests.flows.ship import Ship, buttons, words


@pytest.fixture
async def ship(tmp_path: Path) -> AsyncIterator[Ship]:
    ship = Ship(tmp_path / "data")
    await ship.start()
    yield ship
    if ship.crew():
        assert await ship.stop() == 0, ship.said
    await ship.scuttle()


def waits(message: dict[str, Any]) -> bool:
    return "Approve" in buttons(message)


async def approved(ship: Ship) -> list[dict[str, Any]]:
    """Every card of the first scan approved on the phone."""
    await ship.message(waits, within=60)
    while not ship.ask("SELECT 1 FROM runs WHERE job LIKE 'scan%' AND state = 'done'"):
        await asyncio.sleep(0.1)
    wanted = ship.ask("SELECT count(*) FROM signals WHERE state = 'pending' AND carded")[0][0]
    async with asyncio.timeout(30):
        while len(cards := [m for m in await ship.messages() if waits(m)]) < wanted:
            await asyncio.sleep(0.1)
    for card in cards:
        await ship.press(card, "Approve")
    return cards


async def filled_once(ship: Ship, cards: list[dict[str, Any]]) -> None:
    """Each card says so, the journal has one order and its fills, the broker the same shares."""
    for card in cards:
        number = card["message_id"]
        await ship.message(
            lambda m, n=number: m["message_id"] == n and "Filled" in words(m), within=60
        )
    orders = ship.ask(
        "SELECT o.key, o.symbol, o.quantity, o.state, count(f.id), sum(CAST(f.quantity AS REAL)) "
        "FROM orders o JOIN signals s ON s.id = o.signal_id AND s.carded "
        "LEFT JOIN fills f ON f.order_key = o.key "
        "WHERE s.proposed_at = (SELECT max(proposed_at) FROM signals WHERE decided_by LIKE 'oper%')"
        " GROUP BY o.key"
    )
    assert len(orders) == len(cards)
    assert [state for _, _, _, state, _, _ in orders] == ["filled"] * len(cards)
    for key, symbol, quantity, _, _, got in orders:
        assert Decimal(str(got)) == Decimal(str(quantity)), (key, symbol)
    ours: dict[str, Decimal] = {}
    for symbol, side, quantity in ship.ask("SELECT symbol, side, quantity FROM fills"):
        sign = 1 if side == "buy" else -1
        ours[symbol] = ours.get(symbol, Decimal(0)) + sign * Decimal(str(quantity))
    assert {s: q for s, q in ours.items() if q} == await ship.held()


async def test_a_loop_that_breaks_ends_its_process_for_the_supervisor_to_start_again():
    async def broken() -> None:
        raise RuntimeError("ours")

    async with asyncio.timeout(5):
        with pytest.raises(ExceptionGroup) as ended:
            await until(asyncio.Event(), asyncio.Event().wait(), broken())
    assert ended.group_contains(RuntimeError, match="ours")


@pytest.mark.timeout(240)
async def test_killed_one_after_another_the_house_comes_back_and_fills_once(ship: Ship):
    cards = await approved(ship)
    dead = {}
    for name in ("fast", "bot", "redis"):  # between the press and the fill
        dead[name] = await ship.kill(name)
    for name, pid in dead.items():
        await ship.back(name, pid)
    await filled_once(ship, cards)
    await ship.do("say", person_id=1, text="/positions")
    await ship.message(lambda m: "broker agrees" in words(m), within=30)
    assert "Traceback" not in (ship.data / "logs" / "bot.log").read_text()
