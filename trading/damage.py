"""A row that cannot be read: named, told and left where it is; only what needs it stops."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Damaged:
    """One row of the journal that is no longer the fact it was. `known` is what of it can still
    be read, by field."""

    table: str
    id: int
    field: str  # the first that cannot be read
    why: str
    known: Mapping[str, Any] = dataclasses.field(default_factory=dict, hash=False)

    @property
    def name(self) -> str:
        """ "row 17 of fills", what an operator looks for."""
        return f"row {self.id} of {self.table}"

    def __str__(self) -> str:
        return f"{self.name} cannot be read: its {self.field} {self.why}"
