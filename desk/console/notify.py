"""The verb about being told: what comes loud, silent, in the morning or not at all; quiet hours."""

from difflib import get_close_matches

from desk import habits, notices, wording
from desk.console.deciding import pressed
from desk.console.replies import columns
from desk.desk import Desk, Operator
from desk.habits import DIGEST, HOWS, KINDS, MEANING
from trading.errors import BadCommand, DeskError
from trading.facts import Request
from trading.messages import Button, Message, Span, bold, message, table

SAID = {
    "loud": "with a sound",
    "silent": "without a sound",
    "off": "not at all",
    "digest": "together in the morning",
}


async def notify(desk: Desk, request: Request) -> None:
    """`/notify`, `/notify KIND [HOW]`, `/notify quiet HH:MM-HH:MM|off`; of whoever asks."""
    me = desk.operator(request.operator)
    if me is None:
        raise DeskError("you are no operator of this desk")
    match [word.lower() for word in request.args]:
        case []:
            await _answer(desk, request, await _all(desk, me))
        case ["quiet", "off"]:
            await habits.keep_quiet(desk, me, None)
            await _answer(desk, request, await _all(desk, me))
        case ["quiet", text]:
            await habits.keep_quiet(desk, me, habits.hours(text))
            await _answer(desk, request, await _all(desk, me))
        case ["quiet"]:
            raise BadCommand("which hours? For example: /notify quiet 22:00-07:00, or quiet off")
        case [word]:
            await _answer(desk, request, await _one(desk, me, _of(word, KINDS)))
        case [word, how]:
            await habits.choose(desk, me, _of(word, KINDS), _of(how, HOWS))
            await _answer(desk, request, await _all(desk, me))
        case _:
            raise BadCommand("at most two words; for example: /notify alerts silent")


def _of(word: str, known: tuple[str, ...]) -> str:
    """The one that is meant. Raises BadCommand."""
    if word in known:
        return word
    near = get_close_matches(word, known, n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    raise BadCommand(
        f"{word[:20]!r} is none of {', '.join(known)}; {meant}for example: /notify alerts silent"
    )


async def _answer(desk: Desk, request: Request, said: Message) -> None:
    await notices.answer(desk, request, said, edits=pressed(request))


async def _all(desk: Desk, me: Operator) -> Message:
    found = await habits.read(desk.journal)
    rows = [(kind, found.how(me.id, kind)) for kind in KINDS]
    hours = found.hours.get(me.id)
    place = wording.place(desk.calendar.zone)
    night = (
        f"Quiet from {hours.start:%H:%M} to {hours.end:%H:%M} {place}: all but what is critical "
        "comes without a sound."
        if hours
        else "No quiet hours; /notify quiet 22:00-07:00 sets some."
    )
    parts: list[str | Span] = [bold("How you are told"), "\n", table(columns(rows, left=2)), "\n"]
    parts.append(night)
    if any(how == DIGEST for _, how in rows):
        parts.append(f"\ndigest: together at {hours.end if hours else habits.MORNING:%H:%M}.")
    parts.append("\nA name says more of one kind.")
    names = [Button(wording.capital(kind), "notify", (kind,), once=False) for kind in KINDS]
    quiet = ("quiet", "off") if hours else ("quiet", "22:00-07:00")
    label = "No quiet hours" if hours else "Quiet 22:00-07:00"
    names.append(Button(label, "notify", quiet, once=False))
    return message(*parts, buttons=[names[at : at + 2] for at in range(0, len(names), 2)])


async def _one(desk: Desk, me: Operator, kind: str) -> Message:
    how = (await habits.read(desk.journal)).how(me.id, kind)
    buttons = [
        [
            Button(wording.capital(other), "notify", (kind, other), once=False)
            for other in HOWS
            if other != how
        ],
        [Button("‹ All kinds", "notify", once=False)],
    ]
    text = f"\n{wording.capital(MEANING[kind])}.\nThey come {SAID[how]}."
    return message(bold(wording.capital(kind)), text, buttons=buttons)
