"""Corporate actions and transferred units of Interactive Brokers' statements, in the books."""

from decimal import Decimal

import pytest

from tests.statements.conftest import books, facts
from tests.statements.test_flex import statement, trade
from trading.money import Action, Change, Flow

D = Decimal
BOUGHT = trade("BUY", "100", "40", 3)


def action(words: str, quantity: str, day: int = 10, **more: str) -> str:
    said = {
        "currency": "USD", "description": words, "quantity": quantity,
        "dateTime": f"202502{day};202500",
    }  # fmt: skip
    return "<CorporateAction " + " ".join(f'{k}="{v}"' for k, v in (said | more).items()) + " />"


def sheet(*rows: str) -> str:
    head = (
        "Account Information,Header,Field Name,Field Value\n"
        "Account Information,Data,Account,U1\n"
        "Trades,Header,DataDiscriminator,Asset Category,Currency,Symbol,Date/Time,Quantity,"
        "T. Price,Proceeds,Comm/Fee,Code\n"
        'Trades,Data,Order,Stocks,USD,ABC,"2025-02-03, 14:30:00",100,40,-4000,-1,O\n'
        "Corporate Actions,Header,Asset Category,Currency,Report Date,Date/Time,Description,"
        "Quantity,Proceeds,Value,Realized P/L,Code\n"
    )
    lines = [
        f'Corporate Actions,Data,Stocks,USD,2025-02-11,"2025-02-10, 20:25:00","{row}",{n},0,0,0,'
        for row, n in (one.split("|") for one in rows)
    ]
    return head + "\n".join(lines) + "\n"


def held(found) -> dict[str, tuple[Decimal, Decimal]]:
    return {one.book.symbol: (one.quantity, one.cost) for one in books(found).held()}


CASES = {
    "stock dividend": (
        ["ABC(US0000000001) STOCK DIVIDEND US0000000001 5 FOR 100 (ABC, ABC INC, US0000000001)|5"],
        {"ABC": (D(105), D(4000))},
    ),
    "reverse split": (
        [
            "ABC(US0000000001) SPLIT 1 FOR 10 (ABC.OLD, ABC INC, US0000000001)|-100",
            "ABC(US0000000001) SPLIT 1 FOR 10 (ABC, ABC INC, US0000000002)|10",
        ],
        {"ABC": (D(10), D(4000))},
    ),
    "split into another name": (
        [
            "ABC(US0000000001) SPLIT 1 FOR 10 (ABC, ABC INC, US0000000001)|-100",
            "ABC(US0000000001) SPLIT 1 FOR 10 (ABCD, ABC INC, US0000000002)|10",
        ],
        {"ABCD": (D(10), D(4000))},
    ),
    "spin-off": (
        ["ABC(US0000000001) Spinoff  1 for 4 (NEW, NEW, INC (W/I), US0000000009)|25"],
        {"ABC": (D(100), D(4000)), "NEW": (D(25), D(0))},
    ),
    "rights": (
        ["ABC(US0000000001) SUBSCRIBABLE RIGHTS ISSUE  1 FOR 1 (ABC.RTS, ABC INC, 000000009)|100"],
        {"ABC": (D(100), D(4000)), "ABC.RTS": (D(100), D(0))},
    ),
    "merger": (
        [
            "ABC(US0000000001) MERGED(Acquisition) WITH US0000000009 3 FOR 4 "
            "(ABC, ABC INC, US0000000001)|-100",
            "ABC(US0000000001) MERGED(Acquisition) WITH US0000000009 3 FOR 4 "
            "(BIG, BIG CO, US0000000009)|75",
        ],
        {"BIG": (D(75), D(4000))},
    ),
    "merger for units and cash": (
        [
            "ABC(US0000000001) Cash and Stock Merger (Acquisition) US0000000009 1 for 2 and USD 4.5"
            " (ABC, ABC INC, US0000000001)|-100",
            "ABC(US0000000001) Cash and Stock Merger (Acquisition) US0000000009 1 for 2 and USD 4.5"
            " (BIG, BIG CO, US0000000009)|50",
        ],
        {"BIG": (D(50), D(4000 - 450))},
    ),
    "new name": (
        [
            "ABC(US0000000001) CUSIP/ISIN Change to (US0000000009) (ABC.OLD, ABC INC, "
            "US0000000001)|-100",
            "ABC(US0000000001) CUSIP/ISIN Change to (US0000000009) (XYZ, XYZ INC, "
            "US0000000009)|100",
        ],
        {"XYZ": (D(100), D(4000))},
    ),
    "bought out": (
        ["ABC(US0000000001) MERGED(Acquisition)  FOR USD 50.25 PER SHARE (ABC, A, US00001)|-100"],
        {},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rows", "there"), CASES.values(), ids=list(CASES))
def test_an_action_is_booked_alike_by_flex_and_by_the_activity_statement(reads, rows, there):
    elements = [action(*row.split("|")) for row in rows]
    for found in (reads(statement(BOUGHT, *elements)), reads(sheet(*rows))):
        assert not found.refused
        assert held(found) == there


def test_a_buy_out_pays_the_price_of_each_unit(reads):
    found = reads(sheet(*CASES["bought out"][0]))
    assert [one.gross for one in books(found).trades] == [D("1025.00")]
    assert books(found).cash["U1", "USD"] == D(-4001) + D("5025.00")


def test_what_is_spun_off_is_said_to_cost_nothing(reads):
    found = reads(sheet(*CASES["spin-off"][0]))
    assert "units that are spun off or granted take no part of the cost" in found.assumed


def test_an_identifier_that_changed_alone_is_no_action(reads):
    words = "ABC(US0000000001) CUSIP/ISIN CHANGE TO (US0000000009) (ABC, ABC INC, US0000000009)"
    found = reads(statement(BOUGHT, action(words, "100")))
    assert found.skipped == {"an identifier that changed, and nothing else": 1}


@pytest.mark.parametrize(
    ("words", "more", "why"),
    [
        ("ABC(US0000000001) DELISTED (ABC, ABC INC, US0000000001)", {}, "not understood"),
        ("ABC(US01) TENDERED TO US09 1 FOR 1 (ABC.TEN, ABC INC, US09)", {}, "not understood"),
        ("ABC(US01) SPLIT 4 FOR 1 (ABC  250321C00050000, ABC 21MAR25 50 C, 1)", {}, "an option"),
        ("ABC(US01) MERGED(Acquisition) WITH US09 3 FOR 4 (ABC, ABC INC, US01)", {}, "it became"),
        ("ABC(US01) MERGED(Acquisition) FOR EUR 3 PER SHARE (ABC, A, US01)", {}, "currency"),
        ("ABC(US01) SPLIT 4 FOR 1 (ABC, ABC INC, US01)", {"code": "Ca"}, "cancelled"),
    ],
)
def test_what_a_person_must_book_is_listed_with_its_reason(reads, words, more, why):
    found = reads(statement(BOUGHT, action(words, "-100", **more)))
    [refused] = found.refused
    assert why in refused.reason
    assert refused.line == 4
    assert not facts(found, Action)


def transfer(direction: str, quantity: str, price: str, worth: str) -> str:
    return (
        f'<Transfer currency="USD" symbol="ABC" date="2025-02-04" direction="{direction}" '
        f'quantity="{quantity}" transferPrice="{price}" positionAmount="{worth}" '
        'cashTransfer="0" multiplier="1" account="X1" />'
    )


def test_units_that_came_cost_what_they_were_transferred_at_and_no_cash(reads):
    found = reads(statement(transfer("IN", "10", "0", "55"), transfer("IN", "5", "7", "40")))
    ledger = books(found)
    [position] = ledger.held()
    assert (position.quantity, position.cost) == (15, D(55 + 35))
    assert ledger.cash["U1", "USD"] == 0
    assert ledger.flows["U1", "USD", Flow.DEPOSIT] == 90
    assert any(one.startswith("units transferred count at what") for one in found.assumed)


def test_units_that_went_leave_the_books_at_their_worth(reads):
    out = transfer("OUT", "-40", "50", "2000")
    ledger = books(reads(statement(BOUGHT, out)))
    [position] = ledger.held()
    assert (position.quantity, position.realised) == (60, 400)
    assert ledger.flows["U1", "USD", Flow.WITHDRAWAL] == -2000
    assert ledger.cash["U1", "USD"] == -4001


def test_units_without_any_value_want_a_person(reads):
    found = reads(statement(transfer("IN", "10", "0", "0")))
    assert "without a price or a worth" in found.refused[0].reason


def test_the_activity_statements_transfers_are_booked_too(reads):
    rows = (
        "Transfers,Header,Asset Category,Currency,Symbol,Date,Type,Direction,Xfer Company,"
        "Xfer Account,Qty,Xfer Price,Market Value,Realized P/L,Cash Amount,Code\n"
        "Transfers,Data,Stocks,USD,ABC,2025-02-04,ACATS,In,--,X1,10,--,55.00,0.00,12.50,\n"
        "Transfers,Data,Total,,,,,,,,,,55.00,0.00,12.50,\n"
    )
    found = reads(sheet() + rows)
    ledger = books(found)
    [position] = ledger.held()
    assert (position.quantity, position.cost) == (110, 4055)
    assert ledger.flows["U1", "USD", Flow.DEPOSIT] == D("67.50")
    assert found.skipped == {"a line of totals": 1}
    assert {one.kind for one in facts(found, Action)} <= {Change.SPLIT}
