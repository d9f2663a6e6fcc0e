"""How long a picture takes: ours against the same figure through pyplot, saved tight.

Each in a process of its own that has rehearsed (`warm`), as the drawing process does when it
starts: its first picture, then ours and theirs in turn. Both get the spec as it is stored and show
the same facts, 1200 px wide. The alternative draws bodies and bars as collections too, which is
its best case: with `Axes.bar` it takes a third to a half longer.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from statistics import median
from typing import Any

from benchmarks.apart import apart
from benchmarks.line import Line, table

ROUNDS = 9


@dataclass(frozen=True, slots=True)
class Drawn:
    first: float  # ms, as all here
    ours: float
    theirs: float
    kilobytes: float
    pages: int


async def _drawn(name: str) -> Drawn:
    import matplotlib as mpl
    from PIL import Image

    mpl.use("agg")
    from benchmarks import pyplot
    from benchmarks.figures import FIGURES
    from charts import draw, warm

    kind, make = FIGURES[name]
    spec = make()
    stored = spec.to_json()
    warm()
    mine = partial(draw, kind, stored)
    theirs: Callable[[], Any] = partial(getattr(pyplot, kind), spec)
    first, saved = _ms(mine), mine()
    pages = saved.count(b"/Type /Page ") if kind == "report" else 1
    if kind != "report":
        with Image.open(BytesIO(saved)) as picture:
            assert picture.width == 1_200, f"{name} is {picture.width} px wide"
        assert len(saved) <= 120_000, f"{name} has {len(saved)} bytes"
    theirs()
    rounds = [(_ms(mine), _ms(theirs)) for _ in range(ROUNDS)]
    ours, other = (median(times) / pages for times in zip(*rounds, strict=True))
    return Drawn(first / pages, ours, other, len(saved) / 1000, pages)


def _ms(draw: Callable[[], Any]) -> float:
    start = time.perf_counter()
    draw()
    return (time.perf_counter() - start) * 1e3


def run() -> list[Line]:
    """Medians of nine pictures each."""
    from benchmarks.figures import FIGURES

    lines = []
    for name in FIGURES:
        found: Drawn = apart(_drawn, name)
        size = f"{found.kilobytes:.0f} KB" + (f", {found.pages} pages" if found.pages > 1 else "")
        lines.append(
            Line(
                f"picture: {name}",
                found.ours,
                'pyplot, bbox_inches="tight"',
                found.theirs,
                found.theirs / found.ours,
                f"the first {found.first:.0f} ms; {size}",
            )
        )
    return lines


if __name__ == "__main__":
    print(table(run()))
