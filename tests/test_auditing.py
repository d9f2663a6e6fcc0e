"""`quarterdeck audit verify` and `why` on a database, as from a terminal."""

from pathlib import Path

import pytest

from auditing import verify, why
from db.journal import open_journal
from desk import audit
from folder import prepare
from settings import Settings
from tests.world import MONDAY, at
from trading.errors import ConfigError, DeskError


async def kept(folder: Path, count: int = 4) -> Settings:
    settings = Settings(data=folder / "data")
    prepare(settings)
    async with open_journal(settings.database_url) as journal:
        for n in range(count):
            await audit.act(journal, at(MONDAY, 15), "command line", "cli", "halt", str(n))
    return settings


async def written(settings: Settings, statement: str) -> None:
    async with open_journal(settings.database_url) as journal:
        await journal.store.write(statement)


async def test_a_chain_that_holds_prints_its_head(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    settings = await kept(tmp_path)
    assert await verify(settings) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "The chain holds: 4 deeds. Its head:"
    assert await verify(settings, said[1]) == 0
    assert await verify(settings, f"2:{'0' * 64}") == 1
    with pytest.raises(ConfigError, match="NUMBER:DIGEST"):
        await verify(settings, "yes")


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE deeds SET verb = 'buy' WHERE number = 2", "deed 2 of"),
        ("DELETE FROM deeds WHERE number = 2", "deed 2 is missing"),
        ("DELETE FROM deeds WHERE number = 4", "deed 4 is missing"),
        (
            "INSERT INTO deeds (number, at, who, source, verb, args, place, subjects, shown, "
            "outcome, said, detail, previous, digest) SELECT 5, at, who, source, verb, args, "
            "place, subjects, shown, outcome, said, detail, digest, digest FROM deeds WHERE "
            "number = 4",
            "deed 5 of",
        ),
    ],
)
async def test_what_somebody_did_to_the_database_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], statement: str, named: str
):
    settings = await kept(tmp_path)
    await written(settings, statement)
    assert await verify(settings) == 1
    assert f"The chain is broken: {named}" in capsys.readouterr().out


async def test_nothing_on_record_is_no_break(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert await verify(await kept(tmp_path, 0)) == 0
    assert "Nothing is on record yet" in capsys.readouterr().out


async def test_a_signal_nobody_made_is_one_line(tmp_path: Path):
    with pytest.raises(DeskError, match="there is no signal 17"):
        await why(await kept(tmp_path), 17)
