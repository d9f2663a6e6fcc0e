"""/mode: who decides a strategy's signals. Towards manual is one press; away from it is asked, and
takes a one-time code of whoever has enrolled one."""

from datetime import timedelta

from desk import autonomy, codes, modes, notices, wording
from desk.console.deciding import pressed
from desk.console.replies import confirm, operator
from desk.desk import Desk, Plan
from risk.autonomy import STEPS, loosens, next_step
from trading.errors import BadCommand, DataError, DeskError
from trading.facts import Lane, Request, RequestState
from trading.messages import Button, Span, bold, message
from trading.people import Role
from trading.types import Mode

LATER, YES = "later", "yes"
SOON = timedelta(minutes=10)  # between the question and its code
MEANING = {
    Mode.MANUAL: "every signal waits for your press",
    Mode.VETO: "a signal executes by itself unless you veto it in time",
    Mode.AUTO: "its signals execute at once; you are told",
}


async def mode(desk: Desk, request: Request) -> None:
    """`/mode`, `/mode STRATEGY`, `/mode STRATEGY MODE [code]`."""
    if not request.args:
        await _all(desk, request)
        return
    plan = desk.plan(request.args[0].lower())
    if len(request.args) == 1:
        await _one(desk, request, plan)
        return
    wanted = _wanted(request.args[1])
    rest = request.args[2:]
    if rest[:1] == (LATER,):
        _require_owner(desk, request)
        until = await autonomy.not_now(desk, plan.strategy, wanted, by=operator(request))
        text = f"{plan.strategy} stays {plan.mode.value}; not suggested again before "
        text += f"{wording.short_day(desk.local(until).date())}."
        await notices.answer(desk, request, text, edits=pressed(request))
    elif wanted is plan.mode:
        raise BadCommand(f"{plan.strategy} is {wanted.value} already: {MEANING[wanted]}")
    elif loosens(plan.mode, wanted):
        await _loosen(desk, request, plan, wanted, rest)
    else:
        await _set(desk, request, plan, wanted)


def _wanted(text: str) -> Mode:
    try:
        return Mode(text.lower())
    except ValueError:
        known = ", ".join(one.value for one in STEPS)
        raise BadCommand(f"{text[:20]!r} is no mode; there are: {known}") from None


def _require_owner(desk: Desk, request: Request) -> None:
    person = desk.operator(request.operator)
    if person is None or not person.role.may(Role.OWNER):
        raise DeskError("only an owner may let a strategy decide more by itself")


async def _loosen(
    desk: Desk, request: Request, plan: Plan, wanted: Mode, rest: tuple[str, ...]
) -> None:
    _require_owner(desk, request)
    needs_code = await codes.wanted(desk, request.operator)
    if needs_code and rest and rest[0] != YES:
        if not await _was_asked(desk, request, plan, wanted):
            raise DeskError(f"ask first: /mode {plan.strategy} {wanted.value}, then with the code")
        await codes.spend(desk, request, rest[0])
        await _set(desk, request, plan, wanted)
    elif rest[:1] == (YES,) and not needs_code and pressed(request):
        await _set(desk, request, plan, wanted)
    else:
        await _ask(desk, request, plan, wanted, needs_code=needs_code)


async def _was_asked(desk: Desk, request: Request, plan: Plan, wanted: Mode) -> bool:
    rows = await desk.journal.read(
        Request,
        verb="mode",
        operator=request.operator,
        state=RequestState.DONE,
        received_at__gte=request.received_at - SOON,
    )
    asked = (plan.strategy, wanted.value)
    return any(tuple(arg.lower() for arg in row.args) == asked for row in rows)


async def _ask(desk: Desk, request: Request, plan: Plan, wanted: Mode, *, needs_code: bool) -> None:
    parts: list[str | Span] = [
        bold(f"Let {plan.strategy} decide by {wanted.value}?"),
        f"\nNow {modes.word(plan)}: {MEANING[plan.mode]}.\n"
        f"Then: {MEANING[wanted]}"
        + (f", {wording.lasted(plan.veto_window)} each" if wanted is Mode.VETO else "")
        + f".\n\n{await _record(desk, plan)}",
    ]
    if needs_code:
        await notices.answer(desk, request, message(*parts))
        await codes.demand(desk, request, plan.strategy, wanted.value)
        return
    buttons = confirm(f"Change to {wanted.value}", "mode", plan.strategy, wanted.value)
    await notices.answer(desk, request, message(*parts, buttons=buttons))


async def _set(desk: Desk, request: Request, plan: Plan, wanted: Mode) -> None:
    who = desk.operator_name(request.operator)
    why = f"{plan.strategy} was set to {wanted.value} by {who}"
    looser = loosens(plan.mode, wanted)
    await modes.choose(desk, plan.strategy, wanted, by=operator(request), why=why)
    name, meaning = plan.strategy, MEANING[wanted]
    mine = message(bold(f"{name} is {wanted.value} now"), f": {meaning}.")
    await notices.answer(desk, request, mine, edits=pressed(request))
    others = message(bold(f"{name} was set to {wanted.value} by {who}"), f": {meaning}.")
    lane = Lane.CRITICAL if looser else Lane.NORMAL
    await notices.tell(desk, others, lane=lane, but=request.operator)


async def _all(desk: Desk, request: Request) -> None:
    if not desk.plans:
        raise BadCommand("no strategy is configured; see the README on adding one")
    parts: list[str | Span] = [bold("Who decides"), "\n"]
    for plan in desk.plans.values():
        parts.append(f"\n{plan.strategy}: {modes.word(plan)}")
    rows = [[Button(name, "mode", (name,), once=False)] for name in list(desk.plans)[:8]]
    await notices.answer(desk, request, message(*parts, buttons=rows), edits=pressed(request))


async def _one(desk: Desk, request: Request, plan: Plan) -> None:
    began = await modes.since(desk, plan.strategy)
    place = wording.place(desk.calendar.zone)
    at = f"since {wording.moment(desk.local(began))} {place}" if began else "as the settings say"
    said = message(
        bold(plan.strategy),
        f"\nDecided by {modes.word(plan)}, {at}: {MEANING[plan.mode]}.\n\n",
        await _record(desk, plan),
        buttons=[
            [
                Button(wording.capital(one.value), "mode", (plan.strategy, one.value))
                for one in STEPS
                if one is not plan.mode
            ]
        ],
    )
    await notices.answer(desk, request, said, edits=pressed(request))


async def _record(desk: Desk, plan: Plan) -> str:
    """Its figures against what the next mode asks, and what would take this one back."""
    lines = []
    try:
        step = next_step(plan.mode)
        if step is not None:
            lines.append(f"For {step.value} it must show:")
            lines += [_line(one.ok, one.text) for one in await autonomy.promotion(desk, plan)]
        if plan.mode is not Mode.MANUAL:
            lines.append("Back to manual by itself beyond:")
            lines += [_line(one.ok, one.text) for one in await autonomy.demotion(desk, plan)]
    except DataError as error:
        lines.append(f"Its record is not known: {error}")
    return "\n".join(lines) + "\n"


def _line(ok: bool, text: str) -> str:
    return f"{'✔' if ok else '✖'} {wording.capital(text)}"
