"""The workload: signals on many instruments, in and out, decided by a strategy or on the phone."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from desk import decide, propose
from tests.faults.clock import MARKET
from tests.faults.house import House
from tests.faults.template import AUTO, MANUAL
from trading.bars import Answer
from trading.errors import QuarterdeckError
from trading.orders import WORKING, Order
from trading.signals import Signal
from trading.types import Moment

EVERY = 0.02  # seconds of the machine between looks
DAY = timedelta(days=1)


class Traffic:
    """About `pace` orders a second of the machine, while fewer than `most` are on their way.

    Every answer asks for both an entry and an exit: flat it goes in, held it comes out. Each round
    has a bar of its own, so that none is proposed twice.
    """

    def __init__(
        self, house: House, *, pace: float = 10.0, most: int = 24, pressed: int = 20
    ) -> None:
        self.house = house
        self.most = most
        self.pace = pace
        self.batch = 4
        self.pressed = pressed  # of each hundred batches, how many an operator decides
        self.trouble: list[str] = []  # why a round could not be proposed: the database was away
        self._round = 0
        self._random = house.case.random
        self._symbols: list[str] = []

    async def run(self, stop: asyncio.Event) -> None:
        desk = self.house.desk
        while not stop.is_set():
            try:
                working = await desk.journal.count(Order, state__in=tuple(WORKING))
                room = working < self.most
                if room:
                    by_hand = self._random.random() * 100 < self.pressed
                    await self.propose(MANUAL if by_hand else AUTO, await self._next())
            except QuarterdeckError as away:
                self.trouble.append(str(away))
                room = False
            await asyncio.sleep(self.batch / self.pace if room else EVERY)

    async def _next(self) -> Sequence[str]:
        """The instruments of the next round; all had their turn before one has another."""
        if len(self._symbols) < self.batch:
            desk = self.house.desk
            known = [one.symbol for one in desk.instruments.all()]
            priced = [s for s in known if await self._tradable(s)]
            self._random.shuffle(priced)
            self._symbols += priced
        taken, self._symbols = self._symbols[: self.batch], self._symbols[self.batch :]
        return taken

    async def _tradable(self, symbol: str) -> bool:
        quote = await self.house.desk.feed.quote(symbol, MARKET)
        return quote is not None and quote.tradable

    async def propose(self, strategy: str, symbols: Sequence[str]) -> list[Signal]:
        """Signals on these, at the price of now; those of AUTO are approved at once."""
        desk = self.house.desk
        self._round += 1
        bar = np.datetime64((MARKET - DAY).replace(tzinfo=None), "us")
        bar += np.timedelta64(self._round, "s")
        answers = []
        for symbol in symbols:
            quote = await desk.feed.quote(symbol, MARKET)
            assert quote is not None
            answers.append(Answer(symbol, bar, bar, 1, True, 1.0, float(quote.price), None, {}))
        when = propose.Timing(Moment.OPEN, MARKET, MARKET + DAY)
        signals = await propose.propose(
            desk, strategy, answers, explain=lambda _: "a trial", when=when
        )
        if strategy == AUTO:
            await decide.approve_ranked(desk, signals, by="auto")
            await desk.bell.ring("orders")
        return signals
