"""Codes: one-time codes that make what is riskier certain."""

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
