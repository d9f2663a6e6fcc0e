"""A small world for tests of the desk: three stocks, weekday sessions, a broker in process."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import numpy as np

from brokers.costs import Costs
from brokers.paper import PaperBroker
from desk.desk import Desk, Operator, Plan
from replay.journal import MemoryJournal
from risk.limits import Allowance
from trading.bars import Answer
from trading.clocks import SimulatedClock
from trading.errors import DataError
from trading.facts import Request
from trading.money import Adjustment
from trading.ports import Broker, Calendar, Journal, Session
from trading.types import Instrument, Mode, Quote

ANN, BOB = Operator(1, "Ann"), Operator(2, "Bob")
MONDAY = date(2025, 2, 3)
OPEN, CLOSE = time(14, 30), time(21, 0)  # New York's winter session in UTC
D = Decimal


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), UTC)


@dataclass
class Weekdays:
    """Sessions every weekday; known to the end of 2030."""

    name: str = "XNYS"
    zone: str = "America/New_York"
    known_through: date = date(2030, 12, 31)

    def session_on(self, day: date) -> Session | None:
        if day > self.known_through:
            raise DataError(f"the calendar ends on {self.known_through}")
        if day.weekday() > 4:
            return None
        return Session(day, datetime.combine(day, OPEN, UTC), datetime.combine(day, CLOSE, UTC))

    def sessions(self, first: date, last: date) -> Sequence[Session]:
        days = (first + timedelta(days=n) for n in range((last - first).days + 1))
        return [found for day in days if (found := self.session_on(day))]

    def session_at(self, at: datetime) -> Session | None:
        found = self.session_on(at.date())
        return found if found and found.open <= at < found.close else None

    def next_session(self, at: datetime) -> Session:
        return next(
            s for s in self.sessions(at.date(), at.date() + timedelta(days=7)) if s.open > at
        )

    def last_closed(self, at: datetime) -> Session:
        return [
            s for s in self.sessions(at.date() - timedelta(days=7), at.date()) if s.close <= at
        ][-1]


@dataclass
class Tape:
    """A feed of hand-written prices; `prices[symbol]` is what a unit costs now."""

    calendar: Weekdays
    prices: dict[str, Decimal] = field(default_factory=dict)

    async def quote(self, symbol: str, at: datetime) -> Quote | None:
        price = self.prices.get(symbol)
        if price is None:
            return None
        return Quote(symbol, price, at, tradable=self.calendar.session_at(at) is not None)

    def known_through(self) -> datetime:
        return at(date(2030, 12, 30), 21)


class Stocks:
    def __init__(self, *symbols: str) -> None:
        self._known = {s: Instrument(s, f"{s.title()} Inc.", "Technology") for s in symbols}

    def find(self, symbol: str) -> Instrument | None:
        return self._known.get(symbol)

    def all(self) -> Sequence[Instrument]:
        return list(self._known.values())


class Bells:
    """Remembers what was rung."""

    def __init__(self) -> None:
        self.rung: list[tuple[str, tuple[int, ...]]] = []

    async def ring(self, lane: str, ids: Iterable[int] = ()) -> None:
        self.rung.append((lane, tuple(ids)))


def timetable(desk: Desk, **given: dict[str, object]) -> None:
    """Give the desk the shipped jobs of its plans; `given` as the settings would."""
    from worker.shipped import Given, table

    changes = {name: Given(**changed) for name, changed in given.items()}  # type: ignore[arg-type]

    def exchange(name: str) -> Calendar:
        raise DataError(f"no exchange {name!r}")

    desk.jobs = table(desk.plans, changes, desk.calendar, exchange)


@dataclass
class World:
    desk: Desk
    clock: SimulatedClock
    tape: Tape
    bells: Bells
    sent: int = 0

    @property
    def journal(self) -> Journal:
        return self.desk.journal

    @property
    def broker(self) -> Broker:
        return self.desk.brokers["paper"]

    def go(self, day: date, hour: int, minute: int = 0) -> None:
        """Set the clock, market and wall together."""
        self.clock.at = at(day, hour, minute)

    async def ask(self, text: str, *, by: Operator = ANN, pressed: bool = False) -> int:
        """Record a command as the door would; returns its id."""
        from desk import halt, inbox

        self.sent += 1
        verb, *args = text.removeprefix("/").split()
        request = await inbox.receive(
            self.journal,
            Request(
                "test",
                str(self.sent),
                verb,
                self.clock.at,
                tuple(args),
                by.id,
                by.id,
                payload={"pressed": pressed},
            ),
            halt.scopes(self.desk) if self.desk.plans else (),
        )
        assert request is not None
        return request.id


async def world(
    journal: Journal | None = None,
    *,
    broker: Broker | None = None,
    cash: Decimal = D(100_000),
    mode: Mode = Mode.MANUAL,
    operators: Sequence[Operator] = (ANN, BOB),
    cards: int = 3,
    allowance: Allowance | None = None,
) -> World:
    """Monday 3 February 2025, five minutes after the close, everything at 100."""
    calendar = Weekdays()
    clock = SimulatedClock(at(MONDAY, 21, 5))
    tape = Tape(calendar, {s: D(100) for s in ("AAPL", "MSFT", "NVDA", "TSLA", "XOM")})
    instruments = Stocks(*tape.prices)
    journal = journal or MemoryJournal()
    costs = Costs(slippage_bps=D(0))
    broker = broker or PaperBroker(tape, clock, instruments, costs, cash=cash)
    bells = Bells()
    desk = Desk(
        journal=journal,
        market=clock,
        wall=clock,
        feed=tape,
        instruments=instruments,
        calendar=calendar,
        brokers={broker.name: broker},
        plans={"dip": Plan("dip", mode=mode, cards=cards, allowance=allowance or Allowance())},
        bell=bells,
        desk_id="t",
        operators=operators,
    )
    await journal.append(
        [Adjustment(broker.account_id, "opening", "deposit", cash, "USD", clock.at)]
    )
    return World(desk, clock, tape, bells)


def answer(
    symbol: str,
    *,
    enter: int = 1,
    exit: bool = False,
    strength: float = 1.0,
    price: float = 100.0,
    day: date = MONDAY,
    since: date | None = None,
) -> Answer:
    """What a strategy says of `symbol` on `day`'s bar."""
    return Answer(
        symbol,
        np.datetime64(day, "us"),
        np.datetime64(since or day, "us"),
        enter,
        exit,
        strength,
        price,
        price * 0.9,
        {"rsi": 24.0, "atr": 1.5},
    )


def explain(features: object) -> str:
    return "RSI 24 under 30"
