"""How long Telegram was out of reach, as the next process knows it too."""

from datetime import timedelta

from bot.reach import LONG, NAME, Absence, Reach
from tests.world import World, world
from trading.facts import Cursor

MINUTE = timedelta(minutes=1)


async def reach(w: World) -> Reach:
    found = Reach(w.journal, w.clock)
    await found.recall()
    return found


async def test_answers_at_short_notice_are_no_absence():
    w = await world()
    seen = await reach(w)
    for _ in range(30):
        await seen.answered()
        w.clock.at += MINUTE
    assert seen.absence is None


async def test_an_absence_lasts_until_the_first_answer_and_is_remembered():
    w = await world()
    seen = await reach(w)
    await seen.answered()
    left = w.clock.at
    w.clock.at += timedelta(hours=3)
    assert seen.absence == Absence(left, w.clock.at), "it still lasts"
    await seen.answered()
    expected = Absence(left, w.clock.at)
    w.clock.at += MINUTE
    await seen.answered()
    assert seen.absence == expected
    assert (await reach(w)).absence == expected


async def test_a_process_that_was_away_knows_since_when():
    w = await world()
    await (await reach(w)).answered()
    left = w.clock.at
    w.clock.at += LONG + MINUTE
    assert (await reach(w)).absence == Absence(left, w.clock.at)


async def test_it_is_noted_once_a_minute_at_most():
    w = await world()
    seen = await reach(w)
    for _ in range(100):
        await seen.answered()
    noted = await w.journal.first(Cursor, name=NAME)
    assert noted is not None
    assert noted.version == 0
