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
        note: str = "",
    ) -> Self:
        """Both in turn, `rounds` times, so that a busy machine slows both; once before to warm."""
        if warm:
            ours()
            alternative()
        pairs = [(_ms(ours), _ms(alternative)) for _ in range(rounds)]
        mine, other = (median(times) for times in zip(*pairs, strict=True))
        return cls(name, mine, alternative_name, other, other / mine, note)


def table(lines: Sequence[Line]) -> str:
    """A Markdown table."""
    rows = ["| what | ours, ms | alternative | ms | times |", "|---|---:|---|---:|---:|"]
    for line in lines:
        name = f"{line.name} ({line.note})" if line.note else line.name
        rows.append(
            f"| {name} | {line.ours_ms:,.1f} | {line.alternative_name} "
            f"| {line.alternative_ms:,.0f} | {line.ratio:.0f} |"
        )
    return "\n".join(rows)


def _ms(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e3
