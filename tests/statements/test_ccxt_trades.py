"""ccxt's trades: fees in the quote, in the coin, in another coin; contracts."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.statements.conftest import books, facts
from trading.errors import DataError
from trading.orders import Fill


def trade(n: int, side: str, amount: str, price: str, fee: Any = None, **more: Any) -> Any:
    row = {
        "id": str(n), "order": f"o{n}", "symbol": "BTC/USDT", "side": side, "amount": "AMOUNT",
        "price": "PRICE", "cost": None, "timestamp": 1_738_590_000_000 + n, "fee": fee,
    } | more  # fmt: skip
    return json.dumps(row).replace('"AMOUNT"', amount).replace('"PRICE"', price)


def listed(*rows: str) -> str:
    return f"[{','.join(rows)}]"


def test_a_fee_in_the_quote_is_a_fee(reads):
    found = reads(
        listed(
            trade(1, "buy", "0.1", "100000.1", {"cost": 10.00001, "currency": "USDT"}),
            trade(2, "sell", "0.1", "100100.1", {"cost": 10.01001, "currency": "USDT"}),
        )
    )
    assert found.preset == "ccxt trades"
    [done] = books(found).trades
    assert (done.gross, done.net) == (Decimal("10.00"), Decimal("10.00") - Decimal("20.01002"))


def test_after_a_fee_in_the_coin_the_units_are_the_exchanges_and_the_cash_too(reads):
    found = reads(listed(trade(1, "buy", "1", "50000", {"cost": 0.001, "currency": "BTC"})))
    ledger = books(found)
    [position] = ledger.held()
    assert position.quantity == Decimal("0.999")
    assert ledger.cash == {("ccxt", "USDT"): -50_000}
    assert position.fees == 50
    assert position.realised == 0


def test_a_fee_in_another_coin_is_cash_of_that_coin(reads):
    fees = [{"cost": "0.002", "currency": "BNB"}]
    found = reads(listed(trade(1, "buy", "1", "50000", fees=fees)))
    assert books(found).cash["ccxt", "BNB"] == Decimal("-0.002")


def test_a_contracts_size_is_what_its_cost_says(reads):
    row = trade(1, "sell", "3", "50000.5", symbol="BTC/USDT:USDT", cost=150.0015)
    [fill] = facts(reads(listed(row)), Fill)
    assert (fill.multiplier, fill.currency) == (Decimal("0.001"), "USDT")
    inverse = trade(2, "buy", "3", "50000", symbol="BTC/USD:BTC")
    assert "inverse" in reads(listed(inverse)).refused[0].reason


def test_one_id_on_two_markets_is_two_executions(reads):
    found = reads(listed(trade(1, "buy", "1", "2"), trade(1, "buy", "1", "2", symbol="ETH/USDT")))
    assert len({f.execution_id for f in facts(found, Fill)}) == 2


@pytest.mark.parametrize("text", ["[1", '{"a": 1}', '["x', "[" * 100_000])
def test_what_is_no_list_of_trades_is_refused(reads, text: str):
    with pytest.raises(DataError):
        reads(text)


def test_rows_of_any_shape_are_refused_one_by_one(reads):
    rows = [1, None, {}, {"symbol": "A/B"}, {"symbol": 3}, {"symbol": "A/B", "side": "buy"}]
    found = reads(json.dumps([*rows, json.loads(trade(1, "buy", "1", "2"))]))
    assert len(found.refused) == len(rows)
    assert len(found.entries) == 1
