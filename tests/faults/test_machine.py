"""The state machine, shortly: in memory and on both databases. `make faults` plays it long."""

from pathlib import Path
from typing import Any

import pytest

from tests.faults.lifecycle import Lifecycle
from tests.faults.machine import on, play
from tests.journal.conftest import postgres

__all__ = ["postgres"]
SEED = 20_250_203


def test_whatever_owners_and_operators_do_the_invariants_hold():
    play(Lifecycle, 40, SEED)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_the_same_on_a_database(kind: str, tmp_path: Path, request: pytest.FixtureRequest):
    server: Any = request.getfixturevalue("postgres") if kind == "postgres" else None
    play(on(kind, tmp_path, server), 3, SEED)
