"""Square-off: latch the halt, cancel, read the broker's positions, close them, until flat."""

from desk.squareoff.closes import closes, own_close
from desk.squareoff.progress import Left, Place, Progress
from desk.squareoff.saga import advance, begin
from desk.squareoff.words import wording_of
from desk.squaring import JOB, keeps_out, scope_of, under_way

__all__ = [
    "JOB",
    "Left",
    "Place",
    "Progress",
    "advance",
    "begin",
    "closes",
    "keeps_out",
    "own_close",
    "scope_of",
    "under_way",
    "wording_of",
]
