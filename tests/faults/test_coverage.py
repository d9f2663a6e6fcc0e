"""Nothing that moves a fact is new to the trials: what was added must say who exercises it."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from hypothesis.stateful import RULE_MARKER

from desk.console.verbs import VERBS
from tests.faults import coverage
from tests.faults.lifecycle import Lifecycle
from trading.facts import MOVES
from worker.jobs import JOBS

ROOT = Path(__file__).parents[2]
WHERE = "tests/faults/coverage.py"


def same(what: str, there: Iterable[object], told: Iterable[object]) -> None:
    known, named = set(there), set(told)
    new, gone = known - named, named - known
    assert not new, (
        f"new {what}: {sorted(map(str, new))}. Give the machine in tests/faults/lifecycle.py a "
        f"rule for it, or write its test, and say which in {WHERE}"
    )
    assert not gone, (
        f"{what} that no longer exist: {sorted(map(str, gone))}; take them from {WHERE}"
    )


def test_every_kind_whose_moves_are_checked_is_known():
    same("kinds of fact with moves", (kind.__name__ for kind in MOVES), coverage.MOVED)


@pytest.mark.parametrize("kind", MOVES, ids=lambda kind: kind.__name__)
def test_every_legal_move_and_every_state_is_known(kind: type):
    there = {
        (before.value, after.value) for before, afters in MOVES[kind].items() for after in afters
    }
    told = coverage.MOVED[kind.__name__]
    same(f"moves of a {kind.__name__}", there, told)
    states = type(next(iter(MOVES[kind])))
    same(
        f"states of a {kind.__name__}",
        (s.value for s in states),
        {s for move in told for s in move},
    )


def test_every_verb_and_every_job_is_known():
    same("verbs", VERBS, coverage.VERBS)
    same("jobs", JOBS, coverage.JOBS)


@pytest.mark.parametrize("table", [coverage.VERBS, coverage.JOBS], ids=("verbs", "jobs"))
def test_what_is_said_to_exercise_it_names_it(table: Mapping[str, str]):
    files = ("lifecycle.py", "differing.py")
    machine = "".join((ROOT / "tests/faults" / file).read_text("utf-8") for file in files)
    for name, by in table.items():
        text = machine if by == coverage.MACHINE else (ROOT / by).read_text("utf-8")
        assert name in text, f"{by} never says {name!r}: correct {WHERE}"


def test_every_move_that_is_out_of_the_machines_reach_has_its_tests():
    for moves in coverage.MOVED.values():
        for by in moves.values():
            assert by == coverage.MACHINE or (ROOT / by.rpartition(" ")[2]).is_file(), by


def test_the_machine_has_a_rule_for_each_thing_that_happens_to_an_order():
    names = {name for name in dir(Lifecycle) if hasattr(getattr(Lifecycle, name), RULE_MARKER)}
    assert names >= {
        "propose", "press", "command", "answer_doubt", "look", "sweep", "both", "dies", "cancel",
        "reconcile", "broker_leaves", "time_passes", "market_waits", "night_passes", "price_moves",
        "postman", "transferred", "start", "press_difference",
    }  # fmt: skip
