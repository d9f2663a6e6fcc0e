"""The ledger: FIFO by hand, and against a naive one that keeps every unit as a lot of its own."""

from collections import defaultdict
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trading.unit_lots import T0, fills, unit_fold
from trading.ledger import Book, Ledger, fold
from trading.money import Adjustment
from trading.orders import Fill
from trading.types import Side

D = Decimal
AAPL = Book("dip", "paper", "AAPL")
#: One multiplier a symbol, as an instrument has.
MULTIPLIERS = {"AAPL": D(1), "ES": D(50), "OIL": D("0.01")}


def deposit(amount: str, kind: str = "deposit") -> Adjustment:
    return Adjustment("paper", f"{kind}{amount}", kind, D(amount), "USD", T0)


# By hand


def test_the_oldest_lot_is_closed_first():
    position = fold(
        fills("buy 10 AAPL @ 100", "buy 10 AAPL @ 120", "sell 15 AAPL @ 130")
    ).positions[AAPL]
    assert position.realised == 10 * 30 + 5 * 10
    assert position.quantity == 5
    assert position.average == 120
    assert position.unrealised(D(121)) == 5


def test_a_short_earns_when_the_price_falls():
    ledger = fold(fills("sell 10 AAPL @ 100", "buy 4 AAPL @ 90"))
    position = ledger.positions[AAPL]
    assert position.realised == 40
    assert (position.quantity, position.average) == (-6, 100)
    assert position.unrealised(D(101)) == -6
    assert position.value(D(101)) == -606


def test_a_flip_goes_through_zero():
    ledger = fold(fills("buy 10 AAPL @ 100", "sell 25 AAPL @ 110 fee 5"))
    position = ledger.positions[AAPL]
    assert position.realised == 100
    assert (position.quantity, position.average) == (-15, 110)
    [trade] = ledger.trades
    assert (trade.quantity, trade.entry, trade.exit) == (10, 100, 110)
    assert trade.fees == 2, "ten of the 25 units ended it"
    assert position.opened_at == T0 + timedelta(minutes=1)


def test_both_trades_of_a_flip_pay_its_whole_fee():
    ledger = fold(fills("buy 1 AAPL @ 100", "sell 3 AAPL @ 110 fee 1", "buy 2 AAPL @ 105"))
    first, second = ledger.trades
    assert first.fees == D("0.33333333")
    assert first.fees + second.fees == 1
    assert (second.quantity, second.gross) == (-2, 10)


def test_a_trade_runs_from_flat_to_flat_however_it_is_built():
    ledger = fold(
        fills(
            "buy 5 AAPL @ 100 fee 1",
            "buy 5 AAPL @ 110 fee 1",
            "sell 3 AAPL @ 120 fee 1",
            "buy 1 AAPL @ 104 fee 1",
            "sell 8 AAPL @ 90 fee 1",
        )
    )
    [trade] = ledger.trades
    assert trade.quantity == 10, "the largest size held"
    assert trade.entry == (500 + 550 + 104) / D(11)
    assert trade.exit == (360 + 720) / D(11)
    assert trade.gross == 360 + 720 - 500 - 550 - 104
    assert trade.fees == 5
    assert trade.net == trade.gross - 5
    assert (trade.opened_at, trade.closed_at) == (T0, T0 + timedelta(minutes=4))


def test_a_point_is_worth_its_multiplier():
    ledger = fold(fills("buy 2 ES @ 5000 x50", "sell 1 ES @ 5010 fee 2 x50"), [deposit("600000")])
    [position] = ledger.held()
    assert position.realised == 500
    assert position.cost == 250_000
    assert position.value(D(5001)) == 250_050
    assert ledger.cash["paper", "USD"] == 600_000 - 500_000 + 250_500 - 2
    assert ledger.equity("paper", "USD", {"ES": D(5001)}) == 600_000 + 500 + 50 - 2


def test_strategies_keep_apart_and_the_broker_sees_their_sum():
    ledger = fold(
        [
            *fills("buy 10 AAPL @ 100", strategy="dip"),
            *fills("sell 4 AAPL @ 101", strategy="rip"),
            *fills("buy 4 XOM @ 50", strategy="dip"),
            *fills("sell 4 XOM @ 51", strategy="rip"),
        ]
    )
    assert ledger.net("paper") == {"AAPL": 6}, "opposite books cancel at the broker"
    assert {p.book.symbol: p.quantity for p in ledger.held("rip")} == {"AAPL": -4, "XOM": -4}
    assert ledger.net("another") == {}


def test_cash_moved_without_a_trade_counts_in_cash_and_only_deposits_count_as_deposits():
    ledger = fold([], [deposit("1000"), deposit("-200", "withdrawal"), deposit("7", "dividend")])
    assert ledger.cash["paper", "USD"] == 807
    assert ledger.deposits["paper", "USD"] == 800


def test_equity_names_the_symbol_that_has_no_price():
    with pytest.raises(KeyError, match="AAPL"):
        fold(fills("buy 1 AAPL @ 100")).equity("paper", "USD", {})


def test_a_book_that_never_traded_is_flat():
    position = Ledger().position("dip", "paper", "AAPL")
    assert (position.quantity, position.average, position.cost) == (0, 0, 0)
    assert position.unrealised(D(100)) == 0
    assert position.opened_at is None


# For any fills

prices = st.decimals("0.0001", "9999.9999", places=4)
fees = st.decimals("0", "20", places=6)


@st.composite
def histories(draw: st.DrawFn) -> list[Fill]:
    made = []
    for number in range(draw(st.integers(1, 30))):
        symbol = draw(st.sampled_from(sorted(MULTIPLIERS)))
        made.append(
            Fill(
                "paper",
                "paper",
                f"x{number}",
                f"k{number}",
                draw(st.sampled_from(["dip", "rip"])),
                symbol,
                draw(st.sampled_from(Side)),
                D(draw(st.integers(1, 30))),
                draw(prices),
                draw(fees),
                "USD",
                T0 + timedelta(minutes=number),
                MULTIPLIERS[symbol],
            )
        )
    return made


marks = st.fixed_dictionaries(dict.fromkeys(MULTIPLIERS, prices))


@given(histories(), marks)
def test_every_figure_is_that_of_unit_lots(history: list[Fill], marked: dict[str, Decimal]):
    ledger, units = fold(history), unit_fold(history)
    assert Fraction(ledger.cash["paper", "USD"]) == units.cash
    assert ledger.positions.keys() == units.books.keys()
    for book, position in ledger.positions.items():
        naive, price = units.books[book], marked[book.symbol]
        assert position.quantity == naive.quantity
        assert Fraction(position.realised) == naive.realised
        assert Fraction(position.fees) == naive.fees
        assert Fraction(position.unrealised(price)) == naive.unrealised(Fraction(price))
        assert sum(lot.quantity for lot in position.lots) == position.quantity
        assert all(lot.quantity * position.quantity > 0 for lot in position.lots)


@given(histories(), marks)
def test_cash_and_value_are_deposits_and_profit_to_the_last_digit(
    history: list[Fill], marked: dict[str, Decimal]
):
    ledger = fold(history, [deposit("100000"), deposit("-2500.50", "withdrawal")])
    books = ledger.positions.values()
    profit = sum(p.realised + p.unrealised(marked[p.book.symbol]) - p.fees for p in books)
    assert ledger.equity("paper", "USD", marked) == ledger.deposits["paper", "USD"] + profit


@given(histories())
def test_trades_and_what_is_open_hold_all_that_was_realised_and_paid(history: list[Fill]):
    """Once every book is flat, the trades' net is realised − fees, exactly."""
    ledger = fold(history)
    ends = [
        replace(
            history[-1],
            execution_id=f"end{number}",
            strategy=position.book.strategy,
            symbol=position.book.symbol,
            side=Side.SELL if position.quantity > 0 else Side.BUY,
            quantity=abs(position.quantity),
            multiplier=position.multiplier,
        )
        for number, position in enumerate(list(ledger.held()))
    ]
    for fill in ends:
        ledger.apply(fill)
    assert list(ledger.held()) == []
    gross, paid = defaultdict(Decimal), defaultdict(Decimal)
    for trade in ledger.trades:
        gross[trade.book] += trade.gross
        paid[trade.book] += trade.fees
    for book, position in ledger.positions.items():
        assert gross[book] == position.realised
        assert paid[book] == position.fees
        assert position.cost == 0
        assert not position.lots
    assert sum(trade.net for trade in ledger.trades) == ledger.cash["paper", "USD"]


@given(histories(), st.data())
def test_folding_in_two_steps_is_folding_at_once(history: list[Fill], data: st.DataObject):
    cut = data.draw(st.integers(0, len(history)))
    ledger = fold(history[:cut])
    before = deepcopy(ledger)
    for fill in history[cut:]:
        ledger.apply(fill)
    assert ledger == fold(history)
    assert before == fold(history[:cut]), "a fold of facts does not depend on what follows"


@settings(max_examples=150)
@given(
    st.integers(1, 10**6),
    st.integers(1, 10**6),
    st.decimals("0", "1000", places=8),
    st.sampled_from(Side),
)
def test_the_fee_of_a_flip_is_split_without_a_remainder(
    held: int, beyond: int, fee: Decimal, side: Side
):
    first = replace(fills("buy 1 AAPL @ 100")[0], side=side, quantity=D(held))
    flip = replace(first, execution_id="f", side=side.opposite, quantity=D(held + beyond), fee=fee)
    back = replace(first, execution_id="b", quantity=D(beyond))
    ended, following = fold([first, flip, back]).trades
    assert ended.fees + following.fees == fee
    assert ended.fees >= 0
    assert following.fees >= 0
    share = fee * held / (held + beyond)
    assert abs(ended.fees - share) <= D("0.00000001")


@given(histories())
def test_a_trade_spans_its_own_fills(history: list[Fill]):
    for trade in fold(history).trades:
        assert trade.opened_at < trade.closed_at
        mine = [f for f in history if Book(f.strategy, f.account, f.symbol) == trade.book]
        spans = [f.price for f in mine if trade.opened_at <= f.at <= trade.closed_at]
        assert min(spans) <= trade.entry <= max(spans)
        assert min(spans) <= trade.exit <= max(spans)
        assert trade.quantity != 0
