"""What is held, working and left, in one place: sizing and every limit count from here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from desk import doubt, lists, locks
from desk.desk import Desk
from desk.report import known
from risk.checks import Exposure
from trading.ledger import Ledger
from trading.locks import Lock
from trading.orders import WORKING, Fill, Order, OrderState
from trading.types import Account, Instrument, Side

ZERO = Decimal(0)
ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Funds:
    """The account at one moment: the broker's equity, our books, the orders still working."""

    account: Account
    ledger: Ledger
    working: tuple[Order, ...]
    filled: dict[str, Decimal]  # units filled so far, by key of a working order
    barred: Mapping[str, str] = field(default_factory=dict)  # why, by symbol nobody may enter
    locked: tuple[Lock, ...] = ()  # what else keeps an entry out

    def used(self, desk: Desk, strategy: str | None = None) -> Decimal:
        """Absolute value held (at cost) plus entries working, in currency."""
        held = sum((abs(position.cost) for position in self.ledger.held(strategy)), ZERO)
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
        instrument = desk.instrument(order.symbol)
        return left * (order.limit or order.reference or ZERO) * instrument.multiplier

    def free(self, desk: Desk) -> Decimal:
        """What the account can still pay for: its buying power, or without that its cash (with
        leverage, equity times it less everything held), less every entry not filled yet. Of the
        broker's own figure what rests there is taken off once more: too little, never too much."""
        account = self.account
        power = account.buying_power
        if power is None:
            held = [(position.quantity, abs(position.cost)) for position in self.ledger.held()]
            leverage = account.leverage or ONE
            if leverage == ONE:
                power = account.cash - 2 * sum((cost for units, cost in held if units < 0), ZERO)
            else:
                power = account.equity * leverage - sum((cost for _, cost in held), ZERO)
        return power - sum((self._notional(desk, order) for order in self.entries()), ZERO)

    def exposure(
        self, desk: Desk, instrument: Instrument, strategy: str, side: Side = Side.BUY
    ) -> Exposure:
        """What the checks compare: everything held and every entry on its way. `side`: the
        entry's."""
        symbol = instrument.symbol
        position = gross = ZERO
        names = set()
        wall = desk.wall.now()
        for held in self.ledger.held():
            gross += (cost := abs(held.cost))
            if held.book.symbol == symbol:
                position += cost
            if held.book.strategy == strategy:
                names.add(held.book.symbol)
        for order in self.entries():
            gross += (value := self._notional(desk, order))
            if order.symbol == symbol:
                position += value
            if order.strategy == strategy:
                names.add(order.symbol)
        return Exposure(
            equity=self.account.equity,
            position=position,
            gross=gross,
            open_positions=len(names - {symbol}),
            max_positions=desk.plans.get(strategy, desk.by_hand).allowance.max_positions,
            unknown=any(o.symbol == symbol and doubt.blocks(o, wall) for o in self.working),
            barred=self.barred.get(symbol, "")
            or locks.why(desk, self.locked, symbol, strategy, side),
        )


async def funds(desk: Desk, account: Account) -> Funds:
    """Read inside the deciding transaction; `account` was asked of the broker before it."""
    ledger = await desk.books.ledger()
    working = tuple(await desk.journal.read(Order, state__in=tuple(WORKING)))
    filled: dict[str, Decimal] = {}
    sent = tuple(order.key for order in working if order.state is not OrderState.PLANNED)
    for fill in await desk.journal.read(Fill, order_key__in=sent) if sent else ():
        filled[fill.order_key] = filled.get(fill.order_key, ZERO) + fill.quantity
    barred, locked = await lists.barred(desk), tuple(await locks.standing(desk))
    return Funds(account, ledger, working, filled, barred, locked)
