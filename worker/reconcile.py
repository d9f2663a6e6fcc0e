"""The job that compares our books with the brokers'."""

from desk import reconcile as books
from desk.console import differences
from desk.desk import Desk
from trading.errors import BrokerError
from trading.facts import Run
from worker.research import Research


async def reconcile(desk: Desk, _: Research, claimed: Run) -> str:
    """Differences seen twice are told once. BrokerError where a broker could not be asked: the
    run is tried again."""
    del claimed
    reading = await books.check(desk)
    await differences.tell(desk, reading)
    if reading.away:
        raise BrokerError("; ".join(reading.away))
    return books.outcome(reading)
