"""What the settings say of who decides, and when an order goes."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

import choices
from risk.autonomy import Demotion, Promotion
from settings import load
from strategies.registry import STRATEGIES
from trading.errors import ConfigError
from trading.types import Mode

WRITTEN = """
[strategies.mean_reversion]
mode = "veto"
veto_window = "90s"
executes = "next close"

[strategies.mean_reversion.promotion]
trades = 12
agreement = 0.9

[strategies.mean_reversion.demotion]
drawdown = 0.05
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "quarterdeck.toml"


def test_a_strategy_runs_as_it_is_written(here: Path):
    here.write_text(WRITTEN)
    plan = choices.plans(load(), dict(STRATEGIES))["mean_reversion"]
    assert (plan.mode, plan.veto_window) == (Mode.VETO, timedelta(seconds=90))
    assert plan.executes == "next close"
    assert plan.promotion == Promotion(trades=12, agreement=Decimal("0.9"))
    assert plan.demotion == Demotion(drawdown=Decimal("0.05"))


def test_without_a_word_it_is_manual_and_has_the_usual_limits():
    plan = choices.plans(load(), dict(STRATEGIES))["mean_reversion"]
    assert (plan.mode, plan.executes) == (Mode.MANUAL, "")
    assert (plan.promotion, plan.demotion) == (Promotion(), Demotion())
    assert plan.veto_window == timedelta(minutes=10)


def test_what_holds_a_session_cannot_enter_at_its_end(here: Path):
    here.write_text('[strategies.intraday_gap_up]\nexecutes = "close"\n')
    with pytest.raises(ConfigError, match="it holds one session and must go now"):
        choices.plans(load(), dict(STRATEGIES))


@pytest.mark.parametrize(
    ("written", "line"),
    [
        (
            "[strategies.mean_reversion.promotion]\ntrade = 3",
            "unknown setting 'strategies.mean_reversion.promotion.trade'; known are: agreement",
        ),
        (
            "[strategies.mean_reversion]\nexecutes = 'noon'",
            "setting 'strategies.mean_reversion.executes' = 'noon': input should be",
        ),
        (
            "[strategies.mean_reversion]\nveto_window = 'soon'",
            "setting 'strategies.mean_reversion.veto_window' = 'soon': string should match",
        ),
        (
            "[strategies.mean_reversion.demotion]\nerrors = 0",
            "setting 'strategies.mean_reversion.demotion.errors' = '0': input should be greater",
        ),
    ],
)
def test_a_bad_word_is_one_clear_line(here: Path, written: str, line: str):
    here.write_text(written)
    with pytest.raises(ConfigError) as refused:
        load()
    assert str(refused.value).startswith(line)
