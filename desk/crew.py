"""Who may press: the operators of the settings, and whoever joined by an invitation.

What a chat changed of somebody (a `Member`) stands over the settings.
"""

import re
import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from difflib import get_close_matches
from hashlib import sha256

from desk import chosen
from desk.desk import Desk, Operator
from trading.errors import DeskError
from trading.people import Invite, Member, Role
from trading.ports import Journal

PAIRING = timedelta(minutes=10)
_SIGNS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none is taken for another
INVITED = re.compile(rf"[{_SIGNS}]{{5}}-[{_SIGNS}]{{5}}")
_TABLE = "members"


async def invite(journal: Journal, now: datetime, role: Role = Role.OWNER) -> str:
    """A code that lets one person in until PAIRING after the wall time `now`. It is not kept."""
    code = "-".join("".join(secrets.choice(_SIGNS) for _ in range(5)) for _ in range(2))
    await journal.append([Invite(_digest(code), role, now + PAIRING)])
    return code


async def admit(
    journal: Journal, code: str, *, user: int, name: str, now: datetime
) -> Member | None:
    """The new member, or None for a code that is wrong, used or too old: they look the same.
    Somebody revoked comes back as what the code says; who is in already uses up no code."""
    code = code.upper()
    if not INVITED.fullmatch(code):
        return None
    async with journal.transaction():
        found = await journal.first(Invite, digest=_digest(code), used_by__isnull=True)
        if found is None or found.expires_at <= now:
            return None
        before = await journal.first(Member, user=user)
        if before is not None and before.revoked_at is None:
            return None
        if await journal.move(found, used_by=user, used_at=now) is None:
            return None
        name = name[:40] or str(user)
        if before is None:
            member = Member(user, name, found.role, now)
            return next(iter(await journal.append([member])), None)
        return await journal.move(
            before, name=name, role=found.role, joined_at=now, largest=None, revoked_at=None
        )


async def muster(desk: Desk) -> None:
    """Every operator and every plan as it stands now."""
    await refresh(desk)
    await chosen.refresh(desk)


async def refresh(desk: Desk) -> None:
    """The operators as they stand now. Of whom a row cannot be read is out until it can."""
    members = {member.user: member for member in await desk.journal.read(Member)}
    torn = {row.known.get("user") for row in desk.journal.damage if row.table == _TABLE}
    torn -= members.keys()
    kept = [
        _changed(one, members[one.id]) if one.id in members else one
        for one in desk.named
        if one.id not in torn and not _is_out(members.get(one.id))
    ]
    named = {one.id for one in desk.named}
    joined = [
        Operator(one.user, one.name, one.role, one.largest)
        for one in members.values()
        if one.user not in named and not _is_out(one)
    ]
    desk.operators = (*kept, *joined)


async def change(
    desk: Desk,
    operator: Operator,
    role: Role | None,
    *,
    largest: Decimal | None = None,
    revoke: bool = False,
) -> Operator:
    """Give somebody another role and largest approval, or none at all. Effective with the commit.
    Raises DeskError where no owner would be left."""
    now = desk.wall.now()
    async with desk.journal.transaction():
        await refresh(desk)
        current = desk.operator(operator.id)
        if current is None:
            raise DeskError(f"{operator.name} was revoked by somebody else; /users lists who is in")
        owners = [one for one in desk.operators if one.role is Role.OWNER]
        if owners == [current] and (revoke or role is not Role.OWNER):
            raise DeskError(
                f"{current.name} is the last owner, and a desk needs one: make somebody else an "
                f"owner first, with /role or /invite owner"
            )
        row = await desk.journal.first(Member, user=current.id)
        if row is None:
            made = Member(current.id, current.name, current.role, now)
            [row] = await desk.journal.append([made])
        moved = await desk.journal.move(
            row,
            role=role or current.role,
            largest=row.largest if revoke else largest,
            revoked_at=now if revoke else None,
        )
        if moved is None:
            raise DeskError(f"{current.name} was just changed by somebody else; look again")
        await refresh(desk)
    return replace(current, role=moved.role)


def named(desk: Desk, word: str) -> Operator:
    """The operator a command names, by name or number. Raises DeskError naming who there is."""
    word = word.strip().lstrip("#@")
    by_number = [one for one in desk.operators if str(one.id) == word]
    found = by_number or [one for one in desk.operators if one.name.lower() == word.lower()]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(str(one.id) for one in found)
        raise DeskError(f"{len(found)} people are called {word[:40]!r}: say the number, {ids}")
    names = {one.name.lower(): one.name for one in desk.operators}
    near = get_close_matches(word.lower(), names, n=1)
    meant = f"did you mean {names[near[0]]}? " if near else ""
    raise DeskError(f"nobody here is called {word[:40]!r}; {meant}/users lists who there is")


def who(operators: Iterable[Operator], needed: Role) -> str:
    """ "Ann or Bob"; "nobody" where there is none who may."""
    names = [one.name for one in operators if one.role.may(needed)]
    if len(names) > 4:
        names = [*names[:3], f"{len(names) - 3} others"]
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else "nobody"


def _changed(operator: Operator, member: Member) -> Operator:
    """The settings' name and largest approval, the chat's role."""
    largest = operator.largest if member.largest is None else member.largest
    return replace(operator, role=member.role, largest=largest)


def _is_out(member: Member | None) -> bool:
    return member is not None and member.revoked_at is not None


def _digest(code: str) -> str:
    return sha256(code.encode()).hexdigest()
