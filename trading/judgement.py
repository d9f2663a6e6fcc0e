"""What the checks said of a signal, kept as it was said: on its card, and for whoever asks why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Stage(StrEnum):
    PROPOSAL = "proposal"
    DECISION = "decision"
    CLAIM = "claim"


@dataclass(frozen=True, slots=True)
class Judgement:
    """All checks of one signal at one stage, passed or not; the latest of a stage stands."""

    signal_id: int
    stage: Stage
    at: datetime  # market time
    checks: tuple[Mapping[str, Any], ...]  # name, ok, text; of a figure also used and limit
    id: int = 0

    @property
    def ok(self) -> bool:
        return all(check["ok"] for check in self.checks)
