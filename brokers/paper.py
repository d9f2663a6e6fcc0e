"""The paper broker: real books, pretended executions, at prices that do not flatter.

Its books are a fold over an append-only list of its own events: in memory for replay, or kept in
a `PaperBook` file, in which case every event is committed before it is answered.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from brokers.costs import Costs
from brokers.paper_book import PaperBook
from brokers.paper_events import Accepted, Closed, Deposited, Event, Executed, Transferred
from brokers.paper_history import history
from brokers.paper_rules import Gate, Rules, check_form, marked
from brokers.paper_statement import Statement, Ticket
from trading.clocks import MarketClock
from trading.errors import BrokerRejected, ConfigError, DataError
from trading.money import Adjustment
from trading.orders import Ack, Fill, Order, OrderState, OrderType, Resting
from trading.ports import Feed, Instruments, Terms
from trading.types import Account, Holdings, Instrument, Quote

ZERO = Decimal(0)
RESTS = frozenset({OrderType.LIMIT, OrderType.STOP})
log = logging.getLogger(__name__)

#: From an order's whole quantity and its lot, the most one execution may trade.
Portion = Callable[[Decimal, Decimal], Decimal]


class PaperBroker:
    """`trading.ports.Broker` in this process. Safe for concurrent tasks of one event loop: every
    decision and its record happen without an await in between.

    A market order fills at once while its quote is tradable, else at the next tradable quote seen
    by `work`. Limit and stop orders rest until reached or cancelled. `cash` opens a new book only.
    """

    name: str
    account_id: str
    dedupes: bool

    def __init__(
        self,
        feed: Feed,
        clock: MarketClock,
        instruments: Instruments,
        costs: Costs | None = None,
        *,
        cash: Decimal = ZERO,
        currency: str = "USD",
        account_id: str = "paper",
        name: str = "paper",
        dedupes: bool = True,
        leverage: Decimal = Decimal(1),
        shorts: bool = False,
        book: PaperBook | None = None,
    ) -> None:
        self.name = name
        self.account_id = account_id
        self.dedupes = dedupes
        self.costs = costs or Costs()
        self.rules = Rules(currency, leverage, shorts)
        self.portion: Portion | None = None
        self.events: list[Event] = []
        self.statement = Statement()
        self._gate = Gate(self.statement, self.rules, self.costs, clock.now)
        self._feed = feed
        self._clock = clock
        self._instruments = instruments
        self._book = book
        self._prefix = f"{book.book_id}-" if book else ""
        self._waiting: set[asyncio.Event] = set()
        if book is not None:
            book.claim(account_id, currency)
            self._fold(book.events())
        if cash and not self.events:
            opening = Adjustment(account_id, "opening", "deposit", cash, currency, clock.now())
            self._record([Deposited(opening)])

    async def terms(self) -> Terms:
        """In this process nothing is on its way and no read lags."""
        return Terms(self.dedupes, timedelta(0), rests=RESTS)

    async def submit(self, order: Order) -> Ack:
        """BrokerRejected says why; a book that cannot be written raises OutcomeUnknown."""
        if self.dedupes and (known := self.statement.find(order.key)) is not None:
            return known
        if order.account != self.account_id or order.broker != self.name:
            raise BrokerRejected(
                f"order is for {order.broker}/{order.account}; "
                f"this is {self.name}/{self.account_id}"
            )
        found = self._instruments.find(order.symbol)
        instrument = check_form(order, found, self.rules.currency)
        try:
            quotes = await self._quotes_for(order)
        except DataError as error:
            raise BrokerRejected(f"no price for {order.symbol}: {error}") from error
        return self._place(order, instrument, quotes)

    def _place(self, order: Order, instrument: Instrument, quotes: Mapping[str, Quote]) -> Ack:
        if self.dedupes and (known := self.statement.find(order.key)) is not None:
            return known  # placed by another task while this one asked for quotes
        quote = quotes.get(order.symbol)
        price = None
        if quote is not None and quote.tradable:
            price = self.costs.execution_price(order, quote, instrument.tick)
        held_at = price if price is not None else self._resting_price(order, quote, instrument)
        admitted = self._gate.admit(order, instrument, order.quantity, held_at, quotes)
        at = self._clock.now()
        ref = f"{self._prefix}o{len(self.statement.tickets) + 1}"
        note = f"reduce-only: cut to {admitted.quantity:f}" * (admitted.quantity < order.quantity)
        events: list[Event] = [Accepted(ref, order, admitted.quantity, admitted.needs, at, note)]
        if price is not None:
            quantity = self._slice(admitted.quantity, admitted.quantity, instrument)
            fill = self._fill(order, instrument, quantity, price)
            events.append(Executed(ref, fill))
        self._record(events)
        return self.statement.tickets[ref].ack

    def _resting_price(self, order: Order, quote: Quote | None, instrument: Instrument) -> Decimal:
        """The price a resting order is held against: its own, or the last known one slipped."""
        if order.type is OrderType.LIMIT and order.limit is not None:
            return order.limit
        if order.type is OrderType.STOP and order.stop is not None:
            return order.stop
        last = quote.price if quote is not None else order.reference
        if last is None:
            raise BrokerRejected(f"{order.symbol} has no price yet; send a limit order")
        return self.costs.slipped(last, order.side, instrument.tick)

    async def work(self) -> int:
        """Fill what rests and can trade now. Returns how many orders moved; call it every tick."""
        moved = 0
        for ref in list(self.statement.working):
            ticket = self.statement.working.get(ref)
            if ticket is None:
                continue
            try:
                moved += self._work(ref, await self._quotes_for(ticket.order))
            except DataError as error:  # one instrument's feed; the others still trade
                log.warning("%s rests without a price: %s", ticket.order.key, error)
        return moved

    def _work(self, ref: str, quotes: Mapping[str, Quote]) -> bool:
        ticket = self.statement.working.get(ref)
        quote = quotes.get(ticket.order.symbol) if ticket else None
        if ticket is None or quote is None or not quote.tradable:
            return False
        order = ticket.order
        instrument = self._instruments.find(order.symbol)
        if instrument is None:
            return False
        if order.type is OrderType.STOP and ticket.filled:  # it was set off, and stays so
            order = replace(order, type=OrderType.MARKET)
        price = self.costs.execution_price(order, quote, instrument.tick)
        if price is None:
            return False
        at = self._clock.now()
        left = ticket.remaining
        try:
            admitted = self._gate.admit(order, instrument, left, price, quotes, besides=ref)
            quantity = self._slice(ticket.quantity, admitted.quantity, instrument)
            fill = self._fill(order, instrument, quantity, price, ticket)
        except BrokerRejected as refusal:
            state = OrderState.CANCELLED if ticket.filled else OrderState.REJECTED
            self._record([Closed(ref, state, at, str(refusal))])
            return True
        events: list[Event] = [Executed(ref, fill)]
        if quantity == admitted.quantity < left:
            note = f"reduce-only: nothing left to {order.side} after {quantity:f}"
            events.append(Closed(ref, OrderState.CANCELLED, at, note))
        self._record(events)
        return True

    def _slice(self, whole: Decimal, left: Decimal, instrument: Instrument) -> Decimal:
        return left if self.portion is None else min(left, self.portion(whole, instrument.lot))

    def _fill(
        self,
        order: Order,
        instrument: Instrument,
        quantity: Decimal,
        price: Decimal,
        ticket: Ticket | None = None,
    ) -> Fill:
        """One execution; its fee and tax are what those of the whole order grew by. A limit order
        that rested provided liquidity."""
        filled, traded = (ticket.filled, ticket.value) if ticket else (ZERO, ZERO)
        value = traded + quantity * price * instrument.multiplier
        at, maker = self._clock.now(), ticket is not None and order.type is OrderType.LIMIT
        before, after = (
            self.costs.charged(instrument, order.side, units, worth, at, maker=maker)
            for units, worth in ((filled, traded), (filled + quantity, value))
        )
        fee, tax = max(after.fees - before.fees, ZERO), max(after.taxes - before.taxes, ZERO)
        number = len(self.statement.executions) + 1
        while (execution_id := f"{self._prefix}x{number}") in self.statement.execution_ids:
            number += 1
        return Fill(
            self.name, self.account_id, execution_id, order.key, "", order.symbol, order.side,
            quantity, price, fee, self.rules.currency, at, instrument.multiplier, tax,
        )  # fmt: skip

    @property
    def book(self) -> PaperBook | None:
        """Where its events are kept; None in memory."""
        return self._book

    async def find(self, key: str) -> Ack | None:
        return self.statement.find(key)

    async def cancel(self, key: str) -> Ack:
        """The order as it is afterwards: one already done keeps its state."""
        at = self._clock.now()
        ends: list[Event] = [
            Closed(ref, OrderState.CANCELLED, at, "cancelled on request")
            for ref, ticket in self.statement.working.items()
            if ticket.order.key == key
        ]
        if ends:
            self._record(ends)
        known = self.statement.find(key)
        if known is None:
            raise BrokerRejected(f"no order {key[:40]!r} at the paper broker to cancel")
        return known

    async def fills(self, after: str, wait: float = 0.0) -> tuple[list[Fill], str]:
        """Waits up to `wait` wall seconds for the next execution when there is none yet."""
        if wait > 0 and self.statement.seen(after) == len(self.statement.executions):
            arrived = asyncio.Event()
            self._waiting.add(arrived)
            try:
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await arrived.wait()
            finally:
                self._waiting.discard(arrived)
        return self.statement.fills_after(after)

    async def positions(self) -> list[Holdings]:
        return self.statement.holdings()

    async def working(self) -> list[Resting]:
        return self.statement.resting()

    async def account(self) -> Account:
        """Equity at the feed's quotes; a position without one counts at its average price."""
        return await self.account_of(self.statement)

    async def account_of(self, statement: Statement) -> Account:
        """The account as a statement shows it: the current one, or one that lags behind."""
        quotes: dict[str, Quote] = {}
        await self._quote(list(statement.held), quotes)
        equity = sum((marked(s, held, quotes) for s, held in statement.held.items()), ZERO)
        return Account(
            self.name, self.account_id, self.rules.currency,
            statement.cash, statement.cash + equity, self._clock.now(), self.rules.leverage,
        )  # fmt: skip

    def transfer(self, symbol: str, quantity: Decimal, price: Decimal) -> None:
        """Units come, or go below zero, without an execution anybody is shown: what a desk's books
        cannot know. ConfigError for an instrument nobody knows or an amount of nothing."""
        instrument = self._instruments.find(symbol)
        if instrument is None:
            raise ConfigError(f"no instrument called {symbol[:20]!r} at the paper broker")
        if not quantity.is_finite() or not quantity or not price.is_finite() or price < 0:
            raise ConfigError(f"cannot transfer {quantity} {symbol} at {price}")
        at = self._clock.now()
        self._record([Transferred(symbol, quantity, price, instrument.multiplier, at)])

    def load(
        self,
        deposits: Iterable[Adjustment] = (),
        fills: Iterable[Fill] = (),
        orders: Iterable[Order] = (),
    ) -> None:
        """Start with history already executed, in the order given; one commit.

        ConfigError for a book that is not empty; DataError for facts that contradict each other.
        """
        if self.events:
            raise ConfigError(
                f"the paper book already holds {len(self.events)} events; load into a new one"
            )
        self._record(
            history(
                deposits,
                fills,
                orders,
                broker=self.name,
                account=self.account_id,
                rules=self.rules,
                prefix=self._prefix,
            )
        )

    def close(self) -> None:
        """Release the book's file; needless in memory."""
        if self._book is not None:
            self._book.close()

    async def _quotes_for(self, order: Order) -> dict[str, Quote]:
        """All that a decision on `order` needs; positions may change while the feed answers."""
        quotes: dict[str, Quote] = {}
        while missing := self._gate.symbols_to_price(order).difference(quotes):
            if not await self._quote(missing, quotes):
                break
        return quotes

    async def _quote(self, symbols: Iterable[str], into: dict[str, Quote]) -> bool:
        """Ask the feed for `symbols`; False where one has no usable price."""
        complete = True
        at = self._clock.now()
        for symbol in symbols:
            quote = await self._feed.quote(symbol, at)
            if quote is not None and quote.price.is_finite() and quote.price > 0:
                into[symbol] = quote
            else:
                complete = False
        return complete

    def _record(self, events: list[Event]) -> None:
        if self._book is not None:
            self._book.append(events)
        self._fold(events)

    def _fold(self, events: Iterable[Event]) -> None:
        before = len(self.statement.executions)
        for event in events:
            self.statement.apply(event)
            self.events.append(event)
        if self._waiting and len(self.statement.executions) > before:
            for arrived in self._waiting:
                arrived.set()
