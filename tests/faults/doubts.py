"""Orders in doubt: since when, for how long, and when the operator was asked about them."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from db.posts import PostBook
from desk.doubt import what
from phone import Message
from tests.faults.hand import NOT_THERE, Place
from tests.faults.house import House
from tests.faults.row import Figures
from tests.faults.truth import Book
from trading.errors import QuarterdeckError
from trading.orders import Order, OrderState

IN_DOUBT = (OrderState.SUBMITTING, OrderState.UNKNOWN)
LOOK = 0.1  # seconds of the machine between looks
TOLD_WITHIN = (
    60.0  # wall seconds; a short trial shares its machine with others, and gets twice that
)
THERE, BACK = "It is there", "Back"


@dataclass(slots=True)
class Doubt:
    key: str
    what: str  # "buy 41 AAPL"
    since: datetime  # wall
    until: datetime  # wall; last seen in doubt


@dataclass(slots=True)
class Doubts:
    """What was seen of orders between their claim and the broker's word. `may_say` is asked before
    an operator says that one is not there: nobody does while its sender stands still."""

    house: House
    may_say: Callable[[], bool]
    seen: dict[int, Doubt] = field(default_factory=dict)  # by order id
    _book: Book = field(default_factory=Book)
    _answered: dict[Place, tuple[str, float]] = field(default_factory=dict)

    async def watch(self) -> None:
        while True:
            try:
                await self.look()
                if self.house.hand.questions:
                    await self._book.read(self.house.paper)
                    self._answer()
            except QuarterdeckError:  # the database or the broker is away
                pass
            await asyncio.sleep(LOOK)

    async def look(self) -> None:
        now = self.house.wall
        for order in await self.house.journal.read(Order, state__in=IN_DOUBT):
            doubt = self.seen.setdefault(order.id, Doubt(order.key, what(order), now, now))
            doubt.until = now

    def _answer(self) -> None:
        """As an operator would who looks into the broker's books, and once more after a minute."""
        hand, now = self.house.hand, self.house.wall.timestamp()
        for place, message in list(hand.questions.items()):
            label = self._label(message)
            words, at = self._answered.get(place, ("", 0.0))
            if label and (words != message.words or now - at > TOLD_WITHIN):
                self._answered[place] = (message.words, now)
                hand.tap(message, label)

    def _label(self, message: Message) -> str:
        """Under the question, or under the second one that asks whether that is certain."""
        known = reversed(self.seen.values())
        doubt = next((d for d in known if re.search(f"{d.what}( is|\n)", message.words)), None)
        if doubt is None:
            return ""
        labels = [button.text for button in message.buttons]
        if doubt.key in self._book.placed:
            return THERE if THERE in labels else BACK
        return NOT_THERE if self.may_say() else ""

    async def tally(self, figures: Figures) -> None:
        """How many had to be asked about, and whether each long doubt was told in time."""
        posts, late = PostBook(self.house.journal), []
        within = TOLD_WITHIN if self.house.case.is_full else 2 * TOLD_WITHIN
        for number, doubt in self.seen.items():
            lasted = (doubt.until - doubt.since).total_seconds()
            told = None
            for person in self.house.operators:
                post = await posts.get(person, f"unknown:{number}")
                came = post and self.house.hand.came.get((person, post.message_id))
                if came:
                    told = came - doubt.since.timestamp()
            if told is not None:
                figures.unknown += 1
                figures.slowest = max(figures.slowest or 0.0, told)
            if lasted > within and (told is None or told > within):
                late.append(f"{doubt.key} after {told or lasted:.0f} s")
        if late:
            figures.broken.append(f"{len(late)} in doubt and told too late: {', '.join(late[:5])}")


@asynccontextmanager
async def doubts(house: House, may_say: Callable[[], bool] = lambda: True) -> AsyncIterator[Doubts]:
    """Watched inside the block; the operator answers what is asked."""
    found = Doubts(house, may_say)
    watching = asyncio.ensure_future(found.watch())
    try:
        yield found
    finally:
        watching.cancel()
        await asyncio.wait([watching])
