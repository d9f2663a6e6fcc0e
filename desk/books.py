"""The ledger kept warm: each ask folds only what was recorded since the last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from trading.clocks import MarketClock
from trading.ledger import Ledger, Method, Rates, fold
from trading.money import Action, Adjustment, Rate
from trading.orders import Fill
from trading.ports import Journal

PAGE = 5_000  # fills folded at a time, so that the first ask of a large desk needs little memory


@dataclass(slots=True)
class _Read:
    """How far each kind was folded, by id."""

    fill: int = 0
    adjustment: int = 0
    action: int = 0
    rate: int = 0


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
        self._ledger = self._empty()
        self._read = _Read()
        self._coming: list[Action] = []  # recorded before they count

    async def ledger(self) -> Ledger:
        """As of now, by the market's clock."""
        read = self._read
        rates = await self._journal.read(Rate, id__gt=read.rate)
        adjustments = await self._journal.read(Adjustment, id__gt=read.adjustment)
        actions = await self._journal.read(Action, id__gt=read.action)
        # Another task may have folded some of them meanwhile.
        read = self._read
        rates = [one for one in rates if one.id > read.rate]
        adjustments = [one for one in adjustments if one.id > read.adjustment]
        actions = [one for one in actions if one.id > read.action]
        if rates or self._too_late((), actions):
            return await self._anew()
        self._note(rates, adjustments, actions, ())
        for fact in adjustments:
            self._ledger.adjust(fact)
        self._coming = sorted([*self._coming, *actions], key=attrgetter("at"))
        while True:
            page = await self._journal.read(Fill, id__gt=self._read.fill, limit=PAGE)
            fills = [one for one in page if one.id > self._read.fill]
            if self._too_late(fills, ()):
                return await self._anew()
            self._note((), (), (), fills)
            for fill in fills:
                self._act(fill.at)
                self._ledger.apply(fill)
            if len(page) < PAGE:
                self._act(self._market.now())
                return self._ledger

    async def as_of(self, moment: datetime) -> Ledger:
        """The books as they stood, folded for this one answer."""
        return fold(
            await self._journal.read(Fill, at__lte=moment),
            await self._journal.read(Adjustment, at__lte=moment),
            await self._journal.read(Action, at__lte=moment),
            methods=self._methods,
            rates=Rates.of(self._base, await self._journal.read(Rate)),
        )

    def _too_late(self, fills: Sequence[Fill], actions: Sequence[Action]) -> bool:
        if not fills and not actions:
            return False
        last = {book: position.last for book, position in self._ledger.positions.items()}
        for fill in fills:
            book = (fill.strategy, fill.account, fill.symbol)
            before = last.get(book)  # type: ignore[call-overload]  # a Book is such a tuple
            if fill.reverses or (before is not None and fill.at < before):
                return True
            last[book] = fill.at  # type: ignore[index]
        return any(
            book[2] == action.symbol and action.account in ("", book[1]) and at and at >= action.at
            for action in actions
            for book, at in last.items()
        )

    async def _anew(self) -> Ledger:
        rates = await self._journal.read(Rate)
        adjustments = await self._journal.read(Adjustment)
        actions = await self._journal.read(Action)
        fills = await self._journal.read(Fill)
        now = self._market.now()
        self._coming = [one for one in actions if one.at > now]
        self._ledger = fold(
            fills,
            adjustments,
            [one for one in actions if one.at <= now],
            methods=self._methods,
            rates=Rates.of(self._base, rates),
        )
        self._read = _Read()
        self._note(rates, adjustments, actions, fills)
        return self._ledger

    def _note(
        self,
        rates: Sequence[Rate],
        adjustments: Sequence[Adjustment],
        actions: Sequence[Action],
        fills: Sequence[Fill],
    ) -> None:
        read = self._read
        self._read = _Read(
            max([read.fill, *(one.id for one in fills)]),
            max([read.adjustment, *(one.id for one in adjustments)]),
            max([read.action, *(one.id for one in actions)]),
            max([read.rate, *(one.id for one in rates)]),
        )

    def _act(self, moment: datetime) -> None:
        """What has come to count by `moment`."""
        while self._coming and self._coming[0].at <= moment:
            self._ledger.act(self._coming.pop(0))

    def _empty(self) -> Ledger:
        return Ledger(self._methods, Rates(self._base))
