"""One line when Redis goes away and one when it is back, however often we tried between."""

import logging

from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    InvalidResponse,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
)
from redis.exceptions import TimeoutError as RedisTimeout

log = logging.getLogger(__name__)

#: What an operator can do, by what Redis answered; the first that fits.
_ADVICE: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((NoPermissionError,), "grant its user the keys qd:* and arq:* and the channels qd:*"),
    ((AuthenticationError,), "it refused this user or password: correct QUARTERDECK_REDIS"),
    ((BusyLoadingError,), "it is reading its file and answers when that is done"),
    ((ReadOnlyError,), "it is a read-only replica: name its primary in QUARTERDECK_REDIS"),
    ((OutOfMemoryError,), "it is full: raise its maxmemory, or give it to Quarterdeck alone"),
    ((InvalidResponse, UnicodeError), "no Redis answers there: correct QUARTERDECK_REDIS"),
    ((RedisTimeout, TimeoutError), "it does not answer: see whether it hangs"),
    ((OSError, ConnectionError), "start it, or correct QUARTERDECK_REDIS"),
)
_WORDS = {
    "NOREPLICAS": "it lacks the replicas it must write to: see min-replicas-to-write",
    "MISCONF": "it cannot save to its disk: free some space there",
    "username-password": "it refused this user or password: correct QUARTERDECK_REDIS",
    "NOAUTH": "it wants a password: correct QUARTERDECK_REDIS",
}


def advice(error: BaseException) -> str:
    """What to do about it, in a clause."""
    said = str(error)
    for word, what in _WORDS.items():
        if word in said:
            return what
    for kinds, what in _ADVICE:
        if isinstance(error, kinds):
            return what
    return "start it, or correct QUARTERDECK_REDIS"


class Outage:
    """The state of one user's connection: `who` names it in the log."""

    def __init__(self, who: str) -> None:
        self.who = who
        self.missed = 0  # failures since the process began
        self.is_on = False

    def begin(self, error: BaseException) -> None:
        self.missed += 1
        if not self.is_on:
            self.is_on = True
            reason = str(error).rstrip(".") or type(error).__name__
            log.warning(
                "%s: Redis is away (%s): %s; due rows are still found by looking",
                self.who,
                reason,
                advice(error),
            )

    def end(self) -> None:
        if self.is_on:
            self.is_on = False
            log.info("%s: Redis is back", self.who)
