"""What may be stored: bars that are OHLCV, or a DataError that names the row and the reason."""

import polars as pl

from trading.errors import DataError

_PRICES = ("open", "high", "low", "close", "volume")
SCHEMA = pl.Schema(
    [
        ("symbol", pl.String()),
        ("ts", pl.Datetime("us", "UTC")),
        *((price, pl.Float64()) for price in _PRICES),
    ]
)
_OPEN, _HIGH, _LOW, _CLOSE, _VOLUME = (pl.col(price) for price in _PRICES)

#: In the order they are told; the first that a row breaks is its reason.
_FAULTS: tuple[tuple[pl.Expr, str], ...] = (
    (pl.col("symbol").is_null() | (pl.col("symbol") == ""), "has no symbol"),
    (pl.col("symbol").str.contains(r"\s"), "has a space in its symbol"),
    (pl.col("ts").is_null(), "has no time"),
    *(
        (pl.col(c).is_null() | ~pl.col(c).is_finite(), f"has no finite {c}")
        for c in ("open", "high", "low", "close")
    ),
    (pl.min_horizontal("open", "high", "low", "close") <= 0.0, "has a price that is not positive"),
    (pl.max_horizontal(_OPEN, _CLOSE, _LOW) > _HIGH, "has a high below its open, low or close"),
    (pl.min_horizontal(_OPEN, _CLOSE) < _LOW, "has a low above its open or close"),
    (_VOLUME.is_infinite() | (_VOLUME < 0.0), "has a volume that is negative or infinite"),
)


def checked(frame: pl.DataFrame, timeframe: str) -> pl.DataFrame:
    """The seven columns in their types, sorted by (symbol, ts).

    `ts` is a Date (daily bars only) or an aware Datetime. An unknown volume (null) is stored as
    NaN. Raises DataError with the first bad row's number, key and reason; a (symbol, ts) given
    twice is one.
    """
    for column in SCHEMA:
        if column not in frame.columns:
            raise DataError(f"bars lack the column {column!r}")
    stamp = frame.schema["ts"]
    if isinstance(stamp, pl.Datetime) and stamp.time_zone is None:
        raise DataError("the column 'ts' has no time zone; bars are stamped in UTC")
    if not isinstance(stamp, pl.Datetime) and not (stamp == pl.Date and timeframe.endswith("d")):
        raise DataError(f"the column 'ts' of {timeframe} bars holds {stamp}, not UTC times")
    try:
        bars = frame.select(
            pl.col("symbol").cast(pl.String),
            pl.col("ts").dt.convert_time_zone("UTC").dt.cast_time_unit("us")
            if stamp != pl.Date
            else pl.col("ts").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            *(pl.col(c).cast(pl.Float64) for c in ("open", "high", "low", "close")),
            pl.col("volume").cast(pl.Float64).fill_null(float("nan")),
        )
    except pl.exceptions.PolarsError as error:
        raise DataError(f"bars cannot be read as OHLCV: {str(error).splitlines()[0]}") from error
    faults = _FAULTS
    if timeframe.endswith("d"):
        midnight = pl.col("ts").dt.truncate("1d")
        faults = (*faults, (pl.col("ts") != midnight, "is daily but not stamped 00:00 UTC"))
    _refuse(bars, faults)
    bars = bars.sort("symbol", "ts", maintain_order=True)
    twice = bars.select(
        again=(pl.col("symbol") == pl.col("symbol").shift(1))
        & (pl.col("ts") == pl.col("ts").shift(1))
    )["again"].arg_true()
    if len(twice):
        symbol, ts = bars.row(twice[0])[:2]
        raise DataError(f"{symbol} at {ts:%Y-%m-%d %H:%M} is given twice")
    return bars


def _refuse(bars: pl.DataFrame, faults: tuple[tuple[pl.Expr, str], ...]) -> None:
    broken = bars.select(
        pl.any_horizontal(*(fault.fill_null(False) for fault, _ in faults)).alias("broken")
    )["broken"].arg_true()
    if not len(broken):
        return
    row = bars[int(broken[0])]
    reason = next(why for fault, why in faults if row.select(fault.fill_null(False)).item())
    symbol, ts, *prices = row.row(0)
    when = f"{ts:%Y-%m-%d %H:%M}" if ts else "?"
    figures = " ".join(f"{k}={v}" for k, v in zip("OHLCV", prices, strict=True))
    more = f" ({len(broken)} such rows)" if len(broken) > 1 else ""
    raise DataError(f"row {broken[0]}, {symbol or '?'} {when} {reason}: {figures}{more}")
