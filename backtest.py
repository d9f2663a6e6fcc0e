"""A strategy over bars of the past, by the desk's own rules: what `quarterdeck replay` runs.

`open_history` reads the bars once; `run` replays one strategy over them and may be called any
number of times in one process.
"""

import asyncio
import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TextIO

from pydantic import ValidationError

from charges.settings import ChargeSettings
from charts import draw
from choices import costs
from desk.console.replies import columns
from folder import bars_folder, cache_folder, instruments_file
from market.exchanges import calendar_of, named
from market.instruments import InstrumentBook
from market.loaded import LoadedFeed
from market.panel import Panel
from market.sample import sample_bars, sample_instruments
from market.store import BarStore
from market.universe import Turnover
from replay import printed
from replay.engine import Script, Watch, replay
from replay.holding import buy_and_hold
from replay.journal import MemoryJournal
from replay.lookahead import look_ahead
from replay.progress import Line
from replay.result import Result
from replay.tally import tally
from settings import CostSettings, Settings, StrategySettings, first_line
from strategies.folder import Found
from trading.bars import Strategy
from trading.clocks import SimulatedClock
from trading.errors import BadCommand, ConfigError
from trading.money import Adjustment
from trading.ports import Calendar, Session
from trading.types import Holding
from wiring import CALENDAR, known_strategies, replay_desk, strategies, strategy_files

USUAL = gc.get_threshold()
YOUNG = 200_000  # objects made between two looks for garbage; a few tens of MB

#: What `--costs` calls each part of the costs, and the setting it is.
COSTS: Mapping[str, str] = {
    "slippage": "slippage_bps",
    "per_unit": "per_unit",
    "minimum": "minimum",
    "maximum": "maximum_share",
}


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """What replays run over, read once. `sample` where it is the shipped bars."""

    panel: Panel
    instruments: InstrumentBook
    calendar: Calendar
    feed: LoadedFeed
    found: Found  # strategy files
    sample: bool

    @property
    def span(self) -> tuple[date, date]:
        """The days of the oldest and the newest bar."""
        days = self.panel.ts.astype("datetime64[D]")
        return days.min().item(), days.max().item()

    def sessions(self, start: date | None = None, end: date | None = None) -> list[Session]:
        """Those with bars between two days. BadCommand where there are none."""
        oldest, newest = self.span
        if start and end and start > end:
            raise BadCommand(f"the first day {start} is after the last day {end}")
        first, last = max(start or oldest, oldest), min(end or newest, newest)
        found = list(self.calendar.sessions(first, last)) if first <= last else []
        if not found:
            bars = "the sample is" if self.sample else "the bars are"
            raise BadCommand(
                f"no session lies between {start or oldest} and {end or newest}; "
                f"{bars} {oldest} to {newest}"
            )
        return found


def open_history(settings: Settings, symbols: Iterable[str] = ()) -> History:
    """The imported bars of the data folder, or the shipped sample where there are none; nothing is
    written to the data folder. BadCommand for a symbol that has no bars."""
    store = BarStore(bars_folder(settings))
    imported = bool(store.months())
    panel = store.read() if imported else Panel.from_frame(sample_bars())
    shipped = sample_instruments()
    file = instruments_file(settings)
    instruments = InstrumentBook.load(file) if imported and file.exists() else shipped
    if not panel.rows:
        raise ConfigError(f"no bars are stored in {store.folder}; import some first")
    calendar = _calendar(settings, settings.calendar if imported else CALENDAR)
    wanted = {symbol.strip().upper() for symbol in symbols if symbol.strip()}
    for symbol in sorted(wanted - set(panel.symbols)):
        raise BadCommand(f"no bars of {symbol[:20]!r}{_nearest(symbol, panel.symbols)}")
    sample = all(shipped.find(symbol) is not None for symbol in panel.symbols)
    if wanted:
        panel = panel.only(wanted)
    feed = LoadedFeed(panel, calendar)
    return History(panel, instruments, calendar, feed, strategy_files(settings), sample)


def run(
    settings: Settings,
    strategy: str,
    start: date | None = None,
    end: date | None = None,
    *,
    history: History | None = None,
    params: Mapping[str, Any] | None = None,
    watch: Watch | None = None,
) -> Result:
    """Replay one strategy between two days, each signal approved in rank order.

    `params` go over those of the settings, as text or as values. Money and costs are the
    settings'; see `with_costs`. Raises BadCommand or ConfigError, one line each.
    """
    history = history or open_history(settings)
    with _rarely_collecting():
        return asyncio.run(_run(settings, strategy, start, end, history, params or {}, watch))


@contextmanager
def _rarely_collecting() -> Iterator[None]:
    """A replay keeps all it makes: looking for garbage among it took a fourteenth of its time."""
    gc.set_threshold(YOUNG, *USUAL[1:])
    try:
        yield
    finally:
        gc.set_threshold(*USUAL)  # not what it was before: replays in two threads may overlap


async def _run(
    settings: Settings,
    name: str,
    start: date | None,
    end: date | None,
    history: History,
    params: Mapping[str, Any],
    watch: Watch | None,
) -> Result:
    settings, strategy = chosen(settings, name, params, history.found)
    sessions = history.sessions(start, end)
    clock = SimulatedClock(sessions[0].open)
    journal = MemoryJournal(alone=True)
    feed, instruments, calendar = history.feed, history.instruments, history.calendar
    known = {name: strategy}
    desk = replay_desk(settings, journal, clock, feed, instruments, calendar, known)
    deposit = Adjustment(
        "paper", "opening", "deposit", settings.capital, settings.currency, clock.at
    )
    await journal.append([deposit])
    ranking = Turnover(history.panel).most_traded
    scripts = [Script.of(strategy, history.panel)]
    await replay(desk, clock, scripts, sessions, watch=watch, ranking=ranking)
    symbols = history.panel.symbols
    charged = costs(settings)
    hold, held = buy_and_hold(feed, symbols, instruments, charged, settings.capital, sessions)
    return tally(
        strategy,
        journal,
        await desk.books.ledger(),
        feed,
        calendar,
        sessions,
        params=tuple((key, str(value)) for key, value in settings.strategies[name].params.items()),
        symbols=len(symbols),
        sample=history.sample,
        currency=settings.currency,
        capital=settings.capital,
        costs=costs_text(settings),
        hold=hold,
        held=held,
    )


def report(
    settings: Settings,
    strategy: str,
    start: str = "",
    end: str = "",
    *,
    symbols: str = "",
    params: Mapping[str, str] | None = None,
    picture: Path | None = None,
    trades: Path | None = None,
    progress: TextIO | None = None,
) -> str:
    """Replay and say what came of it; the picture and the trades are written where asked."""
    for what, file in (("picture", picture), ("trades", trades)):
        if file is not None and not file.parent.is_dir():  # better known before than after
            raise BadCommand(f"the {what} cannot be written to {file}: no such folder")
    first, last = day_of(start), day_of(end)
    history = open_history(settings, symbols.split(","))
    line = Line(progress, len(history.sessions(first, last))) if progress else None
    try:
        result = run(settings, strategy, first, last, history=history, params=params, watch=line)
    finally:
        if line:
            line.close()
    if picture is not None:
        png = draw("replay", printed.picture(result, settings.theme).to_json())
        _write(picture, png, "picture")
    if trades is not None:
        _write(trades, printed.trades_csv(result).encode(), "trades")
    return printed.text(result)


def _write(file: Path, content: bytes, what: str) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        reason = error.strerror or error
        raise BadCommand(f"the {what} cannot be written to {file}: {reason}") from error


def chosen(
    settings: Settings, name: str, params: Mapping[str, Any], found: Found
) -> tuple[Settings, Strategy]:
    """The settings with this strategy alone, and the strategy with its parameters. ConfigError
    for a parameter it does not take, BadCommand for a name nobody has."""
    known = known_strategies(found)
    if name not in known and not found.refused:
        raise BadCommand(f"no strategy is called {name[:40]!r}{_nearest(name, known)}")
    plan = settings.strategies.get(name, StrategySettings())
    plan = plan.model_copy(update={"params": {**plan.params, **params}})
    settings = settings.model_copy(update={"strategies": {name: plan}})
    return settings, strategies(settings, found)[name]


def with_costs(
    settings: Settings, capital: str = "", given: Mapping[str, str] | None = None
) -> Settings:
    """The settings with other money and other costs; keys as in `COSTS`, values as text.
    BadCommand names what is wrong."""
    changes: dict[str, Any] = {}
    charged = settings.costs.model_dump()
    for key, value in (given or {}).items():
        if key not in COSTS:
            raise BadCommand(f"{key[:20]!r} is no cost; there are: {', '.join(COSTS)}")
        charged[COSTS[key]] = value
        if COSTS[key] != "slippage_bps":  # a commission said here stands in the schedule's place
            changes["charges"] = ChargeSettings()
    try:
        changes["costs"] = CostSettings.model_validate(charged)
        if capital:
            changes["capital"] = Settings.model_validate({"capital": capital}).capital
    except ValidationError as error:
        raise BadCommand(first_line(error)) from None
    return settings.model_copy(update=changes)


def pairs(words: Iterable[str], what: str) -> dict[str, str]:
    """`a=1` and `b=2` by name. BadCommand for a word that is not of that form, or said twice."""
    found: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not (key and equals and value):
            raise BadCommand(f"{word[:30]!r} is no {what}; write it as name=value")
        if key.strip() in found:
            raise BadCommand(f"{key.strip()[:30]!r} is given twice")
        found[key.strip()] = value.strip()
    return found


def costs_text(settings: Settings) -> str:
    """ "slippage 2 bp; 0.005 USD a unit, 1 to 1 % an order"."""
    charged, use = settings.costs, settings.charges.use
    if use or settings.charges.choose:
        slipped = f"slippage {charged.slippage_bps.normalize():f} bp"
        return f"{slipped}; charges as {use or 'chosen under [charges]'}"
    most = (charged.maximum_share * 100).normalize()
    return (
        f"slippage {charged.slippage_bps.normalize():f} bp; "
        f"{charged.per_unit.normalize():f} {settings.currency} a unit, at least "
        f"{charged.minimum.normalize():f}, at most {most:f} % of an order"
    )


def day_of(text: str) -> date | None:
    """None for no text. Raises BadCommand for what is no date."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadCommand(f"{text[:20]!r} is no date; write it like 2024-03-28") from None


def lookahead(settings: Settings, strategy: str, start: str, end: str) -> tuple[str, bool]:
    """Which answers change when the future is hidden, as text, and whether none does."""
    history = open_history(settings)
    _, known = chosen(settings, strategy, {}, history.found)
    oldest, newest = history.span
    first, last = day_of(start) or oldest, min(day_of(end) or newest, newest)
    found = look_ahead(known, history.panel, history.calendar, first, last)
    return found.text(), found.clean


def strategy_table(settings: Settings) -> str:
    """Every strategy by name, and the reason of each refused file."""
    found = strategy_files(settings)
    rows = [
        (name, f"{one.timeframe}, decides at the {one.decides.value}, {_held(one)}{origin}")
        for name, one in known_strategies(found).items()
        for origin in [f", from {found.files[name]}" if name in found.files else ""]
    ]
    return "\n".join(
        [columns(rows, left=2), *(f"Refused: {line}" for line in found.refused.values())]
    )


def _held(strategy: Strategy) -> str:
    session = strategy.holds is Holding.SESSION
    return "holds the session" if session else "holds until its exit"


def _calendar(settings: Settings, name: str) -> Calendar:
    """The sessions the bars keep; its years are kept in the data folder where there is one, else
    in the cache folder."""
    folder = settings.data.absolute()
    kept = folder if folder.is_dir() else cache_folder()
    return calendar_of(named(name), kept / "calendars")


def _nearest(word: str, known: Iterable[str]) -> str:
    """ "; did you mean 'x'?", or those there are where few enough."""
    names = list(known)
    close = get_close_matches(word, names, 1) or get_close_matches(word.lower(), names, 1, 0.4)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; there are: {', '.join(names)}" if len(names) <= 12 else f"; there are {len(names)}"
