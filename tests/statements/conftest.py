"""Files written in a test, read, and folded."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from statements import Statement, Terms, read
from trading.ledger import Ledger, Rates, fold
from trading.money import Action, Adjustment, Rate
from trading.orders import Fill

Reads = Callable[..., Statement]


@pytest.fixture
def reads(tmp_path: Path) -> Reads:
    def one(text: str | bytes, **said: Any) -> Statement:
        path = tmp_path / "file"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        zone = ZoneInfo(said.pop("zone", "UTC"))
        return read(path, Terms(zone=zone, base="USD", **said))

    return one


def facts(statement: Statement, kind: type[Any]) -> list[Any]:
    return [fact for one in statement.entries for fact in one.facts if type(fact) is kind]


def books(statement: Statement) -> Ledger:
    return fold(
        facts(statement, Fill),
        facts(statement, Adjustment),
        facts(statement, Action),
        rates=Rates.of("", facts(statement, Rate)),
    )


def net(statement: Statement) -> Decimal:
    rows = books(statement).positions.values()
    return sum((one.realised - one.fees - one.taxes for one in rows), Decimal(0))
