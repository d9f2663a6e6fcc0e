"""Charges as the settings choose them, and what `quarterdeck charges` says."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

import charging
import choices
from settings import as_environment, load
from trading.errors import BadCommand, ConfigError
from trading.ledger import Method
from trading.types import Instrument, Side

D = Decimal
AT = datetime(2024, 6, 3, 15, tzinfo=UTC)
AAPL = Instrument("AAPL")


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def bill(settings, instrument=AAPL, side=Side.SELL):
    return choices.costs(settings).charged(instrument, side, D(400), D(440_000), AT)


def test_without_a_choice_the_commission_is_as_ever():
    assert choices.charges(load()) is None
    assert bill(load()).fees == 2


@pytest.mark.parametrize("how", ["toml", "environment", "json", "nested", "table"])
def test_a_schedule_is_chosen_by_its_name(how, tmp_path, monkeypatch):
    match how:
        case "toml":
            (tmp_path / "quarterdeck.toml").write_text('charges = "us_ib_fixed"\n')
        case "environment":
            monkeypatch.setenv("QUARTERDECK_CHARGES", "us_ib_fixed")
        case "json":
            monkeypatch.setenv("QUARTERDECK_CHARGES", '{"use": "us_ib_fixed"}')
        case "nested":
            monkeypatch.setenv("QUARTERDECK_CHARGES__USE", "us_ib_fixed")
        case "table":
            (tmp_path / "quarterdeck.toml").write_text('[charges]\nuse = "us_ib_fixed"\n')
    assert bill(load()).fees == D("14.2984")


def test_a_child_process_has_the_same_charges(tmp_path, monkeypatch):
    """Schedules of one's own too, with their dates."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "quarterdeck.toml").write_text("""
[charges]
use = "flat"
folder = "mine"
[[charges.choose]]
schedule = "nse_discount"
product = "intraday"
exchange = "XNSE"
[charges.schedules.flat]
about = "mine"
currency = "USD"
[[charges.schedules.flat.lines]]
name = "Flat"
rates = [{ from = 2020-01-01, per_order = "2.50", source = "my contract" }]
[rates]
EUR = 1.08
[lots]
paper = "lifo"
""")
    settings = load()
    infy = Instrument("INFY", exchange="XNSE", currency="INR")
    parents = bill(settings), bill(settings, infy)
    for key, value in as_environment(settings).items():
        monkeypatch.setenv(key, value)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    child = load()
    assert child.lots == {"paper": Method.LIFO}
    assert child.rates == {"EUR": D("1.08")}
    assert (bill(child), bill(child, infy)) == parents
    assert parents[0].fees == D("2.50")
    # GST: 18 % of brokerage 20, exchange 14.30, fund 0.44 and SEBI 0.44 = 6.3324
    assert parents[1].taxes == D(110) + D("6.33")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('charges = "us_ib_fixd"', "did you mean us_ib_fixed"),
        ('[charges]\nuse = "nse"\nfolder = "gone"', "there is no such folder"),
        ('[charges]\nfee = "1"', "unknown setting 'charges.fee'"),
        ('[rates]\neuro = "1"', "rates"),
        ("[rates]\nEUR = 0", "rates.EUR"),
        ('[lots]\npaper = "best"', "lots.paper"),
    ],
)
def test_a_mistake_is_one_line(written, said, tmp_path):
    (tmp_path / "quarterdeck.toml").write_text(written + "\n")
    with pytest.raises(ConfigError) as refused:
        choices.charges(load())
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def shown(name, day="2024-06-03", **more):
    given = {"quantity": "400", "price": "1100", "product": ""} | more
    return charging.shown(load(), name, day, now=AT, **given)


def test_the_list_names_every_schedule_and_what_is_used(monkeypatch):
    assert "\nus_ib_fixed " in charging.listed(load())
    assert "None is used" in charging.listed(load())
    monkeypatch.setenv("QUARTERDECK_CHARGES", "us_ib_fixed")
    assert "Used: us_ib_fixed" in charging.listed(load())


def test_one_schedule_is_worked_through_line_by_line():
    text = shown("us_ib_fixed")
    assert "Sell 400 @ 1100, delivery, 03 Jun 2024" in text
    rows = dict(row.strip().rsplit("  ", 1) for row in text.splitlines() if row.endswith("USD"))
    sale = {name.strip(): amount.strip() for name, amount in rows.items()}
    assert sale == {
        "Commission": "2.00 USD", "SEC fee": "12.232 USD", "FINRA TAF": "0.0664 USD",
        "Fees": "14.2984 USD", "Taxes": "0.00 USD", "Together": "14.2984 USD",
    }  # fmt: skip
    assert "from 2021-02-25: 0.00051 %; SEC Fee Rate Advisory #2 for fiscal 2021" in text


def test_a_day_it_does_not_know_is_said_in_place_of_the_sum():
    assert "nse knows no Stamp duty on 2020-06-30" in shown("nse", "2020-06-30")


def test_what_cannot_be_read_is_refused():
    for wrong in ({"quantity": "many"}, {"price": "-1"}, {"product": "swaps"}, {"day": "June"}):
        with pytest.raises(BadCommand, match="is no"):
            shown("nse", **{"day": "2024-06-03", **wrong})


def test_the_table_of_the_docs_has_every_schedule_and_date():
    from pathlib import Path

    text = (Path(__file__).parent.parent / "docs/charges.md").read_text("utf-8")
    for name, schedule in charging.library(load()).schedules.items():
        assert f"`{name}`" in text, name
        for rule in schedule.rules:
            for rate in rule.rates:
                if rate.since > date(2021, 1, 1):
                    assert str(rate.since) in text, (name, rule.name, rate.since)
