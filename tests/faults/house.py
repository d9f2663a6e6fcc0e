"""A house under trial: real processes forked from a warmed parent, killed and brought back."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from brokers.adversary import Faults
from db.journal import OrmJournal
from desk.desk import Desk
from phone import Phone
from settings import Settings
from tests.faults.row import Case
from trading.clocks import Clocks


class House:
    """`async with case.house(…) as house`: everything up, each part what `processes.run` starts.

    Its parts are called paper, fast-1 … fast-N, bot, heavy, draw; one that dies, by us or by
    itself, is started again at once, as the supervisor would. The market stands inside a session
    of the shipped sample, so that what is decided goes at once; the wall runs `case.rate` times
    as fast as the machine. Leaving ends every part.
    """

    settings: Settings
    clocks: Clocks
    desk: Desk  # the trial's own, as the heavy lane's would be; it is never killed
    phone: Phone  # in this process: `phone.faults`, `phone.tap`, `phone.messages`

    def __init__(
        self,
        case: Case,
        *,
        workers: int = 2,
        bot: bool = True,
        heavy: bool = False,
        draw: bool = False,
        operators: Sequence[int] = (1,),
        broker_dedupes: bool = True,
        faults: Faults | None = None,  # the broker's; its seconds are the machine's
    ) -> None: ...

    @property
    def journal(self) -> OrmJournal:
        """Of `desk`."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        raise NotImplementedError

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    # Its parts.

    async def kill(self, name: str) -> None:
        """SIGKILL; it is started again at once."""

    async def term(self, name: str) -> float:
        """SIGTERM; wall seconds until it was gone. It is started again at once."""
        raise NotImplementedError

    def halt(self, name: str) -> None:
        """SIGSTOP."""

    def go_on(self, name: str) -> None:
        """SIGCONT."""

    async def down(self, name: str) -> None:
        """SIGKILL, and it stays away until `up`."""

    async def up(self, name: str) -> None: ...

    async def kill_redis(self) -> None:
        """SIGKILL; started again at once."""

    async def flush_redis(self) -> None: ...

    async def redis_down(self) -> None: ...

    async def redis_up(self) -> None: ...

    async def kill_database(self) -> None:
        """PostgreSQL only: an immediate stop, and up again."""

    # What it does.

    async def trade(self, symbols: Sequence[str], *, by: str = "auto") -> int:
        """Propose for each: an entry where flat, an exit where held. With "auto" the signals are
        approved at once; else cards are shown for an operator to press. How many signals."""
        raise NotImplementedError

    async def settle(self, within: float = 600.0) -> float | None:
        """Until nothing is working, unhandled or unsent; wall seconds it took, None for too long."""
        raise NotImplementedError

    async def invariants(self) -> list[str]:
        """What does not hold, with everything at rest."""
        raise NotImplementedError
