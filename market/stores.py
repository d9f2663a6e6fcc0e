"""The bar stores of all exchanges under one root."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from market.exchanges import HOME
from market.store import BarStore


@dataclass(frozen=True, slots=True)
class Stores:
    """The bar stores under one root: one an exchange and timeframe. `home` is the exchange whose
    sessions the desk keeps: its bars lie at the root, the others' in folders of their own."""

    root: Path
    home: str = HOME

    def folder(self, exchange: str) -> Path:
        if exchange == self.home:
            return self.root
        return self.root / "exchanges" / exchange.replace("/", "-")

    def store(self, exchange: str, timeframe: str = "1d") -> BarStore:
        return BarStore(self.folder(exchange), timeframe)

    def stored(self) -> Iterator[tuple[str, BarStore]]:
        """Each exchange's stores that hold a month, in order of names."""
        others = self.root / "exchanges"
        names = [p.name.replace("24-", "24/") for p in others.iterdir()] if others.is_dir() else []
        for exchange in sorted({self.home, *names}):
            bars = self.folder(exchange) / "bars"
            for folder in sorted(bars.iterdir()) if bars.is_dir() else []:
                store = self.store(exchange, folder.name)
                if store.months():
                    yield exchange, store
