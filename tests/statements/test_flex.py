"""Interactive Brokers' Flex XML: executions once, cash, options' ends, splits, rates."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.statements.conftest import books, facts, net
from trading.errors import DataError
from trading.money import Action, Adjustment, Change, Flow, Rate
from trading.orders import Fill

SAMPLES = Path(__file__).parents[3] / "shared" / "data" / "open" / "pnl" / "ibflex_xml"


def statement(*elements: str) -> str:
    inside = "\n".join(elements)
    return (
        '<FlexQueryResponse queryName="q" type="AF"><FlexStatements count="1">\n'
        f'<FlexStatement accountId="U1">\n{inside}\n</FlexStatement></FlexStatements>'
        "</FlexQueryResponse>"
    )


def trade(side: str, quantity: str, price: str, n: int, **more: str) -> str:
    said = {
        "assetCategory": "STK", "symbol": "ABC", "currency": "USD", "multiplier": "1",
        "buySell": side, "quantity": quantity, "tradePrice": price, "tradeID": str(n),
        "ibExecID": f"0000.aa.{n:02d}.01", "ibOrderID": f"9{n}", "ibCommission": "-1.00",
        "ibCommissionCurrency": "USD", "taxes": "0", "dateTime": f"202502{n:02d};143000",
        "levelOfDetail": "EXECUTION",
    }  # fmt: skip
    return "<Trade " + " ".join(f'{k}="{v}"' for k, v in (said | more).items()) + " />"


@pytest.mark.skipif(not SAMPLES.exists(), reason="the sample statements are not here")
def test_all_sample_elements_parse(reads):
    for path in sorted(SAMPLES.glob("*.xml")):
        found = reads(path.read_bytes())
        assert found.preset == "IB Flex XML", path.name
        assert not found.refused, path.name
        assert len(found.entries) + found.skipped.total() == found.rows


@pytest.mark.skipif(not SAMPLES.exists(), reason="the sample statements are not here")
def test_samples_that_move_money_are_facts(reads):
    def one(name: str, kind: type) -> object:
        [found] = facts(reads((SAMPLES / f"{name}.xml").read_bytes()), kind)
        return found

    dividend = one("CashTransaction", Adjustment)
    assert (dividend.kind, dividend.amount, dividend.symbol) == ("dividend", 27800, "RHDGF")
    assert one("ConversionRate", Rate).value == Decimal("0.12876")
    assert one("TransactionTax", Adjustment).amount == Decimal("-0.347098")
    assert one("SalesTax", Adjustment).amount == Decimal("-0.042")
    assigned = one("OptionEAE", Action)
    assert (assigned.kind, assigned.gives, assigned.price) == (Change.ASSIGNMENT, 100, 20)
    assert one("Trade", Action).price == 5
    assert one("TradeTransfer", Fill).fee == 11
    bought_out = one("CorporateAction", Action)
    assert (bought_out.kind, bought_out.price, bought_out.units) == (
        Change.EXPIRY, Decimal("30.6"), 1000,
    )  # fmt: skip
    came, paid = one("Transfer", Fill), one("Transfer", Adjustment)
    assert (came.side, came.quantity, came.quantity * came.price) == ("buy", 226702, paid.amount)
    assert paid.amount.quantize(Decimal("0.01")) == Decimal("11.51")


def test_executions_count_once_whatever_tells_them_again(reads):
    order = trade("BUY", "100", "10", 3, levelOfDetail="ORDER").replace("<Trade", "<Order")
    lot = trade("SELL", "100", "10", 4).replace("<Trade", "<Lot")
    found = reads(
        statement(order, trade("BUY", "60", "10", 3), trade("BUY", "40", "10", 5),
                  trade("SELL", "-100", "12.345", 6), lot)
    )  # fmt: skip
    assert net(found) == Decimal("231.50")
    assert found.skipped == {"told again, in less detail": 2}
    assert facts(found, Fill)[0].at.hour == 19, "New York's half past two"


def test_options_and_futures_by_their_multiplier_with_taxes(reads):
    option = {"assetCategory": "OPT", "symbol": "ABC 250321C00050000", "multiplier": "100"}
    future = {"assetCategory": "FUT", "symbol": "ESH5", "multiplier": "50", "taxes": "-0.50"}
    found = reads(
        statement(trade("BUY", "2", "1.25", 3, **option), trade("SELL", "-2", "1.75", 4, **option),
                  trade("SELL", "-1", "6000.25", 5, **future),
                  trade("BUY", "1", "5999.00", 6, **future))
    )  # fmt: skip
    assert net(found) == Decimal("98.00") + Decimal("62.50") - 3


def test_a_conversion_is_two_legs_and_its_fee_is_in_its_own_currency(reads):
    found = reads(
        statement(trade("BUY", "1000", "1.05", 3, assetCategory="CASH", symbol="EUR.USD",
                        ibCommission="-1.9", ibCommissionCurrency="CHF"))
    )  # fmt: skip
    cash = books(found).cash
    assert cash == {("U1", "EUR"): 1000, ("U1", "USD"): -1050, ("U1", "CHF"): Decimal("-1.9")}


def test_a_cancelled_trade_and_a_corrected_one_count_as_they_ended(reads):
    cancel = trade("BUY (Ca.)", "-10", "9", 5, notes="Ca", origTradeID="3")
    corrected = trade("BUY", "10", "8", 6, ibExecID="0000.aa.04.02")
    found = reads(
        statement(trade("BUY", "10", "9", 3), trade("BUY", "10", "9", 4), cancel, corrected)
    )
    [position] = books(found).held()
    assert (position.quantity, position.cost) == (10, 80)


def test_an_assigned_option_is_told_once_by_whichever_section(reads):
    option = {
        "assetCategory": "OPT", "symbol": "ABC 250207P00050000", "multiplier": "100",
        "putCall": "P", "strike": "50", "underlyingSymbol": "ABC",
    }  # fmt: skip
    sold = trade("SELL", "-1", "2", 3, **option)
    book = {"transactionType": "BookTrade", "notes": "A", "ibCommission": "0"}
    ends = trade("BUY", "1", "0", 7, **option, **book)
    shares = trade("BUY", "100", "50", 7, **book)
    eae = (
        '<OptionEAE assetCategory="OPT" symbol="ABC 250207P00050000" currency="USD" strike="50" '
        'putCall="P" underlyingSymbol="ABC" multiplier="100" date="2025-02-07" quantity="1" '
        'transactionType="Assignment" />'
    )
    for told in ((sold, ends, shares), (sold, ends, shares, eae)):
        found = reads(statement(*told))
        [position] = books(found).held()
        assert position.book.symbol == "ABC"
        assert (position.quantity, position.cost) == (100, 4800)


def test_cash_by_its_kind_and_a_split_by_its_words(reads):
    def cash(kind: str, amount: str, n: int) -> str:
        return (
            f'<CashTransaction currency="USD" type="{kind}" amount="{amount}" symbol="ABC" '
            f'dateTime="2025-02-{n:02d}" transactionID="{n}" />'
        )

    split = (
        '<CorporateAction symbol="ABC" type="FS" dateTime="2025-02-10;202500" quantity="300" '
        'description="ABC(US0000000001) SPLIT 4 FOR 1 (ABC, ABC INC, US0000000001)" />'
    )
    strange = '<CorporateAction symbol="Q" type="SO" reportDate="2025-02-10" description="?" />'
    found = reads(
        statement(cash("Dividends", "24.00", 3), cash("Withholding Tax", "-3.60", 4),
                  cash("Deposits/Withdrawals", "-500", 5), cash("Other Fees", "-1.5", 6),
                  cash("Broker Interest Received", "0.07", 7),
                  trade("BUY", "100", "400", 3), split, strange)
    )  # fmt: skip
    ledger = books(found)
    assert ledger.flows["U1", "USD", Flow.DIVIDEND] == 24
    assert ledger.flows["U1", "USD", Flow.TAX] == Decimal("-3.60")
    assert ledger.flows["U1", "USD", Flow.WITHDRAWAL] == -500
    [position] = ledger.held()
    assert position.quantity == 400
    assert "not understood" in found.refused[0].reason


def test_a_file_that_defines_entities_is_refused_before_it_grows(reads):
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>'
    with pytest.raises(DataError, match="document type"):
        reads(laughs)
    with pytest.raises(DataError, match="no XML"):
        reads("<FlexQueryResponse><Trade")
