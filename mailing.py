"""Email: the route the settings give, the loop that sends, and what `quarterdeck mail` says."""

import ipaddress
import secrets
from datetime import datetime
from functools import partial

from db.journal import open_journal
from desk import wording
from desk.desk import Desk
from folder import lived_in
from logs import register_secret
from mail.carrier import Carrier
from mail.letter import Stationery
from mail.mailman import Mailman, forget
from mail.progress import NAME, read
from mail.route import Route
from settings import Settings
from trading.clocks import Clocks
from trading.errors import ConfigError, MailAway, MailRefused
from trading.facts import Cursor


def route(settings: Settings) -> Route | None:
    """None where nobody is mailed, as in the demo, which trades the past. Raises ConfigError."""
    chosen, password = settings.mail, settings.mail_password.get_secret_value()
    if not chosen.host or settings.mode == "demo":
        return None
    if bool(chosen.user) != bool(password):
        lacks, has = ("password", "user") if chosen.user else ("user", "password")
        where = "QUARTERDECK_MAIL_PASSWORD" if lacks == "password" else "[mail] user"
        raise ConfigError(f"mail has a {has} but no {lacks}: set {where}, or leave both out")
    if chosen.user and chosen.security == "none" and not _is_here(chosen.host):
        raise ConfigError(
            f"setting 'mail.security' = 'none': the password would go in the clear to "
            f"{chosen.host}; take starttls or tls"
        )
    if password:
        register_secret(password)
    return Route(
        chosen.host,
        chosen.security,
        chosen.sender,
        chosen.to,
        chosen.port,
        chosen.user,
        password,
        chosen.digests,
    )


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def keep_mailing(desk: Desk, settings: Settings, clocks: Clocks, owner: str) -> None:
    """For ever; at once over where nobody is mailed."""
    found = route(settings)
    if found is None:
        await forget(desk)
        return
    await mailman(desk, found, clocks, owner).run()


def mailman(desk: Desk, found: Route, clocks: Clocks, owner: str) -> Mailman:
    return Mailman(
        desk,
        Carrier(found, clocks),
        Stationery(found, desk.desk_id, partial(_moment, desk)),
        owner,
        clocks,
    )


def _moment(desk: Desk, at: datetime) -> str:
    return f"{wording.moment(desk.local(at))} {wording.place(desk.calendar.zone)}"


def _wanted(settings: Settings) -> Route:
    found = route(settings)
    if found is None:
        raise ConfigError(
            "the demo mails nobody"
            if settings.mail.host
            else "nobody is mailed: write host, sender and to under [mail] in quarterdeck.toml"
        )
    return found


async def test(settings: Settings) -> str:
    """Send a test mail and say what came of it. Raises MailError where nobody took it."""
    found = _wanted(settings)
    clocks = Clocks()
    letter = Stationery(found, "test", str).test(secrets.token_hex(6), clocks.wall.now())
    try:
        async with Carrier(found, clocks).open() as visit:
            taken = await visit.send(letter, found.to)
    except MailAway as error:
        raise MailAway(f"no mail went: {found}: {error}") from error
    no = "; ".join(f"{one}: {why}" for one, why in {**taken.refused, **taken.later}.items())
    if not taken.to:
        raise MailRefused(f"no mail went: {found} says {no}")
    way = "in the clear" if found.security == "none" else f"by {found.security}"
    said = f"{found} took a test mail to {', '.join(taken.to)} {way}"
    return f"{said}; not taken: {no}" if no else said


async def status(settings: Settings) -> str:
    """What waits and since when, in one line. Raises ConfigError where nobody is mailed."""
    found = _wanted(settings)
    lived_in(settings)
    async with open_journal(settings.database_url) as journal:
        row = await journal.first(Cursor, name=NAME)
    told = f"mail to {', '.join(found.to)} by {found}"
    if row is None:
        return f"{told}: it begins when the fast worker starts"
    progress, now = read(row.value), Clocks().wall.now()
    said = wording.count(len(progress.waiting), "mail") + " waiting"
    if progress.since is not None:
        said += f", in trouble since {wording.ago(now - progress.since)}"
    return f"{told}: {said}"
