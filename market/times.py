"""Times as other people write them: dates, times of day with and without a zone, epochs."""

import re
from collections.abc import Callable

import polars as pl

from trading.errors import DataError

Where = Callable[[int], str]  # a row's place in words: "AAPL.csv line 14"
ORDERS = ("", "dmy", "mdy")
UNITS = {"s": 1_000_000, "ms": 1_000, "us": 1, "ns": 0}  # microseconds in one; 0: divide
#: 1900 and 2100 in microseconds since 1970: what is outside is no date of a bar.
EARLIEST, LATEST = -2_208_988_800_000_000, 4_102_444_800_000_000
_NAIVE = pl.Datetime("us")
_ZONED = r"^(.*\d:\d{2}(?:\.\d+)?)\s?(Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})$"
_DAYS: tuple[tuple[str, str], ...] = (
    (r"\d{4}-\d{1,2}-\d{1,2}", "%Y-%m-%d"),
    (r"\d{4}/\d{1,2}/\d{1,2}", "%Y/%m/%d"),
    (r"\d{4}\.\d{1,2}\.\d{1,2}", "%Y.%m.%d"),
    (r"(?:19|20)\d{6}", "%Y%m%d"),
    (r"\d{1,2}-[A-Za-z]{3}-\d{4}", "%d-%b-%Y"),
    (r"\d{1,2} [A-Za-z]{3} \d{4}", "%d %b %Y"),
    (r"[A-Za-z]{3} \d{1,2}, \d{4}", "%b %d, %Y"),
    (r"\d{1,2}\.\d{1,2}\.\d{4}", "%d.%m.%Y"),
    (r"\d{1,2}/\d{1,2}/\d{4}", "slashes"),
    (r"\d{1,2}-\d{1,2}-\d{4}", "dashes"),
)
_CLOCKS: tuple[tuple[str, str], ...] = (
    (r"", ""),
    (r"[T ]\d{1,2}:\d{2}", "%H:%M"),
    (r"[T ]\d{1,2}:\d{2}:\d{2}", "%H:%M:%S"),
    (r"[T ]\d{1,2}:\d{2}:\d{2}\.\d+", "%H:%M:%S%.f"),
    (r" \d{1,2}:\d{2} ?[AaPp][Mm]", "%I:%M %p"),
    (r" \d{1,2}:\d{2}:\d{2} ?[AaPp][Mm]", "%I:%M:%S %p"),
    (r" \d{6}", "%H%M%S"),
)


def stamps(column: pl.Series, where: Where, order: str = "") -> pl.Series:
    """The column as Date (no time of day), naive Datetime[us], or Datetime[us, UTC].

    DataError with the row for what is no time, outside 1900 to 2100, written unlike the others,
    or with a zone where others have none; also for days whose order nobody can tell.
    """
    if column.dtype == pl.String:
        found = _texts(column.str.strip_chars().str.strip_chars('"'), where, order)
    elif column.dtype == pl.Date:
        found = column
    elif isinstance(column.dtype, pl.Datetime):
        found = column.dt.cast_time_unit("us")
        if column.dtype.time_zone is not None:
            found = found.dt.convert_time_zone("UTC")
    elif column.dtype.is_numeric():
        found = _epochs(column, where)
    else:
        raise DataError(f"{where(0)}: {column.name} holds {column.dtype}, which is no time")
    _refuse(column, found.is_null(), where, "is no time")
    ticks = found.cast(_NAIVE if found.dtype == pl.Date else found.dtype).cast(pl.Int64)
    _refuse(column, (ticks < EARLIEST) | (ticks >= LATEST), where, "lies outside 1900 to 2100")
    if found.dtype == _NAIVE and len(found) and (ticks % 86_400_000_000 == 0).all():
        return found.cast(pl.Date)
    return found


def _texts(text: pl.Series, where: Where, order: str) -> pl.Series:
    missing = text.is_null() | (text == "")
    _refuse(text, missing, where, "has no time", bare=True)
    if not len(text):
        return text.cast(pl.Date)
    if re.fullmatch(r"-?\d{9,19}(\.\d+)?", text[0]):
        whole = text.cast(pl.Int64, strict=False)
        return _epochs(
            whole if not whole.null_count() else text.cast(pl.Float64, strict=False), where
        )
    zoned = text.str.contains(_ZONED)
    if zoned.any() and not zoned.all():
        other = int((zoned != zoned[0]).arg_max() or 0)
        first, second = (0, other) if zoned[0] else (other, 0)
        raise DataError(
            f"{where(other)}: mixed time zones: {text[first]!r} names its zone, "
            f"{text[second]!r} none"
        )
    body, offset = text, None
    if zoned[0]:
        parts = text.str.extract_groups(_ZONED).struct.unnest()
        body, offset = parts["1"], parts["2"]
    written = _format(body, where, order)
    plain = body.str.replace("T", " ", literal=True) if "[T ]" in written[1] else body
    if " " not in written[0]:
        return plain.str.to_date(written[0], strict=False)
    found = plain.str.to_datetime(written[0], time_unit="us", strict=False)
    if offset is None:
        return found
    shifts = {one: _minutes(one) * 60_000_000 for one in offset.unique().to_list()}
    ticks = found.cast(pl.Int64) - offset.replace_strict(shifts, return_dtype=pl.Int64)
    return ticks.cast(_NAIVE).dt.replace_time_zone("UTC")


def _format(text: pl.Series, where: Where, order: str) -> tuple[str, str]:
    """How the first is written, for strptime and as a pattern; the others must be written so."""
    for day_pattern, day in _DAYS:
        for clock_pattern, clock in _CLOCKS:
            pattern = f"{day_pattern}{clock_pattern}"
            if not re.fullmatch(pattern, text[0]):
                continue
            unlike = ~text.str.contains(f"^{pattern}$")
            if unlike.any():
                row = int(unlike.arg_max() or 0)
                raise DataError(f"{where(row)}: the time {text[row]!r} is not like {text[0]!r}")
            sign = {"slashes": "/", "dashes": "-"}.get(day)
            written = _ordered(text, sign, where, order) if sign else day
            return f"{written} {clock}".strip(), clock_pattern
    raise DataError(f"{where(0)}: {text[0]!r} is no time")


def _ordered(text: pl.Series, sign: str, where: Where, order: str) -> str:
    """Which of 01/02/2024 is the month: as told, or as a number above twelve shows."""
    if order not in ORDERS:
        raise DataError(f"--dates {order!r}: say dmy (day first) or mdy (month first)")
    parts = text.str.extract_groups(rf"^(\d+){sign}(\d+){sign}").struct.unnest()
    first, second = (int(parts[n].cast(pl.Int32).max()) for n in ("1", "2"))  # type: ignore[arg-type]
    if not order:
        if first <= 12 and second <= 12:
            raise DataError(
                f"{where(0)}: {text[0]!r} may be day or month first; say --dates dmy or --dates mdy"
            )
        order = "dmy" if first > 12 else "mdy"
    return sign.join(("%d", "%m", "%Y") if order == "dmy" else ("%m", "%d", "%Y"))


def _epochs(numbers: pl.Series, where: Where) -> pl.Series:
    """Seconds, milli-, micro- or nanoseconds since 1970: the unit by which all are in our time."""
    _refuse(numbers, numbers.is_null(), where, "is no time")
    if not len(numbers):
        return numbers.cast(pl.Int64).cast(_NAIVE).dt.replace_time_zone("UTC")
    size = abs(float(numbers[0]))
    unit = "s" if size < 1e11 else "ms" if size < 1e14 else "us" if size < 1e17 else "ns"
    each = UNITS[unit]
    ticks = numbers * each if each else numbers // 1_000
    if numbers.dtype.is_integer() and each:
        bound = LATEST // each
        ticks = numbers.clip(-bound - 1, bound + 1) * each  # what is beyond is refused, not wrapped
    return ticks.cast(pl.Int64).cast(_NAIVE).dt.replace_time_zone("UTC")


def _minutes(offset: str) -> int:
    if offset in {"Z", "UTC", "GMT"}:
        return 0
    digits = offset[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return -minutes if offset[0] == "-" else minutes


def _refuse(
    column: pl.Series, bad: pl.Series, where: Where, reason: str, *, bare: bool = False
) -> None:
    bad = bad.fill_null(False)
    if bad.any():
        row = int(bad.arg_max() or 0)
        said = reason if bare else f"{str(column[row])!r} {reason}"
        raise DataError(f"{where(row)}: {said}")
