"""The engine: the desk's own use cases, session by session, as fast as they go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from desk import decide, execute, marks, propose
from desk.desk import Desk
from strategies.answers import Answers
from trading.bars import Strategy
from trading.clocks import SimulatedClock
from trading.ports import Session
from trading.signals import Signal

AFTER_CLOSE = timedelta(minutes=5)
OWNER = "replay"


@dataclass(frozen=True, slots=True)
class Script:
    """A strategy and its answers for every bar, computed once: rules are causal."""

    strategy: Strategy
    answers: Answers


async def replay(
    desk: Desk,
    clock: SimulatedClock,
    scripts: Sequence[Script],
    sessions: Sequence[Session],
    *,
    approvals: Mapping[str, int] | None = None,
    scan_last: bool = True,
) -> None:
    """Run the sessions in order. Orders go at the open, marks and scans come after the close.

    `approvals` caps how many entries a strategy takes a day, as a person would; without it every
    signal is approved in rank order until the allocation is spent. The last session's scan is
    left to the live desk when `scan_last` is False.
    """
    broker = next(iter(desk.brokers.values()))
    for number, session in enumerate(sessions):
        clock.at = session.open
        await decide.expire(desk)
        await execute.execute_due(desk, owner=OWNER)
        clock.at = session.close
        await desk.journal.append(await marks.marks_of(desk, await desk.books.ledger(), session))
        if number == len(sessions) - 1 and not scan_last:
            return
        clock.at = session.close + AFTER_CLOSE
        account = await broker.account()
        ledger = await desk.books.ledger()
        for script in scripts:
            strategy = script.strategy
            held = {position.book.symbol for position in ledger.held(strategy.name)}
            answers = script.answers.on(np.datetime64(session.day, "us"), held)
            if not answers or account.equity <= 0:
                continue
            signals = await propose.propose(desk, strategy.name, answers, explain=strategy.explain)
            most = approvals.get(strategy.name) if approvals else None
            await _decide(desk, signals, most)


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
