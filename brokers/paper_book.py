"""The paper broker's book on disk: one append-only table in a SQLite file of its own."""

import json
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from brokers.paper_events import Event
from brokers.paper_wire import event_from_json, event_to_json
from trading.errors import ConfigError, DataError, OutcomeUnknown

LAYOUT = 1  # PRAGMA user_version
_SCHEMA = """
CREATE TABLE book (
    book_id TEXT NOT NULL, account TEXT NOT NULL DEFAULT '', currency TEXT NOT NULL DEFAULT ''
);
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL
);
CREATE UNIQUE INDEX one_execution ON events (name) WHERE kind = 'executed';
"""


class PaperBook:
    """Opened by one process at a time (ConfigError otherwise); a killed one leaves nothing locked.

    `append` returns once the events are on disk: WAL with synchronous=FULL, so about one fsync.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self.database = sqlite3.connect(path, timeout=0.2, isolation_level=None)
        except sqlite3.Error as error:
            raise ConfigError(f"paper book {path} cannot be opened: {error}") from error
        try:
            self.book_id = self._open()
        except sqlite3.Error as error:
            self.database.close()
            if "locked" in str(error):
                raise ConfigError(
                    f"paper book {path} is in use by another process; ask that one, or stop it"
                ) from error
            raise ConfigError(f"paper book {path} cannot be opened: {error}") from error
        except ConfigError:
            self.database.close()
            raise

    def _open(self) -> str:
        run = self.database.execute
        run("PRAGMA locking_mode = EXCLUSIVE")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")
        run("BEGIN EXCLUSIVE")
        layout = run("PRAGMA user_version").fetchone()[0]
        if layout == 0:
            for statement in _SCHEMA.split(";"):
                run(statement)
            run("INSERT INTO book (book_id) VALUES (?)", (secrets.token_hex(3),))
            run(f"PRAGMA user_version = {LAYOUT}")
        elif layout != LAYOUT:
            run("ROLLBACK")
            raise ConfigError(
                f"paper book {self.path} has layout {layout}, this program reads {LAYOUT}; "
                "use the program that wrote it"
            )
        run("COMMIT")
        return str(run("SELECT book_id FROM book").fetchone()[0])

    def claim(self, account: str, currency: str) -> None:
        """Tie a new book to an account, once; ConfigError when it belongs to another."""
        owner = self.database.execute("SELECT account, currency FROM book").fetchone()
        if owner == ("", ""):
            self.database.execute("UPDATE book SET account = ?, currency = ?", (account, currency))
        elif owner != (account, currency):
            raise ConfigError(
                f"paper book {self.path} is {owner[0]} in {owner[1]}, not {account} in {currency}: "
                "set it back, or choose another folder with QUARTERDECK_DATA"
            )

    def events(self) -> Iterator[Event]:
        """All of them, oldest first; DataError for a row that cannot be read."""
        for seq, kind, body in self.database.execute(
            "SELECT seq, kind, body FROM events ORDER BY seq"
        ):
            try:
                yield event_from_json(kind, json.loads(body))
            except (DataError, ValueError) as error:
                raise DataError(f"paper book {self.path}, event {seq}: {error}") from error

    def append(self, events: Iterable[Event]) -> None:
        """All of them or none, on disk when it returns; OutcomeUnknown when that fails."""
        rows = []
        for event in events:
            kind, name, body = event_to_json(event)
            rows.append((kind, name, json.dumps(body, separators=(",", ":"))))
        try:
            self.database.execute("BEGIN IMMEDIATE")
            self.database.executemany(
                "INSERT INTO events (kind, name, body) VALUES (?, ?, ?)", rows
            )
            self.database.execute("COMMIT")
        except sqlite3.Error as error:
            if self.database.in_transaction:
                self.database.execute("ROLLBACK")
            raise OutcomeUnknown(f"paper book {self.path} cannot be written: {error}") from error

    def head(self) -> dict[str, str]:
        """What the book says of itself: book_id, account, currency."""
        names = ("book_id", "account", "currency")
        row = self.database.execute(f"SELECT {', '.join(names)} FROM book").fetchone()
        return dict(zip(names, row, strict=True))

    def page(self, after: int, limit: int) -> list[list[Any]]:
        """Events as they are written, [seq, kind, name, body], oldest first: for a copy."""
        rows = self.database.execute(
            "SELECT seq, kind, name, body FROM events WHERE seq > ? ORDER BY seq LIMIT ?",
            (after, limit),
        )
        return [list(row) for row in rows]

    def refill(self, head: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> None:
        """Make a new book the one that was copied. ConfigError for one that holds events."""
        run = self.database.execute
        if run("SELECT 1 FROM events LIMIT 1").fetchone():
            raise ConfigError(f"paper book {self.path} already holds events")
        run("BEGIN IMMEDIATE")
        run("UPDATE book SET book_id = :book_id, account = :account, currency = :currency", head)
        self.database.executemany("INSERT INTO events VALUES (?, ?, ?, ?)", rows)
        run("COMMIT")
        self.book_id = head["book_id"]

    def close(self) -> None:
        self.database.close()
