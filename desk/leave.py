"""Leave: a strategy that holds a session is flat when it closes, whoever decides its entries."""

from decimal import Decimal

import numpy as np

from desk import decide, execute, notices
from desk.desk import LAST, Desk
from desk.propose import BEFORE_EXECUTION, SAME_DAY, Timing, propose
from trading.bars import Answer
from trading.errors import DeskError
from trading.facts import Lane
from trading.messages import bold, message
from trading.orders import Order, OrderState
from trading.ports import Session
from trading.signals import Signal
from trading.types import Moment

#: The exits are proposed five minutes before the close, which leaves time to withdraw one, and
#: sent in the session's last minute, whose price stands for the close.
LEG = 1
BY = "session close"
REASON = "the session ends; this strategy holds nothing overnight"


async def leave(desk: Desk, strategy: str, session: Session) -> list[Signal]:
    """Close what `strategy` bought before the end of `session`; returns the signals made.

    Approving the entry approved this exit, so no mode asks again. Where it is refused, as by a
    halt, that is told and the signal waits for a person until the last minute. Entries not sent
    yet are cancelled. Called too late, it closes at the next moment the market is open. The same
    session leaves an instrument once.
    """
    end = session.close - LAST
    for order in await desk.journal.read(
        Order, strategy=strategy, state=OrderState.PLANNED, reduce_only=False
    ):
        if order.execute_at < end:
            await execute.cancel(desk, order, note="its session is ending")
    ledger = await desk.books.ledger()
    held = [
        position.book.symbol
        for position in ledger.held(strategy)
        if position.opened_at is not None and position.opened_at < session.close
    ]
    answers = [await _out(desk, symbol, session) for symbol in sorted(held)]
    when = _when(desk, session)
    signals = await propose(desk, strategy, answers, explain=lambda _: REASON, when=when)
    for signal in signals:
        try:
            await decide.approve(desk, signal.id, by=BY)
        except DeskError as refusal:
            said = message(
                bold(f"Not closed: {signal.symbol}"),
                f"\n{strategy} holds it past the session's close: {refusal}.",
            )
            await notices.tell(desk, said, lane=Lane.CRITICAL)
    return signals


def _when(desk: Desk, session: Session) -> Timing:
    """In the session's last minute; where that has passed, now or at the next open."""
    now, end = desk.market.now(), session.close - LAST
    if now <= end:
        return Timing(Moment.CLOSE, end, end, LEG)
    current = desk.calendar.session_at(now)
    if current is not None:
        return Timing(Moment.CLOSE, now, min(now + SAME_DAY, current.close), LEG)
    execute_at = desk.calendar.next_session(now).open
    return Timing(Moment.CLOSE, execute_at, execute_at - BEFORE_EXECUTION, LEG)


async def _out(desk: Desk, symbol: str, session: Session) -> Answer:
    quote = await desk.feed.quote(symbol, desk.market.now())
    price = quote.price if quote is not None else Decimal(0)
    bar = np.datetime64(session.day, "us")
    return Answer(symbol, bar, bar, 0, True, 0.0, float(price), None, {})
