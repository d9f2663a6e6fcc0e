"""Exchange rates: a row each, a column each, the ECB's."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from statements import Terms, read_rates
from trading.errors import DataError
from trading.ledger import Rates

DAY = datetime(2025, 2, 3, 12, tzinfo=UTC)


@pytest.fixture
def known(tmp_path: Path):
    def one(text: str, base: str = "USD", **said: str) -> Rates:
        path = tmp_path / "rates.csv"
        path.write_text(text)
        found = read_rates(path, Terms(zone=ZoneInfo("UTC"), base=base, **said))
        assert not found.refused
        return Rates.of(base, (fact for row in found.entries for fact in row.facts))

    return one


def test_a_row_each(known):
    rates = known("date,currency,value\n2025-02-03,EUR,1.03\n2025-02-04,EUR,1.04\n")
    assert rates.at("EUR", DAY) == Decimal("1.03")


def test_the_base_may_be_the_columns_name(known):
    assert known("date,currency,USD\n2025-02-03,EUR,1.03\n").at("EUR", DAY) == Decimal("1.03")


def test_a_column_each_with_holes(known):
    rates = known("date;EUR;GBP\n2025-02-02;1,03;\n2025-02-03;1,04;1,25\n2025-02-04;;\n")
    assert (rates.at("EUR", DAY), rates.at("GBP", DAY)) == (Decimal("1.04"), Decimal("1.25"))


ECB = "Date, USD, JPY, GBP, CHF, \n03 February 2025, 1.0274, 158.98, 0.82960, 0.9367, \n"


def test_the_ecbs_tell_how_many_one_euro_cost(known):
    assert known(ECB).at("EUR", DAY) == Decimal("1.0274")
    assert abs(known(ECB).at("GBP", DAY) - Decimal("1.0274") / Decimal("0.8296")) < 1e-18
    assert known(ECB, "EUR").at("USD", DAY) * Decimal("1.0274") == pytest.approx(1)


def test_what_is_no_table_of_rates_is_refused(known, tmp_path: Path):
    for text in ("a,b\n1,2\n", "date,x\n2025-02-03,1\n", ""):
        with pytest.raises(DataError):
            known(text)
    path = tmp_path / "bad.csv"
    path.write_text("date,currency,value\n2025-02-03,EUR,-1\n2025-02-03,EUR,x\n,EUR,1\n")
    assert len(read_rates(path, Terms(zone=ZoneInfo("UTC"), base="USD")).refused) == 3
