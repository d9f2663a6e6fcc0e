"""Where the paper broker's process listens: a Unix socket in the data folder, or a local port."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from trading.errors import BrokerError

UNIX_LIMIT = 103  # bytes of a socket's path on macOS; Linux takes 107


class Port(NamedTuple):
    number: int
    token: str  # a local port is open to every user of the machine; the file is not


@dataclass(frozen=True, slots=True)
class PaperAddress:
    """`path` is the socket; where it is too long for one, a file beside it names a local port."""

    path: Path

    @property
    def fits(self) -> bool:
        return len(os.fsencode(self.path)) <= UNIX_LIMIT

    @property
    def port_file(self) -> Path:
        return self.path.with_name(self.path.name + ".port")

    def publish(self, number: int, token: str) -> None:
        """Tell the port, readable by this user only and never half written."""
        draft = self.port_file.with_name(f"{self.port_file.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump({"port": number, "token": token}, file)
        draft.replace(self.port_file)

    def withdraw(self) -> None:
        """Nobody listens any more."""
        (self.path if self.fits else self.port_file).unlink(missing_ok=True)

    def port(self) -> Port:
        """BrokerError while no process has told its port: nothing was sent."""
        try:
            told = json.loads(self.port_file.read_text())
            return Port(int(told["port"]), str(told["token"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BrokerError(
                f"cannot reach the paper broker at {self.path}: not sent ({error})"
            ) from error
