"""The tables of legal moves and unique keys: complete, and about fields that exist."""

from dataclasses import fields
from enum import Enum
from typing import Any, get_args, get_type_hints

import pytest

from trading.facts import MOVES, UNIQUE, Fact
from trading.orders import AT_BROKER, DONE, ORDER_MOVES, WORKING, OrderState
from trading.signals import SIGNAL_MOVES, SignalState
from trading.types import Side

S = OrderState
CROSSED = {S.CANCELLED: {S.FILLED}, S.EXPIRED: {S.FILLED}}


def reached(moves: Any, start: Any) -> set[Any]:
    found, edge = {start}, [start]
    while edge:
        new = set(moves.get(edge.pop(), ())) - found
        found |= new
        edge += new
    return found


def test_an_order_is_working_or_done_and_never_both():
    assert set(OrderState) == WORKING | DONE
    assert not WORKING & DONE
    assert set(WORKING) - AT_BROKER == {S.PLANNED}


def test_every_state_says_what_may_follow():
    assert ORDER_MOVES.keys() == set(OrderState)
    assert SIGNAL_MOVES.keys() == set(SignalState)


@pytest.mark.parametrize("state", sorted(DONE))
def test_only_a_fill_that_crossed_the_end_moves_a_done_order(state: OrderState):
    assert set(ORDER_MOVES[state]) == CROSSED.get(state, set())


@pytest.mark.parametrize("state", sorted(WORKING))
def test_every_working_order_can_end(state: OrderState):
    assert reached(ORDER_MOVES, state) >= DONE - {S.REJECTED, S.EXPIRED}
    assert ORDER_MOVES[state] & DONE


def test_an_order_is_claimed_unsent_or_in_doubt_and_goes_back_only_proven_absent():
    claims = [state for state, following in ORDER_MOVES.items() if S.SUBMITTING in following]
    assert claims == [S.PLANNED, S.UNKNOWN]
    back = [state for state, following in ORDER_MOVES.items() if S.PLANNED in following]
    assert back == [S.SUBMITTING, S.UNKNOWN]


def test_an_order_given_back_is_moved_by_a_fill_that_shows_after_all_and_by_nothing_less():
    here = ORDER_MOVES[S.PLANNED] & (AT_BROKER | {S.FILLED})
    assert here == {S.SUBMITTING, S.PARTIALLY_FILLED, S.FILLED}


def test_a_fill_may_come_before_its_acknowledgement():
    assert {S.FILLED, S.PARTIALLY_FILLED} <= ORDER_MOVES[S.SUBMITTING]


def test_a_signal_is_decided_once():
    decided = {state for state in SignalState if state is not SignalState.PENDING}
    assert all(SignalState.PENDING not in SIGNAL_MOVES[state] for state in SignalState)
    assert SIGNAL_MOVES[SignalState.REJECTED] == frozenset()
    assert decided <= reached(SIGNAL_MOVES, SignalState.PENDING)


@pytest.mark.parametrize("kind", get_args(Fact), ids=lambda kind: kind.__name__)
def test_a_fact_has_an_id_and_its_tables_name_real_fields(kind: type[Any]):
    names = {field.name for field in fields(kind)}
    assert "id" in names
    assert names >= set(UNIQUE.get(kind, ()))
    if kind in MOVES:
        states = get_type_hints(kind)["state"]
        assert issubclass(states, Enum)
        assert "version" in names, "a state moves by compare-and-set"
        table = MOVES[kind]
        assert set(table) <= set(states)
        assert {after for following in table.values() for after in following} <= set(states)
        [default] = [field.default for field in fields(kind) if field.name == "state"]
        assert reached(table, default) == set(states), "every state can be reached"


def test_the_tables_are_about_facts_only():
    assert set(MOVES) <= set(get_args(Fact))
    assert set(UNIQUE) <= set(get_args(Fact))


def test_sides_are_opposite_and_signed():
    assert [side.opposite for side in (Side.BUY, Side.SELL)] == [Side.SELL, Side.BUY]
    assert [side.sign for side in (Side.BUY, Side.SELL)] == [1, -1]
