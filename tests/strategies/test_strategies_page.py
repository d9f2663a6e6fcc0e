"""docs/strategies.md does what it says: its code is run as it stands."""

import re
import sys
import tomllib
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest

from backtest import lookahead, run
from settings import Settings
from strategies.folder import load_folder
from strategies.registry import STRATEGIES
from wiring import strategies

PAGE = (Path(__file__).parents[2] / "docs" / "strategies.md").read_text("utf-8")
BLOCKS = dict.fromkeys(("python", "toml"), "") | {"test": ""}
BLOCKS["python"], BLOCKS["test"] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(BLOCKS["toml"],) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def given(tmp_path: Path) -> Settings:
    """The page's settings, its file in its folder."""
    chosen = tomllib.loads(BLOCKS["toml"])
    folder = tmp_path / chosen["strategy_folder"]
    folder.mkdir()
    (folder / "breakout.py").write_text(BLOCKS["python"])
    return Settings(data=tmp_path / "data", **{**chosen, "strategy_folder": str(folder)})


def test_the_example_is_loaded_with_its_parameter(given: Settings) -> None:
    assert load_folder(Path(given.strategy_folder), STRATEGIES).refused == {}
    (strategy,) = strategies(given).values()
    assert (strategy.name, strategy.warmup) == ("breakout", 41)


def test_the_example_trades_and_does_not_look_ahead(given: Settings) -> None:
    result = run(given, "breakout", date(2025, 1, 2), date(2025, 6, 30))
    assert len(result.trades) > 5
    text, clean = lookahead(given, "breakout", "2025-01-02", "2025-06-30")
    assert clean, text


def test_the_examples_own_tests_pass() -> None:
    module = ModuleType("page")
    sys.modules["page"] = module
    try:
        exec(BLOCKS["python"] + BLOCKS["test"], module.__dict__)
        tests = [made for name, made in vars(module).items() if name.startswith("test_")]
        assert len(tests) == 2
        for test in tests:
            test()
    finally:
        del sys.modules["page"]


def test_the_example_is_about_twenty_lines() -> None:
    body = BLOCKS["python"].split("class Breakout:")[1]
    assert sum(1 for line in body.splitlines() if line.strip()) <= 25


def test_the_page_names_every_strategy_shipped() -> None:
    assert all(f"`{name}`" in PAGE for name in STRATEGIES)
