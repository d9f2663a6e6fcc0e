"""What was missed while nobody was there: rows that wait, and what then came."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot import reach
from tests.flows.conftest import Deck, OpenDeck
from tests.world import ANN
from trading.facts import Cursor, Lane, Notice, NoticeState
from trading.messages import Button, bold, message

AWAY = timedelta(hours=3, minutes=12)


@pytest.fixture
async def back(new_deck: OpenDeck) -> Deck:
    """A desk whose bot was last heard of AWAY ago; nothing runs yet."""
    deck = await new_deck(operators=(ANN,))
    await deck.journal.append([Cursor(reach.NAME, ago(deck, AWAY).isoformat())])
    return deck


def ago(deck: Deck, span: timedelta) -> datetime:
    return deck.desk.wall.now() - span


async def missed(
    deck: Deck,
    *texts: str,
    lane: Lane = Lane.NORMAL,
    since: timedelta = timedelta(hours=2),
    buttons: Sequence[Sequence[Button]] = (),
    **fields: object,
) -> list[Notice]:
    """Told while nobody was there, a second apart."""
    start = ago(deck, since)
    return await deck.journal.append(
        [
            replace(
                Notice(
                    ANN.id,
                    "text",
                    start + timedelta(seconds=number),
                    body=message(bold(text), "\nand why", buttons=buttons).to_json(),
                    lane=lane,
                ),
                **fields,  # type: ignore[arg-type]
            )
            for number, text in enumerate(texts)
        ]
    )


async def older(deck: Deck, since: timedelta = timedelta(hours=2)) -> None:
    """What is due was written that long ago."""
    for row in await deck.journal.read(Notice, state=NoticeState.DUE):
        await deck.journal.move(row, created_at=ago(deck, since))


async def settled(deck: Deck) -> None:
    async with asyncio.timeout(8):
        while await deck.journal.count(Notice, state=NoticeState.DUE):
            await asyncio.sleep(0.01)


async def sent_all(deck: Deck) -> list[str]:
    """Starts the bot; what came until nothing was due any more."""
    await deck.start("bot")
    await settled(deck)
    return [m.words for m in deck.sent()]


async def states(deck: Deck, rows: Sequence[Notice]) -> set[NoticeState]:
    found = await deck.journal.read(Notice, id__in=tuple(row.id for row in rows))
    return {row.state for row in found}
