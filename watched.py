"""The watched folder: each new or changed file of bars is taken once, by its stamp."""

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import structlog

from folder import instruments_file
from intake import Intake
from market.exchanges import calendar_of, named
from market.incoming import PARQUET, takes
from market.placing import known_zone
from market.preparing import Prepared, Wanted
from market.store import Merged
from settings import Settings
from trading.errors import ConfigError, DataError

log = structlog.get_logger(__name__)
SETTLED = timedelta(seconds=5)  # a file nobody wrote to for so long is whole
PATIENCE = timedelta(minutes=10)  # one that ends in mid-row is waited for so long
BUDGET = 30.0  # seconds of reading a look; what is left waits for the next
_PARQUET_END = b"PAR1"


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the folder did. `refused` are new since the last look, told once."""

    taken: int
    bars: Merged
    refused: tuple[str, ...] = ()
    session: date | None = None  # the newest of the daily bars taken
    waiting: int = 0  # files still being written, or left for lack of time

    @property
    def text(self) -> str:
        if not self.taken:
            return "no new file" + (f", {self.waiting} not whole yet" if self.waiting else "")
        files = f"{self.taken} file{'' if self.taken == 1 else 's'}"
        return f"{files}: {self.bars.added:,} bars new, {self.bars.changed:,} changed" + (
            f"; {self.waiting} wait" if self.waiting else ""
        )


def look(settings: Settings, now: datetime, clock: Callable[[], float] = time.monotonic) -> Look:
    """Take what is new in the folder of `[imports]`. A file that is refused keeps no other out.

    ConfigError where the folder is missing.
    """
    chosen = settings.imports
    folder = Path(chosen.folder).expanduser()
    if not chosen.folder or not folder.is_dir():
        raise ConfigError(
            f"the folder to watch, {str(folder)!r}, is not there: make it, or change "
            "[imports] folder"
        )
    wanted = Wanted(
        zone=chosen.zone,
        exchange=chosen.exchange,
        currency=chosen.currency,
        actions=chosen.actions,
    )
    book = settings.data.absolute() / "imports.json"
    seen = _seen(book)
    intake = Intake.open(settings, now)
    preparing = intake.preparing()
    prepared: list[tuple[Path, list[int], Prepared]] = []
    refused: dict[str, str] = {}
    waiting, began = 0, clock()
    for path, stamp in _files(folder, skip=chosen.actions):
        if seen.get(path.name, [None])[0] == stamp:
            continue
        if clock() - began > BUDGET or not _whole(path, now):
            waiting += 1
            continue
        try:
            found = preparing.prepare(path, wanted)
        except DataError as error:
            if _stamp(path) == stamp:
                refused[path.name] = str(error)
                seen[path.name] = [stamp, str(error)]
            else:  # it was written to while we read
                waiting += 1
            continue
        if _stamp(path) == stamp:
            prepared.append((path, stamp, found))
        else:
            waiting += 1
    bars = Merged()
    if prepared:
        report, bars = intake.store([found for _, _, found in prepared], wanted)
        log.info("imported", files=len(prepared), report=report)
        seen |= {path.name: [stamp, ""] for path, stamp, _ in prepared}
    _keep(book, {name: entry for name, entry in seen.items() if (folder / name).exists()})
    days = [one.bars["ts"].max() for _, _, one in prepared if one.timeframe == "1d"]
    session = max(days).date() if days and bars.added else None  # type: ignore[type-var,union-attr]
    return Look(len(prepared), bars, tuple(refused.values()), session, waiting)


def news(settings: Settings, now: datetime) -> bool:
    """Whether a look would find a whole file that is new or changed."""
    folder = Path(settings.imports.folder).expanduser()
    seen = _seen(settings.data.absolute() / "imports.json")
    return folder.is_dir() and any(
        seen.get(path.name, [None])[0] != stamp and _whole(path, now)
        for path, stamp in _files(folder, skip=settings.imports.actions)
    )


def first_look(settings: Settings, now: datetime) -> None:
    """Before the house starts: what the folder holds is brought in, so that there are instruments
    to open it with. ConfigError where there are none after it."""
    from intake import no_bars

    if settings.imports.folder:
        _sound(settings)
        found = look(settings, now)
        if not instruments_file(settings).exists():
            why = ": a file there is not whole yet; try again" if found.waiting else ""
            why = f": {found.refused[0]}" if found.refused else why
            raise ConfigError(f"no bars came from the folder {settings.imports.folder}{why}")
    if not instruments_file(settings).exists():
        raise no_bars(settings)


def _sound(settings: Settings) -> None:
    """Raises ConfigError for what every file would be refused for."""
    chosen = settings.imports
    key = "zone"
    try:
        if chosen.zone:
            known_zone(chosen.zone)
        key = "exchange"
        if chosen.exchange:
            calendar_of(named(chosen.exchange), settings.data.absolute() / "calendars")
    except DataError as error:
        raise ConfigError(
            f"setting 'imports.{key}' = {getattr(chosen, key)[:60]!r}: {error}"
        ) from error
    if chosen.actions and not Path(chosen.actions).expanduser().is_file():
        raise ConfigError(f"setting 'imports.actions' = {chosen.actions[:200]!r}: no such file")


def _files(folder: Path, skip: str) -> list[tuple[Path, list[int]]]:
    """Oldest first, with what changes when one is written."""
    actions = Path(skip).expanduser().absolute() if skip else None
    found = []
    for path in folder.iterdir():
        if takes(path) and path.absolute() != actions:
            stamp = _stamp(path)
            if stamp is not None:
                found.append((path, stamp))
    return sorted(found, key=lambda one: (one[1][0], one[0].name))


def _stamp(path: Path) -> list[int] | None:
    """Modification time in ns, size, inode; None for what is gone or no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return [found.st_mtime_ns, found.st_size, found.st_ino] if path.is_file() else None


def _whole(path: Path, now: datetime) -> bool:
    """Whether its writer is done: nobody wrote lately, and it ends as such a file ends."""
    try:
        found = path.stat()
        with path.open("rb") as file:
            file.seek(-min(4, found.st_size), os.SEEK_END)
            end = file.read()
    except OSError:
        return False
    age = now.timestamp() - found.st_mtime
    if age < SETTLED.total_seconds():
        return False
    if path.name.lower().endswith(PARQUET):
        ended = end == _PARQUET_END
    else:
        ended = path.name.lower().endswith(".gz") or end.endswith(b"\n")
    return ended or age > PATIENCE.total_seconds()


def _seen(book: Path) -> dict[str, list[object]]:
    """A book that is damaged is started anew: to take a file twice changes nothing."""
    try:
        found = json.loads(book.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _keep(book: Path, seen: dict[str, list[object]]) -> None:
    draft = book.with_suffix(".part")
    draft.write_text(json.dumps(seen, indent=0), "utf-8")
    draft.replace(book)
