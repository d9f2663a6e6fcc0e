"""What the settings say of money becomes the plan's allowance."""

from decimal import Decimal
from types import SimpleNamespace

import pytest
from pydantic import ValidationError

from choices import plans
from risk.aims import AllocationShare, EquityShare, FixedNotional, RiskToStop, VolatilityTarget
from risk.limits import Allowance
from risk.sizing_settings import SizingSettings
from settings import Settings, StrategySettings
from trading.errors import ConfigError
from trading.types import Holding, Moment

D = Decimal
KNOWN = SimpleNamespace(decides=Moment.CLOSE, holds=Holding.UNTIL_EXIT, timeframe="1d")


def allowance(**given: object) -> Allowance:
    chosen = StrategySettings(**given)  # type: ignore[arg-type]
    written = Settings(strategies={"dip": chosen})
    again = Settings(strategies={"dip": chosen.model_dump(mode="json")})
    found, read_again = (plans(s, {"dip": KNOWN})["dip"] for s in (written, again))  # type: ignore[dict-item]
    assert found == read_again, "children are handed the settings as JSON"
    return found.allowance


@pytest.mark.parametrize(
    ("given", "limit"),
    [("0.8", 80_000), (0.5, 50_000), ("80 %", 80_000), ("25000 USD", 25_000), (1, 100_000)],
)
def test_an_allocation_is_a_share_or_an_amount(given: object, limit: int):
    assert allowance(allocation=given).limit(D(100_000)) == limit


@pytest.mark.parametrize("given", ["", "0", "lots", "1.2", "-1", True, None, [1]])
def test_what_is_no_allocation_is_refused(given: object):
    with pytest.raises(ValidationError):
        StrategySettings(allocation=given)  # type: ignore[arg-type]


def test_money_in_another_currency_is_one_clear_line():
    with pytest.raises(ConfigError, match=r"'strategies.dip.allocation' is in EUR; .* is USD"):
        allowance(allocation="25000 EUR")


@pytest.mark.parametrize(
    ("given", "aim"),
    [
        ({}, None),
        ({"rule": "equity", "share": "3 %"}, EquityShare(D("0.03"))),
        ({"rule": "notional", "amount": 5000}, FixedNotional(D(5000), "USD")),
        ({"rule": "allocation", "share": "0.1"}, AllocationShare(D("0.1"))),
        ({"rule": "risk", "risk": "0.5 %"}, RiskToStop(D("0.005"))),
        ({"rule": "volatility", "target": "15 %"}, VolatilityTarget(D("0.15"))),
    ],
)
def test_a_sizing_rule_is_read(given: dict[str, object], aim: object):
    assert allowance(sizing=given).aim == aim


@pytest.mark.parametrize(
    "given",
    [{"rule": "risk"}, {"rule": "risk", "share": 1}, {"rule": "notional", "amount": 0},
     {"rule": "equity", "share": 0.1, "risk": 0.1}, {"rule": "martingale"}],
)  # fmt: skip
def test_a_rule_without_what_it_needs_is_refused(given: dict[str, object]):
    with pytest.raises(ValidationError):
        SizingSettings(**given)  # type: ignore[arg-type]
