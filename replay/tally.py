"""Count up a replay: its journal and its ledger become a `Result`."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from analytics.stats import returned
from desk.brackets import EXIT
from desk.desk import LAST
from market.loaded import LoadedFeed
from market.resample import completed
from replay.journal import MemoryJournal
from replay.result import Micros, Result, RoundTrip
from trading.bars import Floats, Strategy
from trading.ledger import Ledger, Trade
from trading.money import MICRO, Mark
from trading.orders import Fill, Order
from trading.ports import Calendar, Session
from trading.signals import Signal
from trading.types import Side

ZERO = Decimal(0)


def tally(
    strategy: Strategy,
    journal: MemoryJournal,
    ledger: Ledger,
    feed: LoadedFeed,
    calendar: Calendar,
    sessions: Sequence[Session],
    *,
    params: tuple[tuple[str, str], ...],
    symbols: int,
    sample: bool,
    currency: str,
    capital: Decimal,
    costs: str,
    hold: Floats,
    held: int,
) -> Result:
    """`journal` and `ledger` are those of a desk that ran `strategy` alone over `sessions`."""
    fills = journal.facts(Fill)
    net, exposure, unrealised = _courses(journal.facts(Mark), sessions)
    _add_passing(exposure, ledger.trades, sessions)
    exits = (order for order in journal.facts(Order) if order.purpose == EXIT)
    met = {order.key: order.stop or order.reference for order in exits}
    return Result(
        strategy=strategy.name,
        params=params,
        symbols=symbols,
        sample=sample,
        currency=currency,
        capital=capital,
        costs=costs,
        days=tuple(session.day for session in sessions),
        net=net,
        exposure=exposure,
        hold=hold,
        held=held,
        trades=tuple(_round_trips(strategy, journal, ledger.trades, calendar, sessions)),
        unrealised=unrealised,
        fees=sum((fill.fee + fill.tax for fill in fills), ZERO),
        slippage=sum(
            (_slipped(feed, calendar, fill, met.get(fill.order_key)) for fill in fills), ZERO
        ),
        traded=sum((fill.quantity * fill.price * fill.multiplier for fill in fills), ZERO),
    )


def _courses(marks: Sequence[Mark], sessions: Sequence[Session]) -> tuple[Micros, Micros, Decimal]:
    """Net and exposure by session: nothing before the first fill, then as marked."""
    by_day = {mark.session: mark for mark in marks}
    rows = [by_day.get(session.day) for session in sessions]
    net = np.array([row.net if row else 0 for row in rows], np.int64)
    exposure = np.array([row.exposure if row else 0 for row in rows], np.int64)
    last = rows[-1]
    return net, exposure, Decimal(last.unrealised if last else 0) / MICRO


def _add_passing(exposure: Micros, trades: Sequence[Trade], sessions: Sequence[Session]) -> None:
    """What came and went within one session was held through it, though no close shows it."""
    opens = [session.open for session in sessions]
    for trade in trades:
        place = bisect_right(opens, trade.opened_at) - 1
        if trade.closed_at <= sessions[place].close:
            exposure[place] += int(trade.cost_base * MICRO)


def _round_trips(
    strategy: Strategy,
    journal: MemoryJournal,
    trades: Sequence[Trade],
    calendar: Calendar,
    sessions: Sequence[Session],
) -> list[RoundTrip]:
    signals = {signal.id: signal for signal in journal.facts(Signal)}
    orders = {order.key: signals.get(order.signal_id or 0) for order in journal.facts(Order)}
    by_fill = {
        (fill.symbol, fill.at, fill.side): orders.get(fill.order_key)
        for fill in journal.facts(Fill)
    }
    ends = [s.close for s in sessions if completed(strategy.timeframe, s, calendar) is not None]
    rows = []
    for number, trade in enumerate(trades, 1):
        symbol, long = trade.book.symbol, trade.quantity > 0
        side = Side.BUY if long else Side.SELL
        entry = by_fill.get((symbol, trade.opened_at, side))
        leaving = by_fill.get((symbol, trade.closed_at, side.opposite))
        rows.append(
            RoundTrip(
                number=number,
                symbol=symbol,
                side="long" if long else "short",
                quantity=abs(trade.quantity),
                signalled_at=entry.proposed_at if entry else trade.opened_at,
                opened_at=trade.opened_at,
                entry=trade.entry,
                closed_at=trade.closed_at,
                exit=trade.exit,
                fees=trade.fees + trade.taxes,
                net=trade.net,
                returned=returned(trade) or 0.0,
                bars=bisect_left(ends, trade.closed_at) - bisect_left(ends, trade.opened_at),
                reason=entry.reason if entry else "",
                exit_reason=leaving.reason if leaving else "",
            )
        )
    return rows


def _slipped(feed: LoadedFeed, calendar: Calendar, fill: Fill, met: Decimal | None) -> Decimal:
    """What the fill cost against the price it was sent at, or that an exit met inside the bar;
    positive is against us."""
    quote = feed.look(fill.symbol, fill.at)
    if quote is None:
        return ZERO
    session = calendar.session_at(fill.at)
    if met is not None and session is not None and session.open < fill.at < session.close - LAST:
        return (fill.price - met) * fill.side.sign * fill.quantity * fill.multiplier
    return (fill.price - quote.price) * fill.side.sign * fill.quantity * fill.multiplier
