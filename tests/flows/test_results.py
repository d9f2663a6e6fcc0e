"""What was made, on the phone: pictures redrawn in place, tables turned, a report that opens."""

from datetime import timedelta

import pytest

from bot import postman
from desk import marks
from tests.flows.conftest import TUESDAY, Deck, OpenDeck
from tests.flows.test_commands import fits_a_phone
from tests.world import ANN

WEDNESDAY = TUESDAY + timedelta(days=1)


async def sold(deck: Deck) -> None:
    """AAPL and MSFT bought on Tuesday; AAPL sold dearer on Wednesday, by hand of the square-off's
    own order; Tuesday is marked."""
    await deck.bought("AAPL", "MSFT")
    await deck.go(21, 2)
    session = deck.desk.calendar.session_on(TUESDAY)
    assert session is not None
    await marks.mark_session(deck.desk, session)
    deck.world.tape.prices["AAPL"] += 6
    await deck.go(15, day=WEDNESDAY)
    question = await deck.ask("/squareoff", "Square off everything?")
    await deck.press(question, "Square off everything")
    await deck.phone.message(ANN.id, "Flat: the broker shows no position")


@pytest.mark.parametrize(
    ("command", "steps"),
    [
        ("/calendar", [("February 2025", "Calendar February 2025"), ("2025", "Calendar 2025")]),
        ("/compare", [("1W", "Strategies this week"), ("All", "Strategies since the start")]),
        ("/performance", [("Exit", "by reason of the exit"), ("1D", "today")]),
        ("/slippage", [("1M", "Slippage this month")]),
        (
            "/pnl",
            [("Gross", "gross of fees and taxes"), ("1Q", "this quarter"), ("Net", " net")],
        ),
    ],
)
async def test_buttons_redraw_the_same_picture(
    deck: Deck, command: str, steps: list[tuple[str, str]]
):
    await sold(deck)
    await deck.ask(command, "USD")
    shown = await deck.phone.message(ANN.id, lambda m: bool(m.photo))
    before = len(deck.sent())
    for label, words in steps:
        now = deck.phone.chats.find(1, shown.message_id)
        assert now is not None
        await deck.press(now, label)
        changed = await deck.shows(shown, words)
        assert changed.photo
        fits_a_phone(changed)
    assert len(deck.sent()) == before, "no new message"


async def test_a_table_turns_its_pages_under_the_same_picture(deck: Deck):
    await sold(deck)
    await deck.ask("/daily 2", "The last 2 days")
    picture = await deck.phone.message(ANN.id, lambda m: bool(m.photo))
    fits_a_phone(picture)
    await deck.ask("/daily 2", "The last 2 days")
    again = await deck.phone.message(
        ANN.id, lambda m: bool(m.photo) and m.message_id > picture.message_id
    )
    assert again.photo == picture.photo, "by the id Telegram gave it"


async def test_the_report_comes_as_a_document_that_opens(deck: Deck):
    await sold(deck)
    await deck.ask("/report", "Report, February 2025")
    shown = await deck.phone.message(ANN.id, lambda m: m.document is not None, timeout=20)
    fits_a_phone(shown)
    assert shown.document is not None
    assert shown.document["file_name"] == "quarterdeck-2025-02.pdf"
    assert shown.document["mime_type"] == "application/pdf"
    stored = deck.phone.files.get(shown.document["file_id"])
    data = deck.phone.files.bytes_of(stored)
    assert data is not None
    assert data.startswith(b"%PDF-")
    assert len(data) == shown.document["file_size"] < 300_000
    assert "broker agrees" in shown.words
    before = len(deck.calls("sendDocument", "editMessageMedia"))
    await deck.ask("/report", "Report, February 2025")
    again = await deck.phone.message(
        ANN.id, lambda m: m.document is not None and m.message_id > shown.message_id
    )
    assert again.document is not None
    assert again.document["file_name"] == shown.document["file_name"]
    assert len(deck.calls("sendDocument", "editMessageMedia")) == before + 1


async def test_a_report_that_is_late_takes_the_place_of_its_words(
    new_deck: OpenDeck, monkeypatch: pytest.MonkeyPatch
):
    """It is drawn after the words went without it."""
    monkeypatch.setattr(postman, "PICTURE_PATIENCE", timedelta(0))
    deck = await new_deck()
    await deck.start("bot", "fast")
    await sold(deck)
    words = await deck.ask("/report", "Report, February 2025")
    assert words.document is None
    await deck.start("draw")
    for _ in range(3):
        await deck.bell.ring("postman")
    shown = await deck.phone.message(ANN.id, lambda m: m.document is not None, timeout=20)
    assert shown.message_id == words.message_id
    assert shown.words == words.words
