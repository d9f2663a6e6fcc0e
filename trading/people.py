"""Who may use the desk, and as what."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What an operator may do at this desk; each may do what those below it may."""

    OWNER = "owner"  # and changes limits, money, modes and people
    TRADER = "trader"  # and decides, trades, halts
    VIEWER = "viewer"  # reads

    def may(self, needed: "Role") -> bool:
        ranks = list(Role)
        return ranks.index(self) <= ranks.index(needed)


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who joined the desk by an invitation. Unique per user."""

    user: int  # the voice's integer id of a person
    name: str
    role: Role
    joined_at: datetime  # wall time
    id: int = 0


@dataclass(frozen=True, slots=True)
class Invite:
    """A code that lets one person in; only its digest is kept. Unique per digest."""

    digest: str  # sha256 of the code
    role: Role
    expires_at: datetime  # wall time
    used_by: int | None = None
    used_at: datetime | None = None  # wall time
    id: int = 0
    version: int = 0
