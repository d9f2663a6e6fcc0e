"""Rules of exits: each position with a stop is covered once, and nothing closes it twice."""

from desk import brackets
from desk.desk import Desk
from desk.invariants.rule import Sentences


async def covered_once(desk: Desk) -> Sentences:
    for sentence in await brackets.uncovered(desk):
        yield sentence


async def closes_what_is_held(desk: Desk) -> Sentences:
    for sentence in await brackets.overclosed(desk):
        yield sentence
