"""One row an execution, however it is spelled, encoded and separated."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.statements.conftest import books, facts, net
from trading.errors import DataError
from trading.orders import Fill

FRAME = """,amount,price,sid,symbol,txn_dollars,commission
2025-02-03 14:31:00+00:00,100,10.5,8,AAPL,-1050.0,1.00
2025-02-04 14:31:00+00:00,-100,11.25,8,AAPL,1125.0,
"""


def test_a_frame_of_signed_amounts(reads):
    found = reads(FRAME)
    assert found.preset == "transactions"
    assert net(found) == Decimal("74.00")
    assert facts(found, Fill)[0].at == datetime(2025, 2, 3, 14, 31, tzinfo=UTC)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_encodings_separators_signs_and_decimals_say_the_same(reads, encoding: str):
    text = (
        "Société;Date;Type;Qty;Price;Commission\n\n"
        "X;03.02.2025;Buy;1.000;€ 12,50;(1,25)\n"
        "X;13.02.2025;Sell;1.000;13,00 €;1,25\n"
        "Total;;;;;2,50\n"
    )
    found = reads(text.encode(encoding), columns={"symbol": "Société"})
    assert not found.refused
    assert net(found) == Decimal("497.50")
    assert {f.currency for f in facts(found, Fill)} == {"EUR"}


def test_tabs_and_indian_thousands(reads):
    found = reads("symbol\tdate\tside\tqty\tprice\nX\t2025-02-03\tB\t1,00,000\t₹1,234.50\n")
    [fill] = facts(found, Fill)
    assert (fill.quantity, fill.price, fill.currency) == (100_000, Decimal("1234.50"), "INR")


def test_a_hundred_millionth_is_a_quantity(reads):
    [fill] = facts(reads("symbol,date,amount,price\nBTC,2025-02-03,1e-8,95000.12\n"), Fill)
    assert fill.quantity == Decimal("0.00000001")


def test_equal_rows_are_different_executions_the_same_in_every_file(reads):
    row = "AAPL,2025-02-03,10,5\n"
    first = [f.execution_id for f in facts(reads("symbol,date,amount,price\n" + row * 2), Fill)]
    again = [f.execution_id for f in facts(reads("symbol,date,amount,price\n" + row * 3), Fill)]
    assert len(set(again)) == 3
    assert again[:2] == first


def test_a_bad_row_stops_nothing_and_is_named_by_its_line(reads):
    found = reads(
        "symbol,date,amount,price\nA,2025-02-03,x,5\nB,2025-02-03,1,5\n,2025-02-03,1,5\n"
        "C,never,1,5\nD,2025-02-03,1,-5\nE,2025-02-03\n"
    )
    assert [f.symbol for f in facts(found, Fill)] == ["B"]
    assert [one.line for one in found.refused] == [2, 4, 5, 6, 7]


def test_other_names_are_told_by_options(reads):
    text = "Wert,Tag,Menge,Kurs\nSAP,2025-02-03,-4,100\n"
    with pytest.raises(DataError, match="--map"):
        reads(text)
    said = {"symbol": "Wert", "at": "Tag", "quantity": "Menge", "price": "Kurs"}
    found = reads(text, columns=said, account="mine", strategy="dip", currency="EUR")
    [position] = books(found).held()
    assert position.book == ("dip", "mine", "SAP")
    assert position.quantity == -4


def test_decimals_that_may_be_thousands_ask_for_the_option(reads):
    text = "symbol;date;amount;price\nA;2025-02-03;1;1,234\n"
    with pytest.raises(DataError, match="--decimal"):
        reads(text)
    assert facts(reads(text, decimal=","), Fill)[0].price == Decimal("1.234")
    assert facts(reads(text, decimal="."), Fill)[0].price == 1234
