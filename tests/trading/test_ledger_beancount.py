"""beancount's booking as a second opinion: the same lots closed, the same left, the same gain."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

import pytest
from beancount.core.data import Transaction
from beancount.core.inventory import Inventory
from beancount.parser import booking, parser
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trading.unit_lots import T0
from trading.ledger import Ledger, Method, fold
from trading.orders import Fill
from trading.types import Side

D = Decimal
SYMBOLS = ("AAA", "BBB")
HEAD = """1970-01-01 open Assets:Cash
1970-01-01 open Income:Gain
1970-01-01 open Assets:AAA "{method}"
1970-01-01 open Assets:BBB "{method}"
"""


@st.composite
def histories(draw: st.DrawFn) -> list[Fill]:
    """A fill a day, since beancount dates lots by the day."""
    return [
        Fill("ib", "ib", f"x{day}", f"k{day}", "dip", draw(st.sampled_from(SYMBOLS)),
             draw(st.sampled_from(Side)), draw(st.decimals("0.01", "40", places=2)),
             draw(st.decimals("1", "999", places=4)), D(0), "USD", T0 + timedelta(days=day))
        for day in range(draw(st.integers(1, 30)))
    ]  # fmt: skip


def written(fills: list[Fill], method: Method) -> str:
    """The history in beancount's words; what goes through zero is closed first, then opened."""
    text, held = [HEAD.format(method=method.value.upper())], dict.fromkeys(SYMBOLS, D(0))
    for fill in fills:
        signed, have = fill.quantity * fill.side.sign, held[fill.symbol]
        closing = min(abs(have), abs(signed)) if have * signed < 0 else D(0)
        units, price = closing.copy_sign(signed), f"{fill.price:f} USD"
        head = f'{fill.at:%Y-%m-%d} * "{fill.execution_id}"\n  Assets:{fill.symbol} '
        if closing:
            text.append(f"{head}{units:f} {fill.symbol} {{}} @ {price}\n"
                        f"  Assets:Cash {-units * fill.price:f} USD\n  Income:Gain\n")  # fmt: skip
        if signed - units:
            text.append(f"{head}{signed - units:f} {fill.symbol} {{{price}}}\n  Assets:Cash\n")
        held[fill.symbol] += signed
    return "\n".join(text)


def theirs(fills: list[Fill], method: Method) -> tuple[dict[str, Decimal], dict[str, Inventory]]:
    """Gain and what is left, by symbol, as beancount books them."""
    entries, errors, options = parser.parse_string(written(fills, method))
    booked, wrong = booking.book(entries, options)
    assert (errors, wrong) == ([], [])
    gain: dict[str, Decimal] = defaultdict(Decimal)
    left: dict[str, Inventory] = defaultdict(Inventory)
    for entry in booked:
        for posting in entry.postings if isinstance(entry, Transaction) else ():
            if posting.cost is None:
                continue
            symbol = posting.units.currency
            left[symbol].add_position(posting)
            if posting.price is not None:
                gain[symbol] -= posting.units.number * (posting.price.number - posting.cost.number)
    return gain, left


def lots(ledger: Ledger, symbol: str) -> dict[tuple[Decimal, object], Decimal]:
    position = ledger.position("dip", "ib", symbol)
    return {(lot.cost / lot.quantity, lot.at.date()): lot.quantity for lot in position.lots}


@pytest.mark.parametrize("method", [Method.FIFO, Method.LIFO, Method.HIFO])
@settings(max_examples=60)
@given(fills=histories())
def test_beancount_closes_the_same_lots_and_realises_the_same(method: Method, fills: list[Fill]):
    ledger = fold(fills, methods={"ib": method})
    gain, left = theirs(fills, method)
    for symbol in SYMBOLS:
        assert ledger.position("dip", "ib", symbol).realised == gain[symbol]
        assert lots(ledger, symbol) == {
            (one.cost.number, one.cost.date): one.units.number for one in left[symbol]
        }
