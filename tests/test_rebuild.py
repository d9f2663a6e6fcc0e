"""What stands beside a running house (check, rebuild, import, export) books as it does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from checkup import check
from db.journal import open_journal
from desk import marks
from exporting import Chosen, carry_out
from folder import prepare
from imported import Wanted, bring
from rebuild import rebuild
from settings import Settings
from tests.world import MONDAY, D, World, at, world
from trading.ledger import Method
from trading.money import Mark, money
from trading.orders import Fill
from trading.types import Side


def by_highest_price(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", lots={"acc": Method.HIFO})


def fill(number: int, side: Side, price: int) -> Fill:
    return Fill(
        "ib", "acc", f"{number}", f"{number}", "imported", "AAPL", side, D(1), D(price), D(0),
        "USD", at(MONDAY, 15, number),
    )  # fmt: skip


#: Sold at 120 of lots at 100 and 110: 20 by FIFO, 10 by the highest price.
FILLS = (fill(1, Side.BUY, 100), fill(2, Side.BUY, 110), fill(3, Side.SELL, 120))


@asynccontextmanager
async def house(settings: Settings) -> AsyncIterator[World]:
    prepare(settings)
    async with open_journal(settings.database_url) as journal:
        w = await world(journal)
        w.desk = replace(w.desk, methods=settings.lots)
        yield w


async def marked(settings: Settings) -> Mark:
    """As the house marks Monday's close."""
    async with house(settings) as w:
        await w.journal.append(FILLS)
        session = w.desk.calendar.session_on(MONDAY)
        assert session is not None
        [mark] = await marks.mark_session(w.desk, session)
    return mark


@pytest.mark.timeout(60)
async def test_check_and_rebuild_agree_with_a_house_that_closes_the_dearest_lots_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    settings = by_highest_price(tmp_path)
    mark = await marked(settings)
    assert money(mark.realised) == 10
    assert await check(settings) == 0, capsys.readouterr().out
    text = await rebuild(settings)
    assert "made anew from the facts, 2025-02-04 to " in text, "not Monday, as the house left it"
    assert "Carried at cost, no price is known: AAPL" in text
    assert "nothing changed" in await rebuild(settings)


async def test_import_and_export_tell_what_the_accounts_method_makes(tmp_path: Path):
    settings = by_highest_price(tmp_path)
    path = tmp_path / "t.csv"
    rows = ("1,2025-02-03 10:01,1,100", "2,2025-02-03 10:02,1,110", "3,2025-02-03 10:03,-1,120")
    lines = [f"AAPL,{row}" for row in (*rows, "4,2025-02-03 10:04,-1,120")]
    path.write_text("\n".join(["symbol,trade id,date,quantity,price", *lines[:3], ""]))
    text, _ = await bring(settings, [path], Wanted(account="acc"))
    assert "net P&L     +10.00 USD" in text
    await carry_out(settings, Chosen("daily", to=tmp_path))
    assert ",10," in (tmp_path / "daily.csv").read_text().splitlines()[1]
