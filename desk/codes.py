"""One-time codes (TOTP): the second step of what makes things riskier.

Secrets are sealed by `desk.vault`; a code counts once, within a step of our clock; five wrong
ones lock their operator's codes for a while and are told to the owners.
"""

import json
import re
from datetime import datetime, timedelta
from hmac import compare_digest

from desk import notices, preferences, wording
from desk.desk import Desk
from desk.vault import Vault
from trading.errors import DeskError
from trading.facts import Lane, Request
from trading.messages import bold, message
from trading.people import Authenticator, Role

STEP = 30  # seconds a code is shown for
SKEW = 1  # steps the app's clock may differ from ours, either way
MOST_WRONG = 5  # in a row
LOCK = timedelta(minutes=15)
MINUTE = timedelta(seconds=59)  # so that the minute shown is not too early
PENDING = timedelta(minutes=10)  # to enter the first code
ASKED = timedelta(minutes=5)  # how long six digits alone answer a question
CODE = re.compile(r"\d{6}", re.ASCII)
ENROL = "/code in a private chat sets one up"


async def wanted(desk: Desk, operator: int) -> bool:
    """Whether that operator must give one: has enrolled, or everybody must."""
    row = await _row(desk, operator)
    return desk.discipline.codes_required or (row is not None and row.enrolled_at is not None)


async def spend(desk: Desk, request: Request, code: str) -> None:
    """Raises DeskError unless `code` is right and unused for request.operator. Never inside a
    transaction of yours: a wrong one must count though your verb is refused."""
    async with desk.journal.transaction():
        why = await _tried(desk, request.operator, code)
    if why:
        raise DeskError(why)


async def demand(desk: Desk, request: Request, *args: str, code: str = "") -> bool:
    """Whether the verb may go on: at once where no code is wanted, else once `code` is spent.
    Without one it is asked for, and what answers is `/verb args… CODE` or the digits alone."""
    if not await wanted(desk, request.operator):
        return True
    if code:
        await spend(desk, request, code)
        return True
    if await enrolled(desk, request.operator) is None:
        raise DeskError(f"/{request.verb} takes a one-time code here: {ENROL}")
    said = json.dumps([request.verb, *args])
    await preferences.choose(desk, _asked(request), said, by=f"operator:{request.operator}")
    words = " ".join((f"/{request.verb}", *args))
    text = f"\nSend the six digits your authenticator shows, or {words} and the digits."
    await notices.answer(desk, request, message(bold("Your one-time code?"), text))
    return False


async def question(desk: Desk, request: Request) -> tuple[str, ...]:
    """The verb and arguments a code was asked for a moment ago, once; () where there are none."""
    found = (await preferences.chosen(desk.journal, "asked:")).get(str(request.operator))
    if found is None or found.at is None or desk.wall.now() - found.at > ASKED:
        return ()
    await preferences.choose(desk, _asked(request), "", by=found.by)
    return tuple(json.loads(found.value))


def split(args: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """The arguments, and the code that ends them; "" where none does."""
    if args and CODE.fullmatch(args[-1]):
        return args[:-1], args[-1]
    return args, ""


# Enrolling


async def enrolled(desk: Desk, operator: int) -> Authenticator | None:
    row = await _row(desk, operator)
    return row if row is not None and row.enrolled_at is not None else None


async def pending(desk: Desk, operator: int) -> Authenticator | None:
    """One that waits for its first code."""
    row = await _row(desk, operator)
    return row if row is not None and waits(row, desk.wall.now()) else None


def waits(row: Authenticator, now: datetime) -> bool:
    return row.enrolled_at is None and now - row.made_at <= PENDING


async def begin(desk: Desk, operator: int) -> Authenticator:
    """A new secret, which counts from its first right code on. Raises DeskError for somebody who
    has one."""
    import pyotp

    sealed = _vault(desk).seal(pyotp.random_base32().encode(), *_belongs(operator))
    async with desk.journal.transaction():
        before = await _row(desk, operator)
        if before is not None and before.enrolled_at is not None:
            raise DeskError("you have an authenticator; /code off and a code of it takes it away")
        if before is not None:
            await desk.journal.remove(Authenticator, id=before.id)
        [made] = await desk.journal.append([Authenticator(operator, sealed, desk.wall.now())])
    return made


async def confirm(desk: Desk, operator: int, code: str) -> Authenticator:
    """The pending one counts from now on. Raises DeskError for a wrong code: five, and it is gone.
    Never inside a transaction."""
    async with desk.journal.transaction():
        row = await pending(desk, operator)
        if row is None:
            raise DeskError("no authenticator waits for its first code; /code begins again")
        step = _step_of(desk, row, code)
        if step is not None:
            moved = await desk.journal.move(row, enrolled_at=desk.wall.now(), used=step, wrong=0)
            if moved is not None:
                return moved
        elif row.wrong + 1 >= MOST_WRONG:
            await desk.journal.remove(Authenticator, id=row.id)
        else:
            await desk.journal.move(row, wrong=row.wrong + 1)
    raise DeskError(
        "that is not the code your authenticator shows now; if the phone's clock is right, send "
        "the next one"
    )


async def forget(desk: Desk, operator: int) -> bool:
    """Take an operator's authenticator away; the owners are told. False where there was none."""
    async with desk.journal.transaction():
        row = await _row(desk, operator)
        if row is None:
            return False
        await desk.journal.remove(Authenticator, id=row.id)
        name = desk.operator_name(operator)
        said = message(
            bold(f"{name} has no authenticator any more"),
            f"\nWhat makes things riskier takes {name} no one-time code until another is enrolled.",
        )
        await notices.tell(desk, said, lane=Lane.CRITICAL, topic="people", needs=Role.OWNER)
    return True


def secret(desk: Desk, row: Authenticator) -> str:
    """In base32, as apps take it. Raises DeskError where the vault cannot open it."""
    return _vault(desk).open(row.sealed, *_belongs(row.operator)).decode()


def uri(desk: Desk, row: Authenticator) -> str:
    """What the picture says to an app."""
    import pyotp

    name = desk.operator_name(row.operator)
    return pyotp.TOTP(secret(desk, row)).provisioning_uri(name=name, issuer_name="Quarterdeck")


# Its parts


async def _tried(desk: Desk, operator: int, code: str) -> str:
    """Why the code does not count; "" where it does, and is used up."""
    row = await enrolled(desk, operator)
    if row is None:
        return f"you have no authenticator yet: {ENROL}"
    now = desk.wall.now()
    if row.locked_until is not None and now < row.locked_until:
        until = f"{desk.local(row.locked_until + MINUTE):%H:%M} {wording.place(desk.calendar.zone)}"
        return f"too many wrong codes: yours are locked until {until}"
    step = _step_of(desk, row, code)
    if step is None:
        return await _wrong(desk, row, now)
    if step <= row.used:
        return "that code was used already; wait for the next one"
    if await desk.journal.move(row, used=step, wrong=0, locked_until=None) is None:
        return "another code of yours was just tried; wait for the next one"
    return ""


async def _wrong(desk: Desk, row: Authenticator, now: datetime) -> str:
    left = MOST_WRONG - row.wrong - 1
    minutes = int(LOCK.total_seconds() // 60)
    if left > 0:
        await desk.journal.move(row, wrong=row.wrong + 1)
        more = "try is" if left == 1 else "tries are"
        return f"that code is wrong; {left} more {more} left before yours are locked"
    await desk.journal.move(row, wrong=0, locked_until=now + LOCK)
    name = desk.operator_name(row.operator)
    said = message(
        bold(f"{MOST_WRONG} wrong one-time codes from {name}"),
        f"\nCodes of {name} are locked for {minutes} minutes. If that was somebody else, "
        f"/revoke {row.operator} shuts that account out.",
    )
    await notices.tell(desk, said, lane=Lane.CRITICAL, topic="people", needs=Role.OWNER)
    return (
        f"that code is wrong, the {MOST_WRONG}th in a row: yours are locked for {minutes} minutes"
    )


def _step_of(desk: Desk, row: Authenticator, code: str) -> int | None:
    """The time step whose code this is, near now."""
    import pyotp

    if not CODE.fullmatch(code):
        return None
    totp = pyotp.TOTP(secret(desk, row))
    now = int(desk.wall.now().timestamp()) // STEP
    steps = range(now - SKEW, now + SKEW + 1)
    return next((step for step in steps if compare_digest(totp.generate_otp(step), code)), None)


async def _row(desk: Desk, operator: int) -> Authenticator | None:
    return await desk.journal.first(Authenticator, operator=operator)


def _vault(desk: Desk) -> Vault:
    if desk.vault is None:
        raise DeskError("this desk keeps no secrets, so there are no one-time codes")
    return desk.vault


def _belongs(operator: int) -> tuple[str, str]:
    return str(operator), "totp"


def _asked(request: Request) -> str:
    return f"asked:{request.operator}"
