"""The ledger: a fold over fills and cash adjustments. FIFO, one book per (strategy, account,
symbol), long and short, flips through zero. Decimal throughout; there is no second P&L.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from trading.facts import Adjustment
from trading.orders import Fill

ZERO = Decimal(0)
COST_STEP = Decimal("0.00000001")  # a fee split between two trades rounds here; the rest goes last


class Book(NamedTuple):
    strategy: str
    account: str
    symbol: str


@dataclass(slots=True)
class Lot:
    quantity: Decimal  # signed, units
    price: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Trade:
    """One round trip, flat to flat. `gross` and `fees` in `currency`; fees are positive."""

    book: Book
    currency: str
    quantity: Decimal  # the largest size held, signed by direction
    opened_at: datetime
    closed_at: datetime
    entry: Decimal  # average price paid to open
    exit: Decimal  # average price of the closing fills
    gross: Decimal
    fees: Decimal

    @property
    def net(self) -> Decimal:
        return self.gross - self.fees


@dataclass(slots=True)
class Position:
    """One book as it stands. `realised` is gross of fees; both since the first fill."""

    book: Book
    currency: str
    multiplier: Decimal = Decimal(1)
    lots: deque[Lot] = field(default_factory=deque)
    quantity: Decimal = ZERO  # signed
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    _open: "_Episode | None" = None
    _cost: Decimal | None = None  # as last counted; None after a fill

    @property
    def average(self) -> Decimal:
        """Average price of the open lots; zero when flat."""
        if not self.quantity:
            return ZERO
        return sum((lot.quantity * lot.price for lot in self.lots), ZERO) / self.quantity

    @property
    def cost(self) -> Decimal:
        """What the open lots cost, signed, in currency."""
        if self._cost is None:
            paid = sum((lot.quantity * lot.price for lot in self.lots), ZERO)
            self._cost = paid * self.multiplier
        return self._cost

    @property
    def opened_at(self) -> datetime | None:
        return self._open.opened_at if self._open else None

    def value(self, price: Decimal) -> Decimal:
        """Market value, signed, in currency."""
        return self.quantity * price * self.multiplier

    def unrealised(self, price: Decimal) -> Decimal:
        return self.value(price) - self.cost


@dataclass(slots=True)
class _Episode:
    """What a round trip gathers while it is open."""

    opened_at: datetime
    peak: Decimal = ZERO
    bought: Decimal = ZERO  # quantity that opened or added, unsigned
    paid: Decimal = ZERO  # quantity x price of those
    closed: Decimal = ZERO
    received: Decimal = ZERO
    gross: Decimal = ZERO
    fees: Decimal = ZERO


@dataclass(slots=True)
class Total:
    """All books of one (strategy, account) since the first fill; `realised` is gross of fees."""

    currency: str
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    trades: int = 0  # closed round trips


@dataclass(slots=True)
class Ledger:
    """Apply facts in the order the journal keeps them; ask it anything in between."""

    positions: dict[Book, Position] = field(default_factory=dict)
    cash: dict[tuple[str, str], Decimal] = field(default_factory=dict)  # (account, currency)
    deposits: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    trades: list[Trade] = field(default_factory=list)
    totals: dict[tuple[str, str], Total] = field(default_factory=dict)  # (strategy, account)
    _held: dict[Book, Position] = field(default_factory=dict)  # those that are not flat

    def apply(self, fill: Fill) -> None:
        book = Book(fill.strategy, fill.account, fill.symbol)
        position = self.positions.get(book)
        if position is None:
            position = self.positions[book] = Position(book, fill.currency, fill.multiplier)
        total = self.totals.get((fill.strategy, fill.account))
        if total is None:
            total = self.totals[fill.strategy, fill.account] = Total(fill.currency)
        total.fees += fill.fee
        purse = (fill.account, fill.currency)
        signed = fill.quantity * fill.side.sign
        moved = -signed * fill.price * fill.multiplier - fill.fee
        self.cash[purse] = self.cash.get(purse, ZERO) + moved
        position.fees += fill.fee
        position._cost = None

        closing = ZERO
        if position.quantity and (position.quantity > 0) != (signed > 0):
            closing = min(abs(position.quantity), fill.quantity)
        opening = fill.quantity - closing
        closing_fee = fill.fee
        if closing and opening:  # a flip: the fee is shared by the trade that ends and the next
            closing_fee = (fill.fee * closing / fill.quantity).quantize(COST_STEP)
        if closing:
            self._close(position, closing, fill, closing_fee, total)
        if opening:
            _open(position, opening, fill, fill.fee - closing_fee if closing else fill.fee)
        if position.quantity:
            self._held[book] = position
        else:
            self._held.pop(book, None)

    def _close(
        self, position: Position, quantity: Decimal, fill: Fill, fee: Decimal, total: Total
    ) -> None:
        episode = position._open
        assert episode is not None
        direction = 1 if position.quantity > 0 else -1
        left, gross = quantity, ZERO
        while left:
            lot = position.lots[0]
            taken = min(abs(lot.quantity), left)
            gross += taken * (fill.price - lot.price) * direction * position.multiplier
            lot.quantity -= taken * direction
            left -= taken
            if not lot.quantity:
                position.lots.popleft()
        position.quantity -= quantity * direction
        position.realised += gross
        total.realised += gross
        episode.gross += gross
        episode.fees += fee
        episode.closed += quantity
        episode.received += quantity * fill.price
        if not position.quantity:
            self.trades.append(
                Trade(
                    position.book,
                    position.currency,
                    episode.peak * direction,
                    episode.opened_at,
                    fill.at,
                    episode.paid / episode.bought,
                    episode.received / episode.closed,
                    episode.gross,
                    episode.fees,
                )
            )
            position._open = None
            total.trades += 1

    def adjust(self, adjustment: Adjustment) -> None:
        purse = (adjustment.account, adjustment.currency)
        self.cash[purse] = self.cash.get(purse, ZERO) + adjustment.amount
        if adjustment.kind in ("deposit", "withdrawal"):
            self.deposits[purse] = self.deposits.get(purse, ZERO) + adjustment.amount

    def position(self, strategy: str, account: str, symbol: str) -> Position:
        """The book's position; a flat one where it never traded."""
        book = Book(strategy, account, symbol)
        return self.positions.get(book) or Position(book, "")

    def held(self, strategy: str | None = None) -> Iterator[Position]:
        """Open positions, of one strategy or of all, in the order they were opened."""
        for position in list(self._held.values()):  # fills may come while the caller awaits
            if strategy is None or position.book.strategy == strategy:
                yield position

    def net(self, account: str) -> dict[str, Decimal]:
        """Signed quantity by symbol over all strategies: what the broker's books should show."""
        total: dict[str, Decimal] = {}
        for book, position in self.positions.items():
            if book.account == account and position.quantity:
                total[book.symbol] = total.get(book.symbol, ZERO) + position.quantity
        return {symbol: quantity for symbol, quantity in total.items() if quantity}

    def equity(self, account: str, currency: str, prices: Mapping[str, Decimal]) -> Decimal:
        """Cash plus the open positions at `prices` (a KeyError names a symbol without one)."""
        total = self.cash.get((account, currency), ZERO)
        for position in self.held():
            if position.book.account == account and position.currency == currency:
                total += position.value(prices[position.book.symbol])
        return total


def _open(position: Position, quantity: Decimal, fill: Fill, fee: Decimal) -> None:
    episode = position._open
    if episode is None:
        episode = position._open = _Episode(fill.at)
    position.lots.append(Lot(quantity * fill.side.sign, fill.price, fill.at))
    position.quantity += quantity * fill.side.sign
    episode.bought += quantity
    episode.paid += quantity * fill.price
    episode.fees += fee
    episode.peak = max(episode.peak, abs(position.quantity))


def fold(fills: Iterable[Fill], adjustments: Iterable[Adjustment] = ()) -> Ledger:
    """The ledger after all of them, in the order given."""
    ledger = Ledger()
    for adjustment in adjustments:
        ledger.adjust(adjustment)
    for fill in fills:
        ledger.apply(fill)
    return ledger
