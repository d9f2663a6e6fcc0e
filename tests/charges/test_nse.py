"""Indian charges, computed by hand beside each figure."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from charges import charge, load
from trading.errors import ConfigError, DataError
from trading.types import Side

D = Decimal
ONE = D(1)
LIBRARY = load()
DAY = date(2024, 11, 4)


def bill(side, quantity, price, product, day=DAY, name="nse_discount"):
    at = datetime(day.year, day.month, day.day, 6, tzinfo=UTC)  # 11:30 in Mumbai
    return charge(LIBRARY.find(name), side, D(quantity), D(price), ONE, at, product=product)


def lines(made):
    return {line.name: line.amount for line in made.lines}


def test_an_intraday_round_trip_of_400():
    """Buy 400 @ 1,000 = 400,000: brokerage 0.03 % = 120, at most 20; exchange 0.00297 % = 11.88;
    investor fund 0.0001 % = 0.40; SEBI 0.0001 % = 0.40; stamp duty 0.003 % = 12.00; GST 18 % of
    (20 + 11.88 + 0.40 + 0.40 = 32.68) = 5.8824, 5.88; no STT on the purchase.

    Sell 400 @ 1,100 = 440,000: brokerage 20; exchange 13.068, 13.07; fund 0.44; SEBI 0.44;
    STT 0.025 % = 110; GST 18 % of 33.95 = 6.111, 6.11; no stamp duty."""
    bought = bill(Side.BUY, 400, 1000, "intraday")
    assert lines(bought) == {
        "Brokerage": D(20), "Exchange": D("11.88"), "Investor fund": D("0.40"),
        "SEBI fee": D("0.40"), "Stamp duty": D(12), "GST": D("5.88"),
    }  # fmt: skip
    assert (bought.fees, bought.taxes) == (D("32.68"), D("17.88"))
    sold = bill(Side.SELL, 400, 1100, "intraday")
    assert lines(sold) == {
        "Brokerage": D(20), "STT": D(110), "Exchange": D("13.07"), "Investor fund": D("0.44"),
        "SEBI fee": D("0.44"), "GST": D("6.11"),
    }  # fmt: skip
    assert (sold.fees, sold.taxes) == (D("33.95"), D("116.11"))


def test_small_intraday_brokerage_is_a_percentage():
    """10 @ 500 = 5,000: 0.03 % = 1.50."""
    assert lines(bill(Side.BUY, 10, 500, "intraday"))["Brokerage"] == D("1.50")


def test_stt_is_rounded_to_the_whole_rupee():
    """Sell 100 @ 101 = 10,100: 0.025 % = 2.525, 3 rupees; of 20 @ 103.55 = 2,071: 0.52, 1 rupee."""
    assert lines(bill(Side.SELL, 100, 101, "intraday"))["STT"] == 3
    assert lines(bill(Side.SELL, 20, "103.55", "intraday"))["STT"] == 1


def test_delivery_pays_stt_on_both_sides_and_five_times_the_stamp_duty():
    """Buy 100 @ 1,000 = 100,000: STT 0.1 % = 100; exchange 2.97; fund 0.10; SEBI 0.10; stamp duty
    0.015 % = 15; GST 18 % of 3.17 = 0.5706, 0.57; brokerage nothing."""
    bought = bill(Side.BUY, 100, 1000, "delivery")
    assert lines(bought) == {
        "STT": D(100), "Exchange": D("2.97"), "Investor fund": D("0.10"), "SEBI fee": D("0.10"),
        "Stamp duty": D(15), "GST": D("0.57"),
    }  # fmt: skip
    assert (bought.fees, bought.taxes) == (D("3.17"), D("115.57"))
    assert lines(bill(Side.SELL, 100, 1000, "delivery"))["STT"] == 100


def test_the_depositorys_charge_is_for_delivery_sales_and_only_where_asked_for():
    """13 + 18 % of (13 + 3.17 = 16.17) = 2.9106, 2.91."""
    asked = bill(Side.SELL, 100, 1000, "delivery", name="nse_discount:dp")
    assert lines(asked)["DP charge"] == 13
    assert lines(asked)["GST"] == D("2.91")
    for side, product, name in (
        (Side.BUY, "delivery", "nse_discount:dp"),
        (Side.SELL, "intraday", "nse_discount:dp"),
        (Side.SELL, "delivery", "nse_discount"),
    ):
        assert "DP charge" not in lines(bill(side, 100, 1000, product, name=name))


def test_brokerage_by_percentage_has_a_minimum():
    """100,000: 0.5 % = 500; 1,000: 5, at least 25."""
    name = "nse_full_service"
    assert lines(bill(Side.BUY, 100, 1000, "delivery", name=name))["Brokerage"] == 500
    assert lines(bill(Side.BUY, 1, 1000, "delivery", name=name))["Brokerage"] == 25


@pytest.mark.parametrize(
    ("product", "line", "day", "paid"),  # of a sale of a million
    [
        ("futures", "STT", date(2023, 3, 31), "100"),
        ("futures", "STT", date(2023, 4, 1), "125"),
        ("futures", "STT", date(2024, 9, 30), "125"),
        ("futures", "STT", date(2024, 10, 1), "200"),
        ("futures", "STT", date(2026, 4, 1), "500"),
        ("options", "STT", date(2024, 9, 30), "625"),
        ("options", "STT", date(2024, 10, 1), "1000"),
        ("delivery", "Exchange", date(2020, 12, 31), "32.50"),
        ("delivery", "Exchange", date(2021, 1, 1), "34.50"),
        ("delivery", "Exchange", date(2023, 4, 1), "32.50"),
        ("delivery", "Exchange", date(2024, 10, 1), "29.70"),
        ("delivery", "SEBI fee", date(2021, 3, 31), "0.50"),
        ("delivery", "SEBI fee", date(2021, 4, 1), "1.00"),
    ],
)
def test_each_rate_begins_on_its_day(product, line, day, paid):
    assert lines(bill(Side.SELL, 1000, 1000, product, day))[line] == D(paid)


def test_gst_came_to_sebis_fee_on_18_july_2022():
    """A million: exchange 34.50, fund 0.001 which is 0.00, SEBI 1.00: 18 % of 34.50 = 6.21, of
    35.50 = 6.39."""
    before, since = (
        lines(bill(Side.SELL, 1000, 1000, "delivery", date(2022, 7, day)))["GST"]
        for day in (17, 18)
    )
    assert (before, since) == (D("6.21"), D("6.39"))


def test_the_day_is_mumbais_own():
    """18:30 UTC on 30 September 2024 is midnight in Mumbai."""
    schedule = LIBRARY.find("nse")
    for minute, paid in ((29, "125"), (30, "200")):
        at = datetime(2024, 9, 30, 18, minute, tzinfo=UTC)
        made = charge(schedule, Side.SELL, D(1000), D(1000), ONE, at, product="futures")
        assert lines(made)["STT"] == D(paid)


def test_before_the_uniform_stamp_duty_a_purchase_is_refused_and_a_sale_is_not():
    with pytest.raises(DataError, match="knows no Stamp duty on 2020-06-30"):
        bill(Side.BUY, 1, 1000, "delivery", date(2020, 6, 30))
    assert bill(Side.SELL, 1, 1000, "delivery", date(2020, 6, 30)).taxes == 1 + D("0.01")


def test_a_product_nobody_knows_is_refused():
    with pytest.raises(ConfigError, match="'swaps' is no product"):
        bill(Side.BUY, 1, 1000, "swaps")
