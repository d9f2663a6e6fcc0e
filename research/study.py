"""One question asked of the bars, and the digest that names it: same question, same answers."""

import inspect
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import numpy as np

from market.panel import PRICES, Panel
from research.course import Terms
from research.windows import Fold, Window
from trading.bars import Strategy

ROOT = Path(__file__).resolve().parent.parent
FORMAT = 1  # of what an evaluation means; raised when the same question would be answered anew


@dataclass(frozen=True, slots=True)
class Study:
    """Everything an evaluation depends on besides its parameters; JSON-able.

    `source` is the digest of the code that decides, `data` of the bars themselves, so a study
    means the same on any machine. `base` are the parameters that no axis changes, `first` and
    `last` the days whose bars were read.
    """

    strategy: str
    timeframe: str
    source: str
    data: str
    symbols: tuple[str, ...]  # () is every instrument of the store
    first: date
    last: date
    folds: tuple[Fold, ...]
    terms: Terms

    @property
    def digest(self) -> str:
        """Sixteen hex digits that change with anything that could change a result."""
        text = json.dumps([FORMAT, np.__version__, self.to_json()], sort_keys=True)
        return sha256(text.encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self), default=date.isoformat))
        return plain

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Self:
        def window(part: dict[str, str]) -> Window:
            return Window(date.fromisoformat(part["first"]), date.fromisoformat(part["end"]))

        folds = tuple(
            Fold(int(part["number"]), window(part["train"]), window(part["test"]))
            for part in plain["folds"]
        )
        curve = tuple((price, share) for price, share in plain["terms"].get("curve", ()))
        given = plain | {
            "symbols": tuple(plain["symbols"]),
            "first": date.fromisoformat(plain["first"]),
            "last": date.fromisoformat(plain["last"]),
            "folds": folds,
            "terms": Terms(**plain["terms"] | {"curve": curve}),
        }
        return cls(**given)


def digest_of_bars(panel: Panel) -> str:
    """The same for the same bars wherever they are stored; 30 MB take about 30 ms."""
    digest = sha256(json.dumps(panel.symbols).encode())
    for column in ("offsets", "ts", *PRICES):
        digest.update(np.ascontiguousarray(getattr(panel, column)).view(np.uint8).data)
    return digest.hexdigest()[:16]


def until(panel: Panel, last: date) -> Panel:
    """The panel without the bars after that day."""
    kept = panel.ts <= np.datetime64(last, "us")
    if kept.all():
        return panel
    offsets = np.concatenate([[0], np.cumsum(kept)])[panel.offsets]
    return Panel(panel.symbols, offsets, *(getattr(panel, c)[kept] for c in ("ts", *PRICES)))


def source_of(strategy: Strategy) -> str:
    """The digest of the strategy's file and its neighbours, and of the code that evaluates it."""
    ours = (ROOT / name for name in ("indicators", "strategies", "research"))
    own = Path(inspect.getfile(type(strategy))).resolve().parent
    return digest_of_source(dict.fromkeys([own, *ours]))


def digest_of_source(folders: Iterable[Path]) -> str:
    """Of every Python file directly in those folders, by name and text."""
    digest = sha256()
    for folder in folders:
        for file in sorted(folder.glob("*.py")):
            digest.update(f"{file.name}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
