"""A whole panel kept as plain columns beside the months, and mapped back instead of laid again.

A cache: it may be deleted at any time. Every process that maps it shares one copy in memory.
"""

import json
import shutil
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

from market.panel import PRICES, Panel

COLUMNS = ("offsets", "ts", *PRICES)


@dataclass(frozen=True, slots=True)
class KeptPanel:
    """One panel under `folder`, good for one version of the months."""

    folder: Path

    def load(self, version: object) -> Panel | None:
        """The panel of that version of the months, mapped read-only; None where it is not kept."""
        place = self._place(version)
        try:
            symbols = tuple(json.loads((place / "symbols.json").read_text("utf-8")))
            arrays = [np.load(place / f"{name}.npy", mmap_mode="r") for name in COLUMNS]
        except (OSError, ValueError):  # not kept, or being removed by a writer's next reader
            return None
        return Panel(symbols, *(np.asarray(array) for array in arrays))

    def save(self, version: object, panel: Panel) -> None:
        """Keep it in place of any other version. A disk that has no room is no error."""
        place = self._place(version)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            draft = Path(mkdtemp(prefix=".writing-", dir=self.folder))
        except OSError:
            return
        try:
            (draft / "symbols.json").write_text(json.dumps(panel.symbols), "utf-8")
            for name in COLUMNS:
                np.save(draft / f"{name}.npy", getattr(panel, name))
            draft.rename(place)
        except OSError:  # another process was first, or the disk is full
            shutil.rmtree(draft, ignore_errors=True)
            return
        for other in self.folder.iterdir():
            if other != place:
                shutil.rmtree(other, ignore_errors=True)

    def _place(self, version: object) -> Path:
        return self.folder / sha256(repr(version).encode()).hexdigest()[:24]
