"""What the tests of backups share: a rich desk, everything it holds, a file of it."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import backup
from brokers.paper_book import PaperBook
from db import backup as tables
from db.journal import OrmJournal, open_journal
from db.posts import Meta, NonceBook, PostBook
from folder import paper_book
from settings import Settings
from trading.clocks import SystemClock
from trading.facts import Notice, Picture
from trading.signals import Signal
from trading.types import Moment, Target

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 2, 3, 15, 0, tzinfo=UTC)


async def rich(journal: OrmJournal) -> None:
    """What a demo's past lacks: pictures, posts, buttons, odd figures and words."""
    await journal.append([Picture("candles", {"a": [1, None]}, NOW, png=b"\x89PNG\0\xff")])
    await journal.append([Notice(1, "text", NOW, body={"text": [["ünïcode — ✓\n", ""]]})])
    await journal.append(
        [
            Signal(
                "dip",
                "BRK.B",
                Target.SHORT,
                NOW,
                Moment.OPEN,
                Decimal("0.000000001234"),
                Decimal("12345678901234567890.5"),
                NOW,
                NOW,
                NOW + timedelta(days=1),
                Decimal(-1),
                strength=float("inf"),
            )
        ]
    )
    await PostBook(journal).put(1, "signal:1", message_id=7, at=NOW)
    await NonceBook(journal).issue(
        [("n1", "approve", ("1",), True)], recipient=1, subject="signal:1", at=NOW
    )
    await Meta(journal).settle("desk_id", "qdtest")


async def everything(journal: OrmJournal) -> dict[str, list[list[Any]]]:
    async with tables.snapshot(journal) as snapshot:
        return {
            name: [row async for rows in snapshot.pages(table) for row in rows]
            for name, table in tables.tables().items()
        }


def book_of(settings: Settings) -> tuple[dict[str, str], list[list[Any]]]:
    with closing(PaperBook(paper_book(settings))) as book:
        return book.head(), book.page(0, 1_000_000)


async def saved(settings: Settings, to: Path) -> Path:
    async with open_journal(settings.database_url) as journal:
        await backup.Backups(settings, journal, SystemClock()).make(to)
    return to


def replace_data(settings: Settings, data: Path) -> Settings:
    return settings.model_copy(update={"data": data, "database": ""})
