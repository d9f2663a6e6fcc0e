"""How far a replay is, on one line of a terminal."""

import time
from collections.abc import Callable
from typing import TextIO

from trading.ports import Session

PAUSE = 0.2  # seconds between two looks of the line


class Line:
    """A `Watch` that rewrites one line of `out`; `close` clears it. Writes nothing to what is no
    terminal, nor for a replay that is over in a second."""

    def __init__(
        self, out: TextIO, sessions: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._out = out if out.isatty() else None
        self._sessions = sessions
        self._clock = clock
        self._next = clock() + 1.0
        self._width = 0

    def __call__(self, done: int, session: Session, trades: int) -> None:
        if self._out is None or self._clock() < self._next:
            return
        self._next = self._clock() + PAUSE
        share = done * 100 // self._sessions
        text = f"replaying {share:3d} %  {session.day}  {trades} trades"
        self._width = max(self._width, len(text))
        self._out.write(f"\r{text.ljust(self._width)}")
        self._out.flush()

    def close(self) -> None:
        if self._out is not None and self._width:
            self._out.write("\r" + " " * self._width + "\r")
            self._out.flush()
