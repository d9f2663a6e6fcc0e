"""Where bars belong: their timeframe, exchange and UTC times, found from the data or told."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from market.audit import step_of
from market.exchanges import CRYPTO, FX, HOME, named
from market.incoming import Incoming
from trading.errors import DataError
from trading.ports import Calendar, Instruments

Ask = Callable[[str], str]  # a question to the person at the terminal, "" where there is none
DAY = timedelta(1)
COINS = ("USDT", "USDC", "BUSD", "FDUSD", "TUSD", "DAI")
_CODES = (
    "USD EUR GBP JPY CHF AUD NZD CAD SEK NOK DKK HKD SGD ZAR MXN TRY PLN CNH CZK HUF INR "
    "XAU XAG XPT XPD"
)
MONEY = frozenset(_CODES.split())
_UTC = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True)
class Assumed:
    """What was found, and why it was taken for that: "" where it was told."""

    value: str
    why: str = ""


def in_order(bars: pl.DataFrame) -> pl.DataFrame:
    """By symbol and stamp; rows of one time stay in the order of the file."""
    same = pl.col("symbol") == pl.col("symbol").shift(1)
    good = (pl.col("symbol") > pl.col("symbol").shift(1)) | (
        same & (pl.col("stamp") >= pl.col("stamp").shift(1))
    )
    if bars.select(good.fill_null(value=True).all()).item():
        return bars
    return bars.sort("symbol", "stamp", maintain_order=True)


def timeframe_of(incoming: Incoming, given: str = "") -> Assumed:
    """The time between neighbouring bars; `incoming.bars` as `in_order` leaves them.

    DataError where bars lie closer than the timeframe told, or weeks apart.
    """
    bars, file = incoming.bars, incoming.file
    daily = bars["stamp"].dtype == pl.Date
    steps = bars.select(
        "symbol",
        "stamp",
        step=pl.col("stamp").cast(pl.Datetime("us")).diff().over("symbol"),
    ).filter(pl.col("step") > timedelta(0))
    if given:
        step = step_of(given) if given[-1:] in "mhd" and given[:-1].isdigit() else None
        if step is None:
            raise DataError(f"{given!r} is no timeframe; say 1m, 15m, 1h or 1d")
        found = Assumed(given)
    elif steps.is_empty():
        if not daily:
            raise DataError(
                f"{file} has one bar a symbol, so its timeframe cannot be found; say --timeframe"
            )
        return Assumed("1d", "dates without a time")
    else:
        counts = steps["step"].value_counts().sort("count", "step", descending=[True, False])
        step, often = counts.row(0)
        least = counts.filter(pl.col("count") >= 0.05 * len(steps))["step"].min()
        step = min(step, least)
        found = Assumed(_named(step, daily, file), f"{often:,} of {len(steps):,} steps")
        step = step_of(found.value)
    slack = timedelta(hours=1) if step >= DAY else timedelta(0)  # a day of 23 hours, in spring
    close = steps.filter(pl.col("step") < step - slack)
    if len(close):
        symbol, stamp, apart = close.row(0)
        seconds = int(apart.total_seconds())
        near = f"{seconds // 60} minutes" if seconds % 60 == 0 else f"{seconds} seconds"
        raise DataError(
            f"{file}: {symbol} has two bars {near} apart at {stamp}, too close for {found.value}"
        )
    if daily and not found.value.endswith("d"):
        raise DataError(f"{file} has dates without a time, so its bars are not {found.value}")
    return found


def _named(step: timedelta, daily: bool, file: str) -> str:
    if step >= 5 * DAY:
        what = "a week" if step < 20 * DAY else "a month" if step < 80 * DAY else "a quarter"
        raise DataError(
            f"{file} has bars of {what}: import daily ones, longer ones are made of them"
        )
    if daily or step >= timedelta(hours=23):
        return "1d"
    minutes, seconds = divmod(int(step.total_seconds()), 60)
    if seconds or not minutes:
        raise DataError(f"{file} has bars of {step.total_seconds():g} s; the shortest kept are 1m")
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"


def zoned(incoming: Incoming, timeframe: str, zone: str, ask: Ask | None) -> pl.Series:
    """The stamps as Date or UTC; asks for the zone of times that have none and need one.

    When clocks go back, an hour comes twice: the first row of a time is the earlier.
    """
    bars, stamp = incoming.bars, incoming.bars["stamp"]
    if stamp.dtype in (pl.Date, _UTC):
        return stamp
    if timeframe.endswith("d"):
        return stamp.cast(pl.Date)  # the day is told, whatever the hour
    if not zone and ask is not None:
        zone = ask(f"{incoming.file}: in which time zone is {stamp[0]:%Y-%m-%d %H:%M}?").strip()
    if not zone:
        raise DataError(
            f"{incoming.file}: times such as {stamp[0]:%Y-%m-%d %H:%M} have no zone; "
            "say --zone, such as America/New_York or UTC"
        )
    known_zone(zone)
    first = pl.struct("symbol", "stamp").is_first_distinct()
    which = pl.when(first).then(pl.lit("earliest")).otherwise(pl.lit("latest"))
    local = pl.col("stamp").dt.replace_time_zone(zone, ambiguous=which, non_existent="null")
    utc = bars.select(local.dt.convert_time_zone("UTC")).to_series()
    if utc.null_count():
        row = int(utc.is_null().arg_max() or 0)
        raise DataError(
            f"{incoming.where(bars['row'][row])}: {stamp[row]:%Y-%m-%d %H:%M} does not exist in "
            f"{zone}, where clocks went forward; is the zone right?"
        )
    return utc


def known_zone(zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(zone)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(
            f"no time zone is called {zone!r}; say one such as America/New_York or UTC"
        ) from error


def exchange_of(
    incoming: Incoming, stamp: pl.Series, timeframe: str, book: Instruments, ask: Ask | None
) -> Assumed:
    """Told by the instrument book or a column; else by weekends, names and hours of trading."""
    bars, file = incoming.bars, incoming.file
    symbols = bars["symbol"].unique().sort().to_list()
    known = {found.calendar for one in symbols if (found := book.find(one)) is not None}
    if "exchange" in bars.columns:
        told = {named(one) for one in bars["exchange"].drop_nulls().unique().to_list() if one}
        if len(told) == 1:
            return Assumed(told.pop(), "its column exchange")
        known |= told
    if len(known) > 1:
        raise DataError(
            f"{file} has bars of several exchanges ({', '.join(sorted(known))}): split it, "
            "since each has its own store"
        )
    if known:
        return Assumed(known.pop(), "the instrument book")
    days = stamp.dt.weekday()
    weekends = all(int((days == day).sum()) > 0.05 * len(days) for day in (6, 7))
    if weekends or all(_coin(one) for one in symbols):
        return Assumed(CRYPTO, "bars on weekends" if weekends else "coins by name")
    if all(_pair(one) for one in symbols):
        return Assumed(FX, "pairs of currencies")
    if timeframe.endswith("d"):
        if stamp.dt.weekday().max() < 6:  # type: ignore[operator]
            return Assumed(HOME, "daily, no weekends")
    else:
        hours = stamp.dt.convert_time_zone("America/New_York").dt.hour()
        if hours.min() >= 4 and hours.max() < 20:  # type: ignore[operator]
            return Assumed(HOME, "New York's hours")
    said = ask(f"{file}: on which exchange is {symbols[0]} traded (XNYS, 24/7 …)?") if ask else ""
    if said.strip():
        return Assumed(named(said))
    raise DataError(
        f"{file}: nobody knows where {symbols[0]} is traded; say --exchange, such as XNYS or XNSE, "
        "24/7 for crypto, 24/5 for foreign exchange"
    )


def quoted_in(symbol: str, exchange: str) -> str:
    """What a coin or a pair is counted in, by its name; "" where the name does not tell."""
    plain = (
        symbol.rpartition(":")[2].upper().removesuffix("-PERP").replace("/", "").replace("_", "")
    )
    plain = plain.replace("-", "")
    if exchange == CRYPTO:
        ends = (*COINS, "USD", "EUR", "GBP", "TRY", "JPY", "BTC", "ETH", "BNB")
        return next((end for end in ends if plain.endswith(end) and plain != end), "")
    return plain[3:] if exchange == FX and _pair(symbol) else ""


def _coin(symbol: str) -> bool:
    plain = symbol.upper()
    return plain.endswith((*COINS, "-PERP", "/BTC")) or plain.startswith(
        ("BINANCE:", "COINBASE:", "BYBIT:", "KRAKEN:")
    )


def _pair(symbol: str) -> bool:
    plain = symbol.upper().replace("/", "").replace("_", "")
    return len(plain) == 6 and {plain[:3], plain[3:]} <= MONEY


def dated(stamp: pl.Series, timeframe: str, exchange: str, calendar: Calendar) -> pl.Series:
    """UTC times; of daily bars the session's date at 00:00, as the store keeps them."""
    if stamp.dtype == _UTC and timeframe.endswith("d"):
        midnight = stamp.dt.truncate("1d") == stamp
        if not midnight.all():
            local = stamp.dt.convert_time_zone(calendar.zone)
            # the day of foreign exchange begins at 17:00 in New York, the evening before
            stamp = (local.dt.offset_by("7h") if exchange == FX else local).dt.date()
    if stamp.dtype == pl.Date:
        stamp = stamp.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return stamp


def without_sundays(bars: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Daily FX bars cut at midnight UTC have a short Sunday: it becomes part of Monday's bar."""
    sunday = bars["ts"].dt.weekday() == 7
    folded = int(sunday.sum())
    if not folded:
        return bars, 0
    moved = bars.with_columns(
        ts=pl.when(sunday).then(pl.col("ts").dt.offset_by("1d")).otherwise("ts")
    )
    rest = [c for c in bars.columns if c not in {"symbol", "ts", "open", "high", "low", "volume"}]
    total = pl.when(pl.col("volume").is_null().all()).then(None).otherwise(pl.col("volume").sum())
    return (
        moved.group_by("symbol", "ts", maintain_order=True)
        .agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            total.alias("volume"),
            *(pl.col(c).last() for c in rest),
        )
        .select(bars.columns),
        folded,
    )


def closed_by(
    bars: pl.DataFrame, timeframe: str, calendar: Calendar, now: datetime, incoming: Incoming
) -> tuple[pl.DataFrame, int]:
    """Without the bars still open at `now`, and how many those are; DataError for the future's."""
    later = bars.filter(pl.col("ts") > now + timedelta(hours=14))
    if len(later):
        row = later.row(0, named=True)
        raise DataError(
            f"{incoming.where(row['row'])}: {row['ts']:%Y-%m-%d} lies in the future; "
            f"it is {now:%Y-%m-%d} UTC"
        )
    if not timeframe.endswith("d"):
        open_still = bars["ts"] + step_of(timeframe) > now
    else:
        open_still = bars["ts"].dt.date().is_in(_open_days(calendar, now))
    left = int(open_still.sum())
    return (bars.filter(~open_still), left) if left else (bars, 0)


def _open_days(calendar: Calendar, now: datetime) -> list[date]:
    days: Iterable[date] = (now.date() + timedelta(n) for n in (-1, 0, 1))
    found = [s for day in days if (s := calendar.session_on(day)) is not None]
    return [s.day for s in found if s.close > now]
