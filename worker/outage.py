"""One line when a loop cannot work and one when it can again, however often it tried between."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from trading.errors import ConfigError, QuarterdeckError

log = structlog.get_logger(__name__)


class Outage:
    """What one loop goes through: `what` says in the log what is not done meanwhile."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.missed = 0  # looks, since it last worked

    @contextmanager
    def survived(self) -> Iterator[None]:
        """An error on purpose, such as a database that is away, ends this look and not the loop.
        One that a person must mend, and any of ours, rises: the process starts anew."""
        try:
            yield
        except ConfigError:
            raise
        except QuarterdeckError as error:
            if not self.missed:
                log.warning(self.what, error=str(error))
            self.missed += 1
        else:
            if self.missed:
                log.info("works again", after=self.what, missed=self.missed)
                self.missed = 0
