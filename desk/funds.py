"""What is held, working and left, in one place: sizing and every limit count from here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from desk import doubt, lists
from desk.desk import Desk
from risk.checks import Exposure
from trading.ledger import Ledger
from trading.orders import WORKING, Fill, Order, OrderState
from trading.types import Account, Instrument

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Funds:
    """The account at one moment: the broker's equity, our books, the orders still working."""

    account: Account
    ledger: Ledger
    working: tuple[Order, ...]
    filled: dict[str, Decimal]  # units filled so far, by key of a working order
    barred: Mapping[str, str] = field(default_factory=dict)  # why, by symbol nobody may enter

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

    def _notional(self, desk: Desk, order: Order) -> Decimal:
        left = order.quantity - self.filled.get(order.key, ZERO)
        instrument = desk.instrument(order.symbol)
        return left * (order.limit or order.reference or ZERO) * instrument.multiplier

    def exposure(self, desk: Desk, instrument: Instrument, strategy: str) -> Exposure:
        """What the checks compare: everything held and every entry on its way."""
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
            max_positions=desk.plan(strategy).allowance.max_positions,
            unknown=any(o.symbol == symbol and doubt.blocks(o, wall) for o in self.working),
            barred=self.barred.get(symbol, ""),
        )


async def funds(desk: Desk, account: Account) -> Funds:
    """Read inside the deciding transaction; `account` was asked of the broker before it."""
    ledger = await desk.books.ledger()
    working = tuple(await desk.journal.read(Order, state__in=tuple(WORKING)))
    filled: dict[str, Decimal] = {}
    sent = tuple(order.key for order in working if order.state is not OrderState.PLANNED)
    for fill in await desk.journal.read(Fill, order_key__in=sent) if sent else ():
        filled[fill.order_key] = filled.get(fill.order_key, ZERO) + fill.quantity
    return Funds(account, ledger, working, filled, await lists.barred(desk))
