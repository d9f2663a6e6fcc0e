"""The instruments a desk may trade. Light: the bot's process loads them too."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from pathlib import Path
from typing import Self

from trading.errors import DataError
from trading.types import Instrument


class InstrumentBook:
    """Instruments by symbol, in symbol order; implements `trading.ports.Instruments`.

    One that was loaded from a file reads it again when asked for a symbol it lacks, or for all,
    after the file was replaced: an import enrols what running processes then know.
    """

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        """DataError if a symbol is given twice."""
        self._by_symbol: dict[str, Instrument] = {}
        for instrument in sorted(instruments, key=lambda i: i.symbol):
            if instrument.symbol in self._by_symbol:
                raise DataError(f"the instrument {instrument.symbol} is given twice")
            self._by_symbol[instrument.symbol] = instrument
        self._all = tuple(self._by_symbol.values())
        self._file: Path | None = None
        self._stamp = (0, 0)

    @classmethod
    def from_parquet(cls, path: Path, broker: str = "paper") -> Self:
        """US stocks from columns symbol, company_name, sector.

        The list does not say which exchange a stock is on; NYSE and NASDAQ keep the same
        sessions, so the calendar is XNYS for all.
        """
        import polars as pl

        try:
            rows = pl.read_parquet(path, columns=["symbol", "company_name", "sector"])
        except (pl.exceptions.PolarsError, OSError) as error:
            reason = str(error).splitlines()[0]
            raise DataError(f"instruments cannot be read from {path}: {reason}") from error
        return cls(
            Instrument(
                symbol=symbol,
                name=name or "",
                sector=sector or "",
                exchange="NYSE/NASDAQ",
                calendar="XNYS",
                currency="USD",
                tick=Decimal("0.01"),
                lot=Decimal(1),
                broker=broker,
            )
            for symbol, name, sector in rows.iter_rows()
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """What `save` wrote. DataError for a file that is missing or damaged."""
        try:
            stamp = _stamp(path)
            rows = json.loads(path.read_text("utf-8"))
            book = cls(_instrument(row) for row in rows)
            book._file, book._stamp = path, stamp
            return book
        except (
            *(OSError, ValueError, TypeError, KeyError, ArithmeticError),
            AttributeError,  # a row that is no object
        ) as error:
            reason = str(error).splitlines()[0]
            raise DataError(f"instruments cannot be read from {path}: {reason}") from error

    def save(self, path: Path) -> None:
        """As JSON, whole or not at all."""
        rows = [{k: str(v) for k, v in asdict(one).items()} for one in self._all]
        draft = path.with_suffix(".part")
        draft.write_text(json.dumps(rows, indent=0), "utf-8")
        draft.replace(path)

    def with_new(self, strangers: Iterable[Instrument]) -> "InstrumentBook":
        """This book and those it does not hold yet; what it holds stays as it is."""
        new = {one.symbol: one for one in strangers} | self._by_symbol
        return InstrumentBook(new.values())

    def find(self, symbol: str) -> Instrument | None:
        found = self._by_symbol.get(symbol)
        if found is None and self._again():
            return self._by_symbol.get(symbol)
        return found

    def all(self) -> Sequence[Instrument]:
        self._again()
        return self._all

    def _again(self) -> bool:
        """Whether the file was replaced and has been read again."""
        if self._file is None:
            return False
        try:
            stamp = _stamp(self._file)
        except OSError:
            return False  # what is known stays known
        if stamp == self._stamp:
            return False
        fresh = InstrumentBook.load(self._file)
        self._by_symbol, self._all, self._stamp = fresh._by_symbol, fresh._all, stamp
        return True


def _stamp(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_ino, found.st_mtime_ns


def _instrument(row: dict[str, str]) -> Instrument:
    steps = {name: Decimal(row.pop(name)) for name in ("tick", "lot", "multiplier")}
    steps["minimum"] = Decimal(row.pop("minimum", "0"))  # older files have none
    return replace(Instrument(**row), **steps)  # type: ignore[arg-type]  # text, but for the steps
