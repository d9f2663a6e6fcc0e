"""The verb about locks: what may not be entered for a while; adding one, and lifting it early."""

from collections.abc import Sequence

from desk import locks, notices, wording
from desk.console.deciding import pressed
from desk.console.lists import instrument
from desk.console.loosening import agreed, asked
from desk.console.replies import operator, page_of, turns
from desk.desk import MANUAL, Desk
from trading.errors import BadCommand, DeskError
from trading.facts import Request
from trading.locks import Lock, Scope
from trading.messages import Button, Span, bold, message
from trading.types import Side

PAGE = 6  # locks on one page, each with its button
EXAMPLE = "for example: /locks add AAPL until 3d earnings"
SIDES = {"buy": Side.BUY, "long": Side.BUY, "sell": Side.SELL, "short": Side.SELL}


async def locks_(desk: Desk, request: Request) -> None:
    """A lock at once; lifting one before its end is asked twice."""
    match request.args[:1]:
        case ("add",):
            await _add(desk, request, request.args[1:])
        case ("remove" | "lift",):
            await _lift(desk, request)
        case _:
            await _show(desk, request)


async def _add(desk: Desk, request: Request, words: Sequence[str]) -> None:
    scope, rest = read_scope(desk, words)
    until, reason = locks.read_end(desk, rest)
    lock = await locks.add(desk, scope, until, reason or "by hand", operator(request))
    what, end = spoken(scope), locks.until(desk, lock)
    text = f"\n{wording.capital(what)} {end}: {lock.reason}.\nExits always may go."
    await notices.answer(desk, request, message(bold("Locked by you"), text))
    who = desk.operator_name(request.operator)
    said = message(bold(f"Locked by {who}"), f"\n{wording.capital(what)} {end}: {lock.reason}.")
    await notices.tell(desk, said, but=request.operator)


async def _lift(desk: Desk, request: Request) -> None:
    words = asked(request)[1:]
    number = words[0].lstrip("#") if words else ""
    if not (number.isascii() and number.isdigit() and len(number) <= 15):
        raise BadCommand("which lock? For example: /locks remove 3; /locks shows the numbers")
    held = await locks.standing(desk)
    lock = next((one for one in held if one.id == int(number)), None)
    if lock is None:
        raise DeskError(f"lock {number} has ended, or never was; /locks shows those that hold")
    what = spoken(Scope.parse(lock.scope))
    question = message(
        bold(f"Let it be entered again? {wording.capital(what)}"),
        f"\nLocked {locks.until(desk, lock)} by {who(desk, lock, request.operator)}: "
        f"{lock.reason}.",
    )
    if not await agreed(desk, request, question, "Lift the lock"):
        return
    if await locks.lift(desk, lock, by=operator(request)) is None:
        raise DeskError(f"lock {number} was just lifted by somebody else")
    text = message(bold("Lifted"), f"\n{wording.capital(what)}: that holds no longer.")
    await notices.answer(desk, request, text, edits=pressed(request))
    name = desk.operator_name(request.operator)
    said = message(bold(f"A lock was lifted by {name}"), f"\n{wording.capital(what)}.")
    await notices.tell(desk, said, but=request.operator)


async def _show(desk: Desk, request: Request) -> None:
    if request.args and not request.args[0].isdigit():
        raise BadCommand(f"{request.args[0][:20]!r}? Say add or remove; {EXAMPLE}")
    held = await locks.standing(desk)
    if not held:
        none = f"No lock holds; {EXAMPLE}."
        await notices.answer(desk, request, none, edits=pressed(request))
        return
    pages = -(-len(held) // PAGE)
    page = min(max(page_of(request, 0), 1), pages)
    parts: list[str | Span] = [bold(wording.count(len(held), "lock")), "\n"]
    buttons = []
    for lock in held[(page - 1) * PAGE : page * PAGE]:
        what = wording.capital(spoken(Scope.parse(lock.scope)))
        end = "until somebody lifts it" if lock.until is None else _ends(desk, lock)
        by = who(desk, lock, request.operator)
        parts += ["\n", bold(what), f" · lock {lock.id}\n{end}\n{lock.reason} · by {by}\n"]
        lift = Button(f"Lift {lock.id}", "locks", ("remove", str(lock.id)), once=False)
        buttons.append(lift)
    parts += [f"\nPage {page} of {pages}"] if pages > 1 else []
    rows = [buttons[at : at + 3] for at in range(0, len(buttons), 3)]
    said = message(*parts, buttons=[*rows, *turns("locks", page, pages)])
    await notices.answer(desk, request, said, edits=pressed(request))


def _ends(desk: Desk, lock: Lock) -> str:
    return f"ends by itself {locks.until(desk, lock).removeprefix('until ')}"


def who(desk: Desk, lock: Lock, reader: int = 0) -> str:
    """ "you", a name, "cooldown"."""
    kind, _, number = lock.by.partition(":")
    if kind != "operator" or not number.isdigit():
        return kind
    return "you" if int(number) == reader else desk.operator_name(int(number))


def spoken(scope: Scope) -> str:
    """ "no buying of AAPL in dip", "no entry at all"."""
    side = {"buy": "buying", "sell": "selling short"}.get(scope.side, "entry")
    symbol = f" of {scope.symbol}" if scope.symbol else ""
    strategy = f" in {scope.strategy}" if scope.strategy else ""
    return f"no {side}{symbol}{strategy}" if symbol or strategy else f"no {side} at all"


def read_scope(desk: Desk, words: Sequence[str]) -> tuple[Scope, Sequence[str]]:
    """The symbol, strategy and side that a command begins with, each at most once, and the words
    after them."""
    found: dict[str, str] = {}
    for place, word in enumerate(words):
        low = word.lower()
        if low in SIDES and "side" not in found:
            found["side"] = SIDES[low].value
        elif (low in desk.plans or low == MANUAL) and "strategy" not in found:
            found["strategy"] = low
        elif "symbol" not in found and (place == 0 or desk.instruments.find(word.upper())):
            found["symbol"] = instrument(desk, word).symbol
        else:
            return Scope(**found), words[place:]
    if not found:
        raise BadCommand(f"what shall be locked: a symbol, strategy or side? {EXAMPLE}")
    return Scope(**found), ()
