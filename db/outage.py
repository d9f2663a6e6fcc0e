"""One line when the database goes away and one when it is back, however often it was tried."""

import logging
from time import monotonic

log = logging.getLogger(__name__)


class Outage:
    """What one process knows of its database. Reading may go on where writing fails, so only a
    write ends an outage that a write began; a file that is not sound is not mended by itself."""

    def __init__(self) -> None:
        self.why = ""  # empty while it answers
        self._writing = self._lasting = False
        self._since = 0.0

    def begin(self, why: str, *, writing: bool, lasting: bool = False) -> None:
        if lasting:
            self._lasting = True
        if not self.why:
            self._since = monotonic()
        if self.why != why:
            log.error("%s; waiting for it", why)
        self.why = why
        self._writing = self._writing or writing

    def end(self, *, writing: bool) -> None:
        if self.why and not self._lasting and (writing or not self._writing):
            log.warning("the database is back after %.0f s", monotonic() - self._since)
            self.why, self._writing = "", False
