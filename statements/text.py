"""A file's text and its table, whatever encoding and separator it has."""

import csv
import io
from collections import Counter
from dataclasses import dataclass

from trading.errors import DataError

MOST = 10_000_000  # characters one cell may have; the csv module's own limit is for bytes of ours


@dataclass(frozen=True, slots=True)
class Row:
    line: int  # the last of the row's lines, from 1
    cells: list[str]

    @property
    def text(self) -> str:
        return ",".join(self.cells)


def decoded(data: bytes) -> str:
    """UTF-8 with or without its mark, UTF-16, else cp1252. Characters no database keeps become
    U+FFFD."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace")
    elif data[1:2] == b"\0" and data[3:4] == b"\0":
        text = data.decode("utf-16-le", "replace")
    elif data[:1] == b"\0" and data[2:3] == b"\0":
        text = data.decode("utf-16-be", "replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", "replace")
    return text.replace("\0", "\ufffd").removeprefix("\ufeff")


def separator(text: str) -> str:
    """The one that most evenly cuts the first lines; a comma where nothing does."""
    lines = [line for line in text[:65_536].splitlines() if line.strip()][:40]
    if lines and lines[0].lower().startswith("sep=") and len(lines[0]) == 5:
        return lines[0][4]
    best, score = ",", 0
    for sign in (",", ";", "\t", "|"):
        counts = Counter(line.count(sign) for line in lines)
        counts.pop(0, None)
        if counts:
            number, times = max(counts.items(), key=lambda pair: (pair[1], pair[0]))
            if number * times > score:
                best, score = sign, number * times
    return best


def table(text: str, sign: str = "") -> tuple[list[Row], str]:
    """Rows that hold anything, and what separates their cells. Raises DataError for a file
    without one, and for what the csv module cannot cut."""
    sign = sign or separator(text)
    csv.field_size_limit(MOST)
    rows: list[Row] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sign)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append(Row(reader.line_num, cells))
    except csv.Error as error:
        raise DataError(f"line {reader.line_num}: {error}") from error
    if rows and rows[0].cells[0].lower().startswith("sep="):
        del rows[0]
    if not rows:
        raise DataError("the file holds nothing")
    return rows, sign
