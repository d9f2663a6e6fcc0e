"""One claim about speed: ours and an alternative, measured in turn in the same run."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Self


@dataclass(frozen=True, slots=True)
class Line:
    """Medians in milliseconds; `ratio` is how many times longer the alternative takes."""

    name: str
    ours_ms: float
    alternative_name: str
    alternative_ms: float
    ratio: float
    note: str = ""  # memory, sizes, what is not comparable

    @classmethod
    def measured(
        cls,
        name: str,
        ours: Callable[[], object],
        alternative_name: str,
        alternative: Callable[[], object],
        rounds: int = 5,
        warm: bool = True,
        settled: bool = False,
        note: str = "",
    ) -> Self:
        """Both in turn, `rounds` times, so that a busy machine slows both; once before to warm.

        `settled`: each timed call comes right after one of its own kind that is not timed. A
        virtual machine's host takes back what a process frees, and what came between is then
        paid for by whoever next fills hundreds of megabytes.
        """
        if warm and not settled:
            ours()
            alternative()
        pairs = []
        for _ in range(rounds):
            times = []
            for work in (ours, alternative):
                if settled:
                    work()
                times.append(_ms(work))
            pairs.append(times)
        mine, other = (median(times) for times in zip(*pairs, strict=True))
        return cls(name, mine, alternative_name, other, other / mine, note)


def table(lines: Sequence[Line]) -> str:
    """A Markdown table."""
    rows = ["| what | ours, ms | alternative | ms | times |", "|---|---:|---|---:|---:|"]
    for line in lines:
        name = f"{line.name} ({line.note})" if line.note else line.name
        rows.append(
            f"| {name} | {line.ours_ms:,.1f} | {line.alternative_name} "
            f"| {line.alternative_ms:,.0f} | {line.ratio:.{int(line.ratio < 9.95)}f} |"
        )
    return "\n".join(rows)


def _ms(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e3
