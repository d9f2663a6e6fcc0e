"""Positions and round trips: one book as it stands, and what each trip flat to flat came to."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from trading.ledger.lots import ONE, Lot, Method, next_lot
from trading.making import maker

ZERO = Decimal(0)


class Book(NamedTuple):
    strategy: str
    account: str
    symbol: str


@dataclass(frozen=True, slots=True)
class Trade:
    """One round trip, flat to flat. Amounts in `currency`, costs positive; `id` is that of the
    fill that ended it.

    In base currency `gross_base` is the price's gain at the rates of the closing fills, `fx_base`
    what the rate's own move made of the cost, `costs_base` fees and taxes at each fill's rate.
    """

    book: Book
    currency: str
    quantity: Decimal  # the largest size held, signed by direction
    opened_at: datetime
    closed_at: datetime
    entry: Decimal  # average price paid to open, per unit
    exit: Decimal  # average price of the closing fills
    gross: Decimal
    fees: Decimal
    taxes: Decimal = ZERO
    gross_base: Decimal = ZERO
    fx_base: Decimal = ZERO
    costs_base: Decimal = ZERO
    opened_by: str = ""  # key of the order whose fill opened it
    closed_by: str = ""
    id: int = 0
    cost_base: Decimal = ZERO  # of `quantity` at `entry`, unsigned, at the rate of the opening

    @property
    def net(self) -> Decimal:
        return self.gross - self.fees - self.taxes

    @property
    def net_base(self) -> Decimal:
        return self.gross_base + self.fx_base - self.costs_base


_trade = maker(Trade)


@dataclass(slots=True)
class Episode:
    """What a round trip gathers while it is open."""

    opened_at: datetime
    opened_by: str
    peak: Decimal = ZERO
    bought: Decimal = ZERO  # units that opened or added, unsigned
    paid: Decimal = ZERO  # what they cost, as if bought, in currency
    closed: Decimal = ZERO
    received: Decimal = ZERO
    gross: Decimal = ZERO
    fees: Decimal = ZERO
    taxes: Decimal = ZERO
    gross_base: Decimal = ZERO
    fx_base: Decimal = ZERO
    costs_base: Decimal = ZERO
    rate: Decimal = ONE  # base per unit of currency when it was opened


class Closed(NamedTuple):
    """What closing some units came to: gross in currency, and in base by price and by rate."""

    gross: Decimal
    gross_base: Decimal
    fx_base: Decimal


@dataclass(slots=True)
class Position:
    """One book as it stands. `realised` is gross of fees and taxes; all since the first fill."""

    book: Book
    currency: str
    multiplier: Decimal = ONE
    method: Method = Method.FIFO
    lots: deque[Lot] = field(default_factory=deque)
    quantity: Decimal = ZERO  # signed
    cost: Decimal = ZERO  # of the open lots, signed, in currency
    base: Decimal = ZERO  # the same in base currency, at the rates they were opened at
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    taxes: Decimal = ZERO
    realised_base: Decimal = ZERO  # by price
    fx_base: Decimal = ZERO  # by rate
    costs_base: Decimal = ZERO
    last: datetime | None = None  # of what was applied
    episode: Episode | None = None
    of: str = ""  # the instrument, where the book has another name (`Ledger.booked`)

    @property
    def symbol(self) -> str:
        """The instrument's."""
        return self.of or self.book.symbol

    @property
    def average(self) -> Decimal:
        """Average price of the open lots; zero when flat."""
        if not self.quantity:
            return ZERO
        return self.cost / self.quantity / self.multiplier

    @property
    def opened_at(self) -> datetime | None:
        return self.episode.opened_at if self.episode else None

    def value(self, price: Decimal) -> Decimal:
        """Market value, signed, in currency."""
        return self.quantity * price * self.multiplier

    def unrealised(self, price: Decimal) -> Decimal:
        return self.value(price) - self.cost

    def unrealised_base(self, price: Decimal, rate: Decimal) -> tuple[Decimal, Decimal]:
        """By price, and by the rate's move since the lots were opened; in base currency."""
        return self.unrealised(price) * rate, self.cost * rate - self.base

    def costs(self, fees: Decimal, taxes: Decimal, rate: Decimal) -> None:
        """Charge the open trip."""
        if not (fees or taxes):
            return
        in_base = fees + taxes if rate is ONE else (fees + taxes) * rate
        self.fees += fees
        self.taxes += taxes
        self.costs_base += in_base
        if self.episode is not None:
            self.episode.fees += fees
            self.episode.taxes += taxes
            self.episode.costs_base += in_base

    def open(
        self,
        signed: Decimal,
        cost: Decimal,
        unit: Decimal | None,
        rate: Decimal,
        at: datetime,
        by: str,
    ) -> None:
        """Add units that cost `cost` (signed as they are)."""
        episode = self.episode
        if episode is None:
            episode = self.episode = Episode(at, by, rate=rate)
        base = cost if rate is ONE else cost * rate
        lot = Lot(signed, cost, base, at, unit, rate)
        if self.method is Method.AVERAGE and self.lots:
            self.lots[0].absorb(lot)
        else:
            self.lots.append(lot)
        self.quantity += signed
        self.cost += cost
        self.base += base
        episode.bought += abs(signed)
        episode.paid += cost if signed > 0 else -cost  # below zero where the price is
        episode.peak = max(episode.peak, abs(self.quantity))

    def release(self, units: Decimal) -> tuple[Decimal, Decimal]:
        """Take units (unsigned) out of the lots; their cost and base cost, signed."""
        left, cost, base = units, ZERO, ZERO
        lots = self.lots
        while left:
            place = 0 if len(lots) == 1 else next_lot(lots, self.method)
            lot = lots[place]
            held = abs(lot.quantity)
            if held <= left:
                cost += lot.cost
                base += lot.base
                left -= held
                del lots[place]
            else:
                piece, piece_base = lot.take(left)
                cost += piece
                base += piece_base
                break
        if self.quantity > 0:
            self.quantity -= units
        else:
            self.quantity += units
        self.cost -= cost
        self.base -= base
        return cost, base

    def close(self, units: Decimal, worth: Decimal, rate: Decimal) -> Closed:
        """Take units out for `worth`, what the closing fill values them at, signed as the
        position is."""
        long = self.quantity > 0
        cost, base = self.release(units)
        gross = worth - cost
        if rate is ONE and base == cost:
            done = Closed(gross, gross, ZERO)
        else:
            done = Closed(gross, gross * rate, cost * rate - base)
        self.realised += gross
        self.realised_base += done.gross_base
        self.fx_base += done.fx_base
        episode = self.episode
        assert episode is not None
        episode.gross += gross
        episode.gross_base += done.gross_base
        episode.fx_base += done.fx_base
        episode.closed += units
        episode.received += worth if long else -worth
        return done

    def finish(self, at: datetime, direction: int, by: str, number: int) -> Trade:
        """End the trip of a position that has become flat."""
        episode, self.episode = self.episode, None
        assert episode is not None
        return _trade(
            self.book,
            self.currency,
            episode.peak * direction,
            episode.opened_at,
            at,
            _each(episode.paid, episode.bought, self.multiplier),
            _each(episode.received, episode.closed, self.multiplier),
            episode.gross,
            episode.fees,
            episode.taxes,
            episode.gross_base,
            episode.fx_base,
            episode.costs_base,
            episode.opened_by,
            by,
            number,
            _cost(episode),
        )


def _cost(episode: Episode) -> Decimal:
    """Of the largest size, at the average price opened, unsigned."""
    paid = episode.paid
    if episode.peak != episode.bought:
        paid = paid * episode.peak / episode.bought if episode.bought else ZERO
    return abs(paid) if episode.rate is ONE else abs(paid) * episode.rate


def _each(amount: Decimal, units: Decimal, multiplier: Decimal) -> Decimal:
    if not units:
        return ZERO
    each = amount / units
    return each if multiplier == ONE else each / multiplier
