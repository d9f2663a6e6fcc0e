"""What was done to the desk and by whom, in a chain that shows any later change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing somebody asked, pressed or let happen. Only appended. Unique per number.

    `digest` is the sha256 of everything else here but `id`, the digest before it included.
    """

    number: int  # 1, 2, 3 … without a gap
    at: datetime  # wall time it ended
    who: str  # "operator:42", "strategy:mean_reversion", "command line"
    source: str  # the door: "telegram", "cli", "desk"
    verb: str
    args: tuple[str, ...] = ()  # without one-time codes and invitations
    place: int = 0  # the chat it was asked in
    subjects: str = ""  # "signal:17", several apart by spaces
    shown: str = ""  # what the message that was pressed said then
    outcome: str = "done"  # "refused", "failed"
    said: str = ""  # the refusal, or how the answer begins
    detail: Mapping[str, Any] = field(default_factory=dict)  # what else belongs to it
    previous: str = ""  # the digest of the deed before
    digest: str = ""
    id: int = 0
