"""The books at one close after the other, folded once for all of them."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from operator import itemgetter

from desk.desk import Desk
from trading.ledger import Ledger, Rates
from trading.ledger.fold import standing_fills
from trading.money import Action, Adjustment, Rate
from trading.orders import Fill
from trading.ports import Session

Fact = Fill | Adjustment | Action


async def books_at(
    desk: Desk, sessions: Iterable[Session]
) -> AsyncIterator[tuple[Session, Ledger]]:
    """As `Books.as_of` each close; `sessions` ascend. The ledger is the same one, further on: what
    is wanted of it is taken before the next."""
    rates = Rates.of(desk.currency, await desk.journal.read(Rate))
    course = _Course(
        desk,
        standing_fills(await desk.journal.read(Fill)),  # what was reversed never counted
        await desk.journal.read(Adjustment),
        await desk.journal.read(Action),
        rates,
    )
    for session in sessions:
        yield session, course.until(session.close)


class _Course:
    def __init__(
        self,
        desk: Desk,
        fills: list[Fill],
        adjustments: list[Adjustment],
        actions: list[Action],
        rates: Rates,
    ) -> None:
        self._methods, self._rates = desk.methods, rates
        # At the same moment as `fold` takes them: what is no fill first.
        rows: list[tuple[datetime, int, Fact]] = [
            *((one.at, 0, one) for one in adjustments),
            *((one.at, 1, one) for one in actions),
            *((one.at, 2, one) for one in fills),
        ]
        self._facts = sorted(rows, key=itemgetter(0, 1))
        self._done = 0
        self._ledger = Ledger(self._methods, rates)

    def until(self, close: datetime) -> Ledger:
        start = self._done
        while self._done < len(self._facts) and self._facts[self._done][0] <= close:
            self._done += 1
        fresh = [fact for _, _, fact in self._facts[start : self._done]]
        for fact in fresh:
            match fact:
                case Fill():
                    self._ledger.apply(fact)
                case Adjustment():
                    self._ledger.adjust(fact)
                case Action():
                    self._ledger.act(fact)
        return self._ledger
