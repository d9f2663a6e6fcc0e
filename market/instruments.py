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
    """Instruments by symbol, in symbol order; implements `trading.ports.Instruments`."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        """DataError if a symbol is given twice."""
        self._by_symbol: dict[str, Instrument] = {}
        for instrument in sorted(instruments, key=lambda i: i.symbol):
            if instrument.symbol in self._by_symbol:
                raise DataError(f"the instrument {instrument.symbol} is given twice")
            self._by_symbol[instrument.symbol] = instrument
        self._all = tuple(self._by_symbol.values())

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
            rows = json.loads(path.read_text("utf-8"))
            return cls(_instrument(row) for row in rows)
        except (OSError, ValueError, TypeError, KeyError, ArithmeticError) as error:
            reason = str(error).splitlines()[0]
            raise DataError(f"instruments cannot be read from {path}: {reason}") from error

    def save(self, path: Path) -> None:
        """As JSON, whole or not at all."""
        rows = [{k: str(v) for k, v in asdict(one).items()} for one in self._all]
        draft = path.with_suffix(".part")
        draft.write_text(json.dumps(rows, indent=0), "utf-8")
        draft.replace(path)

    def find(self, symbol: str) -> Instrument | None:
        return self._by_symbol.get(symbol)

    def all(self) -> Sequence[Instrument]:
        return self._all


def _instrument(row: dict[str, str]) -> Instrument:
    steps = {name: Decimal(row.pop(name)) for name in ("tick", "lot", "multiplier")}
    return replace(Instrument(**row), **steps)  # type: ignore[arg-type]  # text, but for the steps
