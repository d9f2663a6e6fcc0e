"""What a manual trade asks for, read from its words."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.tickets import Ticket, read
from trading.errors import BadCommand

D = Decimal


@pytest.mark.parametrize(
    ("text", "ticket"),
    [
        ("aapl", Ticket("AAPL")),
        ("AAPL 10", Ticket("AAPL", D(10))),
        ("AAPL 1,000", Ticket("AAPL", D(1000))),
        ("BTC/USDT 0.05", Ticket("BTC/USDT", D("0.05"))),
        ("AAPL 5000usd", Ticket("AAPL", None, D(5000), "USD")),
        ("AAPL $5,000", Ticket("AAPL", None, D(5000), "USD")),
        ("AAPL 5000 USD", Ticket("AAPL", None, D(5000), "USD")),
        ("AAPL limit 99.5 10", Ticket("AAPL", D(10), limit=D("99.5"))),
        ("AAPL 10 LIMIT 99 Stop 95", Ticket("AAPL", D(10), limit=D(99), stop=D(95))),
        ("AAPL 5000 usd stop 95", Ticket("AAPL", None, D(5000), "USD", stop=D(95))),
    ],
)
def test_a_ticket_is_read_as_it_is_meant(text: str, ticket: Ticket):
    assert read("buy", text.split()) == ticket


@pytest.mark.parametrize(
    "text",
    ["", "AAPL 10 20", "AAPL ten", "AAPL 10 limit", "AAPL 10 limit limit", "AAPL limit 9 limit 8",
     "AAPL -5", "AAPL 1e3", "AAPL 0", "AAPL 5000 usd usd", "AAPL $", "AAPL 10 @ 99", "AAPL ١٠"],
)  # fmt: skip
def test_what_is_unclear_is_refused_with_an_example(text: str):
    with pytest.raises(BadCommand, match="[Ff]or example"):
        read("buy", text.split())


amounts = st.decimals("0.01", "999999", places=2)


@given(amounts, st.one_of(st.none(), amounts), st.one_of(st.none(), amounts), st.booleans())
def test_what_is_written_is_what_is_read(
    size: Decimal, limit: Decimal | None, stop: Decimal | None, first: bool
):
    named = (("limit", limit), ("stop", stop))
    prices = [f"{name} {price:f}" for name, price in named if price is not None]
    words = [f"{size:f}", *prices] if first else [*prices, f"{size:f}"]
    assert read("sell", f"X {' '.join(words)}".split()) == Ticket("X", size, limit=limit, stop=stop)


@given(st.lists(st.one_of(st.text(max_size=8), st.sampled_from(["limit", "stop", "10", "$5"]))))
def test_any_words_are_a_ticket_or_a_clear_line(words: list[str]):
    try:
        ticket = read("buy", words)
    except BadCommand:
        return
    for value in (ticket.quantity, ticket.amount, ticket.limit, ticket.stop):
        assert value is None or (value.is_finite() and value > 0)
    assert ticket.quantity is None or ticket.amount is None
