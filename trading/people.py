"""Who may use the desk, and as what."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
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
    """Somebody who joined the desk by an invitation, or one of the settings who was changed in a
    chat: this stands over the settings. Unique per user."""

    user: int  # the voice's integer id of a person
    name: str
    role: Role
    joined_at: datetime  # wall time
    largest: Decimal | None = None  # of one approval, in the desk's currency; None is any
    revoked_at: datetime | None = None  # wall time; since then nothing is answered or told
    id: int = 0
    version: int = 0


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


@dataclass(frozen=True, slots=True)
class Authenticator:
    """An operator's app that shows one-time codes (TOTP, RFC 6238). Unique per operator."""

    operator: int
    sealed: str  # the shared secret, as `desk.vault` seals it
    made_at: datetime  # wall time
    enrolled_at: datetime | None = None  # wall time of its first right code
    used: int = 0  # the latest time step of which a code was taken; none at or before it again
    wrong: int = 0  # codes in a row
    locked_until: datetime | None = None  # wall time
    id: int = 0
    version: int = 0


@dataclass(frozen=True, slots=True)
class Discipline:
    """The desk's rules about its people."""

    two_above: Decimal | None = None  # an approval above it takes two people; desk's currency
    codes_required: bool = False  # else only of those who have enrolled
    groups: frozenset[int] = frozenset()  # group chats the bot answers operators in
    acting_in_groups: frozenset[int] = frozenset()  # people who may do more there than read
