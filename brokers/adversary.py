"""An adversary between the desk and the paper broker: the ways a real broker lets one down.

Seeded and scriptable. `Faults` are standing chances; a script is what becomes of the next orders,
one by one.
"""

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from brokers.paper import RESTS, PaperBroker
from brokers.paper_statement import Statement
from trading.errors import BrokerError, BrokerRejected, ConfigError, OutcomeUnknown
from trading.orders import Ack, Fill, Order, Resting
from trading.ports import Terms
from trading.rounding import to_lot
from trading.types import Account, Holdings

POLL = 0.02  # wall seconds between looks while a lagging read waits for a fill
log = logging.getLogger(__name__)


class DroppedReply(OutcomeUnknown):
    """The connection goes away instead of an answer."""


class BadGateway(OutcomeUnknown):
    """Something between us and the broker answers 502."""


class Fate(StrEnum):
    """What becomes of one submitted order."""

    HONEST = "honest"
    DROP = "drop"  # accepted, the reply lost
    BAD_GATEWAY = "bad_gateway"  # accepted, answered 502
    LOST = "lost"  # answered 502, never accepted
    LATE = "late"  # the reply lost, accepted `late_by` seconds later
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Faults:
    """Times are wall seconds; chances are between 0 and 1."""

    chances: Mapping[Fate, float] = field(default_factory=dict)  # per submitted order
    delay: float = 0.0  # every answer comes that much later, after acting
    late_by: float = 1.0
    lag: float = 0.0  # find, fills, positions and cash show the books as of that long ago
    parts: int = 1  # an order fills in that many executions, one a tick
    duplicate: float = 0.0  # chance that a page of fills repeats some
    reorder: float = 0.0  # chance that a page of fills is out of order
    refusal: str = "refused by the adversary"

    def __post_init__(self) -> None:
        chances = [*self.chances.values(), self.duplicate, self.reorder]
        if any(not 0 <= c <= 1 for c in chances) or sum(self.chances.values()) > 1:
            raise ConfigError("an adversary's chances lie between 0 and 1, fates together too")
        if min(self.delay, self.late_by, self.lag) < 0 or self.parts < 1:
            raise ConfigError("an adversary's times are zero or more and its parts at least 1")

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "Faults":
        """ConfigError names a key or a fate that does not exist."""
        try:
            fates = {Fate(name): float(c) for name, c in body.get("chances", {}).items()}
            return cls(**{**body, "chances": fates})
        except (TypeError, ValueError, AttributeError) as error:
            raise ConfigError(f"no such fault: {error}") from error


class Adversary:
    """A `trading.ports.Broker` in front of a `PaperBroker`, with `work` and `fills(wait)`."""

    name: str
    account_id: str
    dedupes: bool

    def __init__(
        self,
        broker: PaperBroker,
        faults: Faults | None = None,
        *,
        seed: int = 0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = broker.name
        self.account_id = broker.account_id
        self.dedupes = broker.dedupes
        self.broker = broker
        self.script: deque[Fate] = deque()
        self._monotonic = monotonic
        self._random = random.Random(seed)  # noqa: S311 - a die, not a secret
        self._late: list[tuple[float, Order]] = []
        self._unseen: deque[tuple[float, int]] = deque()  # when there were how many events
        self._stale = Statement()
        self._folded = 0
        self._away_until = 0.0
        self.faults = Faults()
        self.set(faults or self.faults)

    def set(self, faults: Faults, *, seed: int | None = None, dedupes: bool | None = None) -> None:
        """Change the standing faults; `dedupes=False` is the broker that places a key twice."""
        if not self.faults.lag:
            self._fold(len(self.broker.events))  # what could be seen stays seen
        self.faults = faults
        self.broker.portion = self._portion if faults.parts > 1 else None
        if seed is not None:
            self._random.seed(seed)
        if dedupes is not None:
            self.dedupes = self.broker.dedupes = dedupes

    def plan(self, *fates: Fate) -> None:
        """What becomes of the next orders, before any chance is drawn."""
        self.script.extend(fates)

    def leave(self, seconds: float) -> None:
        """Go away: nothing is answered or accepted for that long; what rests still trades."""
        self._away_until = self._monotonic() + seconds

    def transfer(self, symbol: str, quantity: Decimal, price: Decimal) -> None:
        """Change a position behind the desk's back."""
        self.broker.transfer(symbol, quantity, price)
        self._note()

    @property
    def is_away(self) -> bool:
        return self._monotonic() < self._away_until

    @property
    def settles_in(self) -> timedelta:
        """An order lands `late_by` late at most and is then hidden for `lag`."""
        return timedelta(seconds=self.faults.late_by + self.faults.lag)

    async def terms(self) -> Terms:
        self._check_present()
        return Terms(self.dedupes, self.settles_in, rests=RESTS)

    async def submit(self, order: Order) -> Ack:
        self._check_present()
        fate = self._fate()
        if fate is Fate.LOST:
            raise BadGateway("502 from the paper broker's gateway")
        if fate is Fate.LATE:
            self._late.append((self._monotonic() + self.faults.late_by, order))
            raise DroppedReply("the paper broker's reply was lost")
        if fate is Fate.REFUSE:
            raise BrokerRejected(self.faults.refusal)
        ack = await self.broker.submit(order)
        self._note()
        await self._pause()
        if fate is Fate.DROP:
            raise DroppedReply("the paper broker's reply was lost")
        if fate is Fate.BAD_GATEWAY:
            raise BadGateway("502 from the paper broker's gateway")
        return ack

    async def work(self) -> int:
        """Land what is late and due, then fill what rests."""
        now = self._monotonic()
        due = [order for at, order in self._late if at <= now]
        self._late = [(at, order) for at, order in self._late if at > now]
        for order in due:
            try:
                await self.broker.submit(order)
            except BrokerRejected as refusal:
                log.info("late order %s was refused: %s", order.key, refusal)
        moved = len(due) + await self.broker.work()
        self._note()
        return moved

    async def cancel(self, key: str) -> Ack:
        self._check_present()
        ack = await self.broker.cancel(key)
        self._note()
        await self._pause()
        return ack

    async def find(self, key: str) -> Ack | None:
        self._check_present()
        found = self._visible().find(key)
        await self._pause()
        return found

    async def fills(self, after: str, wait: float = 0.0) -> tuple[list[Fill], str]:
        self._check_present()
        page, cursor = await self._page(after, wait)
        await self._pause()
        draw = self._random
        if page and draw.random() < self.faults.duplicate:
            page = page + draw.sample(page, draw.randint(1, len(page)))
        if draw.random() < self.faults.reorder:
            draw.shuffle(page)
        return page, cursor

    async def _page(self, after: str, wait: float) -> tuple[list[Fill], str]:
        if not self.faults.lag:
            return await self.broker.fills(after, wait)
        seen = self.broker.statement.seen(after)
        until = self._monotonic() + wait
        while seen >= (shown := len(self._visible().executions)):
            if self._monotonic() >= until:
                return [], after
            await asyncio.sleep(POLL)
        return self._stale.executions[seen:shown], str(shown)

    async def positions(self) -> list[Holdings]:
        self._check_present()
        held = self._visible().holdings()
        await self._pause()
        return held

    async def working(self) -> list[Resting]:
        self._check_present()
        found = self._visible().resting()
        await self._pause()
        return found

    async def account(self) -> Account:
        self._check_present()
        account = await self.broker.account_of(self._visible())
        await self._pause()
        return account

    def close(self) -> None:
        self.broker.close()

    def _check_present(self) -> None:
        if self.is_away:
            raise BrokerError("cannot reach the paper broker; nothing was sent")

    def _fate(self) -> Fate:
        if self.script:
            return self.script.popleft()
        drawn = self._random.random()
        for fate, chance in self.faults.chances.items():
            if drawn < chance:
                return fate
            drawn -= chance
        return Fate.HONEST

    async def _pause(self) -> None:
        if self.faults.delay:
            await asyncio.sleep(self.faults.delay)

    def _portion(self, whole: Decimal, lot: Decimal) -> Decimal:
        return max(to_lot(whole / self.faults.parts, lot), lot)

    def _note(self) -> None:
        """Remember how many events there were when, so that reads can lag behind them."""
        if self.faults.lag:
            self._unseen.append((self._monotonic(), len(self.broker.events)))

    def _visible(self) -> Statement:
        """The books as lagging reads see them."""
        if not self.faults.lag:
            return self.broker.statement
        horizon = self._monotonic() - self.faults.lag
        while self._unseen and self._unseen[0][0] <= horizon:
            self._fold(self._unseen.popleft()[1])
        return self._stale

    def _fold(self, count: int) -> None:
        for event in self.broker.events[self._folded : count]:
            self._stale.apply(event)
        self._folded = max(self._folded, count)
