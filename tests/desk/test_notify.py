"""How each operator is told: kinds, quiet hours, the morning, and what nobody can turn off."""

from contextlib import suppress
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk import crew, habits, notices
from desk.queues import queues
from tests.desk.test_deciding import proposed
from tests.desk.test_people import ANN, CREW, OTTO, TIM, VERA, asked
from tests.world import MONDAY, World, world
from trading.errors import BadCommand
from trading.facts import Lane, Notice
from trading.messages import message


async def crewed() -> World:
    return await world(operators=CREW)


async def told(w: World, topic: str, lane: Lane = Lane.NORMAL) -> dict[int, Notice]:
    """One news of that kind, by reader."""
    last = await w.journal.first(Notice, order="-id")
    await notices.tell(w.desk, message("news"), lane=lane, topic=topic)
    rows = await w.journal.read(Notice, id__gt=last.id if last else 0)
    return {row.recipient: row for row in rows}


async def test_without_a_choice_everybody_is_told_with_a_sound():
    w = await crewed()
    rows = await told(w, "jobs")
    assert set(rows) == {1, 2, 3, 4}
    assert not any(row.silent or row.not_before for row in rows.values())


async def test_each_is_told_in_the_way_they_chose_for_that_kind():
    w = await crewed()
    for who, text in ((TIM, "jobs silent"), (VERA, "jobs off"), (OTTO, "jobs digest")):
        assert "How you are told" in await asked(w, f"/notify {text}", who)
    rows = await told(w, "jobs")
    assert {reader: row.silent for reader, row in rows.items()} == {1: False, 2: True, 4: True}
    assert rows[4].not_before == datetime(2025, 2, 4, 13, tzinfo=UTC), "08:00 in New York"
    assert set(await told(w, "alerts")) == {1, 2, 3, 4}


async def test_cards_and_digests_have_kinds_of_their_own():
    w = await crewed()
    await asked(w, "/notify cards off", VERA)
    await asked(w, "/notify digests silent", TIM)
    await proposed(w, "AAPL")
    assert {row.recipient for row in await w.journal.read(Notice, kind="card")} == {1, 2, 4}
    rows = await told(w, "", Lane.DIGEST)
    assert rows[2].silent
    assert not rows[1].silent


@pytest.mark.parametrize(
    ("at", "silent"), [((21, 59), False), ((22, 0), True), ((6, 59), True), ((7, 0), False)]
)
async def test_in_quiet_hours_all_but_what_is_critical_is_silent(at, silent):
    w = await crewed()
    assert "Quiet from 22:00 to 07:00 New York" in await asked(w, "/notify quiet 22:00-07:00", TIM)
    local = datetime.combine(MONDAY, time(*at), w.desk.zone)
    w.clock.at = local.astimezone(UTC)
    assert (await told(w, "jobs"))[2].silent is silent
    assert not (await told(w, "jobs"))[1].silent
    assert not (await told(w, "alerts", Lane.CRITICAL))[2].silent
    assert "No quiet hours" in await asked(w, "/notify quiet off", TIM)
    assert not (await told(w, "jobs"))[2].silent


async def test_what_waits_for_the_morning_comes_at_the_end_of_the_quiet_hours():
    w = await crewed()
    await asked(w, "/notify quiet 22:00-06:30", TIM)
    assert "together at 06:30" in await asked(w, "/notify jobs digest", TIM)
    row = (await told(w, "jobs"))[2]
    assert row.not_before == datetime(2025, 2, 4, 11, 30, tzinfo=UTC)
    w.clock.at += timedelta(hours=2)
    news = next(queue for queue in await queues(w.desk) if queue.name == "news")
    assert news.waits == await w.journal.count(Notice, lane=Lane.NORMAL) - 1, "it is not late"


@pytest.mark.parametrize("how", ["off", "digest"])
async def test_the_last_owner_who_hears_what_is_critical_goes_on_hearing_it(how: str):
    w = await crewed()
    await asked(w, f"/notify alerts {how}", ANN)
    assert 4 in await told(w, "alerts", Lane.CRITICAL)
    text = await asked(w, f"/notify alerts {how}", OTTO)
    assert "no other owner hears them: choose loud or silent" in text
    assert "How you are told" in await asked(w, "/notify alerts silent", OTTO)
    assert "How you are told" in await asked(w, f"/notify cards {how}", OTTO)


async def test_where_no_owner_would_hear_it_all_do():
    w = await crewed()
    await asked(w, "/notify alerts off", ANN)
    await asked(w, "/notify alerts off", VERA)
    await crew.change(w.desk, OTTO, None, revoke=True)
    rows = await told(w, "alerts", Lane.CRITICAL)
    assert set(rows) == {1, 2}
    assert set(await told(w, "alerts")) == {2}, "what is not critical may be off"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("/notify alarms off", "did you mean alerts?"),
        ("/notify jobs lout", "did you mean loud?"),
        ("/notify quiet 25:00-07:00", "are no hours; for example: /notify quiet 22:00-07:00"),
        ("/notify quiet 07:00-07:00", "are no hours"),
        ("/notify quiet", "which hours?"),
        ("/notify jobs off now please", "at most two words"),
    ],
)
async def test_a_bad_word_is_one_clear_line(text: str, line: str):
    w = await crewed()
    said = await asked(w, text, TIM)
    assert line.lower() in said.lower()
    assert "\n" not in said


@given(st.times(), st.times(), st.times())
def test_hours_cover_from_their_start_to_before_their_end(start: time, end: time, at: time):
    start, end = (one.replace(second=0, microsecond=0) for one in (start, end))
    if start == end:
        return
    hours = habits.hours(f"{start:%H:%M}-{end:%H:%M}")
    minutes = [60 * one.hour + one.minute for one in (start, end, at)]
    length, since = (minutes[1] - minutes[0]) % 1440, (minutes[2] - minutes[0]) % 1440
    assert hours.cover(at) is (since < length)


@given(st.text(max_size=20))
def test_any_text_is_hours_or_a_clear_refusal(text: str):
    with suppress(BadCommand):
        found = habits.hours(text)
        assert found.cover(found.start)
