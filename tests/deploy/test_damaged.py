"""A backup that is damaged, newer or another's is refused in one line; an older one is taken."""

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import backup
from db import archive
from db.journal import open_journal
from settings import Settings
from tests.deploy.keeping import everything, saved
from trading.errors import QuarterdeckError
from trading.orders import Order


def unsealed(raw: bytes) -> bytes:
    return gzip.compress(b"\n".join(gzip.decompress(raw).splitlines()[:-1]) + b"\n")


def edited(raw: bytes) -> bytes:
    return gzip.compress(gzip.decompress(raw).replace(b'"AAPL"', b'"MSFT"', 1))


def newer(raw: bytes) -> bytes:
    return gzip.compress(gzip.decompress(raw).replace(b'"format":1', b'"format":2', 1))


def later(raw: bytes) -> bytes:
    text = gzip.decompress(raw)
    return resealed(text.replace(b'"0001_initial"', b'"0001_initial","9999_next"', 1))


def foreign(raw: bytes) -> bytes:
    return resealed(gzip.decompress(raw).replace(b'"mode":"demo"', b'"mode":"paper"', 1))


def resealed(text: bytes) -> bytes:
    """As a version that wrote it itself would have sealed it."""
    *lines, last = text.splitlines(keepends=True)
    seal = json.loads(last)
    seal["seal"] = hashlib.sha256(b"".join(lines)).hexdigest()
    return gzip.compress(b"".join(lines) + json.dumps(seal).encode() + b"\n")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda raw: raw[: len(raw) // 2], "is damaged or no backup"),
        (lambda raw: raw[:-200] + bytes(100) + raw[-100:], "is damaged or no backup"),
        (lambda raw: b"PK\x03\x04 something else", "is damaged or no backup"),
        (lambda raw: gzip.compress(b'{"hello": 1}\n'), "is no backup of Quarterdeck's"),
        (lambda raw: gzip.compress(b""), "it ends before its seal"),
        (unsealed, "it ends before its seal"),
        (edited, "its checksum is another"),
        (newer, r"written by a newer Quarterdeck \(format 2, this one knows 1\): update first"),
        (later, r"written by a newer Quarterdeck \(it has 9999_next\): update first"),
        (foreign, "holds paper data, not demo"),
    ],
)
async def test_a_file_that_is_not_sound_is_refused_in_one_line_and_nothing_changes(
    old: Settings, tmp_path: Path, spoil: Callable[[bytes], bytes], said: str
):
    file = await saved(old, tmp_path / "one.jsonl.gz")
    file.write_bytes(spoil(file.read_bytes()))
    async with open_journal(old.database_url) as journal:
        before = await everything(journal)
    with pytest.raises(QuarterdeckError, match=said) as refused:
        await backup.restore(old, file, replace=True)
    assert "\n" not in str(refused.value)
    async with open_journal(old.database_url) as journal:
        assert await everything(journal) == before


async def test_a_backup_of_an_older_version_gets_the_defaults_of_what_it_lacks(
    old: Settings, new: Settings, tmp_path: Path
):
    file = await saved(old, tmp_path / "one.jsonl.gz")
    lines = gzip.decompress(file.read_bytes()).splitlines()
    cut, at = [], None
    for line in lines:
        value = json.loads(line)
        if isinstance(value, dict):
            at = None
            if value.get("section") == "orders":
                at = value["columns"].index("note")
                del value["columns"][at]
        elif at is not None:
            del value[at]
        cut.append(json.dumps(value, separators=(",", ":")).encode())
    text = b"\n".join(cut) + b"\n"
    seal = json.loads(lines[-1])
    sections = archive_sections(text)
    seal["sections"] = sections
    file.write_bytes(resealed(b"\n".join(cut[:-1]) + b"\n" + json.dumps(seal).encode()))
    await backup.restore(new, file)
    async with open_journal(new.database_url) as journal:
        orders = await journal.read(Order)
        assert orders
        assert {order.note for order in orders} == {""}


def archive_sections(text: bytes) -> dict[str, Any]:
    found: dict[str, archive.Tally] = {}
    name = ""
    for line in text.splitlines(keepends=True):
        value = json.loads(line)
        if isinstance(value, list):
            found[name].add(line, 1)
        elif "section" in value:
            name = value["section"]
            found[name] = archive.Tally()
    return {name: tally.told() for name, tally in found.items()}
