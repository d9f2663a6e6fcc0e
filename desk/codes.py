"""Codes: one-time codes that make what is riskier certain."""

from desk import notices
from desk.desk import Desk
from trading.errors import DeskError
from trading.facts import Request


async def wanted(desk: Desk, operator: int) -> bool:
    """Whether that operator must give one."""
    del desk, operator
    return False


async def spend(desk: Desk, request: Request, code: str) -> None:
    """Raises DeskError unless `code` is right and unused."""
    del desk, request, code
    raise DeskError("no code is set up")


async def demand(desk: Desk, request: Request, *args: str, code: str = "") -> bool:
    """Whether the verb may go on: at once where no code is wanted, else once `code` is spent.
    Without one it is asked for, and what answers is `/verb args… CODE`."""
    if not await wanted(desk, request.operator):
        return True
    if code:
        await spend(desk, request, code)
        return True
    words = " ".join((f"/{request.verb}", *args))
    await notices.answer(desk, request, f"Your one-time code? Send {words} and its digits.")
    return False
