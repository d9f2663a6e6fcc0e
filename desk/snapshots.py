"""Snapshots: each account at each session's close, and what its broker lets it do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from desk.desk import Desk
from trading.errors import BrokerError
from trading.ledger import Ledger, Position, Trade
from trading.money import CAPITAL, Snapshot, Told, micro, money
from trading.ports import Session

ZERO = Decimal(0)
PLACES = Decimal("1e-8")  # of an average price, which need not be exact

#: By symbol; what is not there is taken at cost.
Prices = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a broker says of an account, in base currency: `leverage` holds at any close, the other
    two only where they were asked for."""

    leverage: Decimal | None = None
    margin: Decimal | None = None
    buying_power: Decimal | None = None


async def prices_at(desk: Desk, ledger: Ledger, at: datetime) -> dict[str, Decimal]:
    """The latest price known at `at` of all that is held; what never had one is left out."""
    symbols = dict.fromkeys(position.book.symbol for position in ledger.held())
    quotes = [await desk.feed.quote(symbol, at) for symbol in symbols]
    return {quote.symbol: quote.price for quote in quotes if quote is not None}


def kept_prices(snapshots: Sequence[Snapshot]) -> dict[str, Decimal]:
    """Those the snapshots were taken at."""
    rows = (row for snapshot in snapshots for row in snapshot.positions)
    return {row["symbol"]: Decimal(row["price"]) for row in rows if row["price"]}


async def allowed(desk: Desk, session: Session, ledger: Ledger) -> dict[str, Allowed]:
    """By account, of the brokers that answer. What is in use now says nothing of a session after
    which another has begun."""
    now = desk.market.now()
    current = desk.calendar.last_closed(now) == session and not desk.calendar.session_at(now)
    found = {}
    for broker in desk.brokers.values():
        try:
            account = await broker.account()
        except BrokerError:  # the last snapshot's word stands
            continue
        rate = ledger.rates.at(account.currency, session.close)
        margin, power = account.margin, account.buying_power
        found[broker.account_id] = Allowed(
            account.leverage,
            margin * rate if current and margin is not None else None,
            power * rate if current and power is not None else None,
        )
    return found


def kept_allowed(snapshots: Sequence[Snapshot]) -> dict[str, Allowed]:
    """What the snapshots were taken with."""
    return {
        one.account: Allowed(
            one.leverage, *(_theirs(one, value) for value in (one.margin, one.buying_power))
        )
        for one in snapshots
    }


def _theirs(snapshot: Snapshot, value: int | None) -> Decimal | None:
    return None if value is None or snapshot.told is not Told.BROKER else money(value)


def snapshots_of(
    ledger: Ledger,
    session: Session,
    trades: Iterable[Trade],
    prices: Prices,
    allowances: Mapping[str, Allowed],
    currency: str,
) -> list[Snapshot]:
    """One an account that ever had cash or a fill, from the books as they stood at the close.
    `trades` are
    those closed since the close before. Raises DataError where an exchange rate is missing."""
    accounts = {account for account, _ in ledger.cash} | {account for _, account in ledger.totals}
    closed = list(trades)
    return [
        _snapshot(
            ledger,
            session,
            [trade for trade in closed if trade.book.account == account],
            prices,
            allowances.get(account, Allowed()),
            currency,
            account,
        )
        for account in sorted(accounts)
    ]


def _snapshot(
    ledger: Ledger,
    session: Session,
    trades: Iterable[Trade],
    prices: Prices,
    may: Allowed,
    currency: str,
    account: str,
) -> Snapshot:
    close = session.close
    rows = [_Row(p, prices, ledger.rates.at(p.currency, close)) for p in ledger.held()]
    rows = [row for row in rows if row.position.book.account == account]
    cash = sum(
        (
            v * ledger.rates.at(c, close)
            for (owner, c), v in ledger.cash.items()
            if owner == account
        ),
        ZERO,
    )
    net = sum((row.value for row in rows), ZERO)
    gross = sum((abs(row.value) for row in rows), ZERO)
    capital = sum((ledger.base_flows.get((account, str(kind)), ZERO) for kind in CAPITAL), ZERO)
    margin, power, told = _room(may, cash + net, gross)
    return Snapshot(
        session.day,
        account,
        currency,
        micro(cash + net),
        micro(cash),
        micro(gross),
        micro(net),
        micro(capital),
        may.leverage,
        None if margin is None else micro(margin),
        None if power is None else micro(power),
        told,
        tuple(row.told() for row in sorted(rows, key=lambda row: row.position.book)),
        tuple(_trade(trade) for trade in trades),
    )


def _room(
    may: Allowed, equity: Decimal, gross: Decimal
) -> tuple[Decimal | None, Decimal | None, Told]:
    """Margin used and buying power: the broker's own where it says both, else by its leverage."""
    if may.margin is not None and may.buying_power is not None:
        return may.margin, may.buying_power, Told.BROKER
    if may.leverage:
        return gross / may.leverage, equity * may.leverage - gross, Told.RULE
    return None, None, Told.NOBODY


@dataclass(frozen=True, slots=True)
class _Row:
    position: Position
    prices: Prices
    rate: Decimal

    @property
    def price(self) -> Decimal | None:
        return self.prices.get(self.position.book.symbol)

    @property
    def value(self) -> Decimal:
        """Signed, in base currency."""
        price = self.price
        return (self.position.cost if price is None else self.position.value(price)) * self.rate

    def told(self) -> dict[str, str]:
        book, price = self.position.book, self.price
        return {
            "symbol": book.symbol,
            "strategy": book.strategy,
            "currency": self.position.currency,
            "units": exact(self.position.quantity),
            "average": exact(self.position.average.quantize(PLACES)),
            "price": "" if price is None else exact(price),
            "value": exact(self.value),
        }


def _trade(trade: Trade) -> dict[str, str]:
    return {
        "symbol": trade.book.symbol,
        "strategy": trade.book.strategy,
        "units": exact(trade.quantity),
        "entry": exact(trade.entry.quantize(PLACES)),
        "exit": exact(trade.exit.quantize(PLACES)),
        "net": exact(trade.net_base),
    }


def exact(value: Decimal) -> str:
    """Its digits, without zeros that say nothing."""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text
