"""What is held, working and left, in one place: sizing and every limit count from here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import NamedTuple

from desk import doubt, lists, locks
from desk.desk import Desk
from desk.report import known
from risk.checks import Exposure, Scope, Sums
from trading.ledger import Ledger
from trading.locks import Lock
from trading.orders import WORKING, Fill, Order, OrderState
from trading.types import Account, Instrument, Side

ZERO, ONE = Decimal(0), Decimal(1)


class Part(NamedTuple):
    """One book, or one entry on its way; `value` in base currency, signed."""

    strategy: str
    account: str
    symbol: str
    value: Decimal


@dataclass(frozen=True, slots=True)
class Funds:
    """The account at one moment: the broker's equity, our books, the orders still working."""

    account: Account
    ledger: Ledger
    working: tuple[Order, ...]
    filled: dict[str, Decimal]  # units filled so far, by key of a working order
    barred: Mapping[str, str] = field(default_factory=dict)  # why, by symbol nobody may enter
    recent: tuple[Order, ...] = ()  # made within the time in which an equal one is a duplicate
    locked: tuple[Lock, ...] = ()  # what else keeps an entry out

    def used(self, desk: Desk, strategy: str | None = None) -> Decimal:
        """Absolute value held (at cost) plus entries working, in currency."""
        held = sum((abs(part.value) for part in self._held(desk, strategy)), ZERO)
        return held + sum((self._notional(desk, order) for order in self.entries(strategy)), ZERO)

    def entries(self, strategy: str | None = None) -> Iterable[Order]:
        return (
            order
            for order in self.working
            if not order.reduce_only and (strategy is None or order.strategy == strategy)
        )

    def rate(self, desk: Desk, instrument: Instrument) -> Decimal:
        """Base currency per unit of the instrument's. Raises DataError where none is known."""
        if instrument.currency == self.ledger.rates.base:
            return ONE
        return known(self.ledger, instrument.currency, desk.market.now())

    def opposed(self, instrument: Instrument, strategy: str, side: Side) -> list[str]:
        """Other strategies that hold or enter it the other way: at the broker the two would cancel
        out, and an exit of either could not close what its book says."""
        symbol = instrument.symbol
        held = (
            p.book.strategy
            for p in self.ledger.held()
            if (p.book.account, p.book.symbol) == (self.account.account, symbol)
            and p.quantity * side.sign < 0
        )
        entering = (o.strategy for o in self.entries() if o.symbol == symbol and o.side is not side)
        return sorted({*held, *entering} - {strategy})

    def leaving(self, strategy: str, symbol: str) -> Decimal:
        """Units of a book that orders on their way already take off it, stops that rest aside."""
        mine = (
            order
            for order in self.working
            if order.reduce_only and (order.strategy, order.symbol) == (strategy, symbol)
        )
        return sum(
            (o.quantity - self.filled.get(o.key, ZERO) for o in mine if o.purpose != "exit"), ZERO
        )

    def _notional(self, desk: Desk, order: Order) -> Decimal:
        left = order.quantity - self.filled.get(order.key, ZERO)
        value = left * (order.limit or order.reference or ZERO)
        instrument = desk.instruments.find(order.symbol)
        if instrument is None:  # nobody can send it; it stops no other
            return value
        return value * instrument.multiplier * self.rate(desk, instrument)

    def parts(self, desk: Desk) -> Iterable[Part]:
        """All that is held, at cost, and every entry on its way. Raises DataError where an
        exchange rate is not known: a limit against half a figure would be none."""
        yield from self._held(desk)
        for order in self.entries():
            value = self._notional(desk, order) * order.side.sign
            yield Part(order.strategy, order.account, order.symbol, value)

    def _held(self, desk: Desk, strategy: str | None = None) -> Iterable[Part]:
        for position in self.ledger.held(strategy):
            if position.base.is_nan():
                known(self.ledger, position.currency, desk.market.now())
            yield Part(*position.book, position.base)

    def free(self, desk: Desk) -> Decimal:
        """What the account can still pay for: its buying power, or without that its cash (with
        leverage, equity times it less everything held), less every entry not filled yet. Of the
        broker's own figure what rests there is taken off once more: too little, never too much."""
        account = self.account
        power = account.buying_power
        if power is None:
            held = [part.value for part in self._held(desk)]
            leverage = account.leverage or ONE
            if leverage == ONE:
                power = account.cash + 2 * sum((value for value in held if value < 0), ZERO)
            else:
                power = account.equity * leverage - sum((abs(value) for value in held), ZERO)
        return power - sum((self._notional(desk, order) for order in self.entries()), ZERO)

    def in_doubt(self, desk: Desk, symbol: str) -> bool:
        """Whether an order of it has an outcome nobody knows yet."""
        wall = desk.wall.now()
        return any(o.symbol == symbol and doubt.blocks(o, wall) for o in self.working)

    def exposure(
        self, desk: Desk, instrument: Instrument, strategy: str, side: Side = Side.BUY
    ) -> Exposure:
        """What the checks compare: everything held and every entry on its way. `side`: the
        entry's."""
        symbol, account, limits = instrument.symbol, self.account, desk.limits
        parts = list(self.parts(desk))
        names = {part.symbol for part in parts if part.strategy == strategy}
        total = _sums(desk, parts, instrument)
        own = (
            (strategy, limits.strategies.get(strategy), "strategy", strategy),
            (
                f"account {account.account}",
                limits.accounts.get(account.account),
                "account",
                account.account,
            ),
            (symbol, limits.symbols.get(symbol), "symbol", symbol),
        )
        scopes = [
            Scope(
                title,
                caps,
                _sums(desk, (part for part in parts if getattr(part, name) == value), instrument),
            )
            for title, caps, name, value in own
            if caps is not None
        ]
        return Exposure(
            equity=account.equity,
            position=total.position,
            gross=total.gross,
            open_positions=len(names - {symbol}),
            max_positions=desk.plans.get(strategy, desk.by_hand).allowance.max_positions,
            unknown=self.in_doubt(desk, symbol),
            barred=self.barred.get(symbol, "")
            or locks.why(desk, self.locked, symbol, strategy, side),
            net=total.net,
            sector=total.sector,
            scopes=tuple(scopes),
            leverage=account.leverage,
            margin=account.margin,
            power=self._power(desk),
        )

    def _power(self, desk: Desk) -> Decimal | None:
        """Buying power the broker says, less the entries it cannot know of yet."""
        power = self.account.buying_power
        if power is None:
            return None
        planned = (o for o in self.entries() if o.state is OrderState.PLANNED)
        return power - sum((self._notional(desk, order) for order in planned), ZERO)

    def without(self, order: Order) -> "Funds":
        """The same as if that order were not there: what it is judged against itself."""
        return replace(self, working=tuple(one for one in self.working if one.id != order.id))


def _sums(desk: Desk, parts: Iterable[Part], instrument: Instrument) -> Sums:
    """`instrument` chooses which are its own and its sector's."""
    position = gross = net = sector = ZERO
    for part in parts:
        value = abs(part.value)
        gross += value
        net += part.value
        if part.symbol == instrument.symbol:
            position += value
            sector += value
        elif instrument.sector:
            other = desk.instruments.find(part.symbol)
            if other is not None and other.sector == instrument.sector:
                sector += value
    return Sums(position, gross, net, sector)


async def funds(desk: Desk, account: Account) -> Funds:
    """Read inside the deciding transaction; `account` was asked of the broker before it."""
    ledger = await desk.books.ledger()
    working = tuple(await desk.journal.read(Order, state__in=tuple(WORKING)))
    filled: dict[str, Decimal] = {}
    sent = tuple(order.key for order in working if order.state is not OrderState.PLANNED)
    for fill in await desk.journal.read(Fill, order_key__in=sent) if sent else ():
        filled[fill.order_key] = filled.get(fill.order_key, ZERO) + fill.quantity
    since = desk.market.now() - desk.limits.duplicate
    recent = tuple(await desk.journal.read(Order, created_at__gt=since))
    barred, locked = await lists.barred(desk), tuple(await locks.standing(desk))
    return Funds(account, ledger, working, filled, barred, recent, locked)
