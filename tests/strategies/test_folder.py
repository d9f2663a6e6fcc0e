"""Strategy files in a folder: found and loaded, or refused in one clear line."""

from pathlib import Path

import pytest

from strategies.folder import load_folder
from strategies.registry import STRATEGIES
from trading.errors import ConfigError

LAWFUL = '''
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from indicators import window
from trading.bars import Bars, Drawing, Rules
from trading.types import Holding, Moment


@dataclass(frozen=True, slots=True)
class Breakout:
    """Bets that a new high goes on."""

    name: str = "breakout"
    timeframe: str = "1d"
    warmup: int = 21
    decides: Moment = Moment.CLOSE
    holds: Holding = Holding.UNTIL_EXIT
    drawing: Drawing = Drawing()

    def rules(self, bars: Bars) -> Rules:
        close = bars.close
        high, low = window.highest(close, 20), window.lowest(close, 10)
        enter, leave = close >= high, close <= low
        nothing = np.full_like(close, np.nan)
        return Rules(
            (enter & ~leave).astype(np.int8), leave & ~enter, np.ones_like(close), nothing,
            {"high": high},
        )

    def explain(self, features: Mapping[str, float]) -> str:
        return f"20-day high {features['high']:.2f}"
'''


def dropped(folder: Path, text: str, name: str = "mine.py") -> str:
    """What the folder says of one file: "" where it is loaded."""
    (folder / name).write_text(text)
    return load_folder(folder, STRATEGIES).refused.get(name, "")


def test_a_lawful_file_is_loaded_by_its_strategys_name(tmp_path: Path) -> None:
    assert dropped(tmp_path, LAWFUL) == ""
    found = load_folder(tmp_path, STRATEGIES)
    assert found.strategies["breakout"].warmup == 21
    assert found.files == {"breakout": "mine.py"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("high, low =", "high, low = = "), "mine.py: line 25: invalid syntax"),
        (("import numpy", "import numpie"), "importing it raised ModuleNotFoundError in line 5"),
        (("enter, leave =", "enter, leave = 1 / 0,"), "raised ZeroDivisionError in line 26"),
        (("class Breakout:", "class Breakout:\n    broken: int"), "Breakout() raised TypeError"),
        (("def rules", "def rule"), "it defines no strategy"),
        (("def explain", "def say"), "it has no 'explain'"),
        (('"breakout"', '"Break Out"'), "'Break Out' is not lower-case letters"),
        (('"breakout"', '"mean_reversion"'), "'mean_reversion' already; rename this one"),
        (('"1d"', '"5m"'), "its timeframe is '5m'; there are 1d, 1w"),
        (("warmup: int = 21", "warmup: int = 0"), "its warmup is 0 bars"),
        (("warmup: int = 21", 'warmup: str = "21"'), "its warmup is '21'; expected int"),
        (("warmup: int = 21", "warmup: int = 5"), "state a longer warmup or forget faster"),
        (("window.highest(close, 20)", "np.roll(close, -1)"), "it looks ahead"),
        (("close = bars.close", "close = bars.close; close[0] = 1"), "read-only"),
        (("Moment.CLOSE", "Moment.OPEN"), "it looks ahead"),
        (('"1d"', '"1w"'), ""),
        (('f"20-day', 'len(features) or f"20-day'), "explain() gave int, not text"),
        ((".astype(np.int8)", ""), "enter must be int8"),
    ],
)
def test_each_fault_is_one_clear_line(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    said = dropped(tmp_path, LAWFUL.replace(*change, 1))
    assert bool(said) == bool(says), said
    assert says in said
    assert "\n" not in said
    assert len(said) < 300


def test_two_files_with_one_name_keep_the_first(tmp_path: Path) -> None:
    dropped(tmp_path, LAWFUL, "a.py")
    assert dropped(tmp_path, LAWFUL, "b.py") == (
        "b.py: 'breakout' is defined in a.py already; rename one"
    )


def test_a_bad_file_does_not_keep_the_others_out(tmp_path: Path) -> None:
    dropped(tmp_path, "def (", "bad.py")
    dropped(tmp_path, LAWFUL)
    dropped(tmp_path, "raise SystemExit", "_ignored.py")
    found = load_folder(tmp_path, STRATEGIES)
    assert list(found.strategies) == ["breakout"]
    assert list(found.refused) == ["bad.py"]


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere is no folder; make it or correct the setting"):
        load_folder(tmp_path / "nowhere", STRATEGIES)
