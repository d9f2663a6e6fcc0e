"""The bar store: one Parquet file a month, replaced whole, read in parallel."""

import fcntl
import os
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import IO, Self

import polars as pl

from market.kept import KeptPanel
from market.ohlcv import SCHEMA, checked
from market.panel import Panel
from market.stacking import COLUMNS, Runs, stack
from trading.errors import DataError

Stamp = tuple[int, int, int]  # inode, mtime in ns, size: changes whenever a month is replaced
_MONTH = re.compile(r"\d{4}-\d{2}\.parquet")
_TIMEFRAME = re.compile(r"[1-9]\d*[mhd]")


@dataclass(frozen=True, slots=True)
class Merged:
    """What given bars are to those stored: new, other than before, or the same."""

    added: int = 0
    changed: int = 0
    same: int = 0

    def __add__(self, other: "Merged") -> "Merged":
        return Merged(
            self.added + other.added, self.changed + other.changed, self.same + other.same
        )


class BarStore:
    """Bars of one timeframe under `<root>/bars/<timeframe>/<YYYY-MM>.parquet`.

    One writer at a time (a second waits for the first) and any number of readers in any process:
    a reader sees each month as it was before or after a write, never in between. A write that
    spans months replaces them oldest first.
    """

    def __init__(self, root: Path, timeframe: str = "1d") -> None:
        if not _TIMEFRAME.fullmatch(timeframe):
            raise DataError(f"{timeframe!r} is no timeframe; say 1m, 15m, 1h or 1d")
        self.timeframe = timeframe
        self.folder = root / "bars" / timeframe
        self._kept = KeptPanel(root / "kept" / timeframe)
        self._newest: tuple[Stamp | None, datetime] | None = None

    def months(self) -> list[str]:
        """The months stored, such as "2026-02", oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(p.stem for p in self.folder.iterdir() if _MONTH.fullmatch(p.name))

    def stamp(self, month: str) -> Stamp | None:
        """What changes when that month is replaced; None if it is not stored."""
        try:
            found = self._path(month).stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    @property
    def known_through(self) -> datetime | None:
        """The newest bar's open time, UTC; None while the store is empty."""
        months = self.months()
        if not months:
            return None
        stamp = self.stamp(months[-1])
        if self._newest is None or self._newest[0] != stamp:
            with _Snapshot([self._path(months[-1])]) as snapshot:
                (frame,) = snapshot.frames(0, 1, [pl.col("ts").max()])
            self._newest = stamp, frame["ts"].item()
        return self._newest[1]

    def read(
        self,
        symbols: Collection[str] | None = None,
        since: date | None = None,
        until: date | None = None,
    ) -> Panel:
        """Bars with since <= ts <= until; a plain date means its 00:00 UTC.

        A symbol without a bar there is left out. Everything at once is kept as it was laid, and
        mapped the next time.
        """
        first, last = _utc(since), _utc(until)
        months = self._between(first, last)
        if not (symbols is None and first is None and last is None and months):
            return self._panel(months, symbols, first, last)
        version = [(month, self.stamp(month)) for month in months]
        panel = self._kept.load(version)
        if panel is None:
            panel = self._panel(months, None, None, None)
            self._kept.save(version, panel)
        return panel

    def latest(
        self, n_bars: int, until: date | None = None, symbols: Collection[str] | None = None
    ) -> Panel:
        """Each instrument's last `n_bars` bars with ts <= until, reading as few months as do.

        As many months are read as hold a twentieth more than `n_bars` different times, so an
        instrument that missed some sessions still has its bars; one that missed more, or is
        newly listed, has fewer.
        """
        last = _utc(until)
        months = self._between(None, last)
        wanted = n_bars + n_bars // 20 + 1
        taken: list[str] = []
        held = 0
        while months and held < wanted:
            # a month of daily bars holds about twenty times; of shorter bars, more
            ask = months[-max(1, (wanted - held) // 20) :]
            times = self._times(ask, last)
            while ask and held < wanted:
                held += times.pop()
                taken.append(ask.pop())
                months.pop()
        return self._panel(taken[::-1], symbols, None, last, n_bars)

    def write(self, frame: pl.DataFrame) -> int:
        """Merge bars in by (symbol, ts), replacing equal keys; how many were given.

        Nothing is written if a row is refused (DataError). On return the bars are on disk.
        """
        merged = self.merge(frame)
        return merged.added + merged.changed + merged.same

    def merge(
        self,
        frame: pl.DataFrame,
        *,
        dry: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> Merged:
        """`write`, told apart; `dry` only compares. `progress` gets the months done.

        A bar that is stored is replaced or stays, never removed; a month that would not change is
        not written.
        """
        bars = checked(frame, self.timeframe)
        named = bars.with_columns(month=pl.col("ts").dt.truncate("1mo"))
        parts = named.partition_by("month", as_dict=True, include_key=False)
        done = Merged()
        if not parts:
            return done
        with nullcontext() if dry else self._writing():
            for n, (month,) in enumerate(sorted(parts), 1):
                path = self._path(f"{month:%Y-%m}")
                whole, told = self._merged(path, parts[(month,)])
                if not dry and told.added + told.changed:
                    with _written_to(path):
                        self._replace(path, whole)
                done += told
                if progress is not None:
                    progress(n)
        return done

    def _merged(self, path: Path, new: pl.DataFrame) -> tuple[pl.DataFrame, Merged]:
        """The month with the new bars in it, and what they are to the old ones."""
        if not path.exists():
            return new, Merged(added=len(new))
        with _Snapshot([path]) as snapshot:
            (old,) = snapshot.frames(0, 1, [pl.col(c) for c in SCHEMA])
        if old["ts"].max() < new["ts"].min():  # type: ignore[operator]
            # the usual case, a session later: each symbol's bars are in order already
            whole = pl.concat([old, new]).sort("symbol", maintain_order=True)
            return whole, Merged(added=len(new))
        kept = old.join(new, on=["symbol", "ts"], how="anti")
        replaced = len(old) - len(kept)
        same = len(old.join(new, on=list(SCHEMA), how="semi", nulls_equal=True))
        whole = pl.concat([kept, new]).sort("symbol", "ts")
        return whole, Merged(len(new) - replaced, replaced - same, same)

    def _replace(self, path: Path, merged: pl.DataFrame) -> None:
        runs = Runs.of(merged["symbol"])
        fresh = _draft(path)
        with fresh.open("wb") as file:
            # lz4 reads twice as fast as zstd here, for a third more bytes
            merged.write_parquet(
                file,
                compression="lz4",
                row_group_size=len(merged),
                metadata={
                    "symbols": runs.symbols,
                    "runs": runs.written(),
                    "times": str(merged["ts"].n_unique()),
                },
            )
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)  # so that the new name is on disk too
        finally:
            os.close(folder)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with _written_to(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / ".lock").open("w")
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # released when the file closes, however we end
            yield

    def _path(self, month: str) -> Path:
        return self.folder / f"{month}.parquet"

    def _between(self, first: datetime | None, last: datetime | None) -> list[str]:
        return [
            m
            for m in self.months()
            if (first is None or m >= f"{first:%Y-%m}") and (last is None or m <= f"{last:%Y-%m}")
        ]

    def _times(self, months: Sequence[str], last: datetime | None) -> list[int]:
        """How many different times each of those months holds, up to `last`."""
        with _Snapshot([self._path(m) for m in months], _cuts(months, None, last)) as snapshot:
            return snapshot.times()

    def _panel(
        self,
        months: Sequence[str],
        symbols: Collection[str] | None,
        first: datetime | None,
        last: datetime | None,
        n: int | None = None,
    ) -> Panel:
        cuts = _cuts(months, first, last)
        if symbols is not None:
            chosen = pl.col("symbol").is_in(sorted(symbols))
            cuts = [[*cut, chosen] for cut in cuts]
        columns = [pl.col(c) for c in COLUMNS]
        with _Snapshot([self._path(m) for m in months], cuts) as snapshot:
            return stack(snapshot.runs(), lambda i, j: snapshot.frames(i, j, columns), n)


@contextmanager
def _written_to(path: Path) -> Iterator[None]:
    """DataError where the disk refuses; what was stored there stays as it was."""
    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        with suppress(OSError):
            _draft(path).unlink(missing_ok=True)
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise DataError(
            f"bars cannot be written to {path}: {reason}; free some space there, or correct who "
            "may write"
        ) from error


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.stem}.writing")


class _Snapshot:
    """Some months' files held open: every read sees the same version of each, whatever a writer
    replaces meanwhile. `cuts` are the rows wanted of each."""

    def __init__(
        self, paths: Sequence[Path], cuts: Sequence[Sequence[pl.Expr]] | None = None
    ) -> None:
        self.paths = paths
        self.cuts = cuts or [()] * len(paths)
        self._open = ExitStack()
        self._files: list[IO[bytes]] = []

    def __enter__(self) -> Self:
        with self._open:  # close what was opened if a later one cannot be
            self._files = [self._open.enter_context(path.open("rb")) for path in self.paths]
            self._open = self._open.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def frames(self, i: int, j: int, columns: Sequence[pl.Expr]) -> list[pl.DataFrame]:
        """Those columns of files i to j, read in parallel."""
        return self._collect(range(len(self.paths))[i:j], columns)

    def runs(self) -> list[Runs]:
        """Each file's symbols and their bars: from its footer, or counted where it is cut."""
        found = {
            place: Runs.parse(footer["symbols"], footer["runs"])
            for place, footer in self._footers.items()
        }
        counted = [place for place in range(len(self._files)) if place not in found]
        for place, frame in zip(counted, self._collect(counted, [pl.col("symbol")]), strict=True):
            found[place] = Runs.of(frame["symbol"])
        return [found[place] for place in range(len(self._files))]

    def times(self) -> list[int]:
        """How many different times each file holds, found likewise."""
        found = {place: int(footer["times"]) for place, footer in self._footers.items()}
        counted = [place for place in range(len(self._files)) if place not in found]
        columns = [pl.col("ts").n_unique()]
        for place, frame in zip(counted, self._collect(counted, columns), strict=True):
            found[place] = int(frame["ts"].item())
        return [found[place] for place in range(len(self._files))]

    @cached_property
    def _footers(self) -> dict[int, dict[str, str]]:
        """What `write` left in the footers of the files that are read whole."""
        found = {}
        for place, (file, cut) in enumerate(zip(self._files, self.cuts, strict=True)):
            if cut:
                continue
            file.seek(0)
            try:
                footer = pl.read_parquet_metadata(file)
            except (pl.exceptions.PolarsError, OSError) as error:
                raise self._unreadable([place], error) from error
            if footer.keys() >= {"symbols", "runs", "times"}:
                found[place] = footer
        return found

    def _collect(self, places: Sequence[int], columns: Sequence[pl.Expr]) -> list[pl.DataFrame]:
        scans = []
        try:
            for place in places:
                self._files[place].seek(0)  # polars reads on from where the file stands
                scan = pl.scan_parquet(self._files[place])
                scans.append(scan.filter(*self.cuts[place]).select(columns))
            return pl.collect_all(scans)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise self._unreadable(places, error) from error

    def _unreadable(self, places: Sequence[int], error: Exception) -> DataError:
        names = ", ".join(str(self.paths[place]) for place in places[:3])
        return DataError(f"bars cannot be read from {names}: {str(error).splitlines()[0]}")


def _cuts(
    months: Sequence[str], first: datetime | None, last: datetime | None
) -> list[list[pl.Expr]]:
    """What to leave out of each month; only the first and the last can hold too much."""
    cuts: list[list[pl.Expr]] = [[] for _ in months]
    for month, cut in zip(months, cuts, strict=True):
        if first is not None and month == f"{first:%Y-%m}":
            cut.append(pl.col("ts") >= first)
        if last is not None and month == f"{last:%Y-%m}":
            cut.append(pl.col("ts") <= last)
    return cuts


def _utc(day: date | None) -> datetime | None:
    if day is None:
        return None
    if not isinstance(day, datetime):
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    if day.tzinfo is None:
        raise DataError(f"{day} has no time zone; bars are asked for in UTC")
    return day.astimezone(UTC)
