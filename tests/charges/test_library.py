"""Schedules of one's own, and what is said where one is wrong."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from charges import Choice, Choices, Deal, charge, load
from trading.errors import ConfigError, DataError
from trading.types import Instrument, Side

D = Decimal
AT = datetime(2024, 6, 3, 15, tzinfo=UTC)
RATE = {"from": date(2020, 1, 1), "percent": "0.1", "source": "my contract note"}


def table(**changes):
    line = {"name": "Fee", "rates": [RATE]}
    return {"about": "mine", "currency": "USD", "lines": [line], **changes}


def test_one_written_in_the_settings_is_found():
    mine = load(written={"mine": table()}).find("mine")
    assert charge(mine, Side.BUY, D(10), D(100), D(1), AT).fees == 1


def test_a_folders_file_takes_the_place_of_a_shipped_one(tmp_path):
    (tmp_path / "us_ib_fixed.toml").write_text(
        'about = "mine"\ncurrency = "USD"\n[[lines]]\nname = "Flat"\n'
        'rates = [{from = 2020-01-01, per_order = "2.50", source = "my contract"}]\n'
    )
    assert charge(
        load(str(tmp_path)).find("us_ib_fixed"), Side.BUY, D(1), D(1), D(1), AT
    ).total == D("2.50")


def test_a_line_of_ones_own_replaces_the_included_one_of_its_name():
    line = {"name": "SEC fee", "rates": [{**RATE, "percent": "1"}], "sides": ["sell"]}
    mine = table(lines=[line], include=["us_regulatory"], zone="America/New_York")
    made = charge(load(written={"mine": mine}).find("mine"), Side.SELL, D(1), D(100), D(1), AT)
    assert [(x.name, x.amount) for x in made.lines] == [("SEC fee", 1), ("FINRA TAF", D("0.01"))]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (table(fee="1"), "schedule mine: unknown key 'fee'"),
        (table(lines=[]), "mine has no line"),
        (table(zone="Mars/Base"), "'Mars/Base' is no time zone"),
        (table(include=["nobody"]), "includes 'nobody', which nobody wrote"),
        (table(include=["mine"]), "includes itself: mine > mine"),
        (table(include=["nse"]), "includes nse, which is in INR"),
        (table(round="0.01 down"), 'write "0.01 up" or "1 half"'),
        (table(product="swaps"), "'swaps' is no product"),
        (table(lines=[{"name": "Fee", "rates": []}]), "mine, Fee has no rate"),
        (table(lines=[{"name": "Fee", "rates": [RATE], "sides": ["by"]}]), "'by' is no side"),
        (table(lines=[{"name": "Fee", "rates": [RATE], "of": ["Tax"]}]), "'Tax' is no line"),
        (table(lines=[{"name": "Fee", "rates": [RATE], "of": ["Fee"]}]), "of itself"),
        (table(lines=[{"name": "Fee", "rates": [{**RATE, "percent": 0.1}]}]), "in quotes"),
        (table(lines=[{"name": "Fee", "rates": [{**RATE, "percent": "-1"}]}]), "zero or more"),
        (table(lines=[{"name": "Fee", "rates": [{"from": "2020"}]}]), "a date like 2024-10-01"),
        (
            table(lines=[{"name": "Fee", "rates": [{**RATE, "minimum": "3", "maximum": "2"}]}]),
            "minimum is above its maximum",
        ),
    ],
)
def test_a_mistake_is_one_line_that_names_the_schedule(wrong, said):
    with pytest.raises(ConfigError) as refused:
        load(written={"mine": wrong})
    assert said in str(refused.value)
    assert "mine" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_name_nobody_wrote_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="did you mean us_ib_fixed"):
        load().find("us_ib_fix")
    with pytest.raises(ConfigError, match="us_futures has no variant 'nano'; there are: micro"):
        load().find("us_futures:nano")


def test_a_file_that_is_no_toml_is_named(tmp_path):
    (tmp_path / "mine.toml").write_text("about = ")
    with pytest.raises(ConfigError, match=r"mine\.toml is no TOML"):
        load(str(tmp_path))


def test_makers_and_takers_pay_their_own():
    """1 BTC at 60,000: taker 0.40 % = 240, maker 0.25 % = 150."""
    kraken = load().find("crypto_kraken")
    paid = [charge(kraken, Side.BUY, D(1), D(60_000), D(1), AT, maker).fees for maker in (0, 1)]
    assert paid == [240, 150]


def test_crypto_fees_round_up_at_the_eighth_place():
    """0.00000123 x 60,000.01 x 0.1 % = 0.0000738000123."""
    binance = load().find("crypto_binance")
    made = charge(binance, Side.BUY, D("0.00000123"), D("60000.01"), D(1), AT)
    assert made.fees == D("0.00007381")


def test_forex_pays_half_the_spread_a_side():
    """100,000 x 0.00012 / 2 = 6; a commission of 3.50 where asked for."""
    names = ("forex_spread", "forex_spread:commission")
    paid = [
        charge(load().find(name), Side.BUY, D(100_000), D("1.08"), D(1), AT).fees for name in names
    ]
    assert paid == [6, D("9.50")]


def test_the_first_choice_that_meets_an_instrument_charges_it():
    library = load()
    choices = Choices(
        (
            Choice(library.find("nse_discount"), "intraday", exchange="XNSE", sector="Banks"),
            Choice(library.find("nse_discount"), exchange="XNSE"),
            Choice(library.find("us_ib_fixed"), currency="USD"),
        )
    )
    bank = Instrument("HDFC", exchange="XNSE", currency="INR", sector="Banks")
    other = Instrument("TCS", exchange="XNSE", currency="INR")
    deal = Deal(Side.BUY, D(100), D(100_000), AT)
    assert choices.of(Instrument("BTC", currency="EUR")) is None
    assert choices.charged(Instrument("BTC", currency="EUR"), deal) is None
    stamp = [
        next(line.amount for line in made.lines if line.name == "Stamp duty")
        for one in (bank, other)
        if (made := choices.charged(one, deal))
    ]
    assert stamp == [3, 15]
    assert choices.charged(Instrument("AAPL"), deal).fees == 1


def test_charges_in_another_currency_than_the_instruments_are_refused():
    wrong = Choices((Choice(load().find("nse_discount")),))
    with pytest.raises(DataError, match="AAPL trades in USD, and its charges nse_discount are"):
        wrong.charged(Instrument("AAPL"), Deal(Side.BUY, D(1), D(1), AT))
