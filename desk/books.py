"""The ledger kept warm: each ask folds only what was recorded since the last."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from operator import attrgetter

from trading.clocks import MarketClock
from trading.ledger import Ledger, Method, Rates, fold
from trading.ledger.fold import standing_fills
from trading.money import Action, Adjustment, Rate
from trading.orders import Fill
from trading.ports import Journal

PAGE = 20_000  # fills folded at a time, so that the first ask of a large desk needs little memory
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Warm:
    """A ledger, what it was folded from, and what would come too late for it."""

    ledger: Ledger
    fill: int = 0  # how far each kind was folded, by id
    adjustment: int = 0
    action: int = 0
    rate: int = 0
    coming: list[Action] = field(default_factory=list)  # recorded before they count
    acted: dict[str, datetime] = field(default_factory=dict)  # the latest action, by symbol
    undone: set[tuple[str, str, str]] = field(default_factory=set)  # reversed before they came
    latest: datetime = NEVER  # moment of anything in it
    torn: bool = False  # not all of a page was folded: no figure may be read from it

    def follow(
        self,
        adjustments: Sequence[Adjustment],
        actions: Sequence[Action],
        fills: Sequence[Fill],
    ) -> bool:
        """Fold what is new; some may be known, where another task read it too. False where
        something came too late, which leaves the ledger torn."""
        self.torn = True
        for fact in adjustments:
            if fact.id > self.adjustment:
                self.adjustment = fact.id
                self.ledger.adjust(fact)
        for action in actions:
            if action.id > self.action:
                self.action = action.id
                if action.at <= self.latest:
                    return False
                self.coming = sorted([*self.coming, action], key=attrgetter("at"))
        before = self.latest
        for fill in fills:
            if fill.id > self.fill and not self._take(fill):
                return False
        if any(fill.at < before for fill in fills) or not _rise(fills):
            self.ledger.trades.sort(key=attrgetter("closed_at"))
        self.torn = False
        return True

    def _take(self, fill: Fill) -> bool:
        self.fill = fill.id
        if fill.reverses:
            return False
        if self.undone and (fill.broker, fill.account, fill.execution_id) in self.undone:
            return True
        if self.coming:
            self.act(fill.at)
        if fill.at >= self.latest:
            self.latest = fill.at
        elif self._is_late(fill):
            return False
        self.ledger.apply(fill)
        return True

    def _is_late(self, fill: Fill) -> bool:
        there = self.ledger.booked(fill.strategy, fill.account, fill.symbol, fill.currency)
        last = there.last if there is not None and there.last is not None else NEVER
        return bool(fill.at < last or fill.at < self.acted.get(fill.symbol, NEVER))

    def act(self, moment: datetime) -> None:
        """What has come to count by `moment`."""
        while self.coming and self.coming[0].at <= moment:
            action = self.coming.pop(0)
            self.ledger.act(action)
            self.has_acted(action)

    def has_acted(self, action: Action) -> None:
        self.acted[action.symbol] = self.acted[action.into or action.symbol] = action.at
        self.latest = max(self.latest, action.at)


class Books:
    """Never ask inside a transaction that has itself appended fills: a rollback would not undo
    the fold. Fill ids rise in commit order, since fills are written under the account's lock.

    What came too late for its book (an older fill, a correction, an action or a rate of the past)
    makes it fold everything again.
    """

    def __init__(
        self,
        journal: Journal,
        market: MarketClock,
        base: str = "",
        methods: Mapping[str, Method] | None = None,
    ) -> None:
        self._journal = journal
        self._market = market
        self._base = base
        self._methods = methods or {}
        self._warm = _Warm(Ledger(self._methods, Rates(base)))
        self._folding = asyncio.Lock()  # one folds everything, the others wait for it

    async def ledger(self) -> Ledger:
        """As of now, by the market's clock. Raises DataError for an action that cannot be."""
        while True:
            warm = self._warm
            rates = await self._journal.read(Rate, id__gt=warm.rate)
            adjustments = await self._journal.read(Adjustment, id__gt=warm.adjustment)
            actions = await self._journal.read(Action, id__gt=warm.action)
            page = await self._journal.read(Fill, id__gt=warm.fill, limit=PAGE)
            if warm is not self._warm:
                continue  # somebody folded everything anew meanwhile
            if warm.torn or rates or not warm.follow(adjustments, actions, page):
                warm.torn = True
                await self._anew(warm)
            elif len(page) < PAGE:
                if warm.coming:
                    warm.torn = True
                    warm.act(self._market.now())
                    warm.torn = False
                return warm.ledger

    async def as_of(self, moment: datetime) -> Ledger:
        """The books of a past moment as they are known today, folded for this one answer: what
        was corrected since does not count."""
        corrections = await self._journal.read(Fill, at__gt=moment, reverses__not="")
        return fold(
            [*await self._journal.read(Fill, at__lte=moment), *corrections],
            await self._journal.read(Adjustment, at__lte=moment),
            await self._journal.read(Action, at__lte=moment),
            methods=self._methods,
            rates=Rates.of(self._base, await self._journal.read(Rate)),
        )

    async def _anew(self, torn: _Warm) -> None:
        async with self._folding:
            if self._warm is torn:
                self._warm = await self._folded()

    async def _folded(self) -> _Warm:
        rates = await self._journal.read(Rate)
        adjustments = await self._journal.read(Adjustment)
        actions = await self._journal.read(Action)
        fills = await self._journal.read(Fill)
        standing = standing_fills(fills)
        latest = max((one.at for one in standing), default=NEVER)
        due = max(latest, self._market.now())  # a broker's clock may be ahead of ours
        counting = [one for one in actions if one.at <= due]
        ledger = fold(
            standing,
            adjustments,
            counting,
            methods=self._methods,
            rates=Rates.of(self._base, rates),
        )
        made = _Warm(
            ledger,
            _last(fills),
            _last(adjustments),
            _last(actions),
            _last(rates),
            sorted((one for one in actions if one.at > due), key=attrgetter("at")),
            undone={(one.broker, one.account, one.reverses) for one in fills if one.reverses},
            latest=latest,
        )
        for action in sorted(counting, key=attrgetter("at")):
            made.has_acted(action)
        return made


def _last(facts: Sequence[Fill | Adjustment | Action | Rate]) -> int:
    return max((one.id for one in facts), default=0)


def _rise(fills: Sequence[Fill]) -> bool:
    return all(one.at <= following.at for one, following in pairwise(fills))
