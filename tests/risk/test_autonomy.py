"""What earns a mode and what takes it back, at its boundaries."""

from dataclasses import replace
from typing import Any

import pytest

from risk import autonomy
from risk.autonomy import Demotion, Evidence, Promotion
from trading.types import Mode

GOOD = Evidence(
    trades=30,
    slippage_bps=15.0,
    profit_factor=1.3,
    agreement=0.85,
    drawdown=-0.10,
    errors=2,
)


def missing(**changes: Any) -> list[str]:
    found = autonomy.promotion(replace(GOOD, **changes), Promotion())
    return [check.name for check in found if not check.ok]


def lost(**changes: Any) -> list[str]:
    found = autonomy.demotion(replace(GOOD, **changes), Demotion())
    return [check.name for check in found if not check.ok]


def test_a_record_on_every_limit_is_enough():
    assert missing() == lost() == []


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"trades": 29}, "trades"),
        ({"slippage_bps": 15.1}, "slippage"),
        ({"slippage_bps": None}, "slippage"),
        ({"profit_factor": 1.29}, "profit factor"),
        ({"agreement": 0.84}, "agreement"),
        ({"agreement": None}, "agreement"),
    ],
)
def test_one_figure_short_earns_nothing(changes: dict[str, Any], name: str):
    assert missing(**changes) == [name]


def test_no_loss_is_the_best_factor_and_no_trade_is_none():
    assert missing(profit_factor=None) == []
    assert missing(profit_factor=None, trades=0) == ["trades", "profit factor"]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"drawdown": -0.1001}, "drawdown"),
        ({"errors": 3}, "errors"),
        ({"slippage_bps": 50.1}, "slippage"),
    ],
)
def test_one_figure_beyond_takes_it_back(changes: dict[str, Any], name: str):
    assert lost(**changes) == [name]


def test_nothing_measured_takes_nothing_back():
    assert lost(slippage_bps=None, drawdown=None, errors=0) == []


def test_only_a_step_away_from_manual_loosens():
    order = autonomy.STEPS
    for a in order:
        for b in order:
            assert autonomy.loosens(a, b) == (order.index(b) > order.index(a))
    assert [autonomy.next_step(mode) for mode in order] == [Mode.VETO, Mode.AUTO, None]


def test_the_figures_stand_in_the_words():
    words = [check.text for check in autonomy.promotion(GOOD, Promotion())]
    assert words == [
        "30 trades ended, wanted 30",
        "slippage 15.0 bps, limit 15",
        "profit factor 1.30, wanted 1.3",
        "you agreed with 85%, wanted 85%",
    ]
