"""One file of somebody else's bars, CSV or Parquet, read into our columns or refused."""

import csv
import gzip
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from market.columns import SPELLINGS, TRAITS, recognised
from market.times import stamps
from trading.errors import DataError

PRICES = ("open", "high", "low", "close")
TEXT = (".csv", ".txt", ".tsv", ".csv.gz", ".txt.gz", ".tsv.gz")
PARQUET = (".parquet", ".pq")
_EXTRAS = ("adjusted_close", "dividend", "split")
#: What stands for "nothing" in a figure's place.
_NOTHING = ("", "null", "none", "na", "n/a", "-", "--", "#n/a")
_GROUPED = r"^\d{1,3}(,\d{3})+(\.\d+)?$"


@dataclass(frozen=True, slots=True)
class Incoming:
    """`bars` in the order of the file: row, symbol, stamp (Date, naive or UTC Datetime), prices,
    volume, then adjusted_close, dividend, split and the TRAITS where the file has them."""

    file: str
    bars: pl.DataFrame
    where: Callable[[int], str] = field(repr=False)  # a row's place in words
    named: bool = True  # the file names its symbols; otherwise the file's own name did
    bare: int = 0  # rows without any price, left out


def takes(path: Path) -> bool:
    """Whether a file of that name is one to read."""
    return path.name.lower().endswith((*TEXT, *PARQUET)) and not path.name.startswith(".")


def read(path: Path, symbol: str = "", dates: str = "") -> Incoming:
    """DataError, one line with the file, the row and the reason, for what is not OHLCV."""
    raw, first = _raw(path)
    name = path.name

    def where(row: int) -> str:
        return f"{name} {'line' if first == 2 else 'row'} {row + first}"

    columns = recognised(raw.collect_schema().names(), name)
    lacking = [one for one in ("ts", *PRICES) if one not in columns]
    if lacking:
        what = "time" if lacking[0] == "ts" else lacking[0]
        spelt = ", ".join(list(SPELLINGS[lacking[0]])[:3])
        raise DataError(f"{name} has no column for {what} (such as {spelt}), so it is no OHLCV")
    wanted = [pl.col(columns[one]).alias(one) for one in columns]
    try:
        table = raw.select(wanted).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(_longer(path) or f"{name} cannot be read: {_reason(error)}") from error
    if table.is_empty():
        raise DataError(f"{name} has no rows")
    decimal_comma = _decimal_comma(table)
    figures = {
        one: _figures(table[one], where, decimal_comma)
        for one in (*PRICES, "volume", *_EXTRAS)
        if one in columns
    }
    keep = pl.DataFrame({one: figures[one].is_not_null() for one in PRICES}).select(
        pl.any_horizontal(pl.all())
    )[PRICES[0]]
    if not keep.any():
        raise DataError(f"{name} has no row with a price")
    when = table["ts"]
    if "clock" in columns:
        when = when.cast(pl.String).str.strip_chars() + " " + table["clock"].cast(pl.String)
    rows = pl.Series("row", range(len(table)), pl.Int64).filter(keep)
    placed = rows.to_list().__getitem__ if not keep.all() else int
    bars = pl.DataFrame(
        {
            "row": rows,
            "symbol": _symbols(path, table, symbol, where).filter(keep),
            "stamp": stamps(when.filter(keep), lambda row: where(placed(row)), dates),
            **{one: values.filter(keep) for one, values in figures.items()},
            **{one: table[one].cast(pl.String).filter(keep) for one in TRAITS if one in columns},
        }
    )
    if "volume" not in bars.columns:
        bars = bars.with_columns(volume=pl.lit(None, pl.Float64))
    _refuse(bars, where)
    named = "symbol" in columns or bool(symbol)
    return Incoming(name, bars, where, named=named, bare=int((~keep).sum()))


def _raw(path: Path) -> tuple[pl.LazyFrame, int]:
    """The file, unread, and the number people give its first row of values."""
    name = path.name
    if not path.is_file():
        raise DataError(f"{path} is {'a folder' if path.is_dir() else 'no file'}")
    try:
        if path.stat().st_size == 0:
            raise DataError(f"{name} is empty")
        if name.lower().endswith(PARQUET):
            found = pl.scan_parquet(path)
            found.collect_schema()
            return found, 1
        if name.lower().endswith(TEXT):
            return pl.scan_csv(path, separator=_separator(path), infer_schema=False), 2
    except (pl.exceptions.PolarsError, OSError, EOFError) as error:
        raise DataError(f"{name} cannot be read: {_reason(error)}") from error
    raise DataError(f"{name} is neither CSV (.csv, .txt, .tsv, .gz) nor Parquet (.parquet, .pq)")


def _longer(path: Path) -> str:
    """The first line with more fields than names, which no reader can place; "" for none."""
    if not path.name.lower().endswith(TEXT):
        return ""
    separator = _separator(path)
    zipped = path.name.lower().endswith(".gz")
    try:
        with gzip.open(path, "rt") if zipped else path.open("rt", encoding="utf-8") as file:
            rows = csv.reader(file, delimiter=separator)
            names = len(next(rows))
            found = next(((rows.line_num, len(row)) for row in rows if len(row) > names), None)
    except (OSError, EOFError, ValueError, csv.Error):
        return ""
    if found is None:
        return ""
    return f"{path.name} line {found[0]}: has {found[1]} fields for {names} names"


def _separator(path: Path) -> str:
    """What stands between the names of the first line; refuses a file without such a line."""
    zipped = path.name.lower().endswith(".gz")
    with gzip.open(path, "rb") if zipped else path.open("rb") as file:
        try:
            head = file.readline(65_536).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise DataError(f"{path.name} is no text in UTF-8") from None
    separator = max(",;\t|", key=head.count)
    cells = [cell.strip().strip('"') for cell in head.strip().split(separator)]
    if cells and all(re.fullmatch(r"[-+\d.:/ TZ]+", cell) for cell in cells):
        raise DataError(
            f"{path.name} has no line of names: write one such as "
            "date,open,high,low,close,volume above the first row"
        )
    return separator


def _decimal_comma(table: pl.DataFrame) -> bool:
    """Whether 12,5 means twelve and a half: some price is written so and none has a point."""
    prices = [table[one] for one in PRICES if table[one].dtype == pl.String]
    texts = pl.concat(prices) if prices else pl.Series([], dtype=pl.String)
    commas = texts.str.contains(",", literal=True)
    if not commas.any() or texts.str.contains(".", literal=True).any():
        return False
    return not texts.filter(commas).str.contains(_GROUPED).all()


def _figures(column: pl.Series, where: Callable[[int], str], decimal_comma: bool) -> pl.Series:
    """Numbers, null where the file says nothing. DataError for text."""
    if column.dtype.is_numeric():
        return column.cast(pl.Float64)
    if column.dtype != pl.String:
        raise DataError(f"{where(0)}: {column.name} holds {column.dtype}, which is no number")
    found = column.cast(pl.Float64, strict=False)
    if found.null_count() == column.null_count():
        return found
    text = column.str.strip_chars().str.strip_prefix("$").str.strip_prefix("₹")
    if decimal_comma:
        text = text.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    else:
        grouped = text.str.contains(_GROUPED).fill_null(value=False)
        text = text.str.replace_all(",", "", literal=True).zip_with(grouped, text)
    text = text.set(text.str.to_lowercase().is_in(_NOTHING).fill_null(value=False), None)
    found = text.cast(pl.Float64, strict=False)
    wrong = found.is_null() & text.is_not_null()
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        raise DataError(f"{where(row)}: {column.name} is {column[row]!r}, which is no number")
    return found


def _symbols(
    path: Path, table: pl.DataFrame, symbol: str, where: Callable[[int], str]
) -> pl.Series:
    if "symbol" not in table.columns:
        return pl.repeat(symbol or _stem(path), len(table), dtype=pl.String, eager=True)
    found = table["symbol"].cast(pl.String).str.strip_chars()
    missing = (found.is_null() | (found == "")).fill_null(value=True)
    if missing.any():
        raise DataError(f"{where(int(missing.arg_max() or 0))}: has no symbol")
    spaced = found.str.contains(r"\s")
    if spaced.any():
        row = int(spaced.arg_max() or 0)
        raise DataError(f"{where(row)}: the symbol {found[row]!r} has a space in it")
    if symbol:
        others = (found != symbol).arg_max() if (found != symbol).any() else None
        if others is not None:
            raise DataError(
                f"{where(others)}: names {found[others]}, not {symbol}; leave --symbol out "
                "where a file names its own"
            )
    return found


def _stem(path: Path) -> str:
    """AAPL of AAPL.csv and of AAPL.csv.gz; BRK.B of BRK.B.csv."""
    stem = re.sub(r"(?i)(\.(csv|txt|tsv)(\.gz)?|\.(parquet|pq))$", "", path.name)
    if not stem or re.search(r"\s", stem):
        raise DataError(f"{path.name} names no symbol: say --symbol, or name the file by it")
    return stem


def _refuse(bars: pl.DataFrame, where: Callable[[int], str]) -> None:
    """The first row with a figure that no market made."""
    for one in PRICES:
        figures = bars[one]
        for bad, said in (
            (figures.is_null(), "is missing"),
            (figures.is_nan().fill_null(value=False), "is NaN, not a number"),
            (figures.is_infinite().fill_null(value=False), "is infinite"),
            ((figures <= 0).fill_null(value=False), "is {}; a price is above zero"),
        ):
            if bad.any():
                row = int(bad.arg_max() or 0)
                raise DataError(
                    f"{where(bars['row'][row])}: {one} {said.format(f'{figures[row]:g}')}"
                    if figures[row] is not None
                    else f"{where(bars['row'][row])}: {one} {said}"
                )
    volume = (bars["volume"] < 0).fill_null(value=False)
    if volume.any():
        row = int(volume.arg_max() or 0)
        raise DataError(f"{where(bars['row'][row])}: volume is {bars['volume'][row]:g}")


def _reason(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else "it is damaged"
