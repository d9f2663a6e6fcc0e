"""Facts in bulk into an empty database, with the ids they carry: how a demo is seeded."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from db.journal import OrmJournal
from db.models import ROWS
from trading.errors import ConfigError


async def load(journal: OrmJournal, facts: Mapping[type[Any], Sequence[Any]]) -> int:
    """All or nothing; returns how many. Ids are kept, so references stay true, and the next fact
    appended gets a higher one. Raises ConfigError unless the database holds no facts."""
    total = 0
    async with journal.transaction():
        for kind in ROWS:
            if await journal.count(kind):
                raise ConfigError(
                    f"this database already holds {kind.__name__.lower()}s: load into an empty "
                    "one, or choose another folder with QUARTERDECK_DATA"
                )
        for kind, several in facts.items():
            total += await _load_kind(journal, kind, several)
    return total


async def _load_kind(journal: OrmJournal, kind: type[Any], facts: Sequence[Any]) -> int:
    if not facts:
        return 0
    table = journal.table(kind)
    for start in range(0, len(facts), table.chunk):
        part = facts[start : start + table.chunk]
        rows = [(fact.id, table.values(fact, table.written)) for fact in part]
        if len(await journal.insert(table, rows)) != len(part):
            raise ValueError(f"two {kind.__name__.lower()}s to load have the same key")
        await asyncio.sleep(0)
    if journal.store.dialect == "postgres":
        await journal.store.read(
            "SELECT setval(pg_get_serial_sequence($2, 'id'), $1)",
            [max(fact.id for fact in facts), table.name],
        )
    return len(facts)
