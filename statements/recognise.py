"""Which preset a file is, and reading it by that. Nobody has to say it."""

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from statements import activity, ccxt_trades, flex, own, rates, round_trips, transactions
from statements.sheet import Sheet, after_header
from statements.statement import Statement, Terms
from statements.text import Row, decoded, table
from trading.errors import DataError

MOST = 512 * 1024 * 1024  # bytes: a file of trades is far smaller
IB = ZoneInfo("America/New_York")
WANTED = (
    "no table of trades: it wants symbol, quantity, price and date, or a buy and a sell; name the "
    "columns with --map symbol=Ticker --map at=Day …"
)


def read(path: Path, terms: Terms) -> Statement:
    """Raises DataError, naming the file, for one that no preset reads."""
    try:
        return _read(_bytes(path), terms)
    except DataError as error:
        raise DataError(f"{path.name}: {error}") from None


def read_rates(path: Path, terms: Terms) -> Statement:
    """Exchange rates, of ours or others'. Raises DataError for a file that has none."""
    try:
        data = _bytes(path)
        ours = _ours(data, terms)
        return ours or rates.read(decoded(data), terms)
    except DataError as error:
        raise DataError(f"{path.name}: {error}") from None


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST:
            raise DataError("larger than 512 MB: cut it into several")
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}") from error


def _read(data: bytes, terms: Terms) -> Statement:
    ours = _ours(data, terms)
    if ours is not None:
        return ours
    text = decoded(data)
    begin = text.lstrip()[:1]
    by_ib = terms if terms.zone_said else replace(terms, zone=IB)
    if begin == "<":
        return flex.read(text.encode() if data[:2] in (b"\xff\xfe", b"\xfe\xff") else data, by_ib)
    if begin in ("[", "{"):
        return ccxt_trades.read(text, terms)
    rows, sign = table(text)
    if activity.is_one(rows):
        return activity.read(rows, by_ib)
    found = after_header(rows, terms)
    if found is None:
        raise DataError(WANTED)
    columns, body, before = found
    trips = columns.are_round_trips
    statement = Statement("round trips" if trips else "transactions")
    for _ in range(before):
        statement.skip("a line before the header")
    sheet = Sheet.of(columns, body, sign, terms, statement)
    (round_trips if trips else transactions).read(sheet, terms, statement)
    if sheet.moments.needed_zone and not terms.zone_said:
        statement.assume(f"times are of {terms.zone.key} (--zone says another)")
    return statement


def _ours(data: bytes, terms: Terms) -> Statement | None:
    """Our own export, CSV or Parquet; None for any other file."""
    if data[:4] == b"PAR1":
        header, rows = _parquet(data)
    else:
        if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"," not in data[:4_096]:
            return None
        first = decoded(data[:4_096]).splitlines()
        if not first or not own.recognised(first[0].split(",")):
            return None
        found, _ = table(decoded(data), ",")
        header, rows = found[0].cells, found[1:]
    kind = own.recognised(header)
    if not kind:
        raise DataError("Parquet that is not our own export: bring CSV")
    return own.read(kind, rows, terms, is_csv=data[:4] != b"PAR1")


def _parquet(data: bytes) -> tuple[Sequence[str], list[Row]]:
    import polars as pl

    try:
        frame = pl.read_parquet(io.BytesIO(data))
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = (str(error).strip() or "damaged").splitlines()[0]
        raise DataError(f"cannot be read: {reason[:100]}") from error
    rows = [
        Row(n, [_cell(value) for value in cells]) for n, cells in enumerate(frame.iter_rows(), 1)
    ]
    return frame.columns, rows


def _cell(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return "" if value is None else str(value)
