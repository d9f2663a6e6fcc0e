"""One line when Redis goes away and one when it is back, however often we tried between."""

import logging

log = logging.getLogger(__name__)


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
            reason = str(error) or type(error).__name__
            log.warning(
                "%s: Redis is away (%s); due rows are still found by looking", self.who, reason
            )

    def end(self) -> None:
        if self.is_on:
            self.is_on = False
            log.info("%s: Redis is back", self.who)
