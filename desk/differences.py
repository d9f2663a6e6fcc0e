"""What a broker's books and ours can differ in, as values that are told, pressed and found again.

A difference is its figures: another figure is another difference.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from desk import wording
from trading.errors import DeskError
from trading.types import Side

ADOPT, CLOSE, IGNORE = "adopt", "close", "ignore"
WORKS = "works"  # what a broker says of an order it has open
NONE = "-"  # in a button's words: not known on that side
STALE = "this button cannot be read any more; /reconcile shows what differs now"


@dataclass(frozen=True, slots=True)
class Shift:
    """A position the broker has otherwise; signed, in units."""

    broker: str
    symbol: str
    theirs: Decimal
    ours: Decimal

    @property
    def gap(self) -> Decimal:
        """What our books lack, signed."""
        return self.theirs - self.ours

    @property
    def acts(self) -> tuple[str, ...]:
        """Closing is offered where an order that only reduces leaves what our books say."""
        closes = self.gap * self.theirs > 0 and abs(self.gap) <= abs(self.theirs)
        return (ADOPT, IGNORE, CLOSE) if closes else (ADOPT, IGNORE)

    @property
    def words(self) -> tuple[str, ...]:
        return ("position", self.broker, self.symbol, plain(self.theirs), plain(self.ours))

    @property
    def text(self) -> str:
        """ "AAPL: paper 13, ours 10"."""
        theirs, ours = wording.quantity(self.theirs), wording.quantity(self.ours)
        return f"{self.symbol}: {self.broker} {theirs}, ours {ours}"


@dataclass(frozen=True, slots=True)
class Stray:
    """An order that one side has open and the other has not. `quantity` is what works there, or
    the whole of what is open here, in units."""

    broker: str
    key: str
    symbol: str
    side: Side
    quantity: Decimal
    here: str  # our state's word; "" where we do not know the order
    there: str  # WORKS, the broker's state, or "" where the broker does not know it
    limit: Decimal | None = None

    @property
    def acts(self) -> tuple[str, ...]:
        if self.there != WORKS:
            return (ADOPT, IGNORE)
        return (IGNORE, CLOSE) if self.here else (ADOPT, IGNORE, CLOSE)

    @property
    def words(self) -> tuple[str, ...]:
        here, there = self.here or NONE, self.there or NONE
        return ("order", self.broker, self.key, plain(self.quantity), here, there)

    @property
    def name(self) -> str:
        """ "buy 1 XOM at 90.00"."""
        at = f" at {wording.price(self.limit)}" if self.limit is not None else ""
        return f"{self.side.value} {wording.quantity(self.quantity)} {self.symbol}{at}"

    @property
    def text(self) -> str:
        """ "buy 1 XOM at 90.00 works at paper, unknown here"."""
        if self.there == WORKS:
            return f"{self.name} works at {self.broker}, {self.here or 'unknown'} here"
        says = f"says {self.there}" if self.there else "does not know it"
        return f"{self.name} is {self.here} here, {self.broker} {says}"


Difference = Shift | Stray


def plain(quantity: Decimal) -> str:
    """The same text for the same quantity: 13, never 13.0."""
    return f"{quantity.normalize() + 0:f}"


def code(difference: Difference) -> str:
    """What names it in a cursor."""
    return " ".join(difference.words)


def ordered(found: Iterable[Difference]) -> list[Difference]:
    """Positions before orders, broker by broker."""
    return sorted(found, key=lambda d: (d.broker, isinstance(d, Stray), d.symbol, d.words))


def shift_of(words: Sequence[str]) -> Shift:
    """The shift that `words` name. Raises DeskError for words nobody wrote."""
    try:
        _, broker, symbol, theirs, ours = words
        return Shift(broker, symbol, Decimal(theirs), Decimal(ours))
    except (ValueError, InvalidOperation):
        raise DeskError(STALE) from None
