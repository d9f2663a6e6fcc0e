"""Sizing rules: what each aims at, and the bounds none of them passes."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.aims import (
    Aim,
    AllocationShare,
    Entry,
    EquityShare,
    FixedNotional,
    RiskToStop,
    VolatilityTarget,
    volatility,
)
from risk.limits import Allowance, Limits
from risk.sizing import entry_size
from trading.types import Instrument

D = Decimal
STOCK = Instrument("AAPL")
ENTRY = Entry(STOCK, D(100), D(100_000), D(50_000), D(95), {"atr": 1.5})


@pytest.mark.parametrize(
    ("aim", "value"),
    [
        (EquityShare(D("0.05")), D(5000)),
        (FixedNotional(D(1234)), D(1234)),
        (AllocationShare(D("0.1")), D(5000)),
        (RiskToStop(D("0.005")), D(5000)),  # 50 units lose 5 each: 250 of 50,000
    ],
)
def test_each_rule_aims_at_its_figure(aim: Aim, value: Decimal):
    assert aim.value(ENTRY) == value


def test_a_stated_volatility_goes_before_the_range():
    stated = Entry(STOCK, D(100), D(100_000), D(50_000), None, {"atr": 1.5, "volatility": 0.25})
    assert VolatilityTarget(D("0.05")).value(stated) == 10_000
    assert 0.148 < volatility({"atr": 1.5}, D(100)) < 0.151


@pytest.mark.parametrize("aim", [RiskToStop(D("0.01")), VolatilityTarget(D("0.1"))])
def test_without_what_it_needs_a_rule_buys_nothing(aim: Aim):
    blind = Entry(STOCK, D(100), D(100_000), D(50_000))
    assert aim.value(blind) == 0
    odd = {"atr": float("nan"), "volatility": float("inf")}
    assert aim.value(Entry(STOCK, D(100), D(1), D(1), D(100), odd)) == 0


def test_below_the_instruments_minimum_nothing_is_bought():
    coin = Instrument("BTC", lot=D("0.001"), minimum=D(10))
    for free, quantity in ((D("10"), D("0.1")), (D("9.99"), 0)):
        assert entry_size(coin, D(100), D(1000), D(0), Allowance(), Limits(), free=free) == quantity


def test_an_instrument_in_another_currency_is_sized_in_the_accounts():
    coin = Instrument("SAP", currency="EUR")
    size = entry_size(coin, D(100), D(100_000), D(0), Allowance(), Limits(), rate=D("1.25"))
    assert size == 40, "5,000 of the account's buy 4,000 of its currency"


shares = st.decimals("0.001", "1", places=3)
prices = st.decimals("0.01", "50000", places=2)
amounts = st.decimals("0", "1000000", places=2)
aims = st.one_of(
    st.builds(EquityShare, shares),
    st.builds(FixedNotional, st.decimals("0.01", "1000000", places=2)),
    st.builds(AllocationShare, shares),
    st.builds(RiskToStop, shares),
    st.builds(VolatilityTarget, shares),
    st.none(),
)
allowances = st.builds(Allowance, shares, shares, amount=st.one_of(st.none(), amounts), aim=aims)
features = st.dictionaries(
    st.sampled_from(["atr", "volatility"]), st.floats(allow_nan=True, allow_infinity=True)
)
instruments = st.builds(
    Instrument,
    st.just("X"),
    lot=st.sampled_from([D("0.001"), D(1), D(100)]),
    multiplier=st.sampled_from([D(1), D(50), D("0.01")]),
    minimum=st.sampled_from([D(0), D(10), D(1000)]),
)


@given(
    instruments, prices, amounts, amounts, allowances, shares,
    st.one_of(st.none(), st.decimals("-1000", "1000000", places=2)),
    st.one_of(st.none(), prices), features,
)  # fmt: skip
def test_no_rule_passes_any_bound(
    instrument: Instrument,
    price: Decimal,
    equity: Decimal,
    used: Decimal,
    allowance: Allowance,
    order: Decimal,
    free: Decimal | None,
    stop: Decimal | None,
    features: dict[str, float],
):
    limits = Limits(order_notional=order)
    quantity = entry_size(
        instrument, price, equity, used, allowance, limits, free=free, stop=stop, features=features
    )
    assert quantity >= 0
    assert quantity % instrument.lot == 0
    if not quantity:
        return
    value = quantity * price * instrument.multiplier
    assert value <= order * equity
    assert value + used <= allowance.limit(equity)
    assert free is None or value <= free
    assert value >= instrument.minimum
    if isinstance(allowance.aim, RiskToStop):
        assert stop is not None
        loss = quantity * abs(price - stop) * instrument.multiplier
        assert loss <= allowance.aim.risk * allowance.limit(equity) * (1 + D("1e-40"))


@given(instruments, prices, allowances, amounts, amounts, amounts, prices)
def test_more_money_never_buys_less_and_more_in_use_never_more(
    instrument: Instrument,
    price: Decimal,
    allowance: Allowance,
    equity: Decimal,
    more: Decimal,
    used: Decimal,
    stop: Decimal,
):
    def size(equity: Decimal, used: Decimal, free: Decimal) -> Decimal:
        return entry_size(
            instrument, price, equity, used, allowance, Limits(), free=free, stop=stop,
            features={"volatility": 0.3},
        )  # fmt: skip

    plain = size(equity, used, equity)
    assert size(equity + more, used, equity + more) >= plain
    assert size(equity, used + more, equity) <= plain
    assert size(equity, used, equity - more) <= plain
