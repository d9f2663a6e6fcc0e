"""Telling a digest, muting and moving it, and /digest."""

from dataclasses import replace
from datetime import timedelta

import pytest

from desk import digest, notices, preferences
from desk.console.digests import WRITERS, compose
from desk.desk import DIGESTS, Digests
from tests.desk.test_console import said
from tests.desk.test_digest import text
from tests.desk.test_report import FRI, THU, week
from tests.world import ANN, BOB, MONDAY, World, world
from trading.errors import BadCommand
from trading.facts import (
    Lane,
    Notice,
    NoticeState,
    Picture,
    Preference,
)
from trading.messages import Message, message


async def told(w: World) -> list[Notice]:
    return [n for n in await w.journal.read(Notice) if n.subject.startswith("digest:")]


async def test_it_goes_to_every_operator_behind_all_else_with_its_picture():
    w = await week()
    w.go(FRI, 21, 20)
    await digest.tell(w.desk, await compose(w.desk, "end", w.clock.at))
    rows = await told(w)
    assert [(n.recipient, n.lane, n.silent) for n in rows] == [
        (ANN.id, Lane.DIGEST, False),
        (BOB.id, Lane.DIGEST, False),
    ]
    picture = await w.journal.first(Picture, id=rows[0].picture_id or 0)
    assert picture is not None
    assert picture.kind == "digest"
    assert picture.spec["highlight"] == FRI.isoformat()
    assert ("draw", (picture.id,)) in w.bells.rung


async def test_words_too_long_for_a_caption_go_before_the_picture():
    w = await week()
    w.go(FRI, 21, 20)
    found = await compose(w.desk, "end", w.clock.at)
    await digest.tell(w.desk, replace(found, said=message("long " * 300)))
    mine = [n for n in await told(w) if n.recipient == ANN.id]
    assert [n.picture_id is None for n in mine] == [True, False]
    assert mine[1].silent
    assert Message.from_json(mine[1].body).plain == "End of session"


async def test_a_newer_one_of_its_kind_takes_the_place_of_one_not_yet_sent():
    w = await week()
    for day, kind in ((THU, "end"), (FRI, "week"), (FRI, "end")):
        w.go(day, 21, 20)
        await digest.tell(w.desk, await compose(w.desk, kind, w.clock.at))
    due = {n.subject for n in await told(w) if n.state is NoticeState.DUE}
    assert due == {f"digest:end:{FRI}", f"digest:week:{FRI}"}
    assert all(
        n.state is NoticeState.MERGED for n in await told(w) if n.subject == f"digest:end:{THU}"
    )


async def test_one_that_is_being_sent_is_left_alone():
    w = await week()
    w.go(THU, 21, 20)
    await digest.tell(w.desk, await compose(w.desk, "end", w.clock.at))
    [first, _] = await told(w)
    await w.journal.move(first, leased_until=w.clock.at + timedelta(minutes=1))
    w.go(FRI, 21, 20)
    await digest.tell(w.desk, await compose(w.desk, "end", w.clock.at))
    states = [n.state for n in await told(w)]
    assert states.count(NoticeState.MERGED) == 1
    assert states[0] is NoticeState.DUE


async def test_other_notices_do_not_give_way():
    w = await week()
    await notices.tell(w.desk, message("other"), lane=Lane.DIGEST, subject="else:1")
    w.go(FRI, 21, 20)
    await digest.tell(w.desk, await compose(w.desk, "end", w.clock.at))
    assert await w.journal.count(Notice, state=NoticeState.MERGED) == 0


# Mute and move


async def test_muting_lasts_until_its_day_or_for_good():
    w = await world()
    await digest.mute(w.desk, "end", MONDAY + timedelta(days=2), by="operator:1")
    await digest.mute(w.desk, "week", None, by="operator:1")
    assert await digest.muted(w.desk) == {"end": MONDAY + timedelta(days=2), "week": None}
    w.go(MONDAY + timedelta(days=2), 15)
    assert await digest.muted(w.desk) == {"week": None}
    await digest.unmute(w.desk, "week", by="operator:2")
    assert await digest.muted(w.desk) == {}
    rows = await w.journal.read(Preference, name="mute:digest:week")
    assert [(row.value, row.by, row.version) for row in rows] == [("", "operator:2", 1)]


async def test_a_moved_time_is_kept_by_job_until_it_is_moved_back():
    w = await world()
    assert await digest.moved(w.journal) == {}
    await digest.move(w.desk, "end", "XNYS close+45m", by="operator:1")
    await digest.move(w.desk, "start", "0 9 * * 1-5 Europe/Berlin", by="operator:1")
    assert await digest.moved(w.journal) == {
        "digest:end": "XNYS close+45m",
        "digest:start": "0 9 * * 1-5 Europe/Berlin",
    }
    await digest.move(w.desk, "end", "", by="operator:1")
    assert set(await digest.moved(w.journal)) == {"digest:start"}


async def test_a_time_the_schedule_does_not_understand_is_refused_with_its_reason():
    w = await world()

    def reads(when: str) -> None:
        raise ValueError("expected a cron expression")

    w.desk.digests = Digests(reads=reads)
    with pytest.raises(BadCommand, match="'tea time': expected a cron expression"):
        await digest.move(w.desk, "end", "tea time", by="operator:1")
    assert await digest.moved(w.journal) == {}


async def test_choices_of_others_are_no_digest_s():
    w = await world()
    await preferences.choose(w.desk, "theme", "light", by="operator:1")
    assert await digest.moved(w.journal) == {}
    assert await digest.muted(w.desk) == {}


# /digest


async def test_the_list_says_when_each_comes_and_whether():
    w = await world()
    w.desk.digests = Digests(sent=("start", "end", "week", "middle"))
    await said(w, "/digest mute week")
    await said(w, "/digest mute start 3")
    await said(w, "/digest move end XNYS close+45m")
    words = await said(w, "/digest")
    assert "Start of session (start)\nopen+5m\nmuted until Thu 6 Feb" in words
    assert "Middle of session (middle)\nmiddle\nwithout a sound" in words
    assert "End of session (end)\nXNYS close+45m (moved)" in words
    assert "The week (week)\nlast session of the week, close+30m\nmuted\n" in words
    assert "The month (month)\nlast session of the month, close+35m\nswitched off" in words
    await said(w, "/digest move end default")
    assert "(end)\nclose+20m\n" in await said(w, "/digest unmute start")


@pytest.mark.parametrize("kind", DIGESTS)
async def test_a_preview_is_marked_and_tells_only_who_asked(kind: str):
    w = await week()
    w.go(FRI, 21, 20)
    words = await said(w, f"/digest {kind}")
    assert words.startswith("Preview\n")
    assert (await text(w, kind)) in words
    assert await told(w) == []


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("/digest tea", "/digest alone lists them; or one of start, middle, end, week, month"),
        ("/digest mute", "/digest alone lists them"),
        ("/digest mute tea", "'tea' is no digest; there are: start, middle, end, week, month"),
        ("/digest mute end soon", "'soon' is neither a number of days"),
        ("/digest mute end 0", "'0' is neither a number of days"),
        ("/digest mute end 2025-02-03", "nor a day to come"),
        ("/digest mute end ４", "is neither a number of days"),
        ("/digest unmute tea", "'tea' is no digest"),
        ("/digest move tea close", "'tea' is no digest"),
        ("/digest move end", "for example: /digest move end close+45m"),
    ],
)
async def test_a_bad_word_after_digest_is_one_clear_line(command: str, line: str):
    w = await world()
    answer = await said(w, command)
    assert line in answer
    assert "\n" not in answer
    assert await w.journal.count(Preference) == 0


def test_every_digest_has_a_title_a_time_and_somebody_who_writes_it():
    assert set(DIGESTS) == set(digest.TITLES) == set(digest.WHENS) == set(WRITERS)
