"""Who may ask what: the one gate before a verb, whichever door or button it came by.

`VERBS` is the table: `needs` (and `acts`, what single words need besides), `private`, `safer`.
"""

from desk import crew
from desk.console.verb import Verb
from desk.desk import Desk, Operator
from trading.errors import DeskError
from trading.facts import Request
from trading.people import Role

A = {Role.OWNER: "an owner", Role.TRADER: "a trader", Role.VIEWER: "a viewer"}


def needed(verb: Verb, args: tuple[str, ...]) -> Role:
    """The role that takes, of the words too."""
    roles = [verb.needs, *(verb.acts[word] for arg in args if (word := arg.lower()) in verb.acts)]
    return next(role for role in Role if role in roles)


def refusal(desk: Desk, request: Request, verb: Verb) -> str:
    """Why this operator may not ask it there, naming who can; "" where nothing speaks against
    it. Judges by the operators as `crew.refresh` last found them."""
    name = f"/{request.verb}"
    asker = desk.operator(request.operator)
    if asker is None:
        return "you are no operator of this desk"
    need = needed(verb, request.args)
    if not asker.role.may(need):
        others = crew.who(desk.operators, need)
        return f"{name} takes {A[need]}, and you are {A[asker.role]}; {others} can"
    return _of_place(desk, request, verb, need)


def _of_place(desk: Desk, request: Request, verb: Verb, need: Role) -> str:
    """A group is for reading, and for making things safer."""
    if request.recipient >= 0:
        return ""
    name = f"/{request.verb}"
    if request.recipient not in desk.discipline.groups:
        return "this group is none of the desk's"
    if verb.private:
        return f"{name} is for a private chat: write it to me alone"
    if need is Role.VIEWER or verb.safer:
        return ""
    if request.operator in desk.discipline.acting_in_groups:
        return ""
    return f"in a group the desk is only read: write {name} to me alone"


async def check(desk: Desk, request: Request, verb: Verb) -> None:
    """Raises DeskError where `refusal` has something to say, by the operators as they are now."""
    await crew.refresh(desk)
    if why := refusal(desk, request, verb):
        raise DeskError(why)


async def require_trader(desk: Desk, by: str) -> Operator | None:
    """The operator `operator:ID` names, who decides; None for who is no person. Raises DeskError
    for one who may not any more. Inside the deciding transaction, so that a revocation counts
    from its commit on."""
    kind, _, number = by.partition(":")
    if kind != "operator" or not number.isdigit():
        return None
    await crew.refresh(desk)
    asker = desk.operator(int(number))
    if asker is None or not asker.role.may(Role.TRADER):
        now = f"you are {A[asker.role]} now" if asker else "you are no operator of this desk"
        raise DeskError(f"{now}; {crew.who(desk.operators, Role.TRADER)} can decide")
    return asker
