"""Faults of money that no code of ours writes: an action that cannot be, a second currency."""

from tests.desk.test_invariants import fill, found, sound
from tests.world import D
from trading.money import Action, Change

NAMED = {"actions can be", "one currency a book"}  # the rules whose faults are here


async def test_an_action_that_cannot_be_is_named():
    w = await sound()
    await w.journal.append([Action("", "s1", Change.SPLIT, "XOM", w.clock.at, gives=D(0))])
    assert await found(w) == [("actions can be", "action 1 (s1, XOM): 0 for 1 is no ratio")]


async def test_one_that_touches_what_is_held_stops_the_rules_that_need_the_books():
    w = await sound()
    await w.journal.append([Action("", "s1", Change.SPLIT, "AAPL", w.clock.at, gives=D(0))])
    assert await found(w) == [("actions can be", "action 1 (s1, AAPL): 0 for 1 is no ratio")]


async def test_an_instrument_held_in_two_currencies_is_named():
    w = await sound()
    for code in ("USD", "EUR"):
        one = fill(w, execution_id=code, currency=code, strategy="unassigned")
        await w.journal.append([one])
    w.desk.brokers = {}
    said = "XOM of unassigned (paper) was traded in USD and in EUR, 10 of it held in EUR"
    assert await found(w) == [("one currency a book", said)]
