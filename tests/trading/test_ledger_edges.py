"""Where ledgers go wrong: prices below zero, other multipliers, dust, options that meet books."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.trading.unit_lots import T0, fills
from trading.ledger import Book, Ledger, Method, Posting, Rates, fold
from trading.money import Action, Adjustment, Change, Rate
from trading.orders import Fill
from trading.types import Side

D = Decimal
LATER = T0 + timedelta(hours=1)


def book(symbol: str, strategy: str = "dip") -> Book:
    return Book(strategy, "paper", symbol)


def act(kind: Change, symbol: str, **terms: object) -> Action:
    return Action("", f"{kind}-1", kind, symbol, LATER, **terms)  # type: ignore[arg-type]


def test_a_price_below_zero_is_told_as_it_was():
    [trade] = fold(fills("buy 1 CL @ -37.63 x1000", "sell 1 CL @ 10 x1000")).trades
    assert (trade.entry, trade.exit, trade.gross) == (D("-37.63"), 10, 47_630)
    [trade] = fold(fills("sell 2 CL @ 5 x1000", "buy 2 CL @ -40 x1000")).trades
    assert (trade.entry, trade.exit, trade.gross) == (5, -40, 90_000)


def test_each_fill_is_worth_its_own_multiplier():
    lines = fills("buy 1 FUT @ 100 x10", "sell 1 FUT @ 110 x10", "buy 1 FUT @ 100 x5",
                  "sell 1 FUT @ 110 x5")  # fmt: skip
    ledger = fold(lines)
    assert [trade.gross for trade in ledger.trades] == [100, 50]
    assert [trade.entry for trade in ledger.trades] == [100, 100]
    assert ledger.cash["paper", "USD"] == 150


def test_a_flat_book_may_go_on_in_another_currency():
    euros = [replace(one, currency="EUR") for one in fills("buy 1 A @ 10")]
    rates = Rates.of("USD", [Rate("EUR", "USD", T0 - timedelta(days=1), D(2))])
    ledger = fold([*fills("buy 1 A @ 10", "sell 1 A @ 12"),
                   replace(euros[0], at=LATER)], rates=rates)  # fmt: skip
    position = ledger.positions[book("A")]
    assert (position.currency, position.cost, position.base) == ("EUR", 10, 20)


def test_costs_of_two_currencies_never_meet_in_one_book():
    """Bought in dollars, bought and sold in euros, sold in dollars."""
    euros = [replace(one, currency="EUR", at=LATER, order_key=f"e{n}", execution_id=f"e{n}")
             for n, one in enumerate(fills("buy 1 A @ 10", "sell 1 A @ 11"))]  # fmt: skip
    out = replace(fills("sell 2 A @ 15")[0], at=LATER, execution_id="out")
    rates = Rates.of("USD", [Rate("EUR", "USD", T0 - timedelta(days=1), D(2))])
    postings: list[Posting] = []
    ledger = fold([*fills("buy 2 A @ 10"), *euros, out], rates=rates,
                  keeper=lambda _, lines: postings.extend(lines))  # fmt: skip
    assert [(trade.currency, trade.gross, trade.net_base) for trade in ledger.trades] == [
        ("EUR", 1, 2), ("USD", 10, 10),
    ]  # fmt: skip
    assert ledger.cash == {("paper", "USD"): 10, ("paper", "EUR"): 1}
    assert ledger.positions[book("A in EUR")].realised == 1
    for currency in ("USD", "EUR"):
        assert sum(one.amount for one in postings if one.currency == currency) == 0


def test_what_is_held_in_two_currencies_is_one_holding_at_the_broker_and_splits_together():
    euros = replace(fills("buy 3 A @ 20")[0], currency="EUR", execution_id="e")
    split = act(Change.SPLIT, "A", gives=D(2))
    ledger = fold([*fills("buy 2 A @ 10"), euros], (), [split])
    assert ledger.net("paper") == {"A": 10}
    held = {one.currency: (one.quantity, one.cost) for one in ledger.held()}
    assert held == {"USD": (4, 20), "EUR": (6, 60)}
    renamed = act(Change.SYMBOL, "A", into="B")
    ledger = fold([*fills("buy 2 A @ 10"), euros], (), [renamed])
    assert ledger.net("paper") == {"B": 5}
    assert {one.cost for one in ledger.held()} == {20, 60}


def test_a_currency_that_comes_back_goes_on_in_its_own_book():
    euro = replace(fills("buy 3 A @ 20")[0], currency="EUR", execution_id="e", at=LATER)
    dollars = fills("buy 2 A @ 10", "sell 2 A @ 11", "buy 1 A @ 12")
    dollars[-1] = replace(dollars[-1], at=LATER + timedelta(hours=1))
    ledger = fold([*dollars[:2], euro, dollars[-1]])
    assert {p.book.symbol: (p.currency, p.quantity) for p in ledger.held()} == {
        "A": ("EUR", 3), "A in USD": ("USD", 1),
    }  # fmt: skip
    assert ledger.positions[book("A in USD")].realised == 2


def test_a_fee_without_units_costs_and_opens_nothing():
    ledger = fold(fills("buy 0 A @ 10 fee 3"))
    position = ledger.positions[book("A")]
    assert (position.fees, position.episode, len(position.lots)) == (3, None, 0)
    assert ledger.cash["paper", "USD"] == -3
    ledger = fold(fills("buy 1 A @ 10", "buy 0 A @ 10 fee 3", "sell 1 A @ 20"))
    [trade] = ledger.trades
    assert (trade.gross, trade.fees) == (10, 3)


def test_an_option_on_a_future_gives_contracts_worth_as_much_a_point():
    call = act(Change.EXERCISE, "OPT", into="ES", price=D(5000))
    ledger = fold(fills("buy 1 OPT @ 20 x50"), actions=[call])
    position = ledger.positions[book("ES")]
    assert (position.quantity, position.multiplier) == (1, 50)
    assert (position.cost, position.average) == (251_000, 5020)
    ledger = fold(fills("sell 1 ES @ 5100 x50", "buy 1 OPT @ 20 x50"), actions=[call])
    assert ledger.positions[book("ES")].realised == 80 * 50
    assert ledger.cash["paper", "USD"] == 80 * 50


def test_assigned_units_are_those_of_the_account_not_of_each_book():
    sold = [*fills("sell 1 OPT @ 3 x100", strategy="dip"),
            *fills("sell 1 OPT @ 3 x100", strategy="rip")]  # fmt: skip
    one = act(Change.ASSIGNMENT, "OPT", into="A", gives=D(100), price=D(50), units=D(1), right=-1)
    assert fold(sold, actions=[one]).net("paper") == {"OPT": -1, "A": 100}


def test_only_what_was_bought_is_exercised_and_only_what_was_sold_assigned():
    both = [*fills("sell 1 OPT @ 3 x100", strategy="dip"),
            *fills("buy 1 OPT @ 3 x100", strategy="rip")]  # fmt: skip
    taken = act(Change.ASSIGNMENT, "OPT", into="A", gives=D(100), price=D(50))
    ledger = fold(both, actions=[taken])
    assert {p.book: p.quantity for p in ledger.held()} == {book("OPT", "rip"): 1, book("A"): -100}


def test_a_premium_above_the_strike_is_shared_by_a_flip_with_its_sign():
    """A put of 7 at a strike of 1 for 100 shares sells them at -6; 3 of them close."""
    put = act(Change.EXERCISE, "OPT", into="A", gives=D(7), price=D(1), right=-1)
    ledger = fold(fills("buy 3 A @ 10", "buy 1 OPT @ 20"), actions=[put])
    position = ledger.positions[book("A")]
    worth = D(-13) * 3 / 7  # 7 sold for 7, less the 20 paid
    assert abs(position.realised - (worth * 1 - 30)) < D("0.00000001")
    assert position.quantity == -4
    assert position.realised - position.cost == -30 - 13


def test_dust_finer_than_the_step_survives_a_new_name_and_a_split_that_divides():
    dust = fills("buy 0.000000000001 ETH @ 3000")
    ledger = fold(dust, actions=[act(Change.SYMBOL, "ETH", into="ETH2")])
    assert ledger.net("paper") == {"ETH2": D("1E-12")}
    ledger = fold(dust, actions=[act(Change.SPLIT, "ETH", gives=D(3), takes=D(2))])
    assert ledger.net("paper") == {"ETH": D("1.5E-12")}


def test_a_rate_taken_the_other_way_round_leaves_sums_exact():
    way = [Rate("USD", "EUR", T0 - timedelta(days=1), D(3)), Rate("USD", "EUR", LATER, D(7))]
    sap = [replace(one, currency="EUR") for one in fills("buy 3 S @ 1.1", "sell 1 S @ 2.3")]
    bond = Adjustment("paper", "d", "deposit", D("1000.01"), "EUR", T0)
    ledger = fold(sap, [bond], rates=Rates.of("USD", way))
    [position] = ledger.held()
    now = ledger.rates.at("EUR", LATER)
    profit = position.realised_base + position.fx_base
    profit += sum(position.unrealised_base(D("9.87654321"), now))
    came = sum(ledger.base_flows.values())
    worth = ledger.equity_base("paper", {"S": D("9.87654321")}, LATER)
    assert worth == came + profit + ledger.cash_fx("paper", LATER)
    assert abs(now - D(1) / 7) < D("1E-18")


@pytest.mark.parametrize("method", list(Method))
@pytest.mark.parametrize(
    ("units", "price"),
    [("0.00000001", "0.000000000001"), ("0.00000001", "1000000000000"),
     ("1000000000000", "0.000000000001"), ("1000000000000.00000001", "1000000000000.000000000001")],
)  # fmt: skip
def test_dust_and_fortunes_lose_no_digit(method: Method, units: str, price: str):
    lines = [f"buy {units} X @ {price}"] * 3 + [f"sell {units} X @ {D(price) * 2:f}"] * 3
    ledger = fold(fills(*lines), methods={"paper": method})
    assert ledger.cash["paper", "USD"] == 3 * D(units) * D(price)
    assert ledger.positions[book("X")].realised == 3 * D(units) * D(price)
    assert ledger.positions[book("X")].cost == 0


def test_a_fee_paid_in_the_coin_is_a_sale_of_it_for_the_fee():
    """1 BTC bought at 60,000 with 0.001 BTC of it kept by the exchange: 0.999 are held, 60,000
    are gone, and the fee was 60."""
    kept = replace(fills("sell 0.001 BTC @ 60000 fee 60")[0], execution_id="fee",
                   at=T0 + timedelta(seconds=1))  # fmt: skip
    ledger = fold([*fills("buy 1 BTC @ 60000"), kept])
    position = ledger.positions[book("BTC")]
    assert (position.quantity, position.fees, position.realised) == (D("0.999"), 60, 0)
    assert ledger.cash["paper", "USD"] == -60_000


def test_actions_reach_only_their_account():
    there = [replace(one, account="other") for one in fills("buy 2 A @ 10")]
    half = Action("other", "s", Change.SPLIT, "A", LATER, gives=D(2))
    ledger = fold([*fills("buy 2 A @ 10"), *there], actions=[half])
    assert (ledger.net("paper"), ledger.net("other")) == ({"A": 2}, {"A": 4})


def test_a_ledger_told_in_pieces_knows_who_moved_money_by_what():
    """Every posting's fact is the one that was recorded."""
    told: list[object] = []
    ledger = Ledger(keeper=lambda fact, _: told.append(fact))
    first = fills("buy 1 OPT @ 3 x100")[0]
    ledger.apply(first)
    end = act(Change.EXPIRY, "OPT")
    ledger.act(end)
    assert told[0] is first
    assert isinstance(told[1], Fill)
    assert told[1].order_key == end.reference
    assert told[1].side is Side.SELL
