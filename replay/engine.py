"""The engine: the desk's own use cases, session by session, as fast as they go."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

import numpy as np

from desk import decide, execute, leave, marks, propose, universes
from desk.desk import LAST, NOTICE, Desk
from desk.snapshots import Allowed, prices_at, snapshots_of
from market.panel import Panel
from market.resample import completed, resampled
from replay import walk
from strategies.answers import Answers, all_answers
from trading.bars import Strategy
from trading.clocks import SimulatedClock
from trading.ledger import Ledger, Trade
from trading.ports import Ranking, Session
from trading.signals import Signal
from trading.types import Holding, Moment

AFTER_CLOSE = timedelta(minutes=5)
OWNER = "replay"

#: Told after each session: how many are done, which one it was, round trips closed so far.
Watch = Callable[[int, Session, int], None]


@dataclass(frozen=True, slots=True)
class Script:
    """A strategy and its answers for every bar, computed once: rules are causal."""

    strategy: Strategy
    answers: Answers

    @classmethod
    def of(cls, strategy: Strategy, daily: Panel) -> Self:
        """Answers for every bar of the strategy's timeframe, made from daily bars."""
        return cls(strategy, all_answers(strategy, resampled(daily, strategy.timeframe)))


async def replay(
    desk: Desk,
    clock: SimulatedClock,
    scripts: Sequence[Script],
    sessions: Sequence[Session],
    *,
    approvals: Mapping[str, int] | None = None,
    scan_last: bool = True,
    ranking: Ranking | None = None,
    watch: Watch | None = None,
) -> None:
    """Run the sessions in order. Orders go at the open, where open decisions are made and sent
    too; what holds a session leaves in its last minute, at the close's price; marks and close
    decisions come after.

    `approvals` caps how many entries a strategy takes a day, as a person would; without it every
    signal is approved in rank order until the allocation is spent. The last session's scan is
    left to the live desk when `scan_last` is False. `ranking` is wanted where a plan's universe
    holds the most traded. `watch` is told of each
    session that is done.
    """
    at_open = [s for s in scripts if s.strategy.decides is Moment.OPEN]
    at_close = [s for s in scripts if s.strategy.decides is Moment.CLOSE]
    passing = [s.strategy for s in scripts if s.strategy.holds is Holding.SESSION]
    exiting = walk.wanted(desk)
    accounts = [await broker.account() for broker in desk.brokers.values()]
    allowed = {one.account: Allowed(one.leverage) for one in accounts}
    closed = 0  # trades, by the close before
    for number, session in enumerate(sessions):
        clock.at = session.open
        await decide.expire(desk)
        if exiting:
            await walk.mind(desk, OWNER)  # what rests meets the open before what is sent to it
        await execute.execute_due(desk, owner=OWNER)
        if at_open:
            await _scan(desk, at_open, session, approvals, ranking)
            await execute.execute_due(desk, owner=OWNER)
        if exiting:
            await walk.mind(desk, OWNER)
            await walk.walk(desk, clock, session, OWNER)
        if passing:
            clock.at = session.close - NOTICE
            for strategy in passing:
                await leave.leave(desk, strategy.name, session)
            clock.at = session.close - LAST
            await execute.execute_due(desk, owner=OWNER)
        if exiting:
            clock.at = session.close - LAST
            await walk.mind(desk, OWNER)
        clock.at = session.close
        ledger = await desk.books.ledger()
        await _mark(desk, ledger, session, ledger.trades[closed:], allowed)
        closed = len(ledger.trades)
        if number == len(sessions) - 1 and not scan_last:
            return
        clock.at = session.close + AFTER_CLOSE
        await _scan(desk, at_close, session, approvals, ranking)
        if watch is not None:
            watch(number + 1, session, len(ledger.trades))


async def _mark(
    desk: Desk,
    ledger: Ledger,
    session: Session,
    trades: Sequence[Trade],
    allowed: Mapping[str, Allowed],
) -> None:
    prices = await prices_at(desk, ledger, session.close)
    await desk.journal.append(marks.marks_of(ledger, session, prices))
    taken = snapshots_of(ledger, session, trades, prices, allowed, desk.currency)
    await desk.journal.append(taken)


async def _scan(
    desk: Desk,
    scripts: Sequence[Script],
    session: Session,
    approvals: Mapping[str, int] | None,
    ranking: Ranking | None,
) -> None:
    """What each strategy says of the bar this session opens or completes, proposed and decided."""
    ledger = await desk.books.ledger()
    for script in scripts:
        strategy = script.strategy
        if ranking is not None:
            await universes.ready(desk, ranking, desk.plan(strategy.name).universe)
        bar = completed(strategy.timeframe, session, desk.calendar)
        held = {position.book.symbol for position in ledger.held(strategy.name)}
        answers = script.answers.on(np.datetime64(bar, "us"), held) if bar else []
        if not answers or await _is_broke(desk):
            continue
        signals = await propose.propose(desk, strategy.name, answers, explain=strategy.explain)
        most = approvals.get(strategy.name) if approvals else None
        await _decide(desk, signals, most)


async def _is_broke(desk: Desk) -> bool:
    """Nothing can be sized by an account without equity."""
    account = await next(iter(desk.brokers.values())).account()
    return account.equity <= 0


async def _decide(desk: Desk, signals: Sequence[Signal], most: int | None) -> None:
    entries = 0
    taken = []
    for signal in signals:
        entries += not signal.is_exit
        fits = signal.quantity > 0 and (signal.is_exit or most is None or entries <= most)
        if fits:
            taken.append(signal)
    await decide.approve_ranked(desk, taken, by=OWNER)
    # What is left expires by the clock, as an operator's untouched card would.
