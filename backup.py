"""Backup and restore: every fact, the paper broker's book and the instruments in one file, which
either database takes back. Bars, settings and secrets are not in it."""

import asyncio
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from brokers.paper_book import PaperBook
from brokers.paper_client import PaperClient
from db import archive, backup
from db.archive import Archive, Sealed
from db.journal import OrmJournal, open_journal
from db.schema import applied, known
from folder import instruments_file, lived_in, paper_address, paper_book, prepare
from settings import Settings
from trading.clocks import SystemClock, WallClock
from trading.errors import BrokerError, ConfigError, DataError
from trading.facts import Beat

PATTERN = "quarterdeck-*.jsonl.gz"
BOOK, INSTRUMENTS = "paper book", "instruments"
ALIVE = timedelta(seconds=30)  # a beat younger than this is of a process that runs


def backup_folder(settings: Settings) -> Path:
    """Where backups are kept."""
    chosen = settings.backup.folder
    return Path(chosen).expanduser() if chosen else settings.data.absolute() / "backups"


@dataclass(frozen=True, slots=True)
class Backups:
    """`worker.backup` calls these as jobs, the command line by hand."""

    settings: Settings
    journal: OrmJournal
    wall: WallClock

    async def make(self, to: Path | None = None) -> str:
        """Writes one and says which. One that goes to the folder of backups then makes older ones
        than the newest `keep` go; a failure leaves them all."""
        folder = backup_folder(self.settings)
        path = to or folder / f"quarterdeck-{self.wall.now():%Y-%m-%d-%H%M%S}.jsonl.gz"
        sealed = await _write(self.settings, self.journal, path, self.wall)
        gone = 0
        if to is None:
            for old in kept(folder)[self.settings.backup.keep :]:
                old.unlink(missing_ok=True)
                gone += 1
        said = f"{sealed.rows:,} rows in {path}, {path.stat().st_size / 1e6:,.1f} MB"
        return f"{said}; {gone} old removed" if gone else said

    async def check(self) -> str:
        """Restores the newest into a scratch database and compares. DataError where they differ
        or there is none."""
        files = kept(backup_folder(self.settings))
        if not files:
            raise DataError(f"no backup in {backup_folder(self.settings)}: `quarterdeck backup`")
        newest = files[0]
        sealed = await asyncio.to_thread(archive.verify, newest)
        with TemporaryDirectory(prefix=".check-", dir=newest.parent) as scratch:
            again = Path(scratch) / "again.jsonl.gz"
            async with open_journal(Path(scratch) / "scratch.sqlite3") as journal:
                await _load(journal, newest)
                with Archive(again, {}) as copy:
                    await _tables(journal, copy)
                    found = copy.seal().sections
        for name, told in found.items():
            if sealed.sections.get(name, told) != told:
                raise DataError(
                    f"{newest} does not restore: {name} come back as {told['rows']} rows of "
                    f"{sealed.sections[name]['rows']}, or other ones"
                )
        return f"{newest.name} restores: {sealed.rows:,} rows agree"


def kept(folder: Path) -> list[Path]:
    """The backups there, the newest first."""
    return sorted(folder.glob(PATTERN), reverse=True)


async def by_hand(settings: Settings, to: Path | None) -> str:
    """One more, or to a file of the operator's choice. ConfigError where there is nothing yet."""
    if to is not None and not to.name:
        raise ConfigError("--to names no file")
    lived_in(settings)
    prepare(settings)
    async with open_journal(settings.database_url) as journal:
        return await Backups(settings, journal, SystemClock()).make(to)


# Writing


async def _write(settings: Settings, journal: OrmJournal, path: Path, wall: WallClock) -> Sealed:
    head = {
        "made_at": wall.now().isoformat(timespec="seconds"),
        "version": version("quarterdeck"),
        "mode": settings.mode,
        "migrations": sorted(await applied(journal.store)),
    }
    with Archive(path, head) as file:
        await _tables(journal, file)
        # After the facts: an order sent in between is in the book alone, and the desk that sends
        # it again under its key is told of the first.
        await _book(settings, file)
        if instruments_file(settings).exists():
            file.section(INSTRUMENTS)
            file.add([[instruments_file(settings).read_text("utf-8")]])
        return file.seal()


async def _tables(journal: OrmJournal, file: Archive) -> None:
    async with backup.snapshot(journal) as snapshot:
        for table in backup.tables().values():
            last_id = await snapshot.last_id(table)
            file.section(table.name, columns=list(table.columns), last_id=last_id)
            async for rows in snapshot.pages(table):
                await asyncio.to_thread(file.add, rows)


async def _book(settings: Settings, file: Archive) -> None:
    """From the broker's process, which holds the book; from the file where it is not running."""
    async with PaperClient(paper_address(settings)) as client:
        try:
            head, rows = await client.book()
        except BrokerError:
            if not paper_book(settings).exists():
                return
            with closing(PaperBook(paper_book(settings))) as book:
                file.section(BOOK, head=book.head())
                _all_events(book, file)
            return
        file.section(BOOK, head=head)
        while rows:
            file.add(rows)
            _, rows = await client.book(rows[-1][0])


def _all_events(book: PaperBook, file: Archive) -> None:
    after = 0
    while rows := book.page(after, 2_000):
        file.add(rows)
        after = rows[-1][0]


# Reading


async def restore(settings: Settings, path: Path, *, replace: bool = False) -> str:
    """The backup in place of an empty database, or with `replace` of any, which is saved first.

    ConfigError: the house runs, the database holds something, or the file is a newer version's.
    DataError: the file is damaged. In either case nothing was changed.
    """
    sealed = await asyncio.to_thread(archive.verify, path)
    _check(settings, path, sealed)
    prepare(settings)
    wall = SystemClock()
    async with open_journal(settings.database_url) as journal:
        await _nobody_home(journal, wall)
        there = await backup.holds(journal)
        saved = ""
        if there and not replace:
            raise ConfigError(
                f"the database already holds {sum(there.values()):,} rows: restore into an empty "
                "one, or say --yes to replace it (it is saved first)"
            )
        if there or paper_book(settings).exists():
            before = f"before-restore-{wall.now():%Y-%m-%d-%H%M%S}.jsonl.gz"
            await _write(settings, journal, backup_folder(settings) / before, wall)
            saved = f"; what was there is in {backup_folder(settings) / before}"
        with _book_restored(settings, path):
            await _load(journal, path)
        for section, rows in _sections(path):
            if section["section"] == INSTRUMENTS:
                _replace_text(instruments_file(settings), next(rows)[0])
    return f"{sealed.rows:,} rows of {sealed.head['made_at']} restored{saved}"


def _check(settings: Settings, path: Path, sealed: Sealed) -> None:
    newer = sorted(set(sealed.head["migrations"]) - known())
    if newer:
        raise ConfigError(
            f"{path} was written by a newer Quarterdeck (it has {', '.join(newer)}): update first"
        )
    if sealed.head["mode"] != settings.mode:
        raise ConfigError(f"{path} holds {sealed.head['mode']} data, not {settings.mode}")


async def _nobody_home(journal: OrmJournal, wall: WallClock) -> None:
    for beat in await journal.read(Beat, at__gt=wall.now() - ALIVE):
        seconds = (wall.now() - beat.at).total_seconds()
        raise ConfigError(
            f"{beat.name} was alive {seconds:.0f} s ago: stop Quarterdeck, wait half a minute, "
            "then restore"
        )


async def _load(journal: OrmJournal, path: Path) -> None:
    """Every table, in one transaction, in place of what is there."""
    tables = backup.tables()
    async with journal.transaction():
        await backup.clear(journal)
        for section, rows in _sections(path):
            name = section["section"]
            if name in (BOOK, INSTRUMENTS):
                continue
            if name not in tables:
                raise DataError(f"{path} has a table {name!r} nobody knows")
            loader = backup.Loader(journal, tables[name], section["columns"])
            page: list[list[Any]] = []
            for row in rows:
                page.append(row)
                if len(page) == tables[name].page:
                    await loader.add(page)
                    page = []
                    await asyncio.sleep(0)
            await loader.add(page)
            await loader.end(section["last_id"])


def _sections(path: Path) -> Iterator[tuple[dict[str, Any], Iterator[list[Any]]]]:
    """Each section with its rows, which are read before the next section is asked for."""
    values = archive.lines(path)
    section: dict[str, Any] | None = None

    def rows() -> Iterator[list[Any]]:
        nonlocal section
        for _, value in values:
            if isinstance(value, dict):
                section = value
                return
            yield value
        section = None

    next(values)  # the head
    _, section = next(values, (b"", None))
    while section is not None and "section" in section:
        current, own = section, rows()
        yield current, own
        for _ in own:  # whatever was not asked for
            pass


@contextmanager
def _book_restored(settings: Settings, path: Path) -> Iterator[None]:
    """The backup's book, made beside the old one before the facts are committed, in its place
    after. ConfigError while a broker has the old one open."""
    file = paper_book(settings)
    draft = file.with_name(f".{file.name}.draft")
    draft.unlink(missing_ok=True)
    if file.exists():
        PaperBook(file).close()
    for section, rows in _sections(path):
        if section["section"] == BOOK:
            with closing(PaperBook(draft)) as book:
                book.refill(section["head"], rows)
    yield
    if draft.exists():
        draft.replace(file)


def _replace_text(file: Path, text: str) -> None:
    draft = file.with_name(f".{file.name}.draft")
    draft.write_text(text, "utf-8")
    draft.replace(file)
