"""Latching: which requests the door latches by itself, and over what."""

from collections.abc import Collection
from dataclasses import dataclass

from desk.scope import ALL, Kind, Scope, read
from trading.facts import Request, Trading

YES = "yes"
STATES = {"halt": Trading.HALTED, "reduce": Trading.REDUCING}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A latch to set, and why; `unknown` is a first word that names nothing there is, and so
    became the beginning of the reason."""

    state: Trading
    scope: Scope
    reason: str = ""
    unknown: str = ""


def wanted(request: Request, known: Collection[str]) -> Wanted | None:
    """What a request may only make safer, so that no lane can delay it and no age makes it stale;
    None for any other. `known` as in `scope.read`.

    A halt of a word nobody knows halts everything, for the word may be its reason; one of a
    "strategy NAME" or "broker NAME" that is not there latches nothing, and its answer says so.
    """
    if request.verb in STATES:
        named = read(request.args, known)
        state = STATES[request.verb]
        if named.scope is None:
            if request.args[0].lower() in (Kind.STRATEGY, Kind.BROKER):
                return None
            return Wanted(state, ALL, _joined(request.args), named.unknown)
        if not named.scope.is_latched:
            return None
        return Wanted(state, named.scope, _joined(named.rest))
    if request.verb == "squareoff" and request.args[-1:] == (YES,):
        scope = read(request.args[:-1], known).scope
        return Wanted(Trading.HALTED, scope) if scope and scope.is_latched else None
    return None


def _joined(words: Collection[str]) -> str:
    return " ".join(words)[:200]
