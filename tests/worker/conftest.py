from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from db.journal import OrmJournal, open_journal


@pytest.fixture
async def migrated_pair(tmp_path: Path) -> AsyncIterator[tuple[OrmJournal, OrmJournal]]:
    """Two journals on one SQLite file, as two processes have."""
    async with open_journal(tmp_path / "a.db") as here, open_journal(tmp_path / "a.db") as there:
        yield here, there
