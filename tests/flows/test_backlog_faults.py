"""What keeps a bundle from going: each of its rows comes all the same."""

from collections.abc import Sequence

import pytest

from bot import postman
from bot.letters import Letters
from db.journal import OrmJournal
from tests.flows.absence import back, missed, sent_all
from tests.flows.conftest import Deck
from trading.errors import JournalError
from trading.facts import Lane, Notice

__all__ = ["back"]


@pytest.mark.parametrize("lane", [Lane.CRITICAL, Lane.NORMAL])
async def test_what_telegram_refuses_as_one_comes_one_by_one(back: Deck, lane: Lane):
    await missed(back, *(f"text {n}" for n in range(12)), lane=lane)
    back.phone.faults.fail(2, code=400, description="Bad Request: no", method="sendMessage")
    assert len(await sent_all(back)) == 12


async def test_a_row_that_cannot_be_bundled_holds_up_nobody(
    back: Deck, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(postman, "MOST_MISTAKES", 2)
    await missed(back, "", kind="card", subject="signal:404")
    await missed(back, *(f"old {n}" for n in range(5)))
    said = await sent_all(back)
    assert any("5 messages" in one for one in said)
    assert any("could not be shown" in one for one in said)


async def test_what_is_given_up_is_never_without_the_message_that_says_so(
    back: Deck, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(postman, "MOST_MISTAKES", 1)
    append, failed = OrmJournal.append, []

    async def once(journal: OrmJournal, rows: Sequence[object]) -> object:
        if not failed and getattr(rows[0], "subject", "").startswith(postman.UNSHOWN):
            failed.append(rows)
            raise JournalError("the database went away")
        return await append(journal, rows)  # type: ignore[type-var]

    monkeypatch.setattr(OrmJournal, "append", once)
    await missed(back, "", kind="card", subject="signal:404", lane=Lane.CRITICAL)
    said = await sent_all(back)
    assert failed
    assert [one.startswith("A message could not be shown") for one in said] == [True]


async def test_a_database_that_goes_away_while_it_is_bundled_takes_no_row_out_of_the_bundle(
    back: Deck, monkeypatch: pytest.MonkeyPatch
):
    shown, failed = Letters.shown, []

    async def once(letters: Letters, notice: Notice) -> bool:
        if not failed:
            failed.append(notice)
            raise JournalError("the database went away")
        return await shown(letters, notice)

    monkeypatch.setattr(Letters, "shown", once)
    await missed(back, *(f"old {n}" for n in range(5)))
    [said] = await sent_all(back)
    assert failed
    assert "5 messages" in said
