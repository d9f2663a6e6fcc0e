"""The carrier: mails to the server and what it says of each, every step within a time limit."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import cached_property

import aiosmtplib
from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from logs import scrub
from mail.route import Route
from trading.clocks import Clocks
from trading.errors import MailAway, MailRefused

LIMIT = 25.0  # wall seconds for a connection, and for each mail
GOODBYE = 2.0
TOO_LARGE = 552
#: Answers to an address that mean we are not let in at all: nothing is wrong with the address.
NOT_LET_IN = frozenset({421, 530, 535, 538})


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one mail: who has it, who never will, who may later."""

    to: tuple[str, ...]
    refused: dict[str, str] = field(default_factory=dict)  # address: the server's words
    later: dict[str, str] = field(default_factory=dict)


@dataclass
class Carrier:
    route: Route
    clocks: Clocks = field(default_factory=Clocks)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Visit"]:
        """A connection, encrypted and signed in as the route says. Raises MailAway."""
        route, limit = self.route, self.clocks.machine(LIMIT)
        smtp = SMTP(
            hostname=route.host,
            port=route.gate,
            username=route.user or None,
            password=route.password or None,
            timeout=limit,
            use_tls=route.security == "tls",
            start_tls=route.security == "starttls",
            tls_context=None if route.security == "none" else self._trust,
        )
        try:
            try:
                async with asyncio.timeout(limit):
                    await smtp.connect()
            except (SMTPException, OSError, ValueError) as error:
                raise MailAway(reason(error)) from error
            yield Visit(smtp, route.sender, limit)
            with suppress(SMTPException, OSError):
                async with asyncio.timeout(self.clocks.machine(GOODBYE)):
                    await smtp.quit()
        finally:
            smtp.close()

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        """The machine's certificates, and those of SSL_CERT_FILE."""
        return ssl.create_default_context()


@dataclass(frozen=True, slots=True)
class Visit:
    """One connection; any number of mails go through it."""

    smtp: SMTP
    sender: str
    limit: float  # seconds of the machine

    async def send(self, mail: EmailMessage, to: Sequence[str]) -> Taken:
        """Raises MailAway where nobody knows or all must wait, MailRefused where this mail will
        never be taken."""
        content = mail.as_bytes()
        try:
            async with asyncio.timeout(self.limit):
                errors, _ = await self.smtp.sendmail(self.sender, to, content)
        except SMTPRecipientsRefused as error:
            return _sorted(to, {one.recipient: (one.code, one.message) for one in error.recipients})
        except SMTPSenderRefused as error:
            if error.code == TOO_LARGE:
                raise MailRefused(reason(error)) from error
            raise MailAway(reason(error)) from error
        except SMTPDataError as error:
            if error.code >= 500:
                raise MailRefused(reason(error)) from error
            if error.code in NOT_LET_IN:
                raise MailAway(reason(error)) from error
            return Taken((), later=dict.fromkeys(to, reason(error)))
        except (SMTPException, OSError, ValueError) as error:
            raise MailAway(reason(error)) from error
        return _sorted(to, {one: (said.code, said.message) for one, said in errors.items()})


def _sorted(to: Sequence[str], errors: dict[str, tuple[int, str]]) -> Taken:
    said = {one: _said(code, text) for one, (code, text) in errors.items()}
    final = {one for one, (code, _) in errors.items() if code >= 500 and code not in NOT_LET_IN}
    shut_out = [one for one, (code, _) in errors.items() if code in NOT_LET_IN]
    if shut_out and len(errors) == len(to):
        raise MailAway(said[shut_out[0]])
    return Taken(
        tuple(one for one in to if one not in errors),
        {one: said[one] for one in errors if one in final},
        {one: said[one] for one in errors if one not in final},
    )


def reason(error: Exception) -> str:
    """What went wrong, in one line without a secret."""
    if isinstance(error, SMTPResponseException):
        return _said(error.code, error.message)
    if isinstance(error, aiosmtplib.SMTPConnectTimeoutError | TimeoutError):
        return "it did not answer in time"
    text = str(error) or type(error).__name__
    return _line(text)


def _said(code: int, text: str) -> str:
    return _line(f"{code} {text}")


def _line(text: str) -> str:
    return scrub(" ".join(text.split()))[:200]
