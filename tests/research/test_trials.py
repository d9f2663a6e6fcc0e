"""Finished trials stay: once each, for one question, for one writer."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from research.course import Terms
from research.outcome import Figures, Outcome
from research.ratio import Moments
from research.study import Study
from research.trials import FILE, key_of, open_trials
from research.windows import Fold, Window
from trading.errors import BadCommand, DataError

FOLD = Fold(
    1, Window(date(2024, 1, 1), date(2024, 7, 1)), Window(date(2024, 7, 1), date(2025, 1, 1))
)
STUDY = Study(
    strategy="mean_reversion",
    timeframe="1d",
    source="a" * 16,
    data="b" * 16,
    symbols=(),
    first=date(2024, 1, 1),
    last=date(2024, 12, 31),
    folds=(FOLD,),
    terms=Terms(),
)
FLAT = Figures(Moments(3, 0.1), 0.01, -0.02, 4, 2)


def outcome(last: float) -> str:
    return Outcome(FLAT, FLAT, np.array([0.1, 0.2, last])).to_text()


def test_what_is_added_is_there_after_a_second_start(tmp_path: Path):
    with open_trials(tmp_path, STUDY) as trials:
        trials.add("a", {1: outcome(0.3)})
    with open_trials(tmp_path, STUDY) as trials:
        assert trials.done() == {("a", 1)}
        assert trials.read()["a"][1].returns.tolist() == [0.1, 0.2, 0.3]


def test_the_same_trial_twice_is_one_and_the_first(tmp_path: Path):
    with open_trials(tmp_path, STUDY) as trials:
        trials.add("a", {1: outcome(0.3)})
        trials.add("a", {1: outcome(0.4), 2: outcome(0.5)})
        assert {n: one.returns[2] for n, one in trials.read()["a"].items()} == {1: 0.3, 2: 0.5}


def test_fresh_forgets(tmp_path: Path):
    with open_trials(tmp_path, STUDY) as trials:
        trials.add("a", {1: outcome(0.3)})
    with open_trials(tmp_path, STUDY, fresh=True) as trials:
        assert trials.done() == set()


def test_a_second_writer_is_refused(tmp_path: Path):
    with open_trials(tmp_path, STUDY):
        with pytest.raises(BadCommand, match="running already"), open_trials(tmp_path, STUDY):
            pass


def test_a_damaged_file_says_how_to_begin_again(tmp_path: Path):
    (tmp_path / FILE).write_bytes(b"no database" * 100)
    with pytest.raises(DataError, match="--fresh starts it anew"), open_trials(tmp_path, STUDY):
        pass
    with open_trials(tmp_path, STUDY, fresh=True) as trials:
        assert trials.done() == set()


CHANGES = {
    "strategy": "weekly_trend",
    "timeframe": "1w",
    "source": "c" * 16,
    "data": "c" * 16,
    "symbols": ("AAPL",),
    "first": date(2024, 1, 2),
    "last": date(2024, 12, 30),
    "folds": (replace(FOLD, number=2),),
    "terms": Terms(slippage=0.0003),
}


def test_every_part_of_the_question_is_in_its_digest():
    assert CHANGES.keys() == set(Study.__slots__), "a new part is tried here too"
    others = {replace(STUDY, **{name: value}).digest for name, value in CHANGES.items()}
    assert len(others - {STUDY.digest}) == len(CHANGES)


def test_a_study_survives_json():
    assert Study.from_json(STUDY.to_json()) == STUDY


def test_the_order_of_parameters_makes_no_other_set():
    assert key_of({"b": 2, "a": 1.5}) == key_of({"a": 1.5, "b": 2}) == '{"a":1.5,"b":2}'
