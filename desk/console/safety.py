"""The verbs that stop trading and let it go on: one press to be safer, two to be riskier."""

from collections.abc import Sequence
from difflib import get_close_matches

from desk import brackets, breakers, codes, doubt, latching, notices, reconcile, squareoff, wording
from desk.console.replies import confirm, operator
from desk.desk import Desk
from desk.halt import goes, in_force, latch, resumes, said, scopes, tightest, what
from desk.latching import Wanted
from desk.scope import ALL, Scope, listed, of_key, read
from trading.errors import BadCommand, DeskError
from trading.facts import Lane, Latch, Request, Trading
from trading.messages import Button, bold, message
from trading.orders import AT_BROKER, IN_DOUBT, Order, OrderState

SHOWN = 10
DIGITS = 6  # of a one-time code
DONE = {Trading.HALTED: "halted", Trading.REDUCING: "set to reducing"}


async def halt(desk: Desk, request: Request) -> None:
    """The door has latched it already; this tells what is still on its way."""
    await _pressed(desk, request)


async def reduce(desk: Desk, request: Request) -> None:
    """As `halt`, but what makes a position smaller still goes."""
    await _pressed(desk, request)


async def _pressed(desk: Desk, request: Request) -> None:
    found = latching.wanted(request, scopes(desk))
    if found is None:
        await _nothing(desk, request)
        return
    done = await tighten(desk, found, by=operator(request), verb=request.verb)
    if isinstance(done, Latch):
        await notices.answer(desk, request, tighter(desk, done))
        return
    title, rest = done
    mine = message(bold(f"{title} by you"), rest)
    await notices.answer(desk, request, mine, lane=Lane.CRITICAL)
    others = message(bold(f"{title} by {desk.operator_name(request.operator)}"), rest)
    await notices.tell(desk, others, lane=Lane.CRITICAL, but=request.operator)


async def tighten(desk: Desk, found: Wanted, *, by: str, verb: str) -> tuple[str, str] | Latch:
    """What was done, as a title and what follows it; the latch where a tighter one stays."""
    scope, reason = found.scope, found.reason.rstrip(".")
    held = await latch(
        desk.journal,
        found.state,
        by=by,
        reason=found.reason or f"/{verb}",
        at=desk.market.now(),
        scope=scope.key,
        tighten=True,
    )
    if held.state is not found.state:
        return held
    lines = await _stopped(desk, scope, found.state)
    if found.unknown and _looks_like_a_name(desk, found):
        done = "halted" if found.state is Trading.HALTED else "reducing"
        lines.append(f"{found.unknown} is no strategy or broker, so everything is {done}.")
        lines.append(f"There is: {listed(scopes(desk))}.")
    title = f"{what(scope.key)} {DONE[found.state]}"
    return title, (f": {reason}\n" if reason else "\n") + "\n".join(lines)


def tighter(desk: Desk, row: Latch) -> str:
    return f"{said(desk, row)} already, which is tighter. It stays so until {resumes(row.name)}."


def unknown(desk: Desk, words: Sequence[str]) -> str:
    return f"there is no {' '.join(words)[:40]}; there is: {listed(scopes(desk))}"


def _looks_like_a_name(desk: Desk, found: Wanted) -> bool:
    """And not like the first word of a reason."""
    names = [of_key(key).name for key in scopes(desk)]
    alone = found.reason == found.unknown
    return alone or bool(get_close_matches(found.unknown.lower(), names, 1))


async def _nothing(desk: Desk, request: Request) -> None:
    """Loudly: whoever halts must never believe in a halt that is not there."""
    verb = request.verb
    text = f"\n{wording.capital(unknown(desk, request.args))}.\n/{verb} alone is for everything."
    button = Button(f"{wording.capital(verb)} everything", verb, style="danger")
    title = bold(f"Nothing was {'halted' if verb == 'halt' else 'changed'}")
    said = message(title, text, buttons=[[button]])
    await notices.answer(desk, request, said, lane=Lane.CRITICAL)


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
    if state is Trading.HALTED:
        of = {scope.kind.value: scope.name} if scope != ALL else {}
        lines.append(await brackets.halted_line(desk, **of))
    after = "" if scope == ALL else f" {scope.name}"
    lines.append(f"/squareoff{after} closes what is held.")
    return [line for line in lines if line]


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
    scope = await scope_named(desk, words)
    latches = await in_force(desk)
    row = next((row for row in latches if row.name == scope.key), None)
    if row is None:
        await _nothing_to_resume(desk, request, scope, latches)
        return
    await check_closed(desk, scope)
    if not (sure or code):
        text = await question(desk, scope, row)
        if await codes.wanted(desk, request.operator):
            await notices.answer(desk, request, text)
            await codes.demand(desk, request, *scope.args)
            return
        label = "Resume trading" if scope == ALL else f"Resume {scope.name}"
        buttons = confirm(label, "resume", *scope.args)
        await notices.answer(desk, request, text, buttons=buttons)
        return
    if not await codes.demand(desk, request, *scope.args, code=code):
        return
    title, rest = await loosen(desk, scope, by=operator(request))
    await notices.answer(desk, request, message(bold(f"{title} by you"), rest), edits=sure)
    others = message(bold(f"{title} by {desk.operator_name(request.operator)}"), rest)
    await notices.tell(desk, others, lane=Lane.CRITICAL, but=request.operator)


async def scope_named(desk: Desk, words: Sequence[str]) -> Scope:
    """What may be latched: a strategy or a broker there is, or one that a latch still names.
    Raises BadCommand for any other."""
    known = [*scopes(desk), *(row.name for row in await in_force(desk) if row.name != ALL.key)]
    named = read(words, known)
    if named.scope is None or named.rest or not named.scope.is_latched:
        raise BadCommand(unknown(desk, words))
    return named.scope


async def check_closed(desk: Desk, scope: Scope) -> None:
    """Raises DeskError while a square-off of the scope, or of everything, is under way."""
    for run in await squareoff.under_way(desk):
        of = squareoff.scope_of(run)
        if of in (scope, ALL):
            raise DeskError(f"a square-off of {of.words} is under way; resume once it is over")


async def loosen(desk: Desk, scope: Scope, *, by: str) -> tuple[str, str]:
    """What was done, and which other latches still hold."""
    await latch(
        desk.journal,
        Trading.ACTIVE,
        by=by,
        reason="/resume",
        at=desk.market.now(),
        scope=scope.key,
    )
    measured = f"\n{found}" if (found := await breakers.rebase(desk, scope.key)) else ""
    return f"{what(scope.key)} resumed", measured + _still(await in_force(desk), desk)


def _read(request: Request) -> tuple[tuple[str, ...], str, bool]:
    """The words of the scope, a code, and whether the button under the question was pressed."""
    words = request.args
    sure = words[-1:] == ("yes",)
    words = words[:-1] if sure else words
    last = words[-1] if words else ""
    is_code = last.isascii() and last.isdigit() and len(last) == DIGITS
    return (words[:-1], last, sure) if is_code else (words, "", sure)


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


async def question(desk: Desk, scope: Scope, row: Latch) -> str:
    """What stops it, and what may be sent once it does not."""
    text = f"{said(desk, row)}. Resume it?"
    rest = [one for one in await in_force(desk) if one.name != row.name]
    freed = await _freed(desk, scope, rest)
    if freed:
        number = wording.count(len(freed), "approved order")
        text += f"\n{number} may then be sent: {_names(freed)}."
    return text + _still(rest, desk) + await _doubt(desk)


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
