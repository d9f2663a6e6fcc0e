"""How the invariants are read: twice while something is under way, past a broker that is away."""

import pytest

from brokers.adversary import Adversary
from brokers.paper import PaperBroker
from desk import adopt, invariants, reconcile
from desk.differences import Shift
from tests.desk import test_invariants_limits  # noqa: F401  it has faults of its own
from tests.desk.test_invariants import BREAKS, accepted_by_nobody, first, sound, works_there_alone
from tests.desk.test_invariants_money import NAMED
from tests.desk.test_reconcile import holding, slip
from trading.orders import Order, OrderState


async def test_what_is_gone_at_the_second_reading_was_under_way():
    w = await sound()
    await accepted_by_nobody(w)
    rested: list[float] = []

    async def rest(seconds: float) -> None:
        rested.append(seconds)
        one = await first(w, Order, key="k")
        await w.journal.move(one, state=OrderState.CANCELLED)

    assert await invariants.findings(w.desk, rest=rest) == []
    assert rested == [invariants.PAUSE]


async def test_what_stays_at_the_second_reading_is_a_finding():
    w = await sound()
    await accepted_by_nobody(w)

    async def rest(_: float) -> None:
        await works_there_alone(w)  # new since the first: perhaps under way

    [finding] = await invariants.findings(w.desk, rest=rest)
    assert finding.text == "order k (XOM) is accepted here, the broker does not know it"


async def test_a_broker_that_is_away_is_passed_over_and_named():
    w = await sound()
    paper = w.broker
    assert isinstance(paper, PaperBroker)
    away = Adversary(paper)
    away.leave(60)
    w.desk.brokers = {"paper": away}
    verdicts = [verdict async for verdict in invariants.examine(w.desk, at_rest=True)]
    unasked = {v.rule.name: v.unasked for v in verdicts if v.unasked}
    assert set(unasked) == {"same open orders", "same executions", "same positions"}
    assert unasked["same positions"] == ("paper: cannot reach the paper broker; nothing was sent",)
    assert all(v.holds for v in verdicts if not v.unasked)


def test_every_rule_has_a_fault_that_it_finds_and_a_name_and_advice_of_its_own():
    torn = {"rows can be read"}  # a database's alone: tests/test_checkup.py
    audit = {"audit unbroken"}  # tests/desk/test_audit.py
    assert BREAKS.keys() | torn | audit | NAMED == {rule.name for rule in invariants.RULES}
    assert len({rule.name for rule in invariants.RULES}) == len(invariants.RULES)
    for rule in invariants.RULES:
        assert (rule.facts is None) != (rule.broker is None), rule.name
        assert rule.advice, rule.name
        assert not rule.advice.endswith("."), rule.name
        assert not rule.statement.endswith("."), rule.name


@pytest.mark.parametrize("text", ["buy 3 AAPL", "sell 4 AAPL", "sell 10 AAPL", "buy 2 XOM"])
async def test_what_an_operator_adopted_is_no_finding(text: str):
    """No order and no execution stand behind it, and none is missing."""
    w = await holding("buy 10 AAPL")
    slip(w, text)
    [found] = (await reconcile.check(w.desk)).open
    assert isinstance(found, Shift)
    await adopt.book(w.desk, await adopt.booking(w.desk, found))
    assert await invariants.findings(w.desk, at_rest=True) == []
