"""What is wrong with bars that are OHLCV: repeats, broken bars, gaps, moves nobody believes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import polars as pl

from market.calendars import FIRST_YEAR
from trading.ports import Calendar

DEVIATIONS = 25.0  # robust standard deviations from which a move is told
SMALLEST = 0.05  # a log return below this is never told, however quiet the instrument
#: Splits there have been: new shares for an old one, and the other way round.
RATIOS = (1.5, 2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 40, 50, 100)
NEAR = 0.03  # how near, as a log return, a move must be to a split to look like one
WHOLE = 0.35  # and how large: 3 for 2 is 0.41
_BAR = ("symbol", "ts", "open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True)
class Told:
    """How many, and the first or the worst of them in words."""

    count: int = 0
    example: str = ""

    def __bool__(self) -> bool:
        return self.count > 0


@dataclass(frozen=True, slots=True)
class Gaps:
    """Bars the exchange's sessions want between an instrument's first and last, and lacks."""

    bars: int = 0
    runs: int = 0  # how many holes they make
    symbols: int = 0
    longest: int = 0  # bars in a row
    example: str = ""


@dataclass(frozen=True, slots=True)
class Moves:
    """Closes far from the one before, by robust z of the log return."""

    outliers: Told = Told()
    splits: Told = Told()  # those near a ratio of a split that nobody adjusted for


@dataclass(frozen=True, slots=True)
class Cleaned:
    """`bars` sorted by (symbol, ts), one a key, each holding its own open and close."""

    bars: pl.DataFrame
    repeated: Told = Told()  # the same bar again
    conflicting: Told = Told()  # another bar for the same time; the later row is kept
    broken: Told = Told()  # high or low does not hold open and close; left out


def cleaned(bars: pl.DataFrame) -> Cleaned:
    """Of rows with symbol, ts, the prices and volume, in the order of the file."""
    sorted_already = bars.select(
        (
            (pl.col("symbol") > pl.col("symbol").shift(1))
            | (
                (pl.col("symbol") == pl.col("symbol").shift(1))
                & (pl.col("ts") > pl.col("ts").shift(1))
            )
        )
        .fill_null(value=True)
        .all()
    ).item()
    repeated = conflicting = Told()
    if not sorted_already:
        bars = bars.sort("symbol", "ts", maintain_order=True)
        again = (pl.col("symbol") == pl.col("symbol").shift(-1)) & (
            pl.col("ts") == pl.col("ts").shift(-1)
        )
        alike = pl.all_horizontal(
            *(pl.col(one).eq_missing(pl.col(one).shift(-1)) for one in _BAR[2:])
        )
        marked = bars.with_columns(
            again=again.fill_null(value=False), alike=alike.fill_null(value=False)
        )
        repeated = _told(marked.filter("again", "alike"))
        conflicting = _told(marked.filter(pl.col("again") & ~pl.col("alike")))
        if repeated or conflicting:
            bars = marked.filter(~pl.col("again")).drop("again", "alike")
    held = (pl.max_horizontal("open", "close", "low") <= pl.col("high")) & (
        pl.min_horizontal("open", "close") >= pl.col("low")
    )
    broken = bars.filter(~held)
    return Cleaned(bars.filter(held) if len(broken) else bars, repeated, conflicting, _told(broken))


def _told(rows: pl.DataFrame) -> Told:
    return Told(len(rows), _named(rows) if len(rows) else "")


def _named(rows: pl.DataFrame) -> str:
    symbol, ts = rows.select("symbol", "ts").row(0)
    return f"{symbol} {stamp(ts)}"


def stamp(ts: datetime) -> str:
    """A bar's time in words: a date where it has no time of day; UTC otherwise."""
    return f"{ts:%Y-%m-%d}" if ts.hour == ts.minute == 0 else f"{ts:%Y-%m-%d %H:%M} UTC"


def step_of(timeframe: str) -> timedelta:
    """How long a bar of "15m", "1h" or "1d" lasts."""
    number, unit = int(timeframe[:-1]), timeframe[-1]
    return number * {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(1)}[unit]


def sessions_of(calendar: Calendar, first: date, last: date) -> pl.DataFrame:
    """day, open, close of the sessions the calendar knows between; what is earlier is unknown."""
    first = max(first, date(FIRST_YEAR, 1, 4))
    last = min(last, calendar.known_through)
    found = calendar.sessions(first, last) if first <= last else []
    return pl.DataFrame(
        {
            "day": [s.day for s in found],
            "open": [s.open for s in found],
            "close": [s.close for s in found],
        },
        schema={
            "day": pl.Date,
            "open": pl.Datetime("us", "UTC"),
            "close": pl.Datetime("us", "UTC"),
        },
    )


def gaps(bars: pl.DataFrame, calendar: Calendar, timeframe: str) -> Gaps:
    """Each symbol's missing bars; `bars` sorted by (symbol, ts).

    A bar's number among those the sessions want is found for every bar; where two neighbours'
    numbers are further apart than one, the bars between are missing.
    """
    if bars.is_empty():
        return Gaps()
    first, last = (t.date() for t in (bars["ts"].min(), bars["ts"].max()))  # type: ignore[union-attr]
    sessions = sessions_of(calendar, first - timedelta(4), last + timedelta(4))
    numbered = _numbered(bars, sessions, timeframe)
    nexts = pl.col("begin").shift(-1).over("symbol") - pl.col("after")
    holes = numbered.with_columns(
        missing=nexts, until=pl.col("ts").shift(-1).over("symbol")
    ).filter(pl.col("missing") > 0)
    if holes.is_empty():
        return Gaps()
    worst = holes.row(int(holes["missing"].arg_max() or 0), named=True)
    return Gaps(
        int(holes["missing"].sum()),
        len(holes),
        holes["symbol"].n_unique(),
        int(worst["missing"]),
        f"{worst['symbol']} after {stamp(worst['ts'])}",
    )


def _numbered(bars: pl.DataFrame, sessions: pl.DataFrame, timeframe: str) -> pl.DataFrame:
    """Per bar `begin`: wanted bars before it; and `after`: wanted bars up to and with it."""
    keys = bars.select("symbol", "ts")
    if timeframe.endswith("d"):
        ordinals = sessions.select(
            pl.col("day").cast(pl.Datetime("us")).dt.replace_time_zone("UTC").alias("ts"),
            pl.int_range(pl.len()).alias("begin"),
        )
        joined = keys.join(ordinals, on="ts", how="inner", maintain_order="left")
        return joined.with_columns(after=pl.col("begin") + 1)
    step = int(step_of(timeframe) / timedelta(microseconds=1))
    spans = sessions.select(
        pl.col("open"),
        pl.col("close"),
        # a last bar cut short by the close counts: 6.5 hours hold seven bars of an hour
        (-((pl.col("open") - pl.col("close")).dt.total_microseconds() // step)).alias("size"),
    ).with_columns(before=pl.col("size").cum_sum() - pl.col("size"))
    times = keys.select(pl.col("ts").unique().sort())
    placed = times.join_asof(spans, left_on="ts", right_on="open").with_columns(
        inside=(pl.col("ts") < pl.col("close")).fill_null(value=False),
        through=(pl.col("ts") - pl.col("open")).dt.total_microseconds() // step,
    )
    begin = (
        pl.when("inside")
        .then(pl.col("before") + pl.col("through"))
        .otherwise((pl.col("before") + pl.col("size")).fill_null(0))
    )
    placed = placed.select("ts", begin.alias("begin"), "inside").with_columns(
        after=pl.col("begin") + pl.col("inside").cast(pl.Int64)
    )
    return keys.join(placed, on="ts", how="left", maintain_order="left")


def moves(bars: pl.DataFrame) -> Moves:
    """Bars whose close is far from the last one's; `bars` sorted by (symbol, ts)."""
    log = pl.col("close").log()
    returns = bars.select(
        "symbol",
        "ts",
        move=log.diff().over("symbol"),
        gap=(pl.col("open").log() - log.shift(1)).over("symbol"),
    )
    middle = pl.col("move").median().over("symbol")
    spread = (pl.col("move") - middle).abs().median().over("symbol").clip(lower_bound=1e-4)
    far = returns.filter(
        (pl.col("move").abs() > SMALLEST)
        & ((pl.col("move") - middle).abs() * 0.6745 / spread > DEVIATIONS)
    )
    whole = returns.filter(pl.col("gap").abs() > WHOLE)
    alike = whole.filter(
        pl.any_horizontal(
            *((pl.col("gap").abs() - pl.lit(ratio).log()).abs() < NEAR for ratio in RATIOS)
        )
        & ((pl.col("move") - pl.col("gap")).abs() < 0.15)  # it stayed there that session
    )
    return Moves(_largest(far, "move"), _largest(alike, "gap"))


def _largest(rows: pl.DataFrame, by: str) -> Told:
    if rows.is_empty():
        return Told()
    worst = rows.row(int(rows[by].abs().arg_max() or 0), named=True)
    change = 100 * (2.718281828459045 ** worst[by] - 1)
    return Told(len(rows), f"{worst['symbol']} {stamp(worst['ts'])} {change:+,.0f} %")


def closed_days(bars: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Daily bars on days that are no session; days the calendar does not know are let be."""
    if bars.is_empty():
        return bars
    first, last = (t.date() for t in (bars["ts"].min(), bars["ts"].max()))  # type: ignore[union-attr]
    days = sessions_of(calendar, first, last)["day"]
    known = datetime(FIRST_YEAR, 1, 4, tzinfo=UTC)
    return bars.filter(
        (pl.col("ts") >= known)
        & (pl.col("ts").dt.date() <= calendar.known_through)
        & ~pl.col("ts").dt.date().is_in(days.implode())
    )


def late_stamps(bars: pl.DataFrame, calendar: Calendar, timeframe: str) -> list[str]:
    """A line where short bars begin with sessions' closes and never with their opens: then their
    times are likely those of their ends."""
    if timeframe.endswith("d") or bars.is_empty():
        return []
    first, last = (t.date() for t in (bars["ts"].min(), bars["ts"].max()))  # type: ignore[union-attr]
    sessions = sessions_of(calendar, first, last)
    if (sessions["open"].is_in(sessions["close"].implode())).any():
        return []  # one session runs into the next
    at_open = bars["ts"].is_in(sessions["open"].implode()).any()
    if at_open or not bars["ts"].is_in(sessions["close"].implode()).any():
        return []
    return ["times       seem to be the bars' ends, not their opens: --closing takes them so"]


def unvolumed(bars: pl.DataFrame) -> tuple[int, int]:
    """Bars in which nothing traded, and bars whose volume nobody knows."""
    zero, unknown = bars.select(
        (pl.col("volume") == 0).sum().alias("zero"), pl.col("volume").is_null().sum().alias("null")
    ).row(0)
    return int(zero), int(unknown)


def counted(number: int, noun: str) -> str:
    """1 bar, 1,204 bars."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def names(symbols: Sequence[str], shown: int = 3) -> str:
    """AAPL, MSFT, NVDA and 497 more."""
    more = len(symbols) - shown
    text = ", ".join(symbols[:shown])
    return f"{text} and {more} more" if more > 0 else text


def findings(bars: pl.DataFrame, calendar: Calendar, timeframe: str) -> list[str]:
    """What is odd about stored or storable bars, a line each; `bars` sorted by (symbol, ts)."""
    lines = []
    zero, unknown = unvolumed(bars)
    if zero:
        lines.append(f"volume      {zero:,} bars in which nothing traded")
    if unknown:
        lines.append(f"volume      {unknown:,} bars whose volume nobody knows")
    holes = gaps(bars, calendar, timeframe)
    if holes.bars:
        lines.append(
            f"gaps        {counted(holes.bars, 'bar')} missing in "
            f"{counted(holes.runs, 'gap')} of {counted(holes.symbols, 'symbol')}; "
            f"longest {holes.longest:,}, {holes.example}"
        )
    far = moves(bars)
    if far.outliers:
        lines.append(f"moves       {far.outliers.count:,} out of line: {far.outliers.example}")
    if far.splits:
        lines.append(
            f"splits      {counted(far.splits.count, 'move')} like a split nobody "
            f"adjusted for: {far.splits.example}"
        )
    return lines
