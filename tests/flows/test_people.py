"""People in the chat: a link, a QR picture, a code; a group; who is shut out hears nothing more."""

import asyncio
import re

import pyotp

from desk import crew, notices
from tests.flows.conftest import Deck, OpenDeck
from tests.world import ANN, BOB
from trading.facts import Lane, Notice, NoticeState
from trading.messages import message
from trading.people import Discipline

GROUP = -100


async def test_an_authenticator_is_enrolled_by_a_picture_that_does_not_stay(deck: Deck):
    from desk.vault import Vault

    for desk in (deck.desk, deck.voice):
        desk.vault = Vault(lambda: bytes(range(32)))
    shown = await deck.ask("/code", "Scan this")
    assert shown.photo is not None
    key = re.search(r"[A-Z2-7]{32}", shown.words)
    assert key is not None
    code = pyotp.TOTP(key[0]).at(deck.desk.wall.now())
    await deck.ask(code, "is enrolled")
    void = await deck.shows(shown, "Enrolled; the key is not shown again.")
    assert key[0] not in void.words
    assert void.photo is not None
    assert void.photo != shown.photo


async def test_a_group_reads_and_its_buttons_too(deck: Deck):
    for desk in (deck.desk, deck.voice):
        desk.discipline = Discipline(groups=frozenset({GROUP}))
    deck.phone.chats.open_group(GROUP, "Deck", [ANN.id, BOB.id, 99])
    deck.phone.say(BOB.id, "/positions", chat_id=GROUP)
    await deck.phone.message(GROUP, lambda m: bool(m.words))
    deck.phone.say(ANN.id, "/resume", chat_id=GROUP)
    await deck.phone.message(GROUP, "is for a private chat")
    deck.phone.say(BOB.id, "/scan", chat_id=GROUP)
    await deck.phone.message(GROUP, "In a group the desk is only read")


async def test_who_is_shut_out_is_told_nothing_that_was_on_its_way(new_deck: OpenDeck):
    deck = await new_deck()
    await crew.change(deck.desk, BOB, None, revoke=True)
    deck.desk.operators = (ANN, BOB)  # a process that has not looked since
    await notices.tell(deck.desk, message("secret"), lane=Lane.CRITICAL)
    await deck.start("bot")
    await deck.phone.message(ANN.id, "secret")

    async with asyncio.timeout(5):
        while await deck.journal.count(Notice, recipient=BOB.id, state=NoticeState.DUE):
            await asyncio.sleep(0.01)
    [row] = await deck.journal.read(Notice, recipient=BOB.id)
    assert row.error == "no operator any more"
    assert deck.phone.messages(BOB.id) == []
