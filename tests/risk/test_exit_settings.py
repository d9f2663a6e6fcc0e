"""`[strategies.NAME.exits]` as it is written."""

from pathlib import Path

import pytest

from choices import plans
from risk.exits import OWN, Distance, Exits
from settings import load
from strategies.registry import STRATEGIES
from trading.errors import ConfigError

TOML = """
[strategies.mean_reversion.exits]
stop = "signal"
trail = "3 %"
target = 1.5
sessions = 10
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_plan_carries_the_exits_that_were_written():
    Path("quarterdeck.toml").write_text(TOML)
    exits = plans(load(), dict(STRATEGIES))["mean_reversion"].exits
    assert exits == Exits(OWN, Distance.parse("3 %"), Distance.parse("1.5"), 10)


def test_without_them_a_strategy_leaves_by_its_own_rule_alone():
    assert not plans(load(), dict(STRATEGIES))["mean_reversion"].exits


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("stop = '5 atrs'", "strategies.mean_reversion.exits.stop' = '5 atrs': expected a dist"),
        ("target = 'signal'", "only a stop may be"),
        ("trail = 0", "above zero"),
        ("sessions = -1", "greater than or equal to 0"),
        ("stp = '5 %'", "known are: sessions, stop, target, trail"),
    ],
)
def test_what_cannot_be_read_is_one_line_that_names_the_key(line: str, said: str):
    Path("quarterdeck.toml").write_text(f"[strategies.mean_reversion.exits]\n{line}\n")
    with pytest.raises(ConfigError, match="strategies.mean_reversion.exits") as error:
        load()
    assert said in str(error.value)
    assert "\n" not in str(error.value)
