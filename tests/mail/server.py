"""A real SMTP server in the test's own loop, which can be told to misbehave."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from trading.clocks import SystemClock

USER, PASSWORD = "desk", "correct-horse-battery"


@dataclass
class Server:
    """`rcpt` and `data` answer for it: "" is yes. `drops` is how many mails are taken and then
    not answered for."""

    mails: list[EmailMessage] = field(default_factory=list)
    to: list[list[str]] = field(default_factory=list)
    rcpt: Callable[[str], str] = lambda address: ""
    data: Callable[[EmailMessage], str] = lambda mail: ""
    drops: int = 0
    taking: Callable[[], Any] | None = None  # awaited before a mail is answered for
    signed_in: int = 0
    connections: int = 0
    port: int = 0
    _server: asyncio.Server | None = None
    _options: dict[str, Any] = field(default_factory=dict)
    _tls: ssl.SSLContext | None = None

    async def open(
        self, *, certificate: Path | None = None, auth: bool = False, tls: bool = False
    ) -> None:
        context = None
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
        self._options = {"tls_context": None if tls else context, "require_starttls": False}
        if auth:
            self._options |= {
                "authenticator": self._knows,
                "auth_required": True,
                "auth_require_tls": not tls,
                "require_starttls": not tls,
            }
        self._tls = context if tls else None
        await self.back()

    async def back(self) -> None:
        self._server = await asyncio.get_running_loop().create_server(
            self._connected, "127.0.0.1", self.port, ssl=self._tls
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def away(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    def _connected(self) -> SMTP:
        self.connections += 1
        return SMTP(self, loop=asyncio.get_running_loop(), enable_SMTPUTF8=False, **self._options)

    def _knows(self, *args: Any) -> AuthResult:
        given = args[-1]
        known = isinstance(given, LoginPassword) and given.password == PASSWORD.encode()
        self.signed_in += known
        return AuthResult(success=known, handled=False)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := self.rcpt(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        if answer := self.data(mail):
            return answer
        self.mails.append(mail)
        self.to.append(list(envelope.rcpt_tos))
        if self.taking is not None:
            await self.taking()
        if self.drops:
            self.drops -= 1
            assert server.transport is not None
            server.transport.abort()
        return "250 taken"

    @property
    def subjects(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mails]


def certificate(folder: Path) -> Path:
    """A key and a certificate of its own for 127.0.0.1, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")])
    now = SystemClock().now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    form = serialization.Encoding.PEM
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(form, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(form)
    )
    return path
