"""What the stand-in remembers over a restart: one SQLite table and a folder of files."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path
from typing import Any


class Store:
    """Rows of (kind, key) -> JSON, written through at once; in memory when `folder` is None.

    WAL with synchronous=NORMAL costs some 30 µs a write and survives a killed process.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._blobs: dict[str, bytes] = {}
        if folder is not None:
            (folder / "files").mkdir(parents=True, exist_ok=True)
        name = ":memory:" if folder is None else str(folder / "phone.sqlite3")
        self._rows = sqlite3.connect(name, isolation_level=None)
        self._rows.execute("PRAGMA journal_mode=WAL")
        self._rows.execute("PRAGMA synchronous=NORMAL")
        self._rows.execute(
            "CREATE TABLE IF NOT EXISTS state "
            "(kind TEXT, key TEXT, body TEXT, PRIMARY KEY (kind, key)) WITHOUT ROWID"
        )
        self._open = True

    def put(self, kind: str, key: object, body: Any) -> None:
        """Keeps `body` under its kind and key; nothing is written after `close()`."""
        if self._open:
            self._rows.execute(
                "INSERT OR REPLACE INTO state VALUES (?, ?, ?)", (kind, str(key), json.dumps(body))
            )

    def drop(self, kind: str, key: object) -> None:
        """Forgets one row, if it is there."""
        if self._open:
            self._rows.execute("DELETE FROM state WHERE kind = ? AND key = ?", (kind, str(key)))

    def get(self, kind: str, key: object, otherwise: Any) -> Any:
        """One row's body, or `otherwise`."""
        row = self._rows.execute(
            "SELECT body FROM state WHERE kind = ? AND key = ?", (kind, str(key))
        ).fetchone()
        return otherwise if row is None else json.loads(row[0])

    def all(self, kind: str) -> list[Any]:
        """Every body of a kind, in no particular order."""
        found = self._rows.execute("SELECT body FROM state WHERE kind = ?", (kind,))
        return [json.loads(body) for (body,) in found]

    def put_blob(self, name: str, data: bytes) -> None:
        """Keeps bytes under a name made by `fingerprint`."""
        if self._folder is None:
            self._blobs[name] = data
        else:
            (self._folder / "files" / name).write_bytes(data)

    def blob(self, name: str) -> bytes | None:
        """The bytes under `name`, or None when they were pruned."""
        if self._folder is None:
            return self._blobs.get(name)
        path = self._folder / "files" / name
        return path.read_bytes() if path.is_file() else None

    def drop_blob(self, name: str) -> None:
        """Forgets the bytes under `name`."""
        self._blobs.pop(name, None)
        if self._folder is not None:
            (self._folder / "files" / name).unlink(missing_ok=True)

    def close(self) -> None:
        """Closes the database; reading ends here."""
        self._open = False
        self._rows.close()


def fingerprint(data: bytes) -> str:
    """A short name for bytes: equal bytes, equal name."""
    return hashlib.sha256(data).hexdigest()[:24]
