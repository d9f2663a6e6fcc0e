"""Each check on both sides of its limit: met exactly it passes, one step beyond it fails."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk import checks
from risk.checks import Check, Exposure, Intent
from risk.limits import Limits
from trading.errors import Refused
from trading.facts import Trading
from trading.types import Instrument, Side

D = Decimal
CENT, TICK = D("0.01"), D("0.01")
STOCK = Instrument("AAPL")
FUTURE = Instrument("ES", multiplier=D(50), tick=D("0.25"))
EQUITY = D(100_000)


def intent(**changes: Any) -> Intent:
    """50 AAPL at 100: exactly the 5 % that one order may be."""
    return replace(Intent(STOCK, Side.BUY, D(50), D(100), D(100), reduces=False), **changes)


def exposure(**changes: Any) -> Exposure:
    return replace(Exposure(EQUITY, D(0), D(0), 0, 20, unknown=False), **changes)


def entry(
    asked: Intent | None = None,
    held: Exposure | None = None,
    state: Trading = Trading.ACTIVE,
    limits: Limits | None = None,
    drift: Decimal = D("0.01"),
) -> dict[str, Check]:
    answers = checks.entry_checks(
        asked or intent(), held or exposure(), limits or Limits(), state, drift
    )
    return {check.name: check for check in answers}


def test_an_entry_that_meets_every_limit_exactly_passes():
    held = exposure(position=D(5_000), gross=D(95_000), open_positions=19)
    answers = entry(intent(price=D(100), reference=D(100)), held)
    assert [check.name for check in answers.values() if not check.ok] == []
    assert list(answers) == [
        "trading", "blacklist", "unknown", "size",
        "order", "position", "gross", "net", "positions", "drift",
    ]  # fmt: skip


def test_a_barred_instrument_is_refused_in_the_words_given_and_may_be_left():
    held = exposure(barred="blacklisted by Ann")
    assert (entry(held=held)["blacklist"].ok, entry(held=held)["blacklist"].text) == (
        False,
        "blacklisted by Ann",
    )
    names = [check.name for check in checks.exit_checks(intent(), held.unknown, Trading.ACTIVE)]
    assert "blacklist" not in names


#: name, what meets the limit, what is just beyond, and the figure the operator then reads.
BOUNDARIES: list[tuple[str, Callable[[], Any], Callable[[], Any], str]] = [
    (
        "order",
        lambda: entry(intent(quantity=D(1), price=D(5_000))),
        lambda: entry(intent(quantity=D(1), price=D(5_000) + CENT)),
        "order 5.00001 % of equity, limit 5.0 %",
    ),
    (
        "order",
        lambda: entry(intent(instrument=FUTURE, quantity=D(1), price=D(100))),
        lambda: entry(intent(instrument=FUTURE, quantity=D(1), price=D("100.25"))),
        "order 5.01 % of equity, limit 5.0 %",
    ),
    (
        "position",
        lambda: entry(held=exposure(position=D(5_000))),
        lambda: entry(held=exposure(position=D(5_000) + CENT)),
        "AAPL 10.00001 % of equity, limit 10.0 %",
    ),
    (
        "gross",
        lambda: entry(held=exposure(gross=D(95_000))),
        lambda: entry(held=exposure(gross=D(95_000) + CENT)),
        "all positions 100.00001 % of equity, limit 100.0 %",
    ),
    (
        "positions",
        lambda: entry(held=exposure(open_positions=19)),
        lambda: entry(held=exposure(open_positions=20)),
        "20 of 20 positions open",
    ),
    (
        "drift",
        lambda: entry(intent(price=D(101))),
        lambda: entry(intent(price=D(101) + TICK)),
        "price moved +1.01 % from 100, limit 1.0 %",
    ),
    (
        "drift",
        lambda: entry(intent(price=D(99))),
        lambda: entry(intent(price=D(99) - TICK)),
        "price moved -1.01 % from 100, limit 1.0 %",
    ),
    (
        "drift",
        lambda: entry(intent(price=D(1010), reference=D(1000))),
        lambda: entry(intent(price=D(1010) + TICK, reference=D(1000))),
        "price moved +1.001 % from 1000, limit 1.0 %",
    ),
    (
        "drift",
        lambda: entry(intent(price=D("102.5")), drift=D("0.025")),
        lambda: entry(intent(price=D("102.51")), drift=D("0.025")),
        "price moved +2.51 % from 100, limit 2.5 %",
    ),
    (
        "size",
        lambda: entry(intent(quantity=D(1))),
        lambda: entry(intent(quantity=D(0))),
        "no funds left",
    ),
    (
        "unknown",
        entry,
        lambda: entry(held=exposure(unknown=True)),
        "AAPL has an order whose outcome is not known yet",
    ),
    (
        "trading",
        entry,
        lambda: entry(state=Trading.HALTED),
        "trading is halted; /resume first",
    ),
    (
        "trading",
        entry,
        lambda: entry(state=Trading.REDUCING),
        "only orders that shrink a position may trade now",
    ),
]


@pytest.mark.parametrize(("name", "met", "beyond", "figure"), BOUNDARIES)
def test_the_limit_itself_passes_and_one_step_beyond_fails(
    name: str,
    met: Callable[[], dict[str, Check]],
    beyond: Callable[[], dict[str, Check]],
    figure: str,
):
    assert met()[name].ok, met()[name].text
    refused = beyond()[name]
    assert not refused.ok
    assert refused.text == figure


def test_a_check_that_passes_states_its_figure_too():
    texts = {name: check.text for name, check in entry(held=exposure(gross=D(20_000))).items()}
    assert texts == {
        "trading": "trading is active",
        "blacklist": "not blacklisted",
        "unknown": "no order in doubt",
        "size": "size 50",
        "order": "order 5.0 % of equity, limit 5.0 %",
        "position": "AAPL 5.0 % of equity, limit 10.0 %",
        "gross": "all positions 25.0 % of equity, limit 100.0 %",
        "net": "longs less shorts 5.0 % of equity, limit 100.0 %",
        "positions": "0 of 20 positions open",
        "drift": "price moved +0.00 % from 100, limit 1.0 %",
    }


@pytest.mark.parametrize("equity", [D(0), D("-0.01")])
def test_an_account_without_equity_buys_nothing(equity: Decimal):
    refused = entry(held=exposure(equity=equity))
    assert not refused["order"].ok
    assert refused["order"].text == "the account has no equity"


@pytest.mark.parametrize("reference", [D(0), D(-1)])
def test_without_a_reference_there_is_nothing_to_drift_from(reference: Decimal):
    assert not entry(intent(reference=reference))["drift"].ok


@given(
    st.decimals("0", "1000000", places=2),
    st.decimals("0.01", "1000000", places=2),
    st.decimals("0.001", "1", places=4),
)
def test_a_refused_share_never_reads_as_within_its_limit(
    value: Decimal, equity: Decimal, limit: Decimal
):
    check = checks.check_share("order", "order", value, equity, limit)
    assert check.ok == (value <= limit * equity)
    shown, _, of = check.text.removeprefix("order ").partition(" % of equity, limit ")
    if not check.ok:
        assert D(shown) > D(of.removesuffix(" %"))


# Exits


@given(
    st.decimals("0.0001", "10000000", places=4),
    st.decimals("0.0001", "10000000", places=4),
    st.decimals("-1000000", "1000000", places=2),
    st.integers(0, 500),
)
def test_neither_size_nor_drift_nor_a_full_book_keeps_us_in(
    quantity: Decimal, price: Decimal, equity: Decimal, positions: int
):
    leaving = intent(side=Side.SELL, quantity=quantity, price=price, reduces=True)
    full = exposure(
        equity=equity, position=quantity * price, gross=D(10**9), open_positions=positions
    )
    for state in (Trading.ACTIVE, Trading.REDUCING):
        checks.clear(leaving, checks.exit_checks(leaving, full.unknown, state))


def test_an_exit_waits_while_halted_and_while_an_outcome_is_unknown():
    leaving = intent(side=Side.SELL, reduces=True)
    with pytest.raises(Refused, match="AAPL: trading is halted"):
        checks.clear(leaving, checks.exit_checks(leaving, False, Trading.HALTED))
    doubt = exposure(unknown=True)
    with pytest.raises(Refused, match="outcome is not known"):
        checks.clear(leaving, checks.exit_checks(leaving, doubt.unknown, Trading.ACTIVE))


# Clearing


def test_only_an_intent_that_passed_everything_is_cleared():
    asked = intent()
    answers = list(entry(asked).values())
    cleared = checks.clear(asked, iter(answers))
    assert cleared.intent is asked
    assert cleared.checks == tuple(answers)


def test_the_first_failing_figure_is_the_one_told():
    held = exposure(position=D(6_000), gross=D(99_000), open_positions=20)
    with pytest.raises(Refused) as refusal:
        checks.clear(intent(), entry(held=held).values())
    assert str(refusal.value) == "AAPL 11.0 % of equity, limit 10.0 %"
