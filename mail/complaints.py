"""Complaints: what the chat says of mail that does not go. Never critical: that would be mailed."""

from datetime import datetime

from desk import notices, wording
from desk.desk import Desk
from mail.route import Route
from mail.texts import Text
from trading.messages import bold, message

LASTING, CONTENT = "mail:away", "mail:refused"  # subjects: the newest stands


async def lasting(desk: Desk, route: Route, since: datetime, why: str, waiting: int) -> None:
    moment = wording.moment(desk.local(since))
    said = message(
        bold("Email does not go out"),
        f"\n{route.host} since {moment} {wording.place(desk.calendar.zone)}: {why}."
        f"\n{wording.capital(wording.count(waiting, 'mail'))} {_wait(waiting)}; nothing is lost. "
        "`quarterdeck mail test` says what it answers now.",
    )
    await notices.tell(desk, said, subject=LASTING)


async def over(desk: Desk, route: Route) -> None:
    said = message(bold("Email goes out again"), f"\n{route.host} took what had waited.")
    await notices.tell(desk, said, subject=LASTING)


async def address(desk: Desk, refused: str, why: str, of: int) -> None:
    others = " The other addresses are served." if of > 1 else ""
    said = message(
        bold("An email address is refused"),
        f"\n{refused}: {why}.{others}\nCorrect `to` under [mail], or ask whoever keeps it.",
    )
    await notices.tell(desk, said, subject=f"mail:{refused}")


async def content(desk: Desk, text: Text, why: str) -> None:
    said = message(
        bold("A mail was refused"),
        f"\n“{text.title}”: {why}.\nIt is not tried again; what it said stands in this chat.",
    )
    await notices.tell(desk, said, subject=CONTENT)


def _wait(count: int) -> str:
    return "waits" if count == 1 else "wait and are tried again"
