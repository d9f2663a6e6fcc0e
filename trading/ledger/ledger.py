"""The ledger: apply facts one by one, ask it anything in between.

One book per (strategy, account, symbol), long and short, flips through zero. Decimal throughout,
with digits enough (`trading/__init__.py`) that sums and products are exact.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from trading.ledger import postings
from trading.ledger.lots import ONE, Method, share
from trading.ledger.position import Book, Position, Trade
from trading.ledger.postings import Posting
from trading.ledger.rates import Rates
from trading.money import CAPITAL, Action, Adjustment, Flow
from trading.orders import Fill
from trading.types import Side

ZERO = Decimal(0)

#: Told of every fact that moved money, with its postings.
Keeper = Callable[[Fill | Adjustment | Action, Sequence[Posting]], None]


@dataclass(slots=True)
class Total:
    """All books of one (strategy, account) since the first fill, in base currency at the rates of
    the day; `realised` is gross of costs and by price, `fx` what rates did to the closed lots."""

    currency: str
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    taxes: Decimal = ZERO
    fx: Decimal = ZERO
    trades: int = 0  # closed round trips


@dataclass(slots=True)
class Ledger:
    """Facts of one book come in the order of their moments; those of others may be mixed in.

    `methods` chooses by account which lots are closed first (FIFO without a choice). `rates` turns
    amounts into the base currency; without, each currency stands for itself.
    """

    methods: Mapping[str, Method] = field(default_factory=dict)
    rates: Rates = field(default_factory=Rates)
    keeper: Keeper | None = None
    positions: dict[Book, Position] = field(default_factory=dict)
    cash: dict[tuple[str, str], Decimal] = field(default_factory=dict)  # (account, currency)
    deposits: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    flows: dict[tuple[str, str, str], Decimal] = field(default_factory=dict)  # + kind
    base_flows: dict[tuple[str, str], Decimal] = field(default_factory=dict)  # (account, kind)
    trades: list[Trade] = field(default_factory=list)
    totals: dict[tuple[str, str], Total] = field(default_factory=dict)  # (strategy, account)
    _held: dict[Book, Position] = field(default_factory=dict)  # those that are not flat
    _paid_base: dict[str, Decimal] = field(default_factory=dict)  # cash of trading, by account

    def apply(self, fill: Fill) -> None:
        """One execution. A reversed one and its reversal are left out by who folds (`fold`)."""
        book = (fill.strategy, fill.account, fill.symbol)
        position = self.positions.get(book)  # type: ignore[call-overload]  # a Book is such a tuple
        if position is None:
            position = self.new(Book(*book), fill.currency, fill.multiplier)
        elif position.multiplier != fill.multiplier or position.currency != fill.currency:
            position = self.place(*book, fill.currency, fill.multiplier)
            position.multiplier = fill.multiplier
        rate = self.rates.at(fill.currency, fill.at)
        signed = fill.quantity if fill.side is Side.BUY else -fill.quantity
        unit = fill.price * fill.multiplier
        self.trade(position, signed, signed * unit, unit, rate, fill)

    def trade(
        self,
        position: Position,
        signed: Decimal,
        cost: Decimal,
        unit: Decimal | None,
        rate: Decimal,
        fill: Fill,
    ) -> None:
        """`fill` for `cost`, signed as `signed` is; `unit` is what one unit costs where that is
        exact."""
        before, fee, tax = position.cost, fill.fee, fill.tax
        moved = -cost - fee
        total = self.totals.get((fill.strategy, fill.account))
        if total is None:
            total = self.total_of(fill.strategy, fill.account, fill.currency)
        total.fees += fee if rate is ONE else fee * rate
        if tax:
            moved -= tax
            total.taxes += tax * rate
        self.pay(fill.account, fill.currency, moved, rate)
        position.last = fill.at
        held, gross = position.quantity, ZERO
        if not held and signed:
            position.open(signed, cost, unit, rate, fill.at, fill.order_key)
            position.costs(fee, tax, rate)
            self._held[position.book] = position
        elif signed and (held > 0) != (signed > 0):
            direction = 1 if held > 0 else -1
            closing, worth = fill.quantity, -cost
            flips = closing > abs(held)
            if flips:  # fee and tax are shared by the trip that ends and the next
                closing = abs(held)
                fee, tax = (share(part, closing, fill.quantity) for part in (fee, tax))
                worth = held * unit if unit is not None else share(-cost, closing, fill.quantity)
            done = position.close(closing, worth, rate)
            gross = done.gross
            total.realised += done.gross_base
            if done.fx_base:
                total.fx += done.fx_base
            position.costs(fee, tax, rate)
            if not position.quantity:
                trade = position.finish(fill.at, direction, fill.order_key, fill.id)
                self.trades.append(trade)
                total.trades += 1
                if flips:
                    position.open(signed + held, cost + worth, unit, rate, fill.at, fill.order_key)
                    position.costs(fill.fee - fee, fill.tax - tax, rate)
                else:
                    self._held.pop(position.book, None)
        else:
            if signed:
                position.open(signed, cost, unit, rate, fill.at, fill.order_key)
            position.costs(fee, tax, rate)
        if self.keeper is not None:
            changed = position.cost - before
            self.keeper(fill, postings.of_fill(fill, position.book, moved, changed, gross))

    def adjust(self, fact: Adjustment) -> None:
        """Cash that moved without a trade."""
        purse = (fact.account, fact.currency)
        rate = self.rates.at(fact.currency, fact.at)
        self.cash[purse] = self.cash.get(purse, ZERO) + fact.amount
        if fact.kind in CAPITAL:
            self.deposits[purse] = self.deposits.get(purse, ZERO) + fact.amount
        flow = (*purse, str(fact.kind))
        self.flows[flow] = self.flows.get(flow, ZERO) + fact.amount
        if fact.kind != Flow.FX:
            kind = (fact.account, str(fact.kind))
            self.base_flows[kind] = self.base_flows.get(kind, ZERO) + fact.amount * rate
        if self.keeper is not None:
            self.keeper(fact, postings.of_adjustment(fact))

    def act(self, action: Action) -> None:
        """A corporate action, on every open book it concerns."""
        from trading.ledger import actions  # which works on a ledger

        actions.apply(self, action)

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
        for book, position in self._held.items():
            if book.account == account:
                total[position.symbol] = total.get(position.symbol, ZERO) + position.quantity
        return {symbol: quantity for symbol, quantity in total.items() if quantity}

    def equity(self, account: str, currency: str, prices: Mapping[str, Decimal]) -> Decimal:
        """Cash plus the open positions at `prices` (a KeyError names a symbol without one), those
        of one currency."""
        total = self.cash.get((account, currency), ZERO)
        for position in self.held():
            if position.book.account == account and position.currency == currency:
                total += position.value(prices[position.book.symbol])
        return total

    def equity_base(self, account: str, prices: Mapping[str, Decimal], when: datetime) -> Decimal:
        """The account's worth in base currency at `prices` and at the rates of `when`."""
        currencies = {currency for owner, currency in self.cash if owner == account}
        currencies |= {p.currency for p in self.held() if p.book.account == account}
        return sum(
            (self.equity(account, one, prices) * self.rates.at(one, when) for one in currencies),
            ZERO,
        )

    def cash_fx(self, account: str, when: datetime) -> Decimal:
        """What exchange rates made of the account's cash since it came in, in base currency;
        spreads paid in conversions are part of it."""
        worth = sum(
            (
                amount * self.rates.at(currency, when)
                for (owner, currency), amount in self.cash.items()
                if owner == account
            ),
            ZERO,
        )
        came = sum((v for (owner, _), v in self.base_flows.items() if owner == account), ZERO)
        return worth - came - self._paid_base.get(account, ZERO)

    def booked(self, strategy: str, account: str, symbol: str, currency: str) -> Position | None:
        """Where units of that currency are. Costs never mix: in another currency than the one it
        is held in, an instrument has a book of its own, called "SAP in EUR"."""
        found = self.positions.get(Book(strategy, account, symbol))
        if found is None or found.currency == currency:
            return found
        return self.positions.get(Book(strategy, account, f"{symbol} in {currency}"))

    def place(
        self, strategy: str, account: str, symbol: str, currency: str, multiplier: Decimal
    ) -> Position:
        """`booked`, opened where it is not there yet. A flat book gives its name to the currency
        that is traded now."""
        book = Book(strategy, account, symbol)
        first = self.positions.get(book)
        if first is None:
            return self.new(book, currency, multiplier)
        there = self.booked(strategy, account, symbol, currency)
        if there is first:
            return first
        if there is None:
            there = self.new(book._replace(symbol=f"{symbol} in {currency}"), currency, multiplier)
            there.of = symbol
        if not first.quantity:
            self._rename(there, book, "")
            self._rename(first, book._replace(symbol=f"{symbol} in {first.currency}"), symbol)
            self.positions[book] = there
        return there

    def _rename(self, position: Position, book: Book, of: str) -> None:
        self.positions.pop(position.book, None)
        self._held.pop(position.book, None)
        position.book, position.of = book, of
        self.positions[book] = position
        self.note(position)

    def new(self, book: Book, currency: str, multiplier: Decimal) -> Position:
        method = self.methods.get(book.account, Method.FIFO)
        position = self.positions[book] = Position(book, currency, multiplier, method)
        return position

    def total_of(self, strategy: str, account: str, currency: str) -> Total:
        total = self.totals.get((strategy, account))
        if total is None:
            total = self.totals[strategy, account] = Total(self.rates.base or currency)
        return total

    def pay(self, account: str, currency: str, amount: Decimal, rate: Decimal) -> None:
        purse = (account, currency)
        self.cash[purse] = self.cash.get(purse, ZERO) + amount
        worth = amount if rate is ONE else amount * rate
        self._paid_base[account] = self._paid_base.get(account, ZERO) + worth

    def note(self, position: Position) -> None:
        if position.quantity:
            self._held[position.book] = position
        else:
            self._held.pop(position.book, None)
