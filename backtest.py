"""A strategy over the sample's bars, by the desk's own rules: what `quarterdeck replay` prints."""

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from charts import PnlDay, PnlSpec, draw
from desk import report as reports
from desk import wording
from desk.console.replies import columns
from desk.desk import Desk
from folder import bars_folder, install_sample
from market.store import BarStore
from market.universe import Turnover
from replay.engine import Script, replay
from replay.journal import MemoryJournal
from replay.lookahead import look_ahead
from settings import Settings, StrategySettings
from trading.bars import Strategy
from trading.clocks import SimulatedClock
from trading.errors import BadCommand
from trading.facts import Adjustment
from trading.ports import Session
from trading.types import Holding
from wiring import (
    calendar_of,
    desk_of_replay,
    known_strategies,
    strategies,
    strategy_files,
)


@dataclass(frozen=True, slots=True)
class Result:
    desk: Desk
    sessions: tuple[Session, ...]
    profit: reports.Profit


def day_of(text: str) -> date | None:
    """None for no text. Raises BadCommand for what is no date."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadCommand(f"{text[:20]!r} is no date; write it like 2024-03-28") from None


async def run(settings: Settings, strategy: str, start: str, end: str) -> Result:
    """Replay the sample between two days, each signal approved in rank order."""
    chosen = settings.strategies.get(strategy, StrategySettings())
    settings = settings.model_copy(update={"strategies": {strategy: chosen}})
    known, first, last = strategies(settings), day_of(start), day_of(end)
    install_sample(settings)
    store = BarStore(bars_folder(settings))
    panel = store.read()
    days = panel.ts.astype("datetime64[D]")
    oldest, newest = days.min().item(), days.max().item()
    first, last = max(first or oldest, oldest), min(last or newest, newest)
    sessions = tuple(calendar_of(settings).sessions(first, last)) if first <= last else ()
    if not sessions:
        raise BadCommand(
            f"no session lies between {start or oldest} and {end or newest}; the sample is "
            f"{oldest} to {newest}"
        )
    clock = SimulatedClock(sessions[0].open)
    journal = MemoryJournal()
    desk = desk_of_replay(settings, journal, clock, store, known)
    capital = settings.capital
    await journal.append(
        [Adjustment("paper", "opening", "deposit", capital, settings.currency, clock.at)]
    )
    scripts = [Script.of(one, panel) for one in known.values()]
    await replay(desk, clock, scripts, sessions, ranking=Turnover(panel).most_traded)
    clock.at = sessions[-1].close + timedelta(minutes=5)
    return Result(desk, sessions, await reports.profit(desk, "all", strategy))


def report(settings: Settings, strategy: str, start: str, end: str, picture: Path | None) -> str:
    """The figures as text; writes the P&L picture where asked."""
    result = asyncio.run(run(settings, strategy, start, end))
    found, currency = result.profit, settings.currency
    trades = found.trades
    span = f"{result.sessions[0].day} to {result.sessions[-1].day}"
    if picture is not None:
        days = tuple(PnlDay(day.day, day.net) for day in found.days)
        spec = PnlSpec(days, f"Net P&L {strategy}", span, currency, theme=settings.theme)
        try:
            picture.write_bytes(draw("pnl", spec.to_json()))
        except OSError as error:
            raise BadCommand(f"the picture cannot be written to {picture}: {error}") from error
    rows = [
        ("Sessions", str(len(result.sessions))),
        ("Trades closed", str(len(trades))),
        ("Won", wording.percent(found.wins / len(trades)) if trades else "none"),
        ("Net P&L", wording.profit(found.total, currency)),
        ("of which open", wording.profit(found.unrealised, currency)),
        ("Fees paid", wording.money(found.fees, currency)),
        ("Worst drawdown", wording.profit(_drawdown(found.days), currency)),
    ]
    note = "Today's S&P 500 members only: survivorship flatters every strategy on this sample."
    return f"{strategy}, {span}\n{columns(rows)}\n{note}"


def lookahead(settings: Settings, strategy: str, start: str, end: str) -> tuple[str, bool]:
    """Which answers change when the future is hidden, as text, and whether none does."""
    chosen = settings.strategies.get(strategy, StrategySettings())
    settings = settings.model_copy(update={"strategies": {strategy: chosen}})
    known = strategies(settings)
    install_sample(settings)
    panel = BarStore(bars_folder(settings)).read()
    calendar = calendar_of(settings)
    days = panel.ts.astype("datetime64[D]")
    first = day_of(start) or days.min().item()
    last = min(day_of(end) or days.max().item(), days.max().item())
    found = look_ahead(known[strategy], panel, calendar, first, last)
    return found.text(), found.clean


def strategy_table(settings: Settings) -> str:
    """Every strategy by name, and the reason of each refused file."""
    found = strategy_files(settings)
    rows = [
        (name, f"{one.timeframe}, decides at the {one.decides.value}, {_held(one)}{origin}")
        for name, one in known_strategies(found).items()
        for origin in [f", from {found.files[name]}" if name in found.files else ""]
    ]
    return "\n".join([columns(rows), *(f"Refused: {line}" for line in found.refused.values())])


def _held(strategy: Strategy) -> str:
    session = strategy.holds is Holding.SESSION
    return "holds the session" if session else "holds until its exit"


def _drawdown(days: tuple[reports.Day, ...]) -> Decimal:
    """The deepest fall of cumulative net P&L below its peak, as a negative amount."""
    total = peak = worst = Decimal(0)
    for day in days:
        total += day.net
        peak = max(peak, total)
        worst = min(worst, total - peak)
    return worst
