"""What the largest size of a trade cost: the base of its return."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.trading.unit_lots import T0, fills
from trading.ledger import Rates, Trade, fold
from trading.money import Action, Change, Rate

D = Decimal


def only(*lines: str, **given: object) -> Trade:
    (trade,) = fold(fills(*lines), **given).trades  # type: ignore[arg-type]
    return trade


@pytest.mark.parametrize(
    ("lines", "cost"),
    [
        (["buy 10 AAPL @ 100", "sell 10 AAPL @ 110"], 1000),
        (["sell 10 AAPL @ 100", "buy 10 AAPL @ 110"], 1000),
        (["buy 10 AAPL @ 100", "buy 10 AAPL @ 120", "sell 20 AAPL @ 90"], 2200),
        # 10 held, half sold and bought back: never more than 10, at 110 on average
        (["buy 10 A @ 100", "sell 5 A @ 120", "buy 5 A @ 130", "sell 10 A @ 90"], 1100),
    ],
)
def test_it_is_of_what_was_held_at_once(lines: list[str], cost: int):
    assert only(*lines).cost_base == cost


def test_a_future_costs_its_multiplier():
    [bought, sold] = fills("buy 2 ES @ 5000", "sell 2 ES @ 5010")
    (trade,) = fold([replace(bought, multiplier=D(50)), replace(sold, multiplier=D(50))]).trades
    assert trade.cost_base == 500_000


def test_a_price_below_zero_has_a_cost_above_it():
    assert only("buy 1 CL @ -37", "sell 1 CL @ -30").cost_base == 37


def test_it_is_at_the_rate_of_the_opening():
    rates = Rates.of(
        "USD",
        [
            Rate("EUR", "USD", T0 - timedelta(days=1), D("1.10")),
            Rate("EUR", "USD", T0 + timedelta(seconds=30), D("1.20")),
        ],
    )
    euros = [replace(f, currency="EUR") for f in fills("buy 10 SAP @ 100", "sell 10 SAP @ 100")]
    (trade,) = fold(euros, rates=rates).trades
    assert trade.cost_base == 1100
    assert trade.net_base == 100, "of the rate alone: 1,000 euros are 1,200 dollars now"


def test_a_split_changes_no_cost():
    first, *rest = fills("buy 10 AAPL @ 400", *["buy 1 X @ 1"] * 70, "sell 40 AAPL @ 110")
    split = Action("", "s", Change.SPLIT, "AAPL", T0 + timedelta(hours=1), gives=D(4))
    (trade,) = fold([first, rest[-1]], actions=[split]).trades
    assert trade.cost_base == 4000
