"""Joining the desk: one code, one person, ten minutes."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from desk import crew
from replay.journal import MemoryJournal
from tests.world import ANN, world
from trading.people import Invite, Member, Role

NOW = datetime(2026, 2, 3, tzinfo=UTC)


async def test_a_code_lets_one_person_in_and_is_not_kept():
    journal = MemoryJournal()
    code = await crew.invite(journal, NOW)
    [kept] = await journal.read(Invite)
    assert code not in repr(kept)
    member = await crew.admit(journal, code, user=77, name="Dot", now=NOW)
    assert member is not None
    assert (member.user, member.name, member.role) == (77, "Dot", Role.OWNER)
    assert await crew.admit(journal, code, user=78, name="Eve", now=NOW) is None
    assert [m.user for m in await journal.read(Member)] == [77]


async def test_a_code_typed_in_small_letters_is_the_same_code():
    journal = MemoryJournal()
    code = await crew.invite(journal, NOW)
    assert await crew.admit(journal, code.lower(), user=77, name="Dot", now=NOW)


@pytest.mark.parametrize(("late", "lets_in"), [(-1, True), (0, False), (1, False)])
async def test_a_code_is_good_for_ten_minutes(late: int, lets_in: bool):
    journal = MemoryJournal()
    code = await crew.invite(journal, NOW)
    then = NOW + crew.PAIRING + timedelta(seconds=late)
    assert bool(await crew.admit(journal, code, user=77, name="Dot", now=then)) is lets_in


@pytest.mark.parametrize("code", ["", "x", "AAAAA-AAAAA", "'; DROP TABLE", "A" * 500])
async def test_another_code_lets_nobody_in(code: str):
    journal = MemoryJournal()
    await crew.invite(journal, NOW)
    assert await crew.admit(journal, code, user=77, name="Dot", now=NOW) is None
    assert await journal.count(Member) == 0


async def test_of_two_who_send_one_code_at_once_one_comes_in():
    journal = MemoryJournal()
    code = await crew.invite(journal, NOW)
    joined = await asyncio.gather(
        *(crew.admit(journal, code, user=n, name=str(n), now=NOW) for n in (77, 78))
    )
    assert len([member for member in joined if member]) == 1
    assert await journal.count(Member) == 1


async def test_who_joined_is_told_what_operators_are_told():
    w = await world(operators=(ANN,))
    code = await crew.invite(w.journal, NOW)
    await crew.admit(w.journal, code, user=77, name="Dot", now=NOW)
    await crew.muster(w.desk)
    await crew.muster(w.desk)
    assert [(o.id, o.name) for o in w.desk.operators] == [(ANN.id, ANN.name), (77, "Dot")]
