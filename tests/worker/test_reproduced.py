"""A recorded signal comes again from the stored bars, or what is otherwise is named."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from desk import recipe
from tests.worker.synthetic import STRATEGY, Station, station
from tests.world import MONDAY, D
from trading.errors import DataError
from trading.signals import Signal
from worker import jobs
from worker.reproduced import differences


async def scanned(folder: Path) -> tuple[Station, Signal, dict[str, Any]]:
    """AAPL's signal of Monday's close, and the recipe that was recorded with it."""
    s = await station(folder)
    s.w.desk.strategies = {STRATEGY.name: STRATEGY}
    await jobs.scan(s.w.desk, s.research, STRATEGY)
    [signal] = await s.w.journal.read(Signal)
    made = await recipe.of(s.w.desk, signal)
    assert made is not None
    return s, signal, dict(made.detail)


def tried(s: Station, signal: Signal, made: dict[str, Any]) -> list[str]:
    instrument = s.w.desk.instrument(signal.symbol)
    return differences(signal, made, STRATEGY, instrument, s.store, s.w.desk.calendar)


async def test_the_same_bars_and_code_give_the_same_signal(tmp_path: Path):
    s, signal, made = await scanned(tmp_path)
    assert made["code"]
    assert made["params"]
    assert tried(s, signal, made) == []


async def test_bars_that_came_later_change_nothing(tmp_path: Path):
    s, signal, made = await scanned(tmp_path)
    write(s, MONDAY.replace(day=4), 55.0)
    assert tried(s, signal, made) == []


async def test_a_changed_bar_is_found(tmp_path: Path):
    s, signal, made = await scanned(tmp_path)
    write(s, MONDAY, float(signal.price) - 1)
    found = tried(s, signal, made)
    assert f"the price is {signal.price - 1} now, {signal.price} then" in found
    assert "stored bars were changed" in found[-1]


async def test_another_code_is_named(tmp_path: Path):
    s, signal, made = await scanned(tmp_path)
    [found] = tried(s, signal, made | {"code": "0" * 16})
    assert found.startswith("the code is another (00000000 then,")


async def test_the_recorded_parameters_are_used_not_todays(tmp_path: Path):
    s, signal, made = await scanned(tmp_path)
    other = next(name for name, v in made["params"].items() if isinstance(v, float | int))
    changed = made["params"] | {other: made["params"][other] * 2}
    assert tried(s, signal, made | {"params": changed})


async def test_a_parameter_that_is_gone_is_named(tmp_path: Path):
    s, signal, made = await scanned(tmp_path)
    [found, why] = tried(s, signal, made | {"params": made["params"] | {"mood": 3}})
    assert found == "the strategy has no parameter mood any more"
    assert why


async def test_a_feature_that_differs_by_more_than_a_billionth_is_named(tmp_path: Path):
    s, signal, made = await scanned(tmp_path)
    name, value = next(iter(signal.features.items()))
    for factor, count in ((1 + 1e-12, 0), (1 + 1e-8, 1)):
        features = {**signal.features, name: value * factor}
        found = tried(s, replace(signal, features=features), made)
        assert sum(one.startswith(f"{name} is ") for one in found) == count


async def test_an_exit_that_left_a_session_is_no_answer_of_rules(tmp_path: Path):
    s, signal, made = await scanned(tmp_path)
    with pytest.raises(DataError, match="left a session"):
        tried(s, replace(signal, leg=1), made)


async def test_another_price_or_stop_on_record_is_named(tmp_path: Path):
    s, signal, made = await scanned(tmp_path)
    forged = replace(signal, price=signal.price + 1, stop=D(1))
    said = " ".join(tried(s, forged, made))
    assert "the price is" in said
    assert "the stop is" in said


def write(s: Station, day: Any, close: float) -> None:
    frame = {
        "symbol": ["AAPL"], "ts": [day], "open": [close], "high": [close + 1],
        "low": [close - 1], "close": [close], "volume": [1e6],
    }  # fmt: skip
    s.store.write(pl.DataFrame(frame))
