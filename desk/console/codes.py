"""The verb that enrols an authenticator, and answers for a one-time code."""

from dataclasses import replace
from io import BytesIO

from desk import codes, notices, rights, wording
from desk.desk import Desk
from trading.errors import BadCommand, DeskError
from trading.facts import Notice, Picture, PictureState, Request
from trading.messages import Message, bold, message
from trading.messages import code as typed
from trading.people import Authenticator

KIND = "code"  # of the notice whose picture is drawn as it is sent, and kept nowhere
LIVE, VOID = -1, -2  # pictures that are no rows of the journal
SCALE = 6  # pixels of a module


async def code(desk: Desk, request: Request) -> None:
    """`/code` enrols, `/code off` takes it away, six digits answer what was asked last."""
    args, given = codes.split(request.args)
    match [word.lower() for word in args]:
        case [] if given:
            await _answer(desk, request, given)
        case []:
            await _enrol(desk, request)
        case ["off"]:
            await _off(desk, request, given)
        case _:
            raise BadCommand("/code sets an authenticator up, /code off takes it away")


async def _enrol(desk: Desk, request: Request) -> None:
    row = await codes.enrolled(desk, request.operator)
    if row is not None and row.enrolled_at is not None:
        since = wording.short_day(desk.local(row.enrolled_at))
        text = (
            f"\nEnrolled {since}. What makes things riskier asks you for its six digits.\n"
            "/code off and the digits takes it away; if the phone is lost, `quarterdeck code "
            f"reset {request.operator}` does, where the desk runs."
        )
        await notices.answer(desk, request, message(bold("You have an authenticator"), text))
        return
    made = await codes.begin(desk, request.operator)
    await desk.journal.append([_notice(desk, request, made)])


async def _answer(desk: Desk, request: Request, given: str) -> None:
    """The first code of an authenticator, or the one a question waits for."""
    if await codes.pending(desk, request.operator) is not None:
        row = await codes.confirm(desk, request.operator, given)
        await desk.journal.append([_notice(desk, request, row)])
        said = message(
            bold("Your authenticator is enrolled"),
            "\nFrom now on what makes things riskier asks you for six digits; each counts once.",
        )
        await notices.answer(desk, request, said)
        return
    asked = await codes.question(desk, request)
    if not asked:
        raise DeskError("nothing waits for a code of yours; /code alone says how they work")
    from desk.console.verbs import VERBS  # which lists this verb

    meant = replace(request, verb=asked[0], args=(*asked[1:], given))
    await rights.check(desk, meant, VERBS[meant.verb])
    await VERBS[meant.verb].handler(desk, meant)


async def _off(desk: Desk, request: Request, given: str) -> None:
    if await codes.enrolled(desk, request.operator) is None:
        await notices.answer(desk, request, "You have no authenticator; /code sets one up.")
        return
    if await codes.demand(desk, request, "off", code=given):
        await codes.forget(desk, request.operator)
        text = "Your authenticator is gone, and what makes things riskier asks for no code."
        if desk.discipline.codes_required:
            text = "Your authenticator is gone. Here codes are required: /code sets another up."
        await notices.answer(desk, request, text)


def _notice(desk: Desk, request: Request, row: Authenticator) -> Notice:
    """Its text stands in for one that came too late to be of use."""
    late = message("An authenticator was to be set up; /code begins again.")
    return Notice(
        request.recipient,
        KIND,
        desk.wall.now(),
        subject=f"{KIND}:{row.id}",
        body=late.to_json(),
        answers=request.id,
    )


async def shown(desk: Desk, notice: Notice) -> tuple[Message, Picture]:
    """The picture to scan while it waits for its first code; afterwards one that says nothing
    takes its place, so that the secret is not left in the chat."""
    number = int(notice.subject.partition(":")[2])
    row = await desk.journal.first(Authenticator, id=number)
    if row is not None and row.operator == notice.recipient and codes.waits(row, desk.wall.now()):
        minutes = int(codes.PENDING.total_seconds() // 60)
        said = message(
            bold("Scan this with an authenticator app"),
            "\nOr give the app this key, a tap copies it:\n",
            typed(codes.secret(desk, row)),
            f"\nThen send me the six digits it shows, within {minutes} minutes.",
        )
        return said, _picture(desk, LIVE, codes.uri(desk, row))
    done = row is not None and row.enrolled_at is not None
    text = "Enrolled; the key is not shown again." if done else "This key is void; /code makes one."
    return message(text), _picture(desk, VOID, "Quarterdeck")


def _picture(desk: Desk, number: int, text: str) -> Picture:
    """A QR code that no database holds."""
    import segno

    png = BytesIO()
    segno.make(text, error="m", micro=False).save(png, kind="png", scale=SCALE, border=4)
    now = desk.wall.now()
    return Picture(KIND, {}, now, png=png.getvalue(), state=PictureState.DRAWN, id=number)
