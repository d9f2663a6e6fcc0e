"""The schedules there are: those shipped, those of a folder, those of the settings, by name."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from charges.read import schedule_of
from charges.schedule import Schedule
from trading.errors import ConfigError

SHIPPED = Path(__file__).parent / "schedules"


@dataclass(frozen=True, slots=True)
class Library:
    """Schedules by name; one of your own replaces a shipped one of its name."""

    schedules: Mapping[str, Schedule] = field(default_factory=dict)

    def find(self, name: str) -> Schedule:
        """`name`, or `name:variant:variant`. Raises ConfigError for what nobody wrote."""
        plain, *variants = name.split(":")
        found = self.schedules.get(plain)
        if found is None:
            near = get_close_matches(plain, self.schedules, 1, 0.5)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ConfigError(
                f"no schedule of charges is called {plain[:40]!r}{hint}; "
                "`quarterdeck charges` lists them"
            )
        for variant in variants:
            if variant not in found.known_variants:
                there = ", ".join(found.known_variants) or "none"
                raise ConfigError(f"{plain} has no variant {variant[:30]!r}; there are: {there}")
        return replace(found, variants=frozenset(variants))


def load(folder: str = "", written: Mapping[str, Mapping[str, Any]] | None = None) -> Library:
    """Shipped ones, then those of `folder`'s *.toml, then `written` in the settings. Raises
    ConfigError naming the file or schedule that is wrong."""
    tables = dict(_shipped())
    if folder:
        path = Path(folder).expanduser()
        if not path.is_dir():
            raise ConfigError(f"setting 'charges.folder' = {folder!r}: there is no such folder")
        tables |= _folder(path)
    tables |= written or {}
    return Library(_made(tables))


@cache
def _shipped() -> Mapping[str, Mapping[str, Any]]:
    return _folder(SHIPPED)


def _folder(path: Path) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for file in sorted(path.glob("*.toml")):
        try:
            found[file.stem] = tomllib.loads(file.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{file} is no TOML: {error}") from None
        except OSError as error:
            raise ConfigError(f"{file} cannot be read: {error.strerror or error}") from None
    return found


def _made(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, Schedule]:
    made: dict[str, Schedule] = {}

    def find(name: str, within: tuple[str, ...] = ()) -> Schedule:
        if name in within:
            raise ConfigError(f"schedule {name} includes itself: {' > '.join((*within, name))}")
        if name not in tables:
            raise ConfigError(f"schedule {within[-1]} includes {name[:40]!r}, which nobody wrote")
        if name not in made:
            if ":" in name:
                raise ConfigError(f"schedule {name[:40]!r}: a name has no colon")
            inner = (*within, name)
            made[name] = schedule_of(name, tables[name], lambda other: find(other, inner))
        return made[name]

    for name in sorted(tables):
        find(name)
    return made
