"""A verb: what it does, how it is written, where help lists it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from desk.desk import Desk
from trading.facts import Request
from trading.people import Role

Handler = Callable[[Desk, Request], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Verb:
    """`usage` are the arguments as help shows them; without `help` only buttons use the verb."""

    handler: Handler
    help: str = ""
    usage: str = ""
    topic: str = ""
    example: str = ""  # of its arguments
    needs: Role = Role.VIEWER  # who may ask it
    private: bool = False  # refused in a group
