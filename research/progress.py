"""How far a search has come, on a terminal: one line that is written over."""

import sys
import time
from types import TracebackType
from typing import Self, TextIO

WIDTH = 24  # characters of the bar
PAUSE = 0.2  # seconds between two writings


class Progress:
    """`tick` once for every set that is finished. Says nothing where `out` is no terminal, except
    at the end."""

    def __init__(self, total: int, done: int = 0, out: TextIO | None = None) -> None:
        self._total, self._before, self._done = total, done, done
        self._out = out or sys.stderr
        self._live = self._out.isatty()
        self._began = time.monotonic()
        self._shown = 0.0

    def __enter__(self) -> Self:
        self._show()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            self._out.write("\r\x1b[K")
        if kind is None and self._done > self._before:
            count = self._done - self._before
            seconds = time.monotonic() - self._began
            self._out.write(
                f"{count:,} sets evaluated in {clock(seconds)}, {count / seconds:.2g} a second\n"
            )
        self._out.flush()

    def tick(self) -> None:
        self._done += 1
        if time.monotonic() - self._shown >= PAUSE:
            self._show()

    def _show(self) -> None:
        if not self._live:
            return
        self._shown = time.monotonic()
        self._out.write(f"\r\x1b[K{self.line(self._shown - self._began)}")
        self._out.flush()

    def line(self, seconds: float) -> str:
        """`[########        ] 37/120  2.6 a second, 0:32 left` after that many seconds."""
        filled = WIDTH * self._done // max(self._total, 1)
        bar = "#" * filled + " " * (WIDTH - filled)
        count = self._done - self._before
        speed = ""
        if count and seconds > 0:
            left = (self._total - self._done) * seconds / count
            speed = f"  {count / seconds:.2g} a second, {clock(left)} left"
        return f"[{bar}] {self._done:,}/{self._total:,}{speed}"


def clock(seconds: float) -> str:
    """`0:07`, `1:02:03`"""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
