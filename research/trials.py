"""Every finished trial of a study, kept in a file: a second start goes on from there."""

import fcntl
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from research.grid import Params
from research.outcome import Outcome
from research.study import Study
from trading.errors import BadCommand, DataError

FILE = "trials.sqlite3"
#: Outcomes by parameters (as `key_of` writes them), then by fold number.
Results = dict[str, dict[int, Outcome]]


def key_of(params: Params) -> str:
    """The same text for the same parameters, whatever their order."""
    return json.dumps(params, sort_keys=True, separators=(",", ":"), default=str)


class TrialFile:
    """One study's trials, unique by (params, fold); made by `open_trials`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, key: str, outcomes: Mapping[int, str]) -> None:
        """On disk when it returns; what is there already is left as it is."""
        rows = [(key, fold, text) for fold, text in outcomes.items()]
        with self._connection:
            self._connection.executemany("INSERT OR IGNORE INTO trials VALUES (?, ?, ?)", rows)

    def done(self) -> set[tuple[str, int]]:
        return set(self._connection.execute("SELECT params, fold FROM trials"))

    def read(self) -> Results:
        found: Results = {}
        rows = self._connection.execute("SELECT * FROM trials ORDER BY params, fold")
        for key, fold, text in rows:
            found.setdefault(key, {})[fold] = Outcome.from_text(text)
        return found


@contextmanager
def open_trials(folder: Path, study: Study, *, fresh: bool = False) -> Iterator[TrialFile]:
    """The study's file in its folder; `fresh` forgets what was found before.

    One process at a time: BadCommand for a second. DataError where it cannot be kept.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise DataError(f"results cannot be kept in {folder}: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadCommand("this very search is running already; wait, or stop it") from None
        if fresh:
            for part in folder.glob(f"{FILE}*"):
                part.unlink()
        (folder / "study.json").write_text(json.dumps(study.to_json(), indent=1), "utf-8")
        try:
            with closing(sqlite3.connect(folder / FILE)) as connection:
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS trials (params TEXT, fold INTEGER, outcome TEXT, "
                    "PRIMARY KEY (params, fold)) WITHOUT ROWID"
                )
                yield TrialFile(connection)
        except sqlite3.Error as error:
            raise DataError(f"{folder / FILE}: {error}; --fresh starts it anew") from error
