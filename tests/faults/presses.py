"""Thumbs: two operators, strangers, forged, replayed and expired buttons, all at once."""

import asyncio
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from phone import Message, Phone
from phone.events import Event
from phone.refusal import Misuse
from tests.faults.hand import ANSWER
from tests.faults.house import House
from tests.faults.row import Case, Figures, Row
from tests.faults.template import MANUAL
from tests.faults.traffic import Traffic
from tests.faults.truth import Book
from trading.facts import Request, RequestState
from trading.orders import Order
from trading.signals import Signal, SignalState

ANN, BOB, STRANGER = 1, 2, 99
PRESSES = 5  # on each card, at once
BATCH = 10  # cards
MOST_LEFT = 50  # cards that wait for nobody, of the instruments there are
COME = 20.0  # seconds of the machine a batch of cards may take to both phones


@dataclass(slots=True)
class Thumbs:
    """Sees every card as it comes and presses what it is told to, in any order."""

    phone: Phone
    random: Random
    cards: defaultdict[int, dict[int, Message]] = field(default_factory=lambda: defaultdict(dict))
    used: list[tuple[Message, str]] = field(default_factory=list)  # buttons already pressed
    presses: int = 0

    def __post_init__(self) -> None:
        self.phone.events.listeners.append(self._heard)

    def _heard(self, event: Event) -> None:
        if event.kind != "message":
            return
        message = Message.from_row(event.body)
        found = ANSWER.search(message.words)
        if found and "Approve" in [button.text for button in message.buttons]:
            self.cards[int(found[1])][message.chat_id] = message

    def five(self, signal: int, *, honest: bool) -> list[tuple[int, Message, str]]:
        """Who presses what under which message."""
        cards = self.cards[signal]
        data = {chat: card.button("Approve").data or "" for chat, card in cards.items()}
        mine, yours = cards[ANN], cards[BOB]
        genuine = [(ANN, mine, data[ANN]), (BOB, yours, data[BOB])]
        forged = [
            (STRANGER, mine, data[ANN]),  # in her chat, as nobody could
            (BOB, yours, data[ANN]),  # her button, carried to his message
            (ANN, mine, "p:AAAAAAAAAAAAAAAA"),  # one that was forgotten long ago
            (ANN, mine, "p:"),
        ]
        if self.used:
            old, used = self.random.choice(self.used)
            forged += [(old.chat_id, old, used), (ANN, mine, used)]
        chosen = genuine if honest else []
        chosen += self.random.choices(forged + (genuine if honest else []), k=PRESSES - len(chosen))
        if honest:
            self.used += [(mine, data[ANN]), (yours, data[BOB])]
        return chosen

    def press(self, all_of_them: list[tuple[int, Message, str]]) -> None:
        self.random.shuffle(all_of_them)
        for who, message, data in all_of_them:
            with suppress(Misuse):  # the message went meanwhile
                self.phone.press(who, message.chat_id, message.message_id, data)
                self.presses += 1


async def presses(case: Case) -> Figures:
    """Of ten cards some seven are pressed by their readers among others, one only by strangers
    and forgers, one has expired, one is left alone."""
    figures = Figures()
    async with case.house(operators=(ANN, BOB)) as house:
        house.phone.events.listeners.remove(house.hand._heard)
        thumbs, traffic = Thumbs(house.phone, case.random), Traffic(house)
        traffic.batch = BATCH
        wanted, never = set[int](), set[int]()
        left: list[int] = []  # cards nobody may approve: each keeps its instrument
        while len(wanted) + len(never) < case.count:
            signals = await traffic.propose(MANUAL, await traffic._next())
            await house.desk.bell.ring("postman")
            ids = [signal.id for signal in signals]
            await _come(thumbs, ids)
            each: list[tuple[int, Message, str]] = []
            for signal in signals:
                [kind] = case.random.choices(("honest", "forged", "expired", "alone"), (7, 1, 1, 1))
                (wanted if kind == "honest" else never).add(signal.id)
                if kind == "expired":
                    await _expire(house, signal.id)
                if kind in ("forged", "alone"):
                    left.append(signal.id)
                if kind != "alone":
                    each += thumbs.five(signal.id, honest=kind != "forged")
            thumbs.press(each)
            while len(left) > MOST_LEFT:
                await _expire(house, left.pop(0))
        took = await house.settle(within=4000)
        await _judge(house, figures, wanted, never)
        figures.faults = thumbs.presses
        figures.more |= {"cards": float(len(wanted) + len(never)), "settled_s": took or -1.0}
        if took is None or house.phone.updates.pending:
            figures.broken.append("not settled")
        figures.broken += house.crashes
    return figures


async def _come(thumbs: Thumbs, signals: list[int]) -> None:
    end = time.monotonic() + COME
    while any(len(thumbs.cards[signal]) < 2 for signal in signals):
        if time.monotonic() > end:
            raise TimeoutError(f"cards of {signals} did not come to both phones")
        await asyncio.sleep(0.02)


async def _expire(house: House, signal_id: int) -> None:
    """As its time to live would; a note of its card may come in between."""
    while True:
        signal = await house.journal.first(Signal, id=signal_id)
        assert signal is not None
        if signal.state is not SignalState.PENDING:
            return
        if await house.journal.move(signal, state=SignalState.EXPIRED):
            return


async def _judge(house: House, figures: Figures, wanted: set[int], never: set[int]) -> None:
    """One order a card that a reader approved, none on any other, none by anybody else."""
    signals = {signal.id: signal for signal in await house.journal.read(Signal)}
    orders = await house.journal.read(Order)
    count: defaultdict[int, int] = defaultdict(int)
    for order in orders:
        count[order.signal_id or 0] += 1
    book = Book()
    await book.read(house.paper)
    twice = [key for key, times in book.placed.items() if times > 1]
    requests = await house.journal.read(Request)
    refused = {
        int(r.args[0]) for r in requests if r.verb == "approve" and r.state is RequestState.REFUSED
    }
    figures.orders = len(orders)
    figures.doubled = sum(times > 1 for times in count.values()) + len(twice)
    lost = [n for n in wanted if not count[n] and n not in refused]
    figures.lost = len(lost)
    unfilled = [n for n in wanted if not count[n]]
    figures.more |= {"requests": float(len(requests)), "refused": float(len(unfilled))}
    uncalled = [n for n in never if count[n]]
    strange = [r.id for r in requests if r.operator not in (ANN, BOB)]
    deciders = {signals[n].decided_by for n in wanted if count[n]}
    deciders -= {f"operator:{ANN}", f"operator:{BOB}"}
    open_ = [r.id for r in requests if r.state in (RequestState.NEW, RequestState.FAILED)]
    for what, which in (
        ("orders of cards that no reader could approve", uncalled),
        ("requests of strangers recorded", strange),
        ("decided by somebody else", sorted(deciders)),
        ("approved cards without an order", lost),
        ("requests unhandled or failed", open_),
        ("placed twice", twice),
    ):
        if which:
            figures.broken.append(f"{len(which)} {what}: {which[:5]}")
    if len(unfilled) * 10 > len(wanted):
        figures.broken.append(f"{len(unfilled)} of {len(wanted)} approvals were refused")


ROWS = (
    Row(
        "presses",
        "presses, five at once on each card: two operators, strangers, forged, replayed and "
        "expired buttons",
        "at most one order a card, none from strangers",
        full=1000,
        short=20,
        run=presses,
    ),
)
