"""What a scan reads: the bars known at this moment, in the strategy's own timeframe."""

from dataclasses import dataclass
from datetime import date

from desk import wording
from desk.desk import Desk
from desk.propose import SAME_DAY
from market.panel import Panel
from market.resample import SESSIONS, completed, opened, resampled
from market.store import BarStore
from strategies.answers import bars_needed
from trading.bars import Strategy
from trading.ports import Session
from trading.types import Moment
from worker import pictures


@dataclass(frozen=True, slots=True)
class Reading:
    """`bar` is the one to answer for; `moment` says in words when it was read."""

    panel: Panel
    bar: date
    moment: str


async def read(desk: Desk, store: BarStore, strategy: Strategy) -> Reading | str:
    """The bars of this moment, or why there are none to read now."""
    wanted = max(bars_needed(strategy), strategy.warmup + pictures.SHOWN) + 1
    if strategy.decides is Moment.OPEN:
        return await _at_the_open(desk, store, strategy, wanted)
    session = desk.calendar.last_closed(desk.market.now())
    bar = completed(strategy.timeframe, session, desk.calendar)
    if bar is None:
        return (
            f"{strategy.name} reads whole weeks; the week of "
            f"{wording.short_day(session.day)} is not over"
        )
    # one bar more: the oldest may lack the sessions before the first that is read
    daily = store.latest((wanted + 1) * SESSIONS[strategy.timeframe], until=session.day)
    panel = resampled(daily, strategy.timeframe).tail(wanted)
    return Reading(panel, bar, f"close of {wording.short_day(session.day)}")


async def _at_the_open(
    desk: Desk, store: BarStore, strategy: Strategy, wanted: int
) -> Reading | str:
    now = desk.market.now()
    session = desk.calendar.session_at(now)
    if session is None or now - session.open > SAME_DAY:
        opens = desk.local(desk.calendar.next_session(now).open)
        return f"{strategy.name} decides at the open; the next is {wording.moment(opens)}"
    before = store.latest(wanted, until=desk.calendar.last_closed(now).day)
    panel = opened(before, session.day, await _opens(desk, before.symbols, session))
    return Reading(panel, session.day, f"open of {wording.short_day(session.day)}")


async def _opens(desk: Desk, symbols: tuple[str, ...], session: Session) -> dict[str, float]:
    """What each instrument trades at in the session's first minutes; only its own prices."""
    now, opens = desk.market.now(), {}
    for symbol in symbols:
        quote = await desk.feed.quote(symbol, now)
        if quote is not None and quote.tradable and quote.at >= session.open:
            opens[symbol] = float(quote.price)
    return opens
