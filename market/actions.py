"""Splits and dividends: a table of them, and bars adjusted back for it.

After CRSP, whose return of an ex-date is (close + dividend) x split / close before - 1: the last
price stays as it is, and every price before an ex-date is multiplied by
close / (close + dividend) / split with that date's close, so that returns between adjusted closes
are those returns. Volume before it is multiplied by the split. A dividend is per share as traded on
its ex-date; a split counts new shares for an old one. (CRSP, "Data Definitions": total return.)
"""

import re
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from market.columns import recognised
from market.times import stamps
from trading.errors import DataError

#: A split that the price did not follow by at least half its logarithm was adjusted for already.
FOLLOWED = 0.5
MATTERS = 0.2  # logarithm of a ratio from which the price can tell
_RATIO = re.compile(r"(\d+(?:\.\d+)?)\s*(?::|/|-?for-?|to)\s*(\d+(?:\.\d+)?)", re.IGNORECASE)
_SCHEMA = {"symbol": pl.String, "day": pl.Date, "dividend": pl.Float64, "split": pl.Float64}


@dataclass(frozen=True, slots=True)
class Adjusted:
    bars: pl.DataFrame
    splits: int
    dividends: int
    outside: int  # of symbols or days that these bars do not have


def read_actions(path: Path, symbol: str = "", dates: str = "") -> pl.DataFrame:
    """symbol, day (ex-date), dividend (per share, 0 none), split (1 none), one row a day.

    A split is new shares for an old one: 4, "4:1", "4 for 1"; 0.125 or "1:8" is a reverse one.
    DataError for a table that can be read in two ways.
    """
    name = path.name
    try:
        if name.lower().endswith((".parquet", ".pq")):
            raw, first = pl.read_parquet(path), 1
        else:
            raw, first = pl.read_csv(path, infer_schema=False), 2
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = (str(error).strip() or "damaged").splitlines()[0]
        raise DataError(f"the actions {path} cannot be read: {reason}") from error
    columns = recognised(raw.columns, name)

    def where(row: int) -> str:
        return f"{name} {'line' if first == 2 else 'row'} {row + first}"

    if "ts" not in columns or not columns.keys() & {"dividend", "split"}:
        raise DataError(
            f"{name} is no table of actions: it wants symbol, date and dividend or split"
        )
    if "symbol" not in columns and not symbol:
        raise DataError(f"{name} names no symbol, so nobody can tell whose these actions are")
    days = stamps(raw[columns["ts"]], where, dates)
    table = pl.DataFrame(
        {
            "row": pl.int_range(len(raw), eager=True),
            "symbol": raw[columns["symbol"]].cast(pl.String).str.strip_chars()
            if "symbol" in columns
            else pl.repeat(symbol, len(raw), dtype=pl.String, eager=True),
            "day": days.cast(pl.Date),
            **{
                one: _figures(raw[columns[one]], where)
                if one in columns
                else pl.repeat(0.0, len(raw), dtype=pl.Float64, eager=True)
                for one in ("dividend", "split")
            },
        }
    ).with_columns(split=pl.when(pl.col("split") == 0).then(1.0).otherwise("split"))
    wrong = table.filter((pl.col("dividend") < 0) | (pl.col("split") < 0))
    if len(wrong):
        raise DataError(f"{where(wrong['row'][0])}: a dividend or split is not above zero")
    table = table.filter((pl.col("dividend") != 0) | (pl.col("split") != 1))
    told = table.unique(["symbol", "day", "dividend", "split"], maintain_order=True)
    for one, none in (("split", 1.0), ("dividend", 0.0)):
        two = told.filter(pl.col(one) != none).filter(pl.struct("symbol", "day").is_duplicated())
        if len(two):
            s, d, row = two["symbol"][1], two["day"][1], two["row"][1]
            values = " and ".join(f"{v:g}" for v in two.filter(symbol=s, day=d)[one].to_list()[:2])
            raise DataError(f"{where(row)}: {s} has two {one}s on {d}, {values}: which is it?")
    return (
        told.group_by("symbol", "day")
        .agg(pl.col("dividend").sum(), pl.col("split").product())
        .sort("symbol", "day")
    )


def adjusted(bars: pl.DataFrame, actions: pl.DataFrame, file: str) -> Adjusted:
    """Daily `bars` (sorted by symbol, ts; DataError for shorter ones' days is the caller's).

    DataError where the price says that a split is in the bars already or is upside down, and for a
    dividend that is not below the close before it.
    """
    keys = bars.select(
        "symbol", "ts", "open", "close", before=pl.col("close").shift(1).over("symbol")
    )
    days = keys.with_columns(day=pl.col("ts").dt.date())
    # an action on a day without a bar counts from the next one
    placed = actions.sort("day").join_asof(
        days.sort("day"), on="day", by="symbol", strategy="forward", check_sortedness=False
    )
    inside = placed.filter(pl.col("before").is_not_null())
    _refuse(inside, file)
    factors = (
        inside.with_columns(
            part=pl.col("close") / (pl.col("close") + pl.col("dividend")) / pl.col("split"),
        )
        .group_by("symbol", "ts")
        .agg(pl.col("part").product(), pl.col("split").product())
    )
    marked = bars.join(factors, on=["symbol", "ts"], how="left", maintain_order="left")
    # a bar's factor is the product of those that came after it
    backwards = {
        one: pl.col(one)
        .fill_null(1.0)
        .shift(-1, fill_value=1.0)
        .cum_prod(reverse=True)
        .over("symbol")
        for one in ("part", "split")
    }
    done = marked.with_columns(
        **{one: pl.col(one) * backwards["part"] for one in ("open", "high", "low", "close")},
        volume=pl.col("volume") * backwards["split"],
    ).select(bars.columns)
    return Adjusted(
        done,
        int((inside["split"] != 1).sum()),
        int((inside["dividend"] > 0).sum()),
        len(actions) - len(inside),
    )


def _refuse(inside: pl.DataFrame, file: str) -> None:
    large = inside.filter(pl.col("dividend") >= pl.col("before") / pl.col("split"))
    if len(large):
        row = large.row(0, named=True)
        raise DataError(
            f"{file}: {row['symbol']} {row['day']}: a dividend of {row['dividend']:g} is not below "
            f"the close before it, {row['before']:g}; is it per share, in the same currency?"
        )
    ratio = pl.col("split").log()
    fell = (pl.col("before") / pl.col("open")).log()
    told = inside.filter(ratio.abs() > MATTERS).with_columns(share=fell / ratio)
    for bad, said in (
        (pl.col("share") < -FOLLOWED, "the price went the other way: is the ratio upside down?"),
        (
            pl.col("share") < FOLLOWED,
            "the price did not follow it, so the bars are adjusted already",
        ),
    ):
        found = told.filter(bad)
        if len(found):
            row = found.row(0, named=True)
            raise DataError(
                f"{file}: {row['symbol']} {row['day']}: a split of {row['split']:g}, but {said} "
                f"({row['before']:g} before, {row['open']:g} after)"
            )


def _figures(column: pl.Series, where: object) -> pl.Series:
    if column.dtype.is_numeric():
        return column.cast(pl.Float64).fill_null(0.0).fill_nan(0.0)
    values = []
    for row, text in enumerate(column.cast(pl.String).to_list()):
        values.append(_figure((text or "").strip(), column.name, row, where))
    return pl.Series(column.name, values, pl.Float64)


def _figure(text: str, name: str, row: int, where: object) -> float:
    assert callable(where)
    if text.lower() in {"", "null", "none", "nan", "n/a", "-"}:
        return 0.0
    ratio = _RATIO.fullmatch(text)
    try:
        if ratio is not None:
            new, old = (float(part) for part in ratio.groups())
            return new / old
        return float(text.removeprefix("$"))
    except (ValueError, ZeroDivisionError):
        raise DataError(f"{where(row)}: {name} is {text!r}, which is no number") from None
