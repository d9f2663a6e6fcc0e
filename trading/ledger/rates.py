"""Exchange rates as of a moment, from those recorded."""

from bisect import bisect_right, insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Context, Decimal

from trading.ledger.lots import ONE
from trading.money import Rate

#: What an unknown rate is: every figure in base currency made of it is no number either, and who
#: shows one refuses (`report.known`). Figures in the instrument's own currency are not touched.
UNKNOWN = Decimal("NaN")

#: A rate the other way round keeps 20 digits: its products with amounts must not round.
SHORT = Context(prec=20)


@dataclass(slots=True)
class Rates:
    """Rates into `base`. Without a base every currency is taken as it is."""

    base: str = ""
    _known: dict[str, list[tuple[datetime, Decimal]]] = field(default_factory=dict)

    @classmethod
    def of(cls, base: str, rates: Iterable[Rate]) -> "Rates":
        made = cls(base)
        for rate in rates:
            made.add(rate)
        return made

    def add(self, rate: Rate) -> None:
        """One more; of another base it is taken the other way round, or not at all."""
        if rate.base == self.base:
            insort(self._known.setdefault(rate.currency, []), (rate.at, rate.value))
        elif rate.currency == self.base and rate.value:
            insort(self._known.setdefault(rate.base, []), (rate.at, SHORT.divide(ONE, rate.value)))

    def at(self, currency: str, when: datetime) -> Decimal:
        """Base per unit of `currency`, by the latest rate at or before `when`; UNKNOWN without."""
        if not self.base or currency == self.base:
            return ONE
        known = self._known.get(currency, ())
        place = bisect_right(known, when, key=lambda pair: pair[0])
        return known[place - 1][1] if place else UNKNOWN
