"""Rules of what is only kept to be quick: the facts make the same of it."""

from desk.caches import stale
from desk.desk import Desk
from desk.invariants.rule import Sentences


async def marks_as_facts(desk: Desk) -> Sentences:
    async for found in stale(desk):
        for text in found.marks:
            yield f"the mark of {text}"


async def snapshots_as_facts(desk: Desk) -> Sentences:
    async for found in stale(desk):
        for text in found.snapshots:
            yield f"the snapshot of {text}"
