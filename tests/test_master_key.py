"""The key that seals secrets: given, or a file of our own; and what the settings say of people."""

import stat
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

import choices
import house
from cli_people import code
from crewing import PeopleSettings, Person
from db.journal import open_journal
from folder import instruments_file, master_key, prepare
from market.instruments import InstrumentBook
from settings import Settings, as_environment
from trading.clocks import SystemClock
from trading.errors import ConfigError
from trading.facts import Notice
from trading.people import Authenticator, Discipline, Role

LONG = "a key of thirty-two characters or more"


def settings(folder: Path, **given: object) -> Settings:
    return Settings(data=folder / "data", **given)  # type: ignore[arg-type]


def test_a_key_is_made_once_and_is_its_owners_alone(tmp_path: Path):
    chosen = settings(tmp_path)
    prepare(chosen)
    key = master_key(chosen)
    assert len(key) == 32
    assert master_key(chosen) == key
    file = tmp_path / "data" / "master.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in file.parent.iterdir() if "key" in one.name] == ["master.key"]
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="others may read .*: run `chmod 600"):
        master_key(chosen)


def test_a_key_that_is_given_leaves_no_file(tmp_path: Path):
    chosen = settings(tmp_path, key=SecretStr(LONG))
    assert master_key(chosen) == master_key(chosen)
    assert not (tmp_path / "data").exists()
    assert LONG not in repr(chosen)
    assert as_environment(chosen)["QUARTERDECK_KEY"] == LONG
    with pytest.raises(ConfigError, match="shorter than 32 characters"):
        master_key(settings(tmp_path, key=SecretStr("short")))


def test_people_come_from_the_settings_with_role_and_largest(tmp_path: Path):
    bob = Person(id=2, name="Bob", role=Role.TRADER, largest=Decimal(10))
    people = PeopleSettings(two_above=Decimal(5), codes="required", groups=frozenset({-100}))
    chosen = settings(tmp_path, operators=(bob,), people=people)
    [operator] = choices.operators(chosen)
    assert (operator.role, operator.largest) == (Role.TRADER, Decimal(10))
    assert choices.discipline(chosen) == Discipline(Decimal(5), True, frozenset({-100}))
    assert choices.discipline(settings(tmp_path)) == Discipline()


@pytest.mark.parametrize(
    "wrong", [{"groups": [5]}, {"codes": "never"}, {"two_above": 0}, {"acting_in_groups": [-1]}]
)
def test_a_rule_that_cannot_be_meant_is_refused(wrong: dict[str, object]):
    with pytest.raises(ValidationError):
        PeopleSettings.model_validate(wrong)


async def test_code_reset_takes_a_lost_authenticator_away_and_tells_the_owners(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    chosen = settings(tmp_path, operators=(Person(id=7, name="Ann"),))
    prepare(chosen)
    InstrumentBook([]).save(instruments_file(chosen))
    async with open_journal(chosen.database_url) as journal:
        await journal.append([Authenticator(7, "sealed", SystemClock().now())])
    assert "Ann has no authenticator any more" in await house.reset_code(chosen, 7)
    async with open_journal(chosen.database_url) as journal:
        assert await journal.count(Authenticator) == 0
        assert await journal.count(Notice, recipient=7) == 1
    assert "nothing was changed" in await house.reset_code(chosen, 7)


def test_the_command_is_there():
    assert [command.callback.__name__ for command in code.registered_commands] == ["reset"]
