"""The state machine at full length: in memory, and on each database."""

import asyncio
import logging
import multiprocessing
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from shutil import copy
from typing import Any

import structlog
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from db.schema import migrate
from tests.faults.coverage import unreached
from tests.faults.lifecycle import Lifecycle, OnDatabase
from tests.faults.row import SQLITE, Case, Figures, Row

STEPS = 30
IN_MEMORY, SHORTLY = 50, 10  # examples for each one on SQLite: 10,000 for 200
CORES = 2
#: A short run need not come to every move.
ENOUGH = 5_000

Moves = Counter[tuple[str, str, str]]


def play(machine: type[Lifecycle], examples: int, seed: int, *, shrink: bool = False) -> None:
    """`examples` runs of the machine from `seed`; AssertionError with the steps that broke it."""
    machine._hypothesis_internal_use_seed = seed  # type: ignore[attr-defined]
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]
    profile = settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=phases,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    with quiet():
        run_state_machine_as_test(machine, settings=profile)  # type: ignore[no-untyped-call]


@contextmanager
def quiet() -> Iterator[None]:
    """A broker that is away is no news here."""
    before = structlog.get_config()
    loud = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=loud, cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.configure(**before)


def on(kind: str, folder: Path, server: Any) -> type[OnDatabase]:
    """The machine with a fresh database of that kind for each example."""
    template = folder / "template.sqlite3"
    if kind == SQLITE:
        asyncio.run(migrate(template))

    class Here(OnDatabase):
        made = 0

        @classmethod
        def place(cls) -> Any:
            if kind != SQLITE:
                return server.create_migrated()
            return copy(template, folder / "machine.sqlite3")

    return Here


def in_memory(examples: int, seed: int, pipe: Connection) -> None:
    """In a process of its own; sends what broke, the moves reached, and how many orders."""
    broken = ""
    try:
        play(Lifecycle, examples, seed)
    except Exception:
        broken = traceback.format_exc()[-6_000:]
    pipe.send((broken, Lifecycle.reached, Lifecycle.settled))


def in_all(case: Case) -> int:
    """Examples in memory."""
    return case.count * (IN_MEMORY if case.is_full else SHORTLY)


def played(case: Case) -> tuple[list[str], Moves, Counter[str]]:
    """On the case's database and, along with SQLite, in memory."""
    broken: list[str] = []
    machine = on(case.database, case.folder, case.server)
    machine.reached, machine.settled = Counter(), Counter()
    waiting = []
    if case.database == SQLITE:
        context = multiprocessing.get_context("spawn")
        for core in range(CORES):
            ours, theirs = context.Pipe()
            args = (in_all(case) // CORES, case.seed + 1 + core, theirs)
            process = context.Process(target=in_memory, args=args)
            process.start()
            waiting.append((process, ours))
    try:
        play(machine, case.count, case.seed)
    except Exception:
        broken.append(traceback.format_exc()[-6_000:])
    reached, settled = Counter(machine.reached), Counter(machine.settled)
    for process, pipe in waiting:
        said, moves, ended = pipe.recv()
        process.join()
        reached += moves
        settled += ended
        broken += [said] * bool(said)
    return broken, reached, settled


async def run(case: Case) -> Figures:
    broken, reached, settled = await asyncio.to_thread(played, case)
    examples = case.count + in_all(case) * (case.database == SQLITE)
    figures = Figures(faults=examples, orders=settled["orders"], broken=broken)
    figures.more = {"moves reached": len(reached), **settled}
    if examples >= ENOUGH and not broken:
        figures.broken = unreached(reached)
    return figures


MACHINE = Row(
    "machine",
    "a state machine over the life of an order: 200 examples on each database, 10,000 in memory",
    "every invariant holds",
    full=200,
    short=4,
    run=run,
    rate=1.0,
)
