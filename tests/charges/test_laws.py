"""What every shipped schedule keeps, whatever is traded and when."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charges import charge, load
from charges.schedule import PRODUCTS
from trading.types import Side

LIBRARY = load()
NAMES = sorted(LIBRARY.schedules) + [
    f"{name}:{variant}"
    for name, schedule in sorted(LIBRARY.schedules.items())
    for variant in schedule.known_variants
]
quantities = st.decimals("0.001", "1000000", places=3)
prices = st.decimals("0.01", "100000", places=2)
days = st.dates(date(2020, 7, 1), date(2030, 1, 1))


def at(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


deals = {
    "name": st.sampled_from(NAMES),
    "side": st.sampled_from(Side),
    "quantity": quantities,
    "price": prices,
    "day": days,
    "maker": st.booleans(),
    "product": st.sampled_from(PRODUCTS),
}


@given(**deals)
def test_charges_are_never_negative_and_their_lines_add_up(
    name, side, quantity, price, day, maker, product
):
    schedule = LIBRARY.find(name)
    made = charge(schedule, side, quantity, price, Decimal(1), at(day), maker, product)
    assert all(line.amount > 0 for line in made.lines)
    assert made.fees >= 0
    assert made.taxes >= 0
    assert sum(line.amount for line in made.lines) == made.fees + made.taxes == made.total
    assert {line.currency for line in made.lines} <= {schedule.currency}
    taxed = {rule.name for rule in schedule.rules if rule.tax}
    assert sum(x.amount for x in made.lines if x.name in taxed) == made.taxes


@given(**deals, more=quantities)
def test_who_trades_more_pays_no_less(name, side, quantity, price, day, maker, product, more):
    schedule = LIBRARY.find(name)
    few = charge(schedule, side, quantity, price, Decimal(1), at(day), maker, product)
    many = charge(schedule, side, quantity + more, price, Decimal(1), at(day), maker, product)
    assert many.fees >= few.fees
    assert many.taxes >= few.taxes


@pytest.mark.parametrize("name", NAMES)
def test_every_rate_holds_from_its_day_until_the_next(name):
    schedule = LIBRARY.find(name)
    for rule in schedule.rules:
        special = [rate for rate in rule.rates if rate.variant in schedule.variants]
        plain = [rate for rate in rule.rates if not rate.variant]
        for rate in special or plain:
            assert rule.rate_at(rate.since, schedule.variants) == rate
        if special and plain:  # a tier's old rate does not outlive the plain one it belongs to
            assert special[-1].since >= plain[-1].since


def test_every_rate_names_its_source():
    for schedule in LIBRARY.schedules.values():
        for rule in schedule.rules:
            assert all(len(rate.source) > 10 for rate in rule.rates), (schedule.name, rule.name)
