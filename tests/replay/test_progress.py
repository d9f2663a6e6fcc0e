"""A long replay says on a terminal how far it is; a pipe hears nothing."""

from io import StringIO

from replay.progress import Line
from tests.world import MONDAY, Weekdays

[SESSION] = Weekdays().sessions(MONDAY, MONDAY)


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


class Seconds:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_terminal_sees_one_line_that_is_cleared() -> None:
    out, clock = Terminal(), Seconds()
    line = Line(out, 200, clock)
    line(1, SESSION, 0)
    assert out.getvalue() == "", "a replay that is over in a second says nothing"
    clock.now = 1.5
    line(50, SESSION, 7)
    line(51, SESSION, 7)
    shown = "replaying  25 %  2025-02-03  7 trades"
    assert out.getvalue() == f"\r{shown}"
    line.close()
    assert out.getvalue().endswith("\r" + " " * len(shown) + "\r")


def test_what_is_no_terminal_hears_nothing() -> None:
    out, clock = StringIO(), Seconds()
    line = Line(out, 200, clock)
    clock.now = 9.0
    line(50, SESSION, 7)
    line.close()
    assert out.getvalue() == ""
