"""Five years of 71 stocks as they traded, held through their splits and dividends: the ledger's
equity must move as the vendor's adjusted closes do."""

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from trading.ledger import Ledger
from trading.money import Action, Adjustment, Change
from trading.orders import Fill
from trading.types import Side

D = Decimal
STEP = D("0.00000001")
DATA = Path(__file__).parents[3] / "shared/data/open"
FILE = DATA / "us_sp500_71_daily_unadjusted_2016-04_2021-04.parquet"
A_DAY, ALL = D("3e-6"), D("1e-5")  # the vendor rounds


@pytest.mark.skipif(not FILE.exists(), reason=f"needs {FILE.name}, which is not in the project")
def test_units_held_through_splits_and_dividends_earn_the_adjusted_return():
    worst_day = worst = D(0)
    splits = dividends = 0
    for (symbol,), rows in (
        pl.read_parquet(FILE).sort("symbol", "ts").group_by("symbol", maintain_order=True)
    ):
        ledger = Ledger()
        first = rows.row(0, named=True)
        ledger.apply(bought(str(symbol), first["ts"], D(10_000), D(str(first["close"]))))
        opening = -ledger.cash["a", "USD"]
        start = before = ledger_worth(ledger, D(str(first["close"])), opening)
        adjusted = first_adjusted = D(str(first["adjusted_close"]))
        for row in rows.iter_rows(named=True):
            if row["ts"] == first["ts"]:
                continue
            close, dividend = D(str(row["close"])), D(str(row["dividend_amount"]))
            split = D(str(row["split_coefficient"]))
            if split != 1:
                splits += 1
                ledger.act(Action("", f"split {row['ts']}", Change.SPLIT, str(symbol), row["ts"],
                                  gives=split))  # fmt: skip
            if dividend:
                dividends += 1
                units = ledger.net("a")[str(symbol)]
                ledger.adjust(Adjustment("a", f"dividend {row['ts']}", "dividend",
                                         units * dividend, "USD", row["ts"]))  # fmt: skip
                again = (units * dividend / close).quantize(STEP)
                ledger.apply(bought(str(symbol), row["ts"] + timedelta(hours=20), again, close))
            worth = ledger_worth(ledger, close, opening)
            now = D(str(row["adjusted_close"]))
            worst_day = max(worst_day, abs(worth / before - now / adjusted))
            worst = max(worst, abs(worth / start - now / first_adjusted) * first_adjusted / now)
            before, adjusted = worth, now
    assert (splits, dividends) == (44, 1053)
    assert worst_day <= A_DAY
    assert worst <= ALL


def bought(symbol: str, at: datetime, units: Decimal, price: Decimal) -> Fill:
    key = f"{symbol} {at}"
    return Fill("b", "a", key, key, "hold", symbol, Side.BUY, units, price, D(0), "USD", at)


def ledger_worth(ledger: Ledger, close: Decimal, opening: Decimal) -> Decimal:
    [position] = ledger.held()
    return ledger.equity("a", "USD", {position.book.symbol: close}) + opening
