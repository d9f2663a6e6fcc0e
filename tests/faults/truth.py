"""What must hold when all is at rest: the desk's own invariants, and what only a trial can see: the
broker's raw book behind them, and the phone."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from brokers.paper_client import PaperClient
from brokers.paper_events import Accepted, Executed
from brokers.paper_wire import event_from_json
from db.journal import OrmJournal
from desk.desk import Desk
from desk.invariants import findings
from tests.faults.hand import Hand
from trading.facts import Lane, Notice, NoticeState
from trading.orders import DONE, Fill, Order, OrderState

SHOWN = 5  # examples in one finding
ZERO = Decimal(0)
NEVER_SENT = (OrderState.CANCELLED, OrderState.REJECTED, OrderState.EXPIRED)


@dataclass(slots=True)
class Book:
    """The broker's own book, every event of it: a key placed twice shows twice."""

    placed: Counter[str] = field(default_factory=Counter)
    executions: dict[str, tuple[str, Decimal]] = field(default_factory=dict)  # key, quantity
    filled: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    after: int = 0  # the last event read

    async def read(self, paper: PaperClient) -> "Book":
        """What came since the last reading, too; returns itself."""
        while True:
            _, rows = await paper.book(self.after)
            if not rows:
                return self
            for seq, kind, _, body in rows:
                self.after = int(seq)
                event = event_from_json(kind, json.loads(body))
                if isinstance(event, Accepted):
                    self.placed[event.order.key] += 1
                elif isinstance(event, Executed):
                    fill = event.fill
                    self.executions[fill.execution_id] = (fill.order_key, fill.quantity)
                    self.filled[fill.order_key] += fill.quantity


@dataclass(slots=True)
class Truth:
    """`lost` and `doubled` are keys; `broken` are findings in words."""

    orders: int
    lost: list[str]
    doubled: list[str]
    refused: int
    broken: list[str]


async def truth(desk: Desk, journal: OrmJournal, paper: PaperClient, hand: Hand | None) -> Truth:
    book = await Book().read(paper)
    orders = {order.key: order for order in await journal.read(Order)}
    fills = await journal.read(Fill)
    doubled = sorted(key for key, times in book.placed.items() if times > 1)
    lost = sorted(
        key
        for key, order in orders.items()
        if (order.state not in NEVER_SENT and key not in book.placed)
        or (order.state in NEVER_SENT and book.filled[key])
    )
    lost += sorted(key for key in book.placed if key not in orders)
    broken = [
        _finding("at the broker twice", doubled),
        _finding("lost between us and the broker", lost),
        _finding(
            "not done",
            [f"{o.key} {o.state.value} {o.note}" for o in orders.values() if o.state not in DONE],
        ),
        *_fills(book, fills),
        *(f"{found.rule}: {found.text}" for found in await findings(desk, at_rest=True)),
    ]
    if hand is not None:
        broken += await _told(journal, orders, hand)
    refused = sum(order.state in NEVER_SENT for order in orders.values())
    return Truth(len(orders), lost, doubled, refused, [line for line in broken if line])


def _finding(what: str, which: list[str]) -> str:
    if not which:
        return ""
    more = f" and {len(which) - SHOWN} more" if len(which) > SHOWN else ""
    return f"{len(which)} {what}: {', '.join(which[:SHOWN])}{more}"


def _fills(book: Book, fills: list[Fill]) -> list[str]:
    """Against every event of the broker's book, not only what its reads show."""
    ours = {fill.execution_id for fill in fills}
    return [
        _finding("executions we do not have", sorted(book.executions.keys() - ours)),
        _finding("fills the broker does not have", sorted(ours - book.executions.keys())),
    ]


#: How a message begins that tells what was missed.
MISSED = ("While Telegram was out of reach", "Held up until now")


async def _folded(
    journal: OrmJournal, hand: Hand, missing: set[tuple[int, int]]
) -> set[tuple[int, int]]:
    """Of the missing those whose card had waited too long: it is a line of a message that tells
    what was missed, and was never sent by itself."""
    folded = set()
    for chat, signal in missing:
        cards = await journal.read(Notice, recipient=chat, kind="card", subject=f"signal:{signal}")
        merged = bool(cards) and all(card.state is NoticeState.MERGED for card in cards)
        if merged and any(to == chat and words.startswith(MISSED) for to, words in hand.words):
            folded.add((chat, signal))
    return folded


async def _told(journal: OrmJournal, orders: dict[str, Order], hand: Hand) -> list[str]:
    """Every critical notice has come to the phone, every fill once."""
    notices = await journal.read(Notice, lane=Lane.CRITICAL)
    untold = []
    for notice in notices:
        if notice.kind == "text" and not notice.subject and notice.state is NoticeState.SENT:
            text = "".join(part[0] for part in notice.body.get("text", ()))
            if (notice.recipient, text.strip()) not in hand.words:
                untold.append(f"{notice.id} {text[:40]!r}")
    filled = {o.signal_id for o in orders.values() if o.state is OrderState.FILLED and o.signal_id}
    readers = {place[0] for place in hand.shown} or {0}
    told = hand.told_filled()
    missing = {(chat, signal) for chat in readers for signal in filled} - told.keys()
    missing -= await _folded(journal, hand, missing)
    twice = [f"signal {signal} to {chat}" for (chat, signal), times in told.items() if times > 1]
    return [
        _finding(
            "critical notices not delivered",
            [
                f"{n.id} {n.state.value} {n.error}"
                for n in notices
                if n.state in (NoticeState.DUE, NoticeState.FAILED)
            ],
        ),
        _finding("critical notices the phone never saw", untold),
        _finding("fills not announced", [f"signal {s} to {c}" for c, s in sorted(missing)]),
        _finding("fills announced twice", twice),
    ]
