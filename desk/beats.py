"""Beats: who is alive. Every process writes one every ten seconds, and everybody reads them."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from trading.facts import Beat

EVERY = 10.0  # wall seconds between two beats of a process
SILENT = timedelta(seconds=60)  # six beats
FORGOTTEN = timedelta(days=1)  # who was not heard of for longer is expected no more

#: The cursor of when Telegram last answered, wall time; noted about once a minute.
TELEGRAM = "telegram:reached"

#: In a beat's detail: when its silence, which was told, began.
TOLD = "silent_since"

#: What does not happen while a process is away.
MEANING = {
    "fast": "Commands, decisions and orders wait.",
    "heavy": "Scans, digests and imports wait.",
    "draw": "Cards come without pictures.",
    "bot": "Telegram hears and says nothing.",
    "paper": "The paper broker answers nobody, so its orders wait.",
    "phone": "The demo's phone shows nothing.",
    "supervisor": "What dies is not started again.",
}


def is_silent(beat: Beat, now: datetime) -> bool:
    return now - beat.at > SILENT


def expected(beats: Iterable[Beat], now: datetime) -> list[Beat]:
    """Those heard of within a day; one that ended in order has no beat any more."""
    return [beat for beat in beats if now - beat.at <= FORGOTTEN]


def part(name: str) -> str:
    """`fast` of `fast`, of `fast@alpha` and of `fast#2@alpha`, the second of that machine."""
    return name.partition("@")[0].partition("#")[0]
