"""Pictures and documents, and the ids by which a bot sends them again."""

from __future__ import annotations

import mimetypes
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath

from phone.images import picture_size
from phone.refusal import bad_request
from phone.shapes import Json
from phone.store import Store, fingerprint

MAX_FILES = 2000  # the least recently sent go first
PREFIX = {"photo": "AgACAgIAAxk", "document": "BQACAgIAAxk"}


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One uploaded file; the same bytes sent the same way keep the same id."""

    file_id: str
    kind: str  # photo or document
    blob: str
    size: int  # bytes
    name: str
    mime: str
    width: int = 0  # pixels, photos only
    height: int = 0

    @property
    def unique_id(self) -> str:
        return f"AQAD{self.blob[:12]}"

    @property
    def path(self) -> str:
        """The `file_path` of getFile."""
        suffix = PurePosixPath(self.name).suffix
        return f"{self.kind}s/{self.file_id}{suffix if suffix.isascii() else ''}"

    def photo(self) -> list[Json]:
        """The Bot API's PhotoSize list; the stand-in keeps one size."""
        return [
            {
                "file_id": self.file_id,
                "file_unique_id": self.unique_id,
                "width": self.width,
                "height": self.height,
                "file_size": self.size,
            }
        ]

    def document(self) -> Json:
        """The Bot API's Document."""
        return {
            "file_id": self.file_id,
            "file_unique_id": self.unique_id,
            "file_name": self.name,
            "mime_type": self.mime,
            "file_size": self.size,
        }


class Files:
    """Every file the bot has uploaded, by file_id."""

    def __init__(self, store: Store) -> None:
        self._store = store
        kept = sorted(store.all("file"), key=lambda row: row["at"])
        self._files = {row["file"]["file_id"]: StoredFile(**row["file"]) for row in kept}
        self._uses = max((row["at"] for row in kept), default=0)

    def photo(self, data: bytes, name: str) -> StoredFile:
        """Takes a PNG or JPEG; refuses anything else as Telegram does."""
        width, height = picture_size(data)
        mime = "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
        return self._keep("photo", data, name, mime, width, height)

    def document(self, data: bytes, name: str) -> StoredFile:
        """Takes any bytes but none at all."""
        if not data:
            raise bad_request("file must be non-empty")
        mime = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return self._keep("document", data, name, mime, 0, 0)

    def again(self, file_id: str, kind: str) -> StoredFile:
        """A file sent before; refuses unknown ids and documents posing as photos."""
        if file_id.startswith(("http://", "https://")):
            raise bad_request("failed to get HTTP URL content")
        stored = self._files.get(file_id)
        if stored is None:
            raise bad_request("wrong file identifier/HTTP URL specified")
        if stored.kind != kind:
            raise bad_request(f"can't use file of type {stored.kind.title()} as {kind.title()}")
        self._touch(stored)
        return stored

    def get(self, file_id: str) -> StoredFile:
        """A file for download; refuses unknown ids."""
        stored = self._files.get(file_id)
        if stored is None:
            raise bad_request("invalid file_id")
        return stored

    def find(self, file_id: str) -> StoredFile | None:
        return self._files.get(file_id)

    def at_path(self, path: str) -> StoredFile | None:
        """The file getFile called by this path."""
        stored = self._files.get(PurePosixPath(path).stem)
        return stored if stored and stored.path == path else None

    def bytes_of(self, stored: StoredFile) -> bytes | None:
        """The file's bytes, or None when the folder lost them."""
        return self._store.blob(stored.blob)

    def _keep(
        self, kind: str, data: bytes, name: str, mime: str, width: int, height: int
    ) -> StoredFile:
        blob = fingerprint(data)
        file_id = f"{PREFIX[kind]}{fingerprint(f'{kind}{name}{blob}'.encode())}"
        stored = StoredFile(file_id, kind, blob, len(data), name, mime, width, height)
        if self._store.blob(blob) is None:
            self._store.put_blob(blob, data)
        self._touch(stored)
        while len(self._files) > MAX_FILES:
            self._forget(next(iter(self._files)))
        return stored

    def _touch(self, stored: StoredFile) -> None:
        self._uses += 1
        self._files.pop(stored.file_id, None)
        self._files[stored.file_id] = stored
        self._store.put("file", stored.file_id, {"at": self._uses, "file": asdict(stored)})

    def _forget(self, file_id: str) -> None:
        gone = self._files.pop(file_id)
        self._store.drop("file", file_id)
        if all(stored.blob != gone.blob for stored in self._files.values()):
            self._store.drop_blob(gone.blob)
