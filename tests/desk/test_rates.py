"""Exchange rates as facts: of the fill, of now, and where they come from."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from desk import rates, report
from tests.world import MONDAY, World, at, world
from trading.money import Adjustment, Rate
from trading.orders import Fill
from trading.types import Side

D = Decimal


async def euros() -> World:
    """A hundred euros came in this morning; AAPL is bought with some of them at noon."""
    here = await world()
    early = at(MONDAY, 9)
    await here.journal.append([Adjustment("paper", "eur", "deposit", D(1000), "EUR", early)])
    fill = Fill(
        "paper", "paper", "x", "", "dip", "AAPL", Side.BUY, D(2), D(100), D(1), "EUR",
        at(MONDAY, 12),
    )  # fmt: skip
    await here.journal.append([fill])
    return here


async def test_the_settings_rate_holds_from_the_currencys_first_fact():
    here = await euros()
    here.desk.rates = {"EUR": D("1.08")}
    (kept,) = await rates.keep(here.desk)
    assert replace(kept, id=0) == Rate("EUR", "USD", at(MONDAY, 9), D("1.08"), "settings")
    assert await rates.keep(here.desk) == []
    (held,) = await report.held(here.desk)
    assert held.value == D(2) * 100 * D("1.08")


async def test_a_changed_setting_counts_from_now_on():
    here = await euros()
    here.desk.rates = {"EUR": D("1.08")}
    await rates.keep(here.desk)
    here.desk.rates = {"EUR": D("1.10")}
    await rates.keep(here.desk)
    ledger = await here.desk.books.ledger()
    now = here.clock.at
    assert ledger.rates.at("EUR", now - timedelta(minutes=1)) == D("1.08")
    assert ledger.rates.at("EUR", now) == D("1.10")


async def test_a_pair_in_the_store_goes_before_the_settings():
    for pair, price, worth in (("EURUSD", "1.05", D("1.05")), ("USD/EUR", "0.8", D("1.25"))):
        here = await euros()
        here.desk.rates = {"EUR": D("1.08")}
        here.tape.prices[pair] = D(price)
        here.desk.instruments._known[pair] = replace(
            here.desk.instruments.find("AAPL"), symbol=pair
        )
        (kept,) = await rates.keep(here.desk)
        assert (kept.value, kept.source) == (D(price), pair)
        ledger = await here.desk.books.ledger()
        assert ledger.rates.at("EUR", here.clock.at) == worth
        assert await rates.keep(here.desk) == []


async def test_a_desk_of_one_currency_records_nothing():
    here = await world()
    here.desk.rates = {"EUR": D("1.08")}
    assert await rates.keep(here.desk) == []
    assert await here.journal.count(Rate) == 0


async def test_a_currency_nobody_knows_the_rate_of_records_nothing():
    here = await euros()
    assert await rates.keep(here.desk) == []
