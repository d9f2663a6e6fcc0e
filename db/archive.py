"""A backup file: gzipped JSON lines that end with their own counts and checksums.

A line that is an object begins a section; the lists after it are the section's rows. The first
object is the head, the last the seal. A file without its seal, or with another, is damaged.
"""

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from trading.errors import ConfigError, DataError

FORMAT = 1
LEVEL = 5  # of gzip: 9 takes three times as long for two hundredths less

Json = dict[str, Any]


@dataclass(slots=True)
class Tally:
    """What one section holds."""

    rows: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    def add(self, lines: bytes, count: int) -> None:
        self.rows += count
        self.digest.update(lines)

    def told(self) -> Json:
        return {"rows": self.rows, "sha256": self.digest.hexdigest()}


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a sound file says: its head, and rows and checksum of each section."""

    head: Json
    sections: Mapping[str, Json]

    @property
    def rows(self) -> int:
        return sum(int(told["rows"]) for told in self.sections.values())


def _line(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


class Archive:
    """Written whole or not at all: `with Archive(path, head) as archive: ... archive.seal()`.

    Until it is sealed the file is a hidden draft beside `path`, which leaves what was at `path`
    alone; on an error it is taken away.
    """

    def __init__(self, path: Path, head: Json) -> None:
        self.path = path
        self.draft = path.with_name(f".{path.name}.draft")
        self._head = head
        self._sections: dict[str, Tally] = {}
        self._whole = hashlib.sha256()
        self._name = ""

    def __enter__(self) -> Self:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            self._raw = os.fdopen(os.open(self.draft, flags, 0o600), "wb")
        except OSError as error:
            raise ConfigError(
                f"cannot write a backup into {self.path.parent}: {error.strerror}"
            ) from error
        self._zip = gzip.GzipFile(fileobj=self._raw, mode="wb", compresslevel=LEVEL, mtime=0)
        self._put({"quarterdeck": "backup", "format": FORMAT, **self._head})
        return self

    def section(self, name: str, **about: Any) -> None:
        """Begins a section; rows go there until the next."""
        self._name = name
        self._sections[name] = Tally()
        self._put({"section": name, **about})

    def add(self, rows: Iterable[Any]) -> None:
        lines = [_line(row) for row in rows]
        text = b"".join(lines)
        self._sections[self._name].add(text, len(lines))
        self._write(text)

    def seal(self) -> Sealed:
        """The counts and checksums, then the file under its own name, on disk."""
        sections = {name: tally.told() for name, tally in self._sections.items()}
        whole = self._whole.hexdigest()
        try:
            self._zip.write(_line({"seal": whole, "sections": sections}))
            self._zip.close()
            self._raw.flush()
            os.fsync(self._raw.fileno())
            self._raw.close()
            self.draft.replace(self.path)
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise ConfigError(f"cannot write {self.path}: {error.strerror}") from error
        return Sealed(self._head, sections)

    def _put(self, header: Json) -> None:
        self._write(_line(header))

    def _write(self, text: bytes) -> None:
        self._whole.update(text)
        try:
            self._zip.write(text)
        except OSError as error:
            raise ConfigError(f"cannot write {self.path}: {error.strerror}") from error

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._raw.close()
        self.draft.unlink(missing_ok=True)


def lines(path: Path) -> Iterator[tuple[bytes, Any]]:
    """Each line of a backup, and the JSON it is.

    ConfigError names a file that cannot be read or a newer version has written, DataError one that
    is no backup, is damaged or ends too soon.
    """
    try:
        with gzip.open(path, "rb") as file:
            first = True
            for line in file:
                value = json.loads(line)
                if first:
                    _check_head(path, value)
                    first = False
                yield line, value
    except (gzip.BadGzipFile, EOFError, zlib.error, ValueError) as error:
        raise DataError(f"{path} is damaged or no backup: {error}") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}") from error


def _check_head(path: Path, head: Any) -> None:
    if not isinstance(head, dict) or head.get("quarterdeck") != "backup":
        raise DataError(f"{path} is no backup of Quarterdeck's")
    if head.get("format", 0) > FORMAT:
        raise ConfigError(
            f"{path} was written by a newer Quarterdeck (format {head['format']}, this one knows "
            f"{FORMAT}): update first"
        )


def verify(path: Path) -> Sealed:
    """Reads all of it. Raises as `lines`, and DataError where a checksum is another."""
    whole, sections, name = hashlib.sha256(), dict[str, Tally](), ""
    head: Json = {}
    seal: Json | None = None
    for line, value in lines(path):
        if seal is not None:
            raise DataError(f"{path} is damaged: something follows its seal")
        if isinstance(value, dict) and "seal" in value:
            seal = value
            continue
        whole.update(line)
        if isinstance(value, list):
            if name not in sections:
                raise DataError(f"{path} is damaged: rows before any section")
            sections[name].add(line, 1)
        elif "section" in value:
            name = value["section"]
            sections[name] = Tally()
        else:
            head = value
    if seal is None:
        raise DataError(f"{path} is damaged: it ends before its seal")
    found = {name: tally.told() for name, tally in sections.items()}
    if seal["seal"] != whole.hexdigest() or seal["sections"] != found:
        raise DataError(f"{path} is damaged: its checksum is another")
    return Sealed(head, found)
