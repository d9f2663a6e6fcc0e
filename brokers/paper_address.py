"""Where the paper broker's process listens: a Unix socket in the data folder, a local port where
the socket's path is too long, or, for several machines, an address of the network.
"""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self
from urllib.parse import unquote, urlsplit

from trading.errors import BrokerError, ConfigError

UNIX_LIMIT = 103  # bytes of a socket's path on macOS; Linux takes 107


SHORTEST = 16  # characters of the password of an address that others can reach


class Port(NamedTuple):
    number: int
    token: str  # a port is open to every user of the machine; the file is not
    host: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class PaperAddress:
    """`path` is the socket; where it is too long for one, a file beside it names a local port.
    Of a `remote` broker it only serves to be shown."""

    path: Path
    remote: Port | None = None

    @classmethod
    def of(cls, url: str) -> Self:
        """`tcp://:PASSWORD@HOST:PORT`. Raises ConfigError, which does not show the password."""
        try:
            parts = urlsplit(url)
            host, number, token = parts.hostname, parts.port, unquote(parts.password or "")
        except ValueError:
            host = number = None
            token = ""
        if url.partition("://")[0] != "tcp" or not host or not number or len(token) < SHORTEST:
            raise ConfigError(
                "setting 'paper' is an address like tcp://:PASSWORD@HOST:PORT, its password of "
                f"{SHORTEST} characters or more"
            )
        return cls(Path(f"{host}:{number}"), Port(number, token, host))

    @property
    def fits(self) -> bool:
        """Whether it is a Unix socket."""
        return self.remote is None and len(os.fsencode(self.path)) <= UNIX_LIMIT

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
        if self.remote is not None:
            return
        (self.path if self.fits else self.port_file).unlink(missing_ok=True)

    def port(self) -> Port:
        """BrokerError while no process has told its port: nothing was sent."""
        if self.remote is not None:
            return self.remote
        try:
            told = json.loads(self.port_file.read_text())
            return Port(int(told["port"]), str(told["token"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BrokerError(
                f"cannot reach the paper broker at {self.path}: not sent ({error})"
            ) from error
