"""US charges, computed by hand beside each figure."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from charges import Line, charge, load
from trading.errors import DataError
from trading.types import Side

D = Decimal
ONE = D(1)
LIBRARY = load()


def noon(day: date) -> datetime:
    """Midday in New York."""
    return datetime(day.year, day.month, day.day, 17, tzinfo=UTC)


def bill(name, side, quantity, price, day=date(2024, 6, 3), **more):
    return charge(LIBRARY.find(name), side, D(quantity), D(price), ONE, noon(day), **more)


@pytest.mark.parametrize(
    ("quantity", "price", "paid"),
    [
        ("100", "25", "1.00"),  # 100 x 0.005 = 0.50, below the minimum
        ("1000", "25", "5.00"),  # 1,000 x 0.005
        ("1000", "0.25", "2.50"),  # 5.00, above 1 % of 250.00
        ("10", "5", "0.50"),  # the minimum of 1.00 is above 1 % of 50.00, which wins
        ("333", "25", "1.665"),  # fractions of a cent stay
    ],
)
def test_the_fixed_commission_is_as_the_broker_publishes_it(quantity, price, paid):
    made = bill("us_ib_fixed", Side.BUY, quantity, price)
    assert made.lines == (Line("Commission", D(paid), "USD"),)
    assert (made.fees, made.taxes) == (D(paid), 0)


def test_a_sale_pays_the_regulators_too():
    """Sell 400 @ 1,100 = 440,000: SEC 440,000 x 27.80 / 1,000,000 = 12.232; TAF 400 x 0.000166
    = 0.0664; commission 400 x 0.005 = 2."""
    made = bill("us_ib_fixed", Side.SELL, "400", "1100")
    assert made.lines == (
        Line("Commission", D(2), "USD"),
        Line("SEC fee", D("12.232"), "USD"),
        Line("FINRA TAF", D("0.0664"), "USD"),
    )
    assert made.fees == D("14.2984")


def test_most_brokers_round_each_regulatory_fee_up_to_the_cent():
    """12.232 is 12.24 and 0.0664 is 0.07."""
    made = bill("us_regulatory", Side.SELL, "400", "1100")
    assert [line.amount for line in made.lines] == [D("12.24"), D("0.07")]


def test_a_purchase_pays_no_regulator():
    assert bill("us_regulatory", Side.BUY, "400", "1100").lines == ()


def test_the_trading_activity_fee_has_a_ceiling():
    """50,000 x 0.000166 = 8.30 is the most; 49,999 x 0.000166 = 8.299834, rounded up 8.30."""
    taf = {q: bill("us_regulatory", Side.SELL, q, "0").fees for q in ("49000", "50000", "900000")}
    assert taf == {"49000": D("8.14"), "50000": D("8.30"), "900000": D("8.30")}


@pytest.mark.parametrize(
    ("day", "million"),
    [
        (date(2021, 2, 24), "22.10"),
        (date(2021, 2, 25), "5.10"),
        (date(2022, 5, 13), "5.10"),
        (date(2022, 5, 14), "22.90"),
        (date(2024, 5, 21), "8.00"),
        (date(2024, 5, 22), "27.80"),
        (date(2025, 5, 13), "27.80"),
        (date(2025, 5, 14), "0"),
        (date(2026, 4, 4), "20.60"),
    ],
)
def test_the_sec_fee_is_that_of_the_day_of_the_sale(day, million):
    """One share at a million: the rate itself; the activity fee of one share is a cent."""
    assert bill("us_regulatory", Side.SELL, "1", "1000000", day).fees == D(million) + D("0.01")


def test_the_day_is_new_yorks_own():
    """03:59 UTC on 22 May 2024 is still 21 May in New York: 8.00 a million, not 27.80."""
    schedule = LIBRARY.find("us_regulatory")
    late = datetime(2024, 5, 22, 3, 59, tzinfo=UTC)
    made = charge(schedule, Side.SELL, ONE, D(1_000_000), ONE, late)
    assert made.fees == D("8.01")
    assert charge(
        schedule, Side.SELL, ONE, D(1_000_000), ONE, late.replace(hour=4, minute=0)
    ).fees == D("27.81")


def test_a_day_nobody_knows_the_rate_of_is_refused():
    with pytest.raises(DataError, match="us_regulatory knows no SEC fee on 2012-03-31"):
        bill("us_regulatory", Side.SELL, "1", "10", date(2012, 3, 31))


def test_a_tier_is_asked_for_by_name():
    """Buy 10,000 @ 20: 0.0035 a share is 35.00, the tier above 300,000 shares 0.0020, 20.00.
    Clearing 10,000 x 0.0002 = 2. Passed through, of the commission: 0.0175 % and 0.0563 %."""
    plain = bill("us_ib_tiered", Side.BUY, "10000", "20")
    assert [line.amount for line in plain.lines] == [D(35), D(2), D("0.006125"), D("0.019705")]
    tier = bill("us_ib_tiered:300k", Side.BUY, "10000", "20")
    assert [line.amount for line in tier.lines] == [D(20), D(2), D("0.0035"), D("0.01126")]


def test_futures_pay_per_contract():
    """3 x (0.85 + 1.38 + 0.02) = 6.75; a micro 3 x (0.25 + 0.35 + 0.02) = 1.86."""
    es, micro = LIBRARY.find("us_futures"), LIBRARY.find("us_futures:micro")
    at = noon(date(2024, 6, 3))
    assert charge(es, Side.BUY, D(3), D("5300.25"), D(50), at).total == D("6.75")
    assert charge(micro, Side.SELL, D(3), D("5300.25"), D(5), at).total == D("1.86")
