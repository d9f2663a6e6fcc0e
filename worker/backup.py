"""The jobs that keep copies: make one, and prove that the newest can be restored."""

from desk.desk import Desk
from trading.errors import ConfigError
from trading.facts import Run
from worker.research import Research


async def backup(_: Desk, research: Research, claimed: Run) -> str:
    """A copy of every fact beside the others; the oldest goes once it is whole."""
    del claimed
    if research.backups is None:
        raise ConfigError("this desk keeps no backups")
    return await research.backups.make()


async def restore_check(_: Desk, research: Research, claimed: Run) -> str:
    """The newest backup restored into a scratch database and compared; a failure is told."""
    del claimed
    if research.backups is None:
        raise ConfigError("this desk keeps no backups")
    return await research.backups.check()
