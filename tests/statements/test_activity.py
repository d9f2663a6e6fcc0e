"""Interactive Brokers' activity statement: sections, totals, executions once."""

from decimal import Decimal

from tests.statements.conftest import books, facts, net
from trading.money import Adjustment
from trading.orders import Fill

HEAD = "Trades,Header,DataDiscriminator,Asset Category,Currency,Symbol,Date/Time,Quantity,T. Price,"
TRADES = f"""\
Statement,Header,Field Name,Field Value
Statement,Data,Period,"February 1, 2025 - February 28, 2025"
Account Information,Header,Field Name,Field Value
Account Information,Data,Account,U77
Account Information,Data,Base Currency,USD
{HEAD}C. Price,Proceeds,Comm/Fee,Basis,Realized P/L,MTM P/L,Code
Trades,Data,Order,Stocks,USD,ABC,"2025-02-03, 10:30:00","1,200",10.50,10.6,-12600,-6.00,12606,0,0,O
Trades,Data,Trade,Stocks,USD,ABC,"2025-02-03, 10:30:00",700,10.50,10.6,-7350,-3.50,7353.5,0,0,O
Trades,Data,Trade,Stocks,USD,ABC,"2025-02-03, 10:30:01",500,10.50,10.6,-5250,-2.50,5252.5,0,0,O
Trades,Data,Order,Stocks,USD,ABC,"2025-02-05, 11:00:00","-1,200",11.00,11.1,13200,-6.00,-12606,588,0,C
Trades,Data,ClosedLot,Stocks,USD,ABC,2025-02-03,"1,200",10.5,,,,12606,588,,ST
Trades,SubTotal,,Stocks,USD,ABC,,0,,,600,-12.00,0,588,0,
Trades,Data,Order,Equity and Index Options,USD,ABC 21MAR25 50 C,"2025-02-06, 11:00:00",-2,1.50,1.5,300,-1.30,-298.7,0,0,O
Trades,Data,Order,Equity and Index Options,USD,ABC 21MAR25 50 C,"2025-03-21, 16:20:00",2,0,0,0,0,298.7,298.7,0,C;Ep
Trades,Total,,,USD,,,,,,900,-13.30,0,886.7,0,
{HEAD}C. Price,Proceeds,Comm in USD,,,MTM in USD,Code
Trades,Data,Order,Forex,USD,EUR.USD,"2025-02-07, 09:00:00","1,000",1.05,,-1050,-2,,,0,
"""
CASH = """\
Deposits & Withdrawals,Header,Currency,Settle Date,Description,Amount
Deposits & Withdrawals,Data,USD,2025-02-01,Electronic Fund Transfer,"50,000.00"
Deposits & Withdrawals,Data,Total,,,"50,000.00"
Dividends,Header,Currency,Date,Description,Amount
Dividends,Data,USD,2025-02-14,ABC(US0000000001) Cash Dividend USD 0.24 per Share (Ordinary Dividend),24.00
Dividends,Data,Total,,,24.00
Withholding Tax,Header,Currency,Date,Description,Amount,Code
Withholding Tax,Data,USD,2025-02-14,ABC(US0000000001) Cash Dividend USD 0.24 per Share - US Tax,-3.60,
Interest,Header,Currency,Date,Description,Amount
Interest,Data,USD,2025-02-05,USD Credit Interest for Jan-2025,1.07
Fees,Header,Subtitle,Currency,Date,Description,Amount
Fees,Data,Other Fees,USD,2025-02-03,Snapshot data,-0.03
Fees,Data,Total,,,,-0.03
"""


def test_trades_net_what_the_statement_says_they_realised(reads):
    found = reads(TRADES)
    assert not found.refused
    assert net(found) == Decimal(588) + Decimal("298.7")
    assert {f.account for f in facts(found, Fill)} == {"U77"}
    assert len(facts(found, Fill)) == 4
    assert len(books(found).trades) == 2
    assert found.skipped["told again, in less detail"] == 2


def test_a_conversion_is_cash_in_both_currencies_and_its_commission(reads):
    moved = facts(reads(TRADES), Adjustment)
    assert [(one.amount, one.currency) for one in moved] == [
        (1000, "EUR"),
        (-1050, "USD"),
        (-2, "USD"),
    ]


def test_cash_sections_are_adjustments_and_their_totals_are_not(reads):
    found = reads(TRADES + CASH)
    assert not found.refused
    flows = books(found).flows
    assert flows["U77", "USD", "deposit"] == 50_000
    assert flows["U77", "USD", "dividend"] == 24
    assert flows["U77", "USD", "tax"] == Decimal("-3.60")
    assert flows["U77", "USD", "interest"] == Decimal("1.07")
    assert flows["U77", "USD", "fee"] == Decimal("-2.03")


def test_a_row_that_is_no_trade_is_refused_and_the_rest_goes_on(reads):
    bad = TRADES.replace("-1,200", "many").replace('"2025-02-06, 11:00:00"', '"yesterday"')
    found = reads(bad)
    assert len(found.refused) == 2
    assert len(facts(found, Fill)) == 2
