"""A digest as it arrives on the phone: told by its job, previewed, muted with a button."""

from desk import marks
from phone import Message
from tests.flows.conftest import TUESDAY, Deck, OpenDeck
from tests.flows.test_commands import fits_a_phone
from tests.world import ANN, BOB, at
from trading.facts import Run, RunState
from worker import jobs

DIGEST = "End of session · Tue 4 Feb"


async def due(deck: Deck, job: str) -> Run:
    """The heavy lane carries one run of the schedule out."""
    [run] = await deck.journal.append([Run(job, at(TUESDAY, 21, 20))])
    await jobs.run(deck.desk, None, run.id)  # type: ignore[arg-type]  # needs no bars
    found = await deck.journal.first(Run, id=run.id)
    assert found is not None
    assert found.state is RunState.DONE, found.outcome
    return found


async def after_the_close(deck: Deck) -> None:
    deck.world.tape.prices["AAPL"] *= 2
    await deck.go(21, 2)
    session = deck.desk.calendar.session_on(TUESDAY)
    assert session is not None
    await marks.mark_session(deck.desk, session)
    await deck.go(21, 20)


async def test_the_end_of_the_session_comes_as_a_picture_that_says_what_pnl_says(deck: Deck):
    await deck.bought("AAPL", "MSFT")
    await after_the_close(deck)
    await due(deck, "digest:end")
    for person in (ANN, BOB):
        shown = await deck.phone.message(person.id, lambda m: DIGEST in m.words and bool(m.photo))
        fits_a_phone(shown)
    mine = await deck.phone.message(ANN.id, lambda m: DIGEST in m.words)
    net = mine.words.splitlines()[0].split(" net")[0]
    assert net == "+4,998.00 USD"
    assert "Next session Wed 5 Feb 09:30–16:00 New York" in mine.words
    assert "broker agrees" in mine.words
    assert [b.text for b in mine.buttons] == ["P&L", "Positions", "Digests"]
    await deck.press(mine, "P&L")
    pnl = await deck.phone.message(ANN.id, "P&L today")
    assert f"{net} net" in pnl.words


async def test_a_digest_is_previewed_muted_and_unmuted_from_its_list(deck: Deck):
    await deck.bought("AAPL")
    await after_the_close(deck)
    listed = await deck.ask("/digest", "close+20m")
    await deck.press(listed, "End of session")
    preview: Message = await deck.phone.message(
        ANN.id, lambda m: m.words.startswith("Preview") and bool(m.photo)
    )
    fits_a_phone(preview)
    assert not [m for m in deck.sent(BOB.id) if "Preview" in m.words]
    await deck.ask("/digest mute end", "muted")
    run = await due(deck, "digest:end")
    assert run.outcome == "the end digest is muted"
    assert not [m for m in deck.sent(BOB.id) if DIGEST in m.words]


async def test_the_mute_button_changes_the_list_itself(new_deck: OpenDeck):
    deck = await new_deck()
    await deck.start("bot", "fast")
    listed = await deck.ask("/digest", "close+20m")
    await deck.press(listed, "Mute")
    changed = await deck.shows(listed, "muted")
    assert changed.message_id == listed.message_id
    await deck.press(changed, "Unmute")
    again = await deck.shows(listed, "open+5m")
    await deck.until(lambda: "muted" not in _now(deck, again).words.split("\nA name previews")[0])


def _now(deck: Deck, message: Message) -> Message:
    now = deck.phone.chats.find(message.chat_id, message.message_id)
    assert now is not None
    return now
