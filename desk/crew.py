"""Who may press: the operators of the settings, and whoever joined by an invitation."""

import re
import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from desk import chosen
from desk.desk import Desk, Operator
from trading.people import Invite, Member, Role
from trading.ports import Journal

PAIRING = timedelta(minutes=10)
_SIGNS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none is taken for another
_CODE = re.compile(rf"[{_SIGNS}]{{5}}-[{_SIGNS}]{{5}}")


async def invite(journal: Journal, now: datetime, role: Role = Role.OWNER) -> str:
    """A code that lets one person in until PAIRING after the wall time `now`. It is not kept."""
    code = "-".join("".join(secrets.choice(_SIGNS) for _ in range(5)) for _ in range(2))
    await journal.append([Invite(_digest(code), role, now + PAIRING)])
    return code


async def admit(
    journal: Journal, code: str, *, user: int, name: str, now: datetime
) -> Member | None:
    """The new member, or None for a code that is wrong, used or too old: they look the same."""
    code = code.upper()
    if not _CODE.fullmatch(code):
        return None
    async with journal.transaction():
        found = await journal.first(Invite, digest=_digest(code), used_by__isnull=True)
        if found is None or found.expires_at <= now:
            return None
        if await journal.move(found, used_by=user, used_at=now) is None:
            return None
        member = Member(user, name[:40] or str(user), found.role, now)
        await journal.append([member])
    return member


async def muster(desk: Desk) -> None:
    """Whoever joined since the last look is an operator too, and every plan as it was changed."""
    known = {operator.id for operator in desk.operators}
    joined = [member for member in await desk.journal.read(Member) if member.user not in known]
    await chosen.refresh(desk)
    if joined:
        desk.operators = (*desk.operators, *(Operator(m.user, m.name, m.role) for m in joined))


def _digest(code: str) -> str:
    return sha256(code.encode()).hexdigest()
