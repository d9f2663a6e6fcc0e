"""The job that weighs each strategy's mode against what it has shown."""

from desk import autonomy
from desk.desk import Desk
from trading.facts import Run
from worker.research import Research


async def review(desk: Desk, _: Research, claimed: Run) -> str:
    """What is earned is suggested, what is lost is taken back at once."""
    del claimed
    return await autonomy.review(desk)
