"""The line on the terminal: how far, how fast, how long still."""

from io import StringIO

import pytest

from research.progress import Progress, clock


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (7.4, "0:07"), (59.6, "1:00"), (3_723, "1:02:03")]
)
def test_a_duration_is_read_at_a_glance(seconds: float, text: str):
    assert clock(seconds) == text


def test_what_was_found_before_counts_as_done_but_not_as_speed():
    progress = Progress(100, 20, Terminal())
    for _ in range(10):
        progress.tick()
    assert progress.line(5.0) == "[#######                 ] 30/100  2 a second, 0:35 left"


def test_before_the_first_result_nothing_is_promised():
    assert Progress(8, 0, Terminal()).line(1.0).endswith("] 0/8")


def test_where_nobody_looks_only_the_end_is_told():
    out = StringIO()
    with Progress(2, 0, out) as progress:
        progress.tick()
        assert out.getvalue() == ""
        progress.tick()
    assert out.getvalue().startswith("2 sets evaluated in 0:00, ")


def test_an_interrupted_bar_is_wiped_and_claims_nothing():
    out = Terminal()
    with pytest.raises(KeyboardInterrupt), Progress(2, 0, out) as progress:
        progress.tick()
        raise KeyboardInterrupt
    assert out.getvalue().endswith("\r\x1b[K")
