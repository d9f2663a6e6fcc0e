"""What the paper broker's process says of the account arrives as it was said."""

from dataclasses import replace
from decimal import Decimal

from brokers.paper_wire import account_from_json, account_to_json
from tests.world import MONDAY, at
from trading.types import Account

D = Decimal
SAID = Account("paper", "main", "USD", D("1.10"), D("-2.5"), at(MONDAY, 21), D(2))


def test_an_account_arrives_with_its_leverage_or_without_one():
    for account in (SAID, replace(SAID, leverage=None)):
        assert account_from_json(account_to_json(account)) == account


def test_a_process_of_an_earlier_version_says_nothing_of_leverage():
    body = account_to_json(SAID)
    del body["leverage"]
    assert account_from_json(body) == replace(SAID, leverage=None)
