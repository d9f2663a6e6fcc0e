"""One-time codes: who has enrolled one, and spending it."""

from desk.desk import Desk
from trading.errors import DeskError
from trading.facts import Request


async def wanted(desk: Desk, operator: int) -> bool:
    del desk, operator
    return False


async def spend(desk: Desk, request: Request, code: str) -> None:
    del desk, request, code
    raise DeskError("nobody has enrolled a code here")
