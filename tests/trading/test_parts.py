"""Shares and amounts of money, as they are written in settings and chats."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.parts import Part, money, number

D = Decimal


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("0.8", Part(D("0.8"))),
        ("80 %", Part(D("0.8"))),
        ("80%", Part(D("0.8"))),
        ("12.5%", Part(D("0.125"))),
        ("1", Part(D(1))),
        ("25000 USD", Part(None, D(25000), "USD")),
        ("25,000.50 usd", Part(None, D("25000.50"), "USD")),
        ("$25000", Part(None, D(25000), "USD")),
        ("3000usdt", Part(None, D(3000), "USDT")),
    ],
)
def test_a_part_is_read_as_it_is_meant(text: str, part: Part):
    assert Part.parse(text) == part
    assert Part.parse(str(part)) == part
    assert Part.parse(part.text) == part


@pytest.mark.parametrize(
    "text",
    ["", "0", "0 %", "1.5", "101 %", "-5 %", "half", "25000", "1e5", "USD", "5 U$D", "٥ %", "1,2,3",
     "nan", "inf", "0x10", "5 % %", "$", "$-5", "1_000"],
)  # fmt: skip
def test_what_is_no_part_is_refused(text: str):
    with pytest.raises(ValueError, match=r"."):
        Part.parse(text)


@given(st.decimals("0.00000001", "999999999", places=8), st.sampled_from(["USD", "EUR", "USDT"]))
def test_an_amount_reads_back_to_the_last_digit(amount: Decimal, currency: str):
    assert Part.parse(str(Part(None, amount, currency))).amount == amount
    assert money(f"{amount:f}{currency.lower()}") == (amount, currency)


@given(st.text(max_size=25))
def test_whatever_is_written_it_is_a_number_above_zero_or_refused(text: str):
    for read in (number, lambda t: money(t)[0], lambda t: Part.parse(t).share or D(1)):
        try:
            found = read(text)
        except ValueError:
            continue
        assert found > 0
        assert found.is_finite()
