"""Plans as operators changed them in a chat."""

from desk import chosen, preferences
from tests.world import world
from trading.types import Mode


async def test_a_choice_changes_the_plan_and_taking_it_back_restores_it():
    w = await world()
    strategy, written = next(iter(w.desk.plans.items()))
    await preferences.choose(w.desk, f"mode:{strategy}", "auto", by="operator:1")
    await chosen.refresh(w.desk)
    assert w.desk.plan(strategy).mode is Mode.AUTO
    await preferences.choose(w.desk, f"mode:{strategy}", "", by="operator:1")
    await chosen.refresh(w.desk)
    assert w.desk.plan(strategy) == written


async def test_a_choice_for_a_strategy_that_is_gone_changes_nothing():
    w = await world()
    before = dict(w.desk.plans)
    await preferences.choose(w.desk, "mode:gone", "auto", by="operator:1")
    await chosen.refresh(w.desk)
    assert w.desk.plans == before
