"""The verbs about people: who is in, inviting, revoking, giving another role."""

from decimal import Decimal, InvalidOperation

from desk import codes, crew, notices, wording
from desk.console.deciding import pressed
from desk.console.replies import confirm
from desk.desk import Desk, Operator
from desk.rights import A
from trading.errors import BadCommand
from trading.facts import Cursor, Request
from trading.messages import Button, Message, Span, bold, code, message
from trading.people import Member, Role

INVITATION = "voice:invitation"  # the cursor that keeps how a link with a code begins
MOST = Decimal(10) ** 12
MAY: dict[Role, str] = {
    Role.OWNER: "may do everything, people and money too",
    Role.TRADER: "decides, trades and halts",
    Role.VIEWER: "reads",
}


async def users(desk: Desk, request: Request) -> None:
    """Everybody who is in, and buttons to change that."""
    parts: list[str | Span] = [bold(wording.number_of(len(desk.operators), "operator")), "\n"]
    buttons: list[list[Button]] = []
    members = {one.user: one for one in await desk.journal.read(Member)}
    for one in desk.operators:
        you = " (you)" if one.id == request.operator else ""
        parts += ["\n", bold(f"{one.name}{you}"), f" · {one.role}\n"]
        parts.append(await _about(desk, one, members.get(one.id)))
        if one.id != request.operator:
            number = str(one.id)
            name = one.name[:14]
            buttons.append(
                [
                    Button(f"Role of {name}", "role", (number,), once=False),
                    Button(f"Revoke {name}", "revoke", (number,), once=False),
                ]
            )
    buttons.append([Button("Invite", "invite", once=False)])
    parts.append(f"\nTimes of {wording.place(desk.calendar.zone)}.")
    said = message(*parts, buttons=buttons)
    await notices.answer(desk, request, said, edits=pressed(request))


async def _about(desk: Desk, one: Operator, member: Member | None) -> str:
    last = await desk.journal.first(Request, operator=one.id, order="-id")
    seen = f"seen {wording.moment(desk.local(last.received_at))}" if last else "not seen yet"
    since = "in the settings"
    if member is not None:
        word = "changed" if any(one.id == other.id for other in desk.named) else "since"
        since = f"{word} {wording.short_day(desk.local(member.joined_at))}"
    most = f"\nup to {wording.money(one.largest, desk.currency)} an approval" if one.largest else ""
    return f"{since}, {seen}{most}\n{one.id}\n"


async def invite(desk: Desk, request: Request) -> None:
    """A role, a yes, and a code that lets one person in."""
    args, given = codes.split(request.args)
    if not args:
        text = "An invitation to what? A code of yours lets one person in, once."
        buttons = [[Button(wording.capital(role), "invite", (role,), once=False) for role in Role]]
        said = message(text, buttons=buttons)
        await notices.answer(desk, request, said, edits=pressed(request))
        return
    role = _role(args[0])
    minutes = int(crew.PAIRING.total_seconds() // 60)
    if args[1:] != ("yes",) and not (given and await codes.wanted(desk, request.operator)):
        said = message(
            bold(f"Invite {A[role]}?"),
            f"\nWhoever sends the code first, within {minutes} minutes, {MAY[role]}.",
            buttons=confirm(f"Invite {A[role]}", "invite", role),
        )
        await notices.answer(desk, request, said, edits=pressed(request))
        return
    if not await codes.demand(desk, request, role, code=given):
        return
    made = await crew.invite(desk.journal, desk.wall.now(), role)
    link = await desk.journal.first(Cursor, name=INVITATION)
    said = message(
        bold(f"An invitation for {A[role]}"),
        "\nThey open ",
        code(f"{link.value}{made}") if link else "a chat with this bot",
        "\nor send it " if link else "\nand send it ",
        code(f"/start {made}"),
        f"\nIt lets one person in, within {minutes} minutes. You are told who came.",
    )
    await notices.answer(desk, request, said, edits=pressed(request))


async def revoke(desk: Desk, request: Request) -> None:
    """Asked once more, since whoever is shut out needs an invitation to come back."""
    args = request.args
    sure = args[-1:] == ("yes",) and len(args) > 1
    if not args:
        raise BadCommand("whom? For example: /revoke Bob; /users lists who is in")
    one = crew.named(desk, " ".join(args[:-1] if sure else args))
    if not sure:
        said = message(
            bold(f"Shut {one.name} out?"),
            f"\n{one.name} ({one.id}) is {A[one.role]}. From then on nothing of "
            f"{one.name} counts and nothing is told there; an invitation lets them in again.",
            buttons=confirm(f"Revoke {one.name}", "revoke", str(one.id)),
        )
        await notices.answer(desk, request, said, edits=pressed(request))
        return
    async with desk.journal.transaction():
        await crew.change(desk, one, None, revoke=True)
        await _told(desk, request, f"{one.name} is shut out", "Effective now.")


async def role(desk: Desk, request: Request) -> None:
    """Another role, or another largest approval. Less at once; more is asked, and takes a code."""
    args, given = request.args, ""
    if args[-2:-1] == ("yes",):  # an amount may have six digits too
        args, given = codes.split(args)
    sure = args[-1:] == ("yes",)
    words = args[:-1] if sure else args
    if not words:
        raise BadCommand("whose? For example: /role Bob trader; /users lists who is in")
    at = next((n for n, word in enumerate(words) if n and word.lower() in list(Role)), len(words))
    one = crew.named(desk, " ".join(words[:at]))
    if at == len(words):
        buttons = [
            [
                Button(wording.capital(to), "role", (str(one.id), to), once=False)
                for to in Role
                if to is not one.role
            ]
        ]
        text = f"{one.name} is {A[one.role]}, and {MAY[one.role]}. To be"
        said = message(f"{text}:", buttons=buttons)
        await notices.answer(desk, request, said, edits=pressed(request))
        return
    to, largest = _role(words[at]), _largest(words[at + 1 :], one)
    more = _is_more(one, to, largest)
    upto = f", up to {wording.money(largest, desk.currency)} an approval" if largest else ""
    asked = (str(one.id), to, *words[at + 1 :])
    if more and not sure:
        said = message(
            bold(f"Make {one.name} {A[to]}?"),
            f"\n{one.name} ({one.id}) then {MAY[to]}{upto}.",
            buttons=confirm(f"Make {one.name} {A[to]}", "role", *asked),
        )
        await notices.answer(desk, request, said, edits=pressed(request))
        return
    if more and not await codes.demand(desk, request, *asked, "yes", code=given):
        return
    async with desk.journal.transaction():
        await crew.change(desk, one, to, largest=largest)
        await _told(desk, request, f"{one.name} is {A[to]}{upto}", f"{one.name} {MAY[to]}.")


def _is_more(one: Operator, to: Role, largest: Decimal | None) -> bool:
    """Whether it lets somebody do more than now."""
    freer = one.largest is not None and (largest is None or largest > one.largest)
    return freer or not one.role.may(to)


def _role(word: str) -> Role:
    try:
        return Role(word.lower())
    except ValueError:
        raise BadCommand(
            f"{word[:20]!r} is no role; there are {', '.join(Role)}; for example: /invite viewer"
        ) from None


def _largest(words: tuple[str, ...], one: Operator) -> Decimal | None:
    """As it is where nothing is said; None, any, for "any"."""
    if not words:
        return one.largest
    if words == ("any",):
        return None
    try:
        value = Decimal(words[0].replace(",", ""))
    except InvalidOperation:
        value = Decimal("NaN")
    if len(words) > 1 or not value.is_finite() or not 0 < value <= MOST:
        raise BadCommand(
            f"{' '.join(words)[:20]!r} is no amount; for example: /role Bob trader 10000, or any"
        )
    return value


async def _told(desk: Desk, request: Request, title: str, text: str) -> None:
    """Whoever asked, and every other owner."""
    await notices.answer(desk, request, message(bold(title), f"\n{text}"), edits=pressed(request))
    by = desk.operator_name(request.operator)
    said = message(bold(title), f"\n{text} By {by}.")
    await notices.tell(desk, said, but=request.operator, topic="people", needs=Role.OWNER)


async def tell_joined(desk: Desk, joined: Member) -> None:
    """To the owners who were there before."""
    said: Message = message(
        bold(f"{joined.name} came aboard as {A[joined.role]}"),
        f"\nBy a code; number {joined.user}. /users shows who is in.",
    )
    await notices.tell(desk, said, but=joined.user, topic="people", needs=Role.OWNER)
