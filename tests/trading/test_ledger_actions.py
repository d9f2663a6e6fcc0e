"""Corporate actions and options' ends, by hand: what is held, what it cost, what was realised."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.trading.unit_lots import T0, fills
from trading.errors import DataError
from trading.ledger import Book, Ledger, Method, fold
from trading.money import Action, Change

D = Decimal
LATER = T0 + timedelta(hours=1)


def action(kind: Change, symbol: str = "AAPL", **terms: object) -> Action:
    plain = {k: D(str(v)) if k in ("gives", "takes", "share", "price", "units") else v
             for k, v in terms.items()}  # fmt: skip
    return Action("", f"{kind}-1", kind, symbol, LATER, **plain)  # type: ignore[arg-type]


def after(lines: list[str], *actions: Action, then: tuple[str, ...] = ()) -> Ledger:
    late = fills(*["buy 1 X @ 1"] * 70, *then)[70:]  # an hour and ten minutes in
    return fold([*fills(*lines), *late], actions=actions)


def book(symbol: str) -> Book:
    return Book("dip", "paper", symbol)


def test_a_split_multiplies_units_and_keeps_the_cost():
    split = action(Change.SPLIT, gives=4)
    ledger = after(["buy 10 AAPL @ 400 fee 1"], split, then=("sell 40 AAPL @ 110",))
    position = ledger.positions[book("AAPL")]
    assert position.realised == 40 * 110 - 4000
    [trade] = ledger.trades
    assert (trade.quantity, trade.entry, trade.exit, trade.fees) == (40, 100, 110, 1)


def test_a_bonus_of_one_for_two_is_three_for_two():
    ledger = after(["buy 100 AAPL @ 30"], action(Change.SPLIT, gives=3, takes=2))
    position = ledger.positions[book("AAPL")]
    assert (position.quantity, position.cost, position.average) == (150, 3000, 20)


def test_a_split_that_does_not_divide_loses_neither_a_unit_nor_a_cent():
    lines = ["buy 10 AAPL @ 1", "buy 10 AAPL @ 2", "buy 11 AAPL @ 3"]
    ledger = after(lines, action(Change.SPLIT, gives=1, takes=3), then=("sell 10 AAPL @ 9",))
    position = ledger.positions[book("AAPL")]
    assert position.quantity == D("10.33333333") - 10
    assert sum(lot.quantity for lot in position.lots) == position.quantity
    assert position.realised + -position.cost == 10 * 9 - 63


def test_a_fill_at_the_moment_of_a_split_is_on_the_new_terms():
    new = Action("", "s", Change.SPLIT, "AAPL", T0 + timedelta(minutes=1), gives=D(2))
    ledger = fold(fills("buy 10 AAPL @ 100", "sell 20 AAPL @ 50"), actions=[new])
    assert ledger.net("paper") == {}
    assert ledger.positions[book("AAPL")].realised == 0


def test_a_new_symbol_takes_the_lots_and_the_open_trade_along():
    change = action(Change.SYMBOL, "FB", into="META")
    ledger = after(["buy 5 FB @ 300 fee 2"], change, then=("sell 5 META @ 310 fee 1",))
    [trade] = ledger.trades
    assert (trade.opened_at, trade.entry, trade.gross, trade.net) == (T0, 300, 50, 47)
    assert trade.book == book("META")
    assert ledger.net("paper") == {}


def test_a_new_symbol_meets_an_opposite_position_and_closes_it():
    lines = ["buy 5 FB @ 300", "sell 8 META @ 310"]
    ledger = after(lines, action(Change.SYMBOL, "FB", into="META"))
    assert ledger.net("paper") == {"META": -3}
    assert ledger.positions[book("META")].realised == 5 * 10
    assert ledger.cash["paper", "USD"] == -1500 + 2480


def test_a_spin_off_takes_its_share_of_the_cost():
    spin = action(Change.SPINOFF, "GE", into="GEV", gives=1, takes=4, share="0.25")
    ledger = after(["buy 100 GE @ 160"], spin)
    assert ledger.positions[book("GE")].cost == 12_000
    child = ledger.positions[book("GEV")]
    assert (child.quantity, child.cost, child.opened_at) == (25, 4_000, LATER)


def test_cash_in_a_merger_lowers_the_cost_of_what_is_received():
    merger = action(Change.MERGER, "OLD", into="NEW", gives=1, takes=2, price=10)
    ledger = after(["buy 100 OLD @ 50"], merger)
    position = ledger.positions[book("NEW")]
    assert (position.quantity, position.cost) == (50, 4_000)
    assert ledger.cash["paper", "USD"] == -5_000 + 1_000


@pytest.mark.parametrize(
    ("bought", "right", "kind", "units", "cost"),
    [
        ("buy 1 OPT @ 3 x100", 1, Change.EXERCISE, 100, 5_000 + 300),
        ("buy 1 OPT @ 3 x100", -1, Change.EXERCISE, -100, -5_000 + 300),
        ("sell 1 OPT @ 3 x100", 1, Change.ASSIGNMENT, -100, -5_000 - 300),
        ("sell 1 OPT @ 3 x100", -1, Change.ASSIGNMENT, 100, 5_000 - 300),
    ],
)
def test_the_premium_becomes_part_of_what_the_underlying_cost(bought, right, kind, units, cost):
    taken = action(kind, "OPT", into="AAPL", gives=100, price=50, right=right)
    ledger = after([bought], taken)
    position = ledger.positions[book("AAPL")]
    assert (position.quantity, position.cost) == (units, cost)
    assert ledger.net("paper") == {"AAPL": units}
    [option] = ledger.trades
    assert option.gross == 0
    assert ledger.cash["paper", "USD"] == -cost, "the premium and the strike"


def test_an_exercise_that_closes_a_position_realises_it_with_the_premium():
    lines = ["buy 100 AAPL @ 40", "buy 1 OPT @ 3 x100"]
    put = action(Change.EXERCISE, "OPT", into="AAPL", gives=100, price=50, right=-1)
    ledger = after(lines, put)
    assert ledger.net("paper") == {}
    assert ledger.positions[book("AAPL")].realised == 5_000 - 300 - 4_000


def test_an_option_that_runs_out_is_worth_nothing():
    ledger = after(["sell 2 OPT @ 1.5 x100"], action(Change.EXPIRY, "OPT"))
    [trade] = ledger.trades
    assert (trade.gross, trade.exit) == (300, 0)


def test_part_of_an_options_units_may_be_assigned():
    half = action(Change.ASSIGNMENT, "OPT", into="AAPL", gives=100, price=50, units=1, right=-1)
    ledger = after(["sell 2 OPT @ 3 x100"], half)
    assert ledger.net("paper") == {"OPT": -1, "AAPL": 100}


@pytest.mark.parametrize(
    "wrong",
    [
        action(Change.SPLIT, gives=0),
        action(Change.SYMBOL),
        action(Change.SYMBOL, into="AAPL"),
        action(Change.SPINOFF, into="B", share=2),
        action(Change.EXERCISE, right=1),
        action(Change.MERGER, into="B", price="NaN"),
        action(Change.EXPIRY, units=-1),
    ],
)
def test_an_action_that_cannot_be_is_refused(wrong: Action):
    with pytest.raises(DataError, match=f"action {wrong.reference} of AAPL cannot be: "):
        after(["buy 1 AAPL @ 1"], wrong)


@pytest.mark.parametrize(
    ("method", "realised"),
    [
        (Method.FIFO, 30 - 10),
        (Method.LIFO, 30 - 20),
        (Method.HIFO, 30 - 25),
        (Method.AVERAGE, 30 - D("18.33333333")),
    ],
)
def test_an_account_chooses_which_lots_go_first(method: Method, realised: Decimal):
    history = fills("buy 1 A @ 10", "buy 1 A @ 25", "buy 1 A @ 20", "sell 1 A @ 30")
    ledger = fold(history, methods={"paper": method})
    step = D("0.00000001")
    assert ledger.positions[book("A")].realised == D(realised).quantize(step)
