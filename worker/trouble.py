"""A look that fails, because the database is away: said once, and the next look is made."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from trading.errors import JournalError, QuarterdeckError

log = structlog.get_logger(__name__)

#: What passes by itself. Anything else is an error of ours and ends the process, for the
#: supervisor to start anew and to tell.
PASSING = (QuarterdeckError, OSError)


class Trouble:
    """One line when looks begin to fail and one when they go through again; `what` names them."""

    def __init__(self, what: str) -> None:
        self._what = what
        self.is_on = False
        self._said = False

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Goes on after the block where that met one of PASSING."""
        try:
            yield
        except PASSING as error:
            if not self.is_on and not isinstance(error, JournalError):  # which the journal says
                reason = str(error) or type(error).__name__
                log.warning(
                    "a look failed; trying again until it passes", of=self._what, why=reason
                )
                self._said = True
            self.is_on = True
            return
        self.is_on = False
        if self._said:
            self._said = False
            log.info("looks go through again", of=self._what)
