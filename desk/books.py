"""The ledger kept warm: each ask folds only what was recorded since the last."""

from trading.facts import Adjustment
from trading.ledger import Ledger
from trading.orders import Fill
from trading.ports import Journal

PAGE = 5_000  # fills folded at a time, so that the first ask of a large desk needs little memory


class Books:
    """Never ask inside a transaction that has itself appended fills: a rollback would not undo
    the fold. Fill ids rise in commit order, since fills are written under the account's lock."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._ledger = Ledger()
        self._last_fill = 0
        self._last_adjustment = 0

    async def ledger(self) -> Ledger:
        adjustments = await self._journal.read(Adjustment, id__gt=self._last_adjustment)
        for adjustment in adjustments:
            if adjustment.id > self._last_adjustment:  # another task may have folded it meanwhile
                self._ledger.adjust(adjustment)
                self._last_adjustment = adjustment.id
        while True:
            fills = await self._journal.read(Fill, id__gt=self._last_fill, limit=PAGE)
            for fill in fills:
                if fill.id > self._last_fill:
                    self._ledger.apply(fill)
                    self._last_fill = fill.id
            if len(fills) < PAGE:
                return self._ledger
