"""Bringing bars in: files read, placed, checked, adjusted, merged into the store, and told of."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from folder import bars_folder, instruments_file
from market import audit, placing
from market.enrol import strangers
from market.exchanges import calendar_of, named
from market.incoming import takes
from market.instruments import InstrumentBook
from market.preparing import Prepared, Preparing, Wanted
from market.store import Merged
from market.stores import Stores
from settings import Settings
from trading.errors import ConfigError, DataError
from trading.ports import Calendar
from trading.types import Instrument

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


@dataclass(slots=True)
class Intake:
    """One import: where to, and what is known. `now` is the wall's, in UTC."""

    stores: Stores
    book: InstrumentBook
    now: datetime
    calendars: Path | None = None  # where exchanges' sessions are kept
    book_file: Path | None = None
    currency: str = "USD"
    ask: placing.Ask | None = None

    @classmethod
    def open(cls, settings: Settings, now: datetime, ask: placing.Ask | None = None) -> "Intake":
        file = instruments_file(settings)
        book = InstrumentBook.load(file) if file.exists() else InstrumentBook([])
        cache = settings.data.absolute() / "calendars" if settings.data.exists() else None
        return cls(
            Stores(bars_folder(settings), named(settings.calendar)),
            book,
            now,
            cache,
            file,
            settings.currency,
            ask,
        )

    def calendar(self, exchange: str) -> Calendar:
        return calendar_of(exchange, self.calendars)

    def preparing(self) -> Preparing:
        return Preparing(self.book, self.calendar, self.now, self.ask)

    def store(
        self,
        prepared: Sequence[Prepared],
        wanted: Wanted,
        progress: Progress | None = None,
    ) -> tuple[str, Merged]:
        """Enrol the strangers and merge the bars in, unless `wanted.dry`; the report, and what
        the bars were to those stored."""
        texts, total = [], Merged()
        groups: dict[tuple[str, str], list[Prepared]] = {}
        for one in prepared:
            groups.setdefault((one.exchange, one.timeframe), []).append(one)
        enrolled: list[Instrument] = []
        laid = {place: _laid(files) for place, files in groups.items()}
        for (exchange, _), files in groups.items():
            traits = pl.concat([one.traits for one in files], how="diagonal")
            known = self.book.with_new(enrolled)
            enrolled += strangers(traits, known, exchange, wanted.currency, self.currency)
        if enrolled and not wanted.dry and self.book_file is not None:
            if self.book_file.exists():  # another import may have enrolled meanwhile
                self.book = InstrumentBook.load(self.book_file)
            self.book = self.book.with_new(enrolled)
            self.book.save(self.book_file)
        for (exchange, timeframe), files in groups.items():
            clean = laid[exchange, timeframe]
            store = self.stores.store(exchange, timeframe)
            lines = self._lines(files, clean, exchange, timeframe)
            lines += (
                _rebased(store.read(**_span(clean.bars)).frame(), clean.bars)
                if set(store.months())
                else []
            )
            months = clean.bars["ts"].dt.strftime("%Y-%m").n_unique()
            with progress("storing", months) if progress else nullcontext(_nothing) as step:
                told = store.merge(clean.bars, dry=wanted.dry, progress=step)
            total += told
            new = [one for one in enrolled if one.calendar == exchange]
            texts.append("\n".join([*lines, *_outcome(told, new, dry=wanted.dry)]))
        return "\n".join(texts), total

    def _lines(
        self, files: Sequence[Prepared], clean: audit.Cleaned, exchange: str, timeframe: str
    ) -> list[str]:
        bars = clean.bars
        symbols = bars["symbol"].unique().sort().to_list()
        first, last = bars["ts"].min(), bars["ts"].max()
        whose = audit.counted(len(symbols), "symbol") if len(symbols) > 1 else symbols[0]
        source = files[0].file if len(files) == 1 else f"{len(files):,} files"
        lines = [
            f"{exchange} {timeframe}: {len(bars):,} bars of {whose} from {source}, "
            f"{audit.stamp(first)} to {audit.stamp(last)}"  # type: ignore[arg-type]
        ]
        lines += [f"assumed     {one}" for one in sorted({a for f in files for a in f.assumed})[:4]]
        for why in dict.fromkeys(why for one in files for why in one.left_out):
            found = [one.left_out[why] for one in files if why in one.left_out]
            lines.append(_left_out(sum(one.count for one in found), why, found[0].example))
        for told, why in (
            (clean.repeated, "in two files"),
            (clean.conflicting, "in two files, unlike"),
        ):
            if told:
                lines.append(_left_out(told.count, why, told.example))
        notes = [note for one in files for note in one.notes]
        lines += list(dict.fromkeys(notes))[:6]
        lines += audit.findings(bars, self.calendar(exchange), timeframe)
        return [lines[0], *(f"  {line}" for line in lines[1:])]


def files_of(paths: Iterable[Path]) -> list[Path]:
    """The files, and of each folder those in it that are bars by their names."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(one for one in path.iterdir() if one.is_file() and takes(one))
            if not inside:
                raise DataError(f"the folder {path} holds no CSV or Parquet")
            found += inside
        else:
            found.append(path)
    return found


def bring(
    settings: Settings,
    paths: Sequence[Path],
    wanted: Wanted,
    now: datetime,
    ask: placing.Ask | None = None,
    progress: Progress | None = None,
) -> str:
    """Import files, all or none, and say what came of it."""
    from folder import prepare

    files = files_of(paths)
    if wanted.symbol and len(files) > 1:
        raise DataError(f"--symbol names one instrument, and {len(files)} files are given")
    if not wanted.dry:
        prepare(settings)
    intake = Intake.open(settings, now, ask)
    preparing = intake.preparing()
    prepared = []
    many = len(files) > 1
    with progress("reading", len(files)) if progress and many else nullcontext(_nothing) as step:
        for n, file in enumerate(files, 1):
            prepared.append(preparing.prepare(file, wanted))
            step(n)
    return intake.store(prepared, wanted, progress)[0]


def _nothing(_: int) -> None:
    pass


def _laid(files: Sequence[Prepared]) -> audit.Cleaned:
    """One exchange's files in one frame; a bar in two files is the later file's."""
    if len(files) == 1:
        clean = audit.Cleaned(files[0].bars)
    else:
        clean = audit.cleaned(pl.concat([one.bars for one in files]))
    if clean.bars.is_empty():
        raise DataError(f"{files[0].file} has no bar that could be stored")
    return clean


def _left_out(count: int, why: str, example: str) -> str:
    return f"left out    {count:,} {why}{f': {example}' if example else ''}"


def _span(bars: pl.DataFrame) -> dict[str, Any]:
    symbols = bars["symbol"].unique().to_list()
    return {"symbols": symbols, "since": bars["ts"].min(), "until": bars["ts"].max()}


def _rebased(stored: pl.DataFrame, bars: pl.DataFrame) -> list[str]:
    """Symbols whose stored closes are all these times one factor: adjusted at another date."""
    if stored.is_empty():
        return []
    both = stored.join(bars, on=["symbol", "ts"]).with_columns(
        ratio=pl.col("close") / pl.col("close_right")
    )
    by = both.group_by("symbol").agg(
        pl.col("ratio").median().alias("factor"), pl.col("ratio").std().alias("spread"), pl.len()
    )
    found = by.filter(
        ((pl.col("factor") - 1).abs() > 0.005) & (pl.col("spread") < 0.001) & (pl.col("len") > 4)
    ).sort("symbol")
    if found.is_empty():
        return []
    s, factor = found.row(0)[:2]
    return [
        f"  rebased     {audit.counted(len(found), 'symbol')} stored {factor:g} times as high "
        f"({s}): adjusted on another day; import the whole history, or old and new do not fit"
    ]


def _outcome(told: Merged, enrolled: Sequence[Instrument], *, dry: bool) -> list[str]:
    head = "dry run     would be" if dry else "stored     "
    lines = [f"  {head} {told.added:,} new, {told.changed:,} changed, {told.same:,} as before"]
    if enrolled:
        currencies = ", ".join(sorted({one.currency for one in enrolled}))
        lines.append(
            f"  {'enrolled':<12}{audit.names([one.symbol for one in enrolled])} in {currencies}"
        )
    return lines


def status(settings: Settings, now: datetime, symbol: str = "") -> str:
    """What is stored, by exchange and timeframe; or one symbol in detail. ConfigError where
    nothing is, DataError for a symbol without a bar."""
    from market import coverage

    intake = Intake.open(settings, now)
    stores = list(intake.stores.stored())
    if not stores:
        raise no_bars(settings)
    if not symbol:
        return coverage.table(
            [coverage.coverage(e, store, intake.calendar(e), now) for e, store in stores]
        )
    lines = [
        line
        for e, store in stores
        for line in coverage.detail(symbol, e, store, intake.calendar(e), now)
    ]
    if not lines:
        near = [one.symbol for one in intake.book.all() if one.symbol.startswith(symbol[:2])]
        hint = f"; there are {audit.names(near)}" if near and symbol else ""
        raise DataError(f"no bars of {symbol} are stored{hint}")
    known = intake.book.find(symbol)
    if known is not None:
        facts = (known.name, known.sector, known.exchange, f"counted in {known.currency}")
        steps = f"tick {known.tick}, lot {known.lot}, multiplier {known.multiplier}"
        lines.insert(0, f"{symbol}: {', '.join(fact for fact in facts if fact)}; {steps}")
    return "\n".join(lines)


def no_bars(settings: Settings) -> ConfigError:
    """What `up` says where nothing was ever brought in."""
    return ConfigError(
        f"no bars in {settings.data.absolute()}: bring some with `quarterdeck data import FILE`, "
        "name a folder to watch as [imports] folder, or take the sample: `quarterdeck sample`"
    )
