"""Halting and squaring off from a terminal, with the house down."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import typer

import closing
from db.journal import open_journal
from desk.scope import ALL, Kind, Scope
from settings import Settings, load
from tests.faults import template
from tests.faults.clock import MARKET
from trading.clocks import Clocks, SimulatedClock
from trading.errors import BadCommand
from trading.facts import Latch, Run, Trading
from trading.orders import Order
from trading.types import Side
from wiring import Silence, latched_scopes, open_desk

CLOSED = datetime(2026, 2, 10, 22, 0, tzinfo=UTC)


def said_yes(text: str) -> None:
    print(text)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    data = tmp_path / "data"
    template.stock(data)
    given = template.chosen(data, "", "redis://127.0.0.1:1", (1,))
    found = load(**{key: value for key, value in given.items() if key != "database"})

    async def founded() -> None:
        async with open_journal(found.database_url):
            pass

    asyncio.run(founded())
    return found


def clocks(at: datetime = MARKET) -> Clocks:
    return Clocks(market=SimulatedClock(at))


async def holding(settings: Settings, symbol: str, quantity: int, strategy: str) -> str:
    """Bought before the house went down; the instrument's symbol."""
    async with open_desk(settings, bell=Silence(), clocks=clocks()) as rooms:
        desk = rooms.desk
        order = Order(
            f"{strategy}-{symbol}", strategy, "paper", "paper", symbol, Side.BUY,
            Decimal(quantity), MARKET, MARKET,
        )  # fmt: skip
        await desk.journal.append([order])
        from desk import execute

        assert await execute.execute_due(desk, owner="t") == 1
    return symbol


async def latches(settings: Settings) -> dict[str, Trading]:
    async with open_journal(settings.database_url) as journal:
        return {row.name: row.state for row in await journal.read(Latch)}


async def test_everything_is_closed_with_redis_and_the_house_down(
    settings: Settings, capsys: pytest.CaptureFixture[str]
):
    await holding(settings, "AAPL", 3, "mean_reversion")
    assert await closing.square_off(settings, ALL, said_yes, clocks=clocks()) == 0
    said = capsys.readouterr().out
    assert "Closes 1 position worth" in said
    assert said.splitlines()[-1] == "Trading stays halted until /resume."
    assert await latches(settings) == {"desk": Trading.HALTED}


async def test_one_strategy_is_closed_and_what_is_left_is_status_2(
    settings: Settings, capsys: pytest.CaptureFixture[str]
):
    await holding(settings, "AAPL", 3, "mean_reversion")
    scope = Scope(Kind.STRATEGY, "mean_reversion")
    closed = clocks(CLOSED)
    assert await closing.square_off(settings, scope, said_yes, wait=False, clocks=closed) == 2
    assert "the orders go at the open, Wed 11 Feb 09:30 New York" in capsys.readouterr().out


async def test_without_a_yes_nothing_is_done(settings: Settings):
    def no(text: str) -> None:
        raise typer.Abort

    with pytest.raises(typer.Abort):
        await closing.square_off(settings, ALL, no, clocks=clocks())
    assert await latches(settings) == {}
    async with open_journal(settings.database_url) as journal:
        assert await journal.count(Run) == 0


async def test_a_halt_needs_no_broker_and_a_resume_asks(settings: Settings):
    said = await closing.tighten(settings, "halt", ("mean_reversion", "bad", "fills"))
    assert said.startswith("Strategy mean_reversion halted: bad fills")
    assert await latches(settings) == {"strategy:mean_reversion": Trading.HALTED}
    asked: list[str] = []
    said = await closing.resume(settings, ("mean_reversion",), asked.append)
    assert asked == ["Strategy mean_reversion is halted by command line. Resume it?"]
    assert said.startswith("Strategy mean_reversion resumed")
    assert await latches(settings) == {"strategy:mean_reversion": Trading.ACTIVE}


async def test_what_is_not_there_is_refused_by_name(settings: Settings):
    with pytest.raises(BadCommand, match="there is no strategy nosuch; there is: strategies mean"):
        await closing.tighten(settings, "halt", ("strategy", "nosuch"))
    with pytest.raises(BadCommand, match="there is no nosuch"):
        await closing.resume(settings, ("nosuch",), said_yes)
    assert await latches(settings) == {}


def test_the_door_knows_what_can_be_halted_without_opening_any_of_it(settings: Settings):
    names = ("strategy:mean_reversion", "strategy:weekly_trend", "broker:paper")
    assert latched_scopes(settings) == names
