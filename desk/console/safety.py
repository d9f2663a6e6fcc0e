"""The verbs that stop trading and let it go on: one press to be safer, two to be riskier."""

from collections.abc import Sequence
from difflib import get_close_matches

from desk import codes, doubt, latching, notices, reconcile, squareoff, wording
from desk.console.replies import confirm, operator
from desk.desk import Desk
from desk.halt import goes, in_force, latch, resumes, said, scopes, tightest, what
from desk.scope import ALL, Scope, listed, of_key, read
from trading.errors import BadCommand, DeskError
from trading.facts import Lane, Latch, Request, Trading
from trading.messages import Button, bold, message
from trading.orders import AT_BROKER, IN_DOUBT, Order, OrderState

SHOWN = 10
DIGITS = 6  # of a one-time code


async def halt(desk: Desk, request: Request) -> None:
    """The door has latched it already; this tells what is still on its way."""
    await _tighten(desk, request, "halted")


async def reduce(desk: Desk, request: Request) -> None:
    """As `halt`, but what makes a position smaller still goes."""
    await _tighten(desk, request, "reducing")


async def _tighten(desk: Desk, request: Request, word: str) -> None:
    known = scopes(desk)
    found = latching.wanted(request, known)
    if found is None:
        await _nothing(desk, request, " ".join(request.args)[:40])
        return
    scope, reason = found.scope, found.reason
    held = await latch(
        desk.journal,
        found.state,
        by=operator(request),
        reason=reason or f"/{request.verb}",
        at=desk.market.now(),
        scope=scope.key,
        tighten=True,
    )
    if held.state is not found.state:
        text = f"{said(desk, held)} already, which is tighter. It stays so until "
        await notices.answer(desk, request, f"{text}{resumes(scope.key)}.")
        return
    lines = await _stopped(desk, scope, found.state)
    if found.unknown and _looks_like_a_name(found.unknown, request, known):
        lines.append(f"{found.unknown} is no strategy or broker, so everything is {word}.")
        lines.append(f"There are {listed(known)}.")
    why = reason.rstrip(".")
    rest = (f": {why}\n" if why else "\n") + "\n".join(lines)
    title = f"{what(scope.key)} {word}"
    mine = message(bold(f"{title} by you"), rest)
    await notices.answer(desk, request, mine, lane=Lane.CRITICAL)
    others = message(bold(f"{title} by {desk.operator_name(request.operator)}"), rest)
    await notices.tell(desk, others, lane=Lane.CRITICAL, but=request.operator)


def _looks_like_a_name(word: str, request: Request, known: Sequence[str]) -> bool:
    """And not like the first word of a reason."""
    names = [of_key(key).name for key in known]
    return len(request.args) == 1 or bool(get_close_matches(word.lower(), names, 1))


async def _nothing(desk: Desk, request: Request, named: str) -> None:
    """Loudly: whoever halts must never believe in a halt that is not there."""
    verb = request.verb
    text = f"\nThere is no {named}: there are {listed(scopes(desk))}.\n/{verb} alone is everything."
    buttons = [[Button(f"{verb.capitalize()} everything", verb, style="danger")]]
    done = {"halt": "halted", "reduce": "changed"}[verb]
    await notices.answer(
        desk, request, message(bold(f"Nothing was {done}"), text, buttons=buttons),
        lane=Lane.CRITICAL,
    )  # fmt: skip


async def _stopped(desk: Desk, scope: Scope, state: Trading) -> list[str]:
    """What no longer goes, what is on its way already, and what to do next."""
    whose = "" if scope == ALL else f" of {scope.words}"
    resume = resumes(scope.key)
    lines = [f"No new order{whose} leaves the desk until {resume}."]
    if state is Trading.REDUCING:
        lines = [f"Until {resume} only orders{whose} that shrink a position go."]
    sent = await _orders(desk, scope, tuple(AT_BROKER))
    planned = await _orders(desk, scope, (OrderState.PLANNED,))
    planned = [order for order in planned if not goes(order, state)]
    if sent:
        lines.append(f"Already on their way: {_names(sent)}.")
    if planned:
        waits = (
            "waits; it expires when its" if len(planned) == 1 else "wait; they expire when their"
        )
        lines.append(f"{wording.count(len(planned), 'approved order')} {waits} session ends.")
    after = "" if scope == ALL else f" {scope.name}"
    lines.append(f"/squareoff{after} closes what is held.")
    return lines


async def _orders(desk: Desk, scope: Scope, states: tuple[OrderState, ...]) -> list[Order]:
    rows = await desk.journal.read(Order, state__in=states)
    return [order for order in rows if scope.covers(order)]


def _names(orders: Sequence[Order]) -> str:
    names = ", ".join(
        doubt.what(o) + (" (not answered yet)" if o.state in IN_DOUBT else "")
        for o in orders[:SHOWN]
    )
    return names + (f" and {len(orders) - SHOWN} more" if len(orders) > SHOWN else "")


async def resume(desk: Desk, request: Request) -> None:
    """First what may be sent then; the second step, with a code where one is set up, lets it."""
    words, code, sure = _read(request)
    named = read(words, scopes(desk))
    latches = await in_force(desk)
    scope = named.scope
    if scope is None or not scope.is_latched or named.rest:
        scope = next((of_key(row.name) for row in latches if words == of_key(row.name).args), None)
    if scope is None:
        raise BadCommand(
            f"{' '.join(words)[:40]!r} is no strategy or broker; there are {listed(scopes(desk))}"
        )
    row = next((row for row in latches if row.name == scope.key), None)
    if row is None:
        await _nothing_to_resume(desk, request, scope, latches)
        return
    for run in await squareoff.under_way(desk):
        of = squareoff.scope_of(run)
        if ALL in (of, scope) or of == scope:
            text = f"A square-off of {of.words} is under way; trading can resume once it is over."
            await notices.answer(desk, request, text, edits=sure)
            return
    if not (sure or code):
        await _ask(desk, request, scope, row, latches)
        return
    if code:
        await codes.spend(desk, request, code)
    elif await codes.wanted(desk, request.operator):
        raise DeskError(f"the code of your app is needed: {_with_code(scope)}")
    await latch(
        desk.journal,
        Trading.ACTIVE,
        by=operator(request),
        reason="/resume",
        at=desk.market.now(),
        scope=scope.key,
    )
    title = f"{what(scope.key)} resumed"
    still = _still([other for other in latches if other.name != scope.key], desk)
    mine = message(bold(f"{title} by you"), still)
    await notices.answer(desk, request, mine, edits=sure)
    others = message(bold(f"{title} by {desk.operator_name(request.operator)}"), still)
    await notices.tell(desk, others, lane=Lane.CRITICAL, but=request.operator)


def _read(request: Request) -> tuple[tuple[str, ...], str, bool]:
    """The words of the scope, a code, and whether the button under the question was pressed."""
    words = request.args
    sure = words[-1:] == ("yes",)
    words = words[:-1] if sure else words
    last = words[-1] if words else ""
    is_code = last.isascii() and last.isdigit() and len(last) == DIGITS
    return (words[:-1], last, sure) if is_code else (words, "", sure)


def _with_code(scope: Scope) -> str:
    return f"{resumes(scope.key)} 123456"


async def _nothing_to_resume(
    desk: Desk, request: Request, scope: Scope, latches: Sequence[Latch]
) -> None:
    text = f"{what(scope.key)} is active; there is nothing to resume."
    buttons = []
    for row in latches:
        text += f"\n{said(desk, row)}: {resumes(row.name)} lets it go on."
        buttons.append([Button(f"Resume {of_key(row.name).name or 'trading'}", "resume",
                               of_key(row.name).args, once=False)])  # fmt: skip
    await notices.answer(desk, request, message(text, buttons=buttons))


async def _ask(
    desk: Desk, request: Request, scope: Scope, row: Latch, latches: Sequence[Latch]
) -> None:
    text = f"{said(desk, row)}. Resume it?"
    rest = [one for one in latches if one.name != row.name]
    freed = await _freed(desk, scope, rest)
    if freed:
        number = wording.count(len(freed), "approved order")
        text += f"\n{number} may then be sent: {_names(freed)}."
    text += _still(rest, desk)
    text += await _doubt(desk)
    if await codes.wanted(desk, request.operator):
        text += f"\nTo resume, send the code of your app: {_with_code(scope)}"
        await notices.answer(desk, request, text)
        return
    label = "Resume trading" if scope == ALL else f"Resume {scope.name}"
    await notices.answer(desk, request, text, buttons=confirm(label, "resume", *scope.args))


async def _freed(desk: Desk, scope: Scope, rest: Sequence[Latch]) -> list[Order]:
    """Planned orders that only this latch keeps from being sent."""

    def goes_then(order: Order) -> bool:
        over = [row for row in rest if of_key(row.name).covers(order)]
        return goes(order, tightest(row.state for row in over))

    return [o for o in await _orders(desk, scope, (OrderState.PLANNED,)) if goes_then(o)]


def _still(rest: Sequence[Latch], desk: Desk) -> str:
    """Which other latches hold whatever becomes of this one."""
    return "".join(f"\n{said(desk, row)}, and stays so." for row in rest)


async def _doubt(desk: Desk) -> str:
    """What the latest comparison with the brokers leaves open."""
    last = await reconcile.last(desk)
    if last is None or not (last.differences or last.away):
        return ""
    at = f"{desk.local(last.at):%H:%M} {wording.place(desk.calendar.zone)}"
    if last.differences:
        found = wording.number_of(last.differences, "difference")
        return f"\nThe books had {found} with the brokers' at {at}; /reconcile shows what differs."
    return f"\nA broker could not be asked at {at}; /reconcile asks again."


async def dismiss(desk: Desk, request: Request) -> None:
    await notices.answer(desk, request, "Cancelled; nothing was changed.", edits=True)
