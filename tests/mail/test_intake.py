"""Notices become one envelope an event: none lost, none doubled, however the reading is cut."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as some

from mail.intake import take_in, whole
from mail.progress import Progress, read, written
from trading.facts import Lane, Notice
from trading.messages import bold, message

START = datetime(2025, 2, 3, 21, 5, tzinfo=UTC)
READERS = (1, 2, 3)
Drawn = tuple[list[Notice], int]


@some.composite
def outboxes(draw: some.DrawFn) -> Drawn:
    """Rows as the desk writes them, each event to every reader, and how many critical texts."""
    rows: list[Notice] = []
    texts, at = 0, START
    for _ in range(draw(some.integers(0, 25))):
        at += timedelta(milliseconds=draw(some.sampled_from([1, 400, 2_000, 60_000])))
        lane = draw(some.sampled_from(list(Lane)))
        card = draw(some.booleans())
        subject = f"signal:{draw(some.integers(1, 3))}" if card else ""
        said = draw(some.sampled_from(["one", "two"]))
        texts += lane is Lane.CRITICAL and not card
        for reader in READERS:
            body = {} if card else message(bold(said)).to_json()
            rows.append(
                Notice(
                    reader, "card" if card else "text", at, subject, body, lane, id=len(rows) + 1
                )
            )
    return rows, texts


def fold(rows: Sequence[Notice], page: int) -> Progress:
    """As the mailman reads: page after page, from disk and back."""
    progress = Progress(0)
    while fresh := [row for row in rows if row.id > progress.through][:page]:
        progress = read(written(take_in(progress, whole(fresh, page), digests=False)))
    return progress


@given(outboxes())
def test_every_critical_text_is_one_event_and_every_card_is_covered(
    drawn: tuple[list[Notice], int],
):
    rows, texts = drawn
    progress = fold(rows, 500)
    events = [event for envelope in progress.waiting for event in envelope.events]
    assert len(set(events)) == len(events)
    told = {row.id: row for row in rows}
    assert sum(told[event].kind == "text" for event in events) == texts
    cards = {row.subject for row in rows if row.kind == "card" and row.lane is Lane.CRITICAL}
    assert sorted(e.about for e in progress.waiting if e.about) == sorted(cards)
    assert progress.through == (rows[-1].id if rows else 0)


@given(outboxes(), some.integers(6, 40))
def test_reading_in_pages_makes_the_same_envelopes(drawn: Drawn, page: int):
    rows = [
        replace(row, created_at=START + timedelta(seconds=10 * ((row.id - 1) // len(READERS))))
        for row in drawn[0]
    ]
    assert fold(rows, page) == fold(rows, 500)


def test_a_card_that_was_tried_takes_no_more_news():
    card = Notice(1, "card", START, "signal:7", lane=Lane.CRITICAL, id=1)
    first = take_in(Progress(0), [card], digests=False)
    tried = replace(first, waiting=(replace(first.waiting[0], tries=1),))
    later = take_in(
        tried, [replace(card, id=2, created_at=START + timedelta(seconds=3))], digests=False
    )
    assert [envelope.events for envelope in later.waiting] == [(1,), (2,)]


def test_digests_come_if_asked_for_and_not_what_was_asked_for_in_the_chat():
    own = Notice(1, "text", START, "digest:end:2025-02-03", lane=Lane.DIGEST, id=1)
    picture = replace(own, subject=f"{own.subject}:picture", id=2)
    asked = replace(own, answers=5, id=3)
    taken = take_in(Progress(0), [own, picture, asked], digests=True)
    assert [envelope.events for envelope in taken.waiting] == [(1,)]
    assert take_in(Progress(0), [own, picture, asked], digests=False).waiting == ()
