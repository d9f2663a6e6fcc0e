"""The route: which server takes our mail, as whom, and whom it goes to."""

from dataclasses import dataclass, field
from typing import Literal

PORTS = {"starttls": 587, "tls": 465, "none": 25}


@dataclass(frozen=True, slots=True)
class Route:
    host: str
    security: Literal["starttls", "tls", "none"]
    sender: str
    to: tuple[str, ...]
    port: int = 0  # 0 is the usual one of `security`
    user: str = ""
    password: str = field(default="", repr=False)
    digests: bool = False

    @property
    def gate(self) -> int:
        return self.port or PORTS[self.security]

    def __str__(self) -> str:
        return f"{self.host}:{self.gate}"
