"""How far away a stop, a trailing stop and a target lie."""

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.exits import OWN, Distance, Exits, Levels, Unit, levels, ratchet, touched, way
from trading.brackets import Trigger
from trading.errors import ConfigError

D = Decimal
TICK = D("0.01")
PRICES = st.decimals(min_value=1, max_value=1000, places=2)
SIGNS = st.sampled_from([1, -1])


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("5 %", "5", Unit.PERCENT),
        ("5%", "5", Unit.PERCENT),
        ("2 atr", "2", Unit.ATR),
        ("2.5ATR", "2.5", Unit.ATR),
        (" 1.50 ", "1.50", Unit.PRICE),
    ],
)
def test_a_distance_is_read_as_it_is_written(text: str, amount: str, unit: Unit):
    assert Distance.parse(text) == Distance(D(amount), unit)


@pytest.mark.parametrize("text", ["", "0", "0 %", "100 %", "-5 %", "five", "5 atrs", "٥ %", "1e3"])
def test_what_is_no_distance_is_refused_with_an_example(text: str):
    with pytest.raises(ConfigError, match='such as "5 %"'):
        Distance.parse(text, signal=True)


def test_only_a_stop_may_be_the_strategys_own():
    assert Distance.parse("Signal", signal=True) is OWN
    with pytest.raises(ConfigError, match="only a stop"):
        Distance.parse("signal")


@given(st.text(max_size=12))
def test_any_text_is_a_distance_or_one_clear_line(text: str):
    with contextlib.suppress(ConfigError):
        assert Distance.parse(text).amount > 0


def exits(**given: str) -> Exits:
    return Exits(**{name: Distance.parse(text, signal=True) for name, text in given.items()})


@pytest.mark.parametrize(
    ("chosen", "sign", "stop", "target"),
    [
        (exits(stop="5 %", target="10 %"), 1, "95", "110"),
        (exits(stop="5 %", target="10 %"), -1, "105", "90"),
        (exits(stop="2 atr"), 1, "97", None),
        (exits(stop="1.50"), -1, "101.5", None),
        (exits(stop="signal"), 1, "91", None),
        (exits(stop="5 %", trail="3 %"), 1, "97", None),
        (exits(trail="3 %"), -1, "103", None),
        (exits(), 1, None, None),
    ],
)
def test_each_distance_lies_on_its_own_side(
    chosen: Exits, sign: int, stop: str | None, target: str | None
):
    found = levels(chosen, sign, D(100), TICK, D("1.5"), D(91))
    assert (found.stop, found.target) == (stop and D(stop), target and D(target))


def test_what_cannot_be_measured_is_named():
    found = levels(exits(stop="signal", target="2 atr"), 1, D(100), TICK, None, None)
    assert found == Levels(
        missing="no stop: the signal gave none; no target: its mean true range is not known"
    )


def test_a_stop_lies_on_the_tick_nearer_to_the_market():
    assert levels(exits(stop="1 %"), 1, D("10.33"), TICK, None, None).stop == D("10.23")
    assert levels(exits(stop="1 %"), -1, D("10.33"), TICK, None, None).stop == D("10.43")


@given(SIGNS, PRICES, PRICES, st.lists(PRICES, max_size=20))
def test_a_trailing_stop_never_goes_back(
    sign: int, begun: Decimal, far: Decimal, prices: list[Decimal]
):
    stop = begun
    for price in prices:
        moved = ratchet(stop, far, price, sign, TICK)
        assert (moved - stop) * sign >= 0
        stop = moved


@pytest.mark.parametrize(
    ("sign", "price", "what"),
    [
        (1, "95.01", Trigger.NONE),
        (1, "95", Trigger.STOP),
        (1, "109.99", Trigger.NONE),
        (1, "110", Trigger.TARGET),
        (-1, "110", Trigger.STOP),
        (-1, "95", Trigger.TARGET),
    ],
)
def test_a_price_sets_off_what_it_touches(sign: int, price: str, what: Trigger):
    stop, target = (D(95), D(110)) if sign > 0 else (D(110), D(95))
    assert touched(sign, D(price), stop, target) is what


@pytest.mark.parametrize(
    ("sign", "bar", "prices"),
    [
        (1, "100 94 111", ("95", "110")),  # both were touched: the stop comes first
        (1, "100 96 111", ("96", "110")),
        (1, "94 93 111", ("94", "110")),  # it opened beyond the stop, and is left at the open
        (-1, "100 94 111", ("110", "95")),
        (1, "112 99 113", ("99", "112")),
    ],
)
def test_a_bar_is_taken_to_have_gone_the_worse_way(sign: int, bar: str, prices: tuple[str, str]):
    opened, low, high = map(D, bar.split())
    stop, target = (D(95), D(110)) if sign > 0 else (D(110), D(95))
    assert way(sign, opened, low, high, stop, target) == tuple(map(D, prices))
