"""The verb that compares our books with the brokers' now."""

from desk import notices
from desk import reconcile as books
from desk.desk import Desk
from trading.facts import Request


async def reconcile(desk: Desk, request: Request) -> None:
    """The answer to who asked; the alarm for everybody stays with the job."""
    reading = await books.check(desk)
    await notices.answer(desk, request, books.wording_of(desk, reading))
