"""One file of bars made ready for the store: read, placed, cleaned, adjusted, or refused."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import polars as pl

from market import actions, audit, placing
from market.audit import Told
from market.columns import TRAITS
from market.exchanges import FX, named
from market.incoming import PRICES, Incoming, read
from market.ohlcv import SCHEMA
from trading.errors import DataError
from trading.ports import Calendar, Instruments

#: Files with more of their bars wrong than this are not what they seem, and refused.
FEW = 0.01
LONGEST = 32  # characters of a symbol
LAST_CLOSES = 200  # a new instrument's price step is found from so many


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an import was told; "" is found from the data, or asked for."""

    symbol: str = ""
    timeframe: str = ""
    zone: str = ""
    exchange: str = ""
    currency: str = ""
    dates: str = ""  # dmy or mdy
    actions: str = ""  # a file of splits and dividends
    adjusted: bool = False  # scale by the file's own adjusted close
    dry: bool = False
    closing: bool = False  # times are the bars' closes, not their opens


@dataclass(frozen=True, slots=True)
class Prepared:
    """One file's bars as they would be stored, and what was found on the way."""

    file: str
    exchange: str
    timeframe: str
    bars: pl.DataFrame
    assumed: tuple[str, ...]
    left_out: dict[str, Told]
    notes: tuple[str, ...]
    traits: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Preparing:
    """What is known of the world while files are read. `now` is the wall's, in UTC."""

    book: Instruments
    calendar: Callable[[str], Calendar]  # of an exchange; DataError for one nobody knows
    now: datetime
    ask: placing.Ask | None = None
    _tables: dict[str, pl.DataFrame] = field(default_factory=dict)  # of actions, by file

    def prepare(self, path: Path, wanted: Wanted) -> Prepared:
        """Read and check one file. DataError, one line with file, row and reason."""
        try:
            return self._prepare(path, wanted)
        except pl.exceptions.PolarsError as error:
            raise DataError(f"{path.name} cannot be read: {str(error).splitlines()[0]}") from error

    def _prepare(self, path: Path, wanted: Wanted) -> Prepared:
        if wanted.exchange:  # refused before a long file is read
            self.calendar(named(wanted.exchange))
        if wanted.zone:
            placing.known_zone(wanted.zone)
        _sound(wanted)
        incoming = read(path, wanted.symbol, wanted.dates)
        _named(incoming)
        incoming = _ordered(incoming)
        timeframe = placing.timeframe_of(incoming, wanted.timeframe)
        stamp = placing.zoned(incoming, timeframe.value, wanted.zone, self.ask)
        exchange = self._exchange(incoming, stamp, timeframe.value, wanted)
        calendar = self.calendar(exchange.value)
        ts = placing.dated(stamp, timeframe.value, exchange.value, calendar)
        if wanted.closing and not timeframe.value.endswith("d"):
            ts = ts - audit.step_of(timeframe.value)
        bars = incoming.bars.with_columns(ts=ts)
        left: dict[str, Told] = {}
        notes = []
        if exchange.value == FX and timeframe.value == "1d":
            bars, folded = placing.without_sundays(bars)
            if folded:
                notes.append(f"sundays     {folded:,} made part of the Monday after")
        bars, unfinished = placing.closed_by(bars, timeframe.value, calendar, self.now, incoming)
        left["not finished yet"] = Told(unfinished)
        left["without any price"] = Told(incoming.bare)
        clean = audit.cleaned(bars)
        _refuse_masses(incoming, clean, len(bars))
        bars = clean.bars
        left["given twice"] = clean.repeated
        left["given twice with other figures, the later row kept"] = clean.conflicting
        left["whose high or low does not hold open and close"] = clean.broken
        if timeframe.value.endswith("d"):
            bars, left[f"on days {exchange.value} was closed"] = self._in_session(
                bars, calendar, incoming, exchange.value
            )
        notes += audit.late_stamps(bars, calendar, timeframe.value)
        bars, more = self._adjusted(bars, timeframe.value, wanted, incoming)
        traits = [c for c in bars.columns if c in TRAITS]
        return Prepared(
            incoming.file,
            exchange.value,
            timeframe.value,
            bars.select(SCHEMA.names()),
            tuple(f"{one.value} ({one.why})" for one in (exchange, timeframe) if one.why),
            {why: told for why, told in left.items() if told},
            (*notes, *more),
            bars.group_by("symbol", maintain_order=True).agg(
                pl.col("close").tail(LAST_CLOSES), *(pl.col(c).last() for c in traits)
            ),
        )

    def _exchange(
        self, incoming: Incoming, stamp: pl.Series, timeframe: str, wanted: Wanted
    ) -> placing.Assumed:
        if not wanted.exchange:
            return placing.exchange_of(incoming, stamp, timeframe, self.book, self.ask)
        told = named(wanted.exchange)
        for symbol in incoming.bars["symbol"].unique().sort().to_list():
            known = self.book.find(symbol)
            if known is not None and known.calendar != told:
                raise DataError(
                    f"{incoming.file}: {symbol} is kept as an instrument of {known.calendar}, "
                    f"not {told}; name it differently, such as {symbol}.{told}"
                )
        return placing.Assumed(told)

    def _in_session(
        self, bars: pl.DataFrame, calendar: Calendar, incoming: Incoming, exchange: str
    ) -> tuple[pl.DataFrame, Told]:
        closed = audit.closed_days(bars, calendar)
        if closed.is_empty():
            return bars, Told()
        days = closed["ts"].unique().sort()
        every = bars["ts"].n_unique()
        if len(days) > max(2, FEW * every):
            first = days[0]
            raise DataError(
                f"{incoming.file}: {len(days):,} of its {every:,} days were no session of "
                f"{exchange} ({first:%Y-%m-%d} the first); say --exchange, such as XNSE or 24/7"
            )
        example = ", ".join(f"{day:%Y-%m-%d}" for day in days[:2].to_list())
        return bars.join(closed, on=["symbol", "ts"], how="anti", maintain_order="left"), Told(
            len(closed), example
        )

    def _adjusted(
        self, bars: pl.DataFrame, timeframe: str, wanted: Wanted, incoming: Incoming
    ) -> tuple[pl.DataFrame, list[str]]:
        if wanted.actions and wanted.adjusted:
            raise DataError("--actions and --adjusted both adjust: say one of them")
        if wanted.adjusted:
            if "adjusted_close" not in bars.columns:
                raise DataError(f"{incoming.file} has no column for the adjusted close")
            bad = bars.filter(~(pl.col("adjusted_close").fill_null(0) > 0))
            if len(bad):
                raise DataError(
                    f"{incoming.where(bad['row'][0])}: adjusted_close is not above zero"
                )
            # one factor for all four, so that high and low still hold open and close
            factor = pl.col("adjusted_close") / pl.col("close")
            scaled = [(pl.col(c) * factor).alias(c) for c in PRICES]
            return bars.with_columns(scaled), [
                "adjusted    by the file's adjusted close; volume as it is"
            ]
        if not wanted.actions:
            return bars, _unadjusted(bars)
        if not timeframe.endswith("d"):
            raise DataError(f"{incoming.file}: actions adjust daily bars, not {timeframe}")
        table = self._tables.get(wanted.actions)
        if table is None:
            path = Path(wanted.actions).expanduser()
            table = self._tables[wanted.actions] = actions.read_actions(
                path, wanted.symbol, wanted.dates
            )
        done = actions.adjusted(bars, table, incoming.file)
        return done.bars, [
            f"adjusted    for {audit.counted(done.splits, 'split')} and "
            f"{audit.counted(done.dividends, 'dividend')}"
        ]


def _ordered(incoming: Incoming) -> Incoming:
    bars = placing.in_order(incoming.bars)
    return Incoming(incoming.file, bars, incoming.where, named=incoming.named, bare=incoming.bare)


def _refuse_masses(incoming: Incoming, clean: audit.Cleaned, rows: int) -> None:
    few = max(2, FEW * rows)
    if clean.conflicting.count > few:
        raise DataError(
            f"{incoming.file}: {clean.conflicting.count:,} times come twice with other figures "
            f"({clean.conflicting.example}): "
            + ("which are right?" if incoming.named else "it holds more than one symbol, unnamed")
        )
    if clean.broken.count > few:
        raise DataError(
            f"{incoming.file}: in {clean.broken.count:,} of {rows:,} bars high or low does not "
            f"hold open and close ({clean.broken.example}), so this is no OHLCV"
        )


def _unadjusted(bars: pl.DataFrame) -> list[str]:
    if "adjusted_close" not in bars.columns:
        return []
    other = ((bars["adjusted_close"] / bars["close"] - 1).abs() > 1e-4).sum()
    if not other:
        return []
    return [
        f"unadjusted  prices as given; {other:,} have another adjusted close (--adjusted takes it)"
    ]


def _sound(wanted: Wanted) -> None:
    """DataError for what was said in words nobody has."""
    if wanted.dates not in ("", "dmy", "mdy"):
        raise DataError(f"dates are dmy or mdy, not {wanted.dates[:20]!r}")
    if wanted.currency and not re.fullmatch("[A-Za-z]{3,5}", wanted.currency):
        raise DataError(f"{wanted.currency[:20]!r} is no currency; say one such as USD")


def _named(incoming: Incoming) -> None:
    """DataError before anything is enrolled under a name that cannot be kept or typed."""
    symbols = incoming.bars["symbol"].unique().drop_nulls()
    odd = symbols.filter(
        symbols.str.contains(r"[\s\p{C}]") | (symbols.str.len_chars() > LONGEST)
    ).sort()
    if len(odd):
        raise DataError(
            f"{incoming.file}: {odd[0][:LONGEST]!r} is no symbol, which is at most {LONGEST} "
            "characters without a space; say --symbol"
        )
