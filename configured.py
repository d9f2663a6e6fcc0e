"""The settings in force, as `/config` shows them and `/reload` compares them with the file.

A process of the house has all settings as variables, whoever wrote them; what the parent knew of
the file and of what was set besides it comes in a variable of its own.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from tomllib import TOMLDecodeError, loads
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from desk.configuration import Change, Item, way_of
from settings import FILE, SECRET, TOML, Settings, as_environment, first_line, keys_written
from trading.errors import ConfigError

HOUSE = "_QUARTERDECK_FILE"  # {"file": its path, "besides": names set elsewhere}
MASK = "••••"
_SECRET = re.compile(r"password|secret|token|(^|[._])key$", re.IGNORECASE)
_LOGIN = re.compile(r"://[^/@\s]+@")
#: Chosen, made absolute or started by who begins the house, whatever the file says.
PLACED = frozenset({"mode", "data", "redis", "phone_port"})


def origin() -> dict[str, str]:
    """For the processes of the house."""
    if HOUSE in os.environ:
        return {HOUSE: os.environ[HOUSE]}
    names = [key for key, where in keys_written() if where != TOML]
    besides = sorted({key.split("__")[0].removesuffix(FILE) for key in names})
    return {HOUSE: json.dumps({"file": str(Path(TOML).absolute()), "besides": besides})}


class Configured:
    """A `desk.configuration.Configuration` of one process's settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def items(self) -> Sequence[Item]:
        usual = _flat(_plain(_usual()))
        return [
            Item(key, _masked(key, value), _masked(key, usual.get(key, "")))
            for key, value in _flat(_plain(self._settings)).items()
        ]

    def reread(self) -> Sequence[Change]:
        now = _flat(_plain(self._settings))
        then = _flat(_plain(self._from_file()))
        changes = []
        for key in sorted(now.keys() | then.keys()):
            before, after = now.get(key, ""), then.get(key, "")
            if before != after:
                way = way_of(key, before, after)
                changes.append(Change(key, _masked(key, before), _masked(key, after), way))
        return changes

    def _from_file(self) -> Settings:
        """As the next start would read them. Raises ConfigError with one line."""
        known = json.loads(origin()[HOUSE])
        file = Path(known["file"])
        try:
            written = loads(file.read_text("utf-8")) if file.exists() else {}
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{file.name} cannot be read: {error}") from None
        except TOMLDecodeError as error:
            raise ConfigError(f"{file.name} is no TOML: {error}") from None
        if strange := sorted(written.keys() - Settings.model_fields.keys()):
            raise ConfigError(f"unknown setting {strange[0]!r} in {file.name}")
        given: dict[str, Any] = {}
        for name in Settings.model_fields:
            if name in PLACED or name in known["besides"]:
                given[name] = getattr(self._settings, name)
            else:
                given[name] = written.get(name, getattr(_usual(), name))
        try:
            return _Given(**given)
        except ValidationError as error:
            raise ConfigError(first_line(error)) from None


class _Given(Settings):
    """Of what it is handed and nothing else."""

    model_config = SettingsConfigDict(toml_file=None)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        *others: PydanticBaseSettingsSource,
        **more: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del settings_cls, others, more
        return (init_settings,)


def _usual() -> Settings:
    """What is where nobody says anything."""
    fields = Settings.model_fields
    defaults = {name: one.get_default(call_default_factory=True) for name, one in fields.items()}
    return Settings.model_construct(
        **{name: value for name, value in defaults.items() if value is not PydanticUndefined}
    )


def _plain(settings: Settings) -> dict[str, Any]:
    """As the processes of the house are given them, so that equal settings are equal here."""
    found: dict[str, Any] = {}
    for name, text in as_environment(settings).items():
        try:
            found[name.removeprefix("QUARTERDECK_").lower()] = json.loads(text)
        except ValueError:
            found[name.removeprefix("QUARTERDECK_").lower()] = text
    return found


def _flat(value: Any, key: str = "") -> dict[str, str]:
    """ "limits.drift": "0.01"; what is empty is not there."""
    if isinstance(value, Mapping):
        items = list(value.items())
    elif isinstance(value, list):
        items = [(_name(one, place), one) for place, one in enumerate(value, 1)]
    else:
        return {key: str(value)} if value not in (None, "") else {}
    found: dict[str, str] = {}
    for name, inner in items:
        found |= _flat(inner, f"{key}.{name}" if key else str(name))
    return found


def _name(value: Any, place: int) -> str:
    """Of a list's member: its own id or value, so that the order does not matter."""
    if isinstance(value, Mapping):
        return str(value.get("id", place))
    return str(value)


def _masked(key: str, value: str) -> str:
    if value and (key.split(".", maxsplit=1)[0] in SECRET or _SECRET.search(key)):
        return MASK
    return _LOGIN.sub(f"://{MASK}@", value)
