"""A verb: what it does, how it is written, where help lists it, who may ask it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

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
    safer: bool = False  # only makes things safer: in a group too
    acts: Mapping[str, Role] = field(default_factory=dict)  # arguments that take more than `needs`
