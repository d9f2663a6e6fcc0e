"""The desk: the parts every use case is handed. `wiring.py` chooses them; nothing here does."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from desk.books import Books
from desk.configuration import Configuration
from desk.hands import Hands
from desk.timetable import Jobs, When
from desk.vault import Vault
from desk.vitals import Vitals
from risk.autonomy import Demotion, Promotion
from risk.exits import Exits
from risk.limits import Allowance, Limits
from trading.clocks import MarketClock, WallClock
from trading.errors import DeskError
from trading.ledger import Method
from trading.owners import Alone
from trading.people import Discipline, Role
from trading.ports import Bell, Broker, Calendar, Feed, Instruments, Journal, Owners, Session
from trading.shift import Shift
from trading.types import Holding, Instrument, Mode, Moment, Side
from trading.universes import Universe

if TYPE_CHECKING:  # numpy, which the doors do not load
    from trading.bars import Strategy

#: Before the session's close an exit for the close is sent, as a market-on-close order would be.
LAST = timedelta(minutes=1)

#: When an approved order goes, in words; what is closed or over means the next session.
EXECUTES = ("now", "close", "next open", "next close")

#: How long before the session's close a strategy that holds no night proposes to leave.
NOTICE = timedelta(minutes=5)


Rest = Callable[[float], Awaitable[object]]

#: From instrument, side, units, value (currency) and market time: the fees and taxes an order
#: would pay, in the instrument's currency; None where nobody knows.
Estimate = Callable[[Instrument, Side, Decimal, Decimal, datetime], Decimal | None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How one strategy is run: who decides, with what money, how much is told."""

    strategy: str
    decides: Moment = Moment.CLOSE
    holds: Holding = Holding.UNTIL_EXIT
    timeframe: str = "1d"
    mode: Mode = Mode.MANUAL
    allowance: Allowance = field(default_factory=Allowance)
    cards: int = 3  # full cards a scan; the rest come as one list
    universe: str = ""  # what it may enter; "" is the whole book
    executes: str = ""  # of EXECUTES; "" is at once where decided at the open, else the next open
    veto_window: timedelta = timedelta(minutes=10)  # wall time, from when a card was taken
    promotion: Promotion = field(default_factory=Promotion)
    demotion: Demotion = field(default_factory=Demotion)
    cooldown: int = 0  # sessions out of a symbol after a stop
    squareoff: str = ""  # when the schedule squares it off; "" is never
    exits: Exits = field(default_factory=Exits)  # besides its own exit rule


#: Whose book a trade asked for by hand is in; every limit of the desk holds for it too.
MANUAL = "manual"

DIGESTS = ("start", "middle", "end", "week", "month")


@dataclass(frozen=True, slots=True)
class Digests:
    """Which digests come by themselves, and which of those without a sound. `reads` is the
    schedule's reading of a time, ValueError where it understands none; None where nothing is
    scheduled."""

    sent: Sequence[str] = DIGESTS
    silent: Sequence[str] = ("middle",)
    reads: Callable[[str], When] | None = None


@dataclass(frozen=True, slots=True)
class Operator:
    """Who may press. `id` is the voice's integer for a person, never a name."""

    id: int
    name: str
    role: Role = Role.OWNER
    largest: Decimal | None = None  # of one approval, in the desk's currency; None is any


@dataclass(slots=True)
class Desk:
    journal: Journal
    market: MarketClock
    wall: WallClock
    feed: Feed
    instruments: Instruments
    calendar: Calendar
    brokers: Mapping[str, Broker]
    plans: Mapping[str, Plan]
    bell: Bell
    desk_id: str  # prefixes our client order ids; one per database
    currency: str = "USD"
    operators: Sequence[Operator] = ()
    limits: Limits = field(default_factory=Limits)
    digests: Digests = field(default_factory=Digests)
    universes: Mapping[str, Universe] = field(default_factory=dict)
    jobs: Jobs = field(default_factory=dict)  # the timetable, by name
    vitals: Vitals | None = None  # of the house; None where nobody can measure them
    shift: Shift = field(default_factory=Shift)  # over: finish what is under way, begin nothing
    owners: Owners = field(default_factory=Alone)
    hands: Hands = field(default_factory=Hands, init=False)
    rest: Rest = asyncio.sleep  # wall seconds
    #: Whether this process has compared the books with the brokers' since it started; until then
    #: it sends nothing but a square-off's orders.
    reconciled: bool = True
    strategies: "Mapping[str, Strategy]" = field(default_factory=dict)  # where rules can be asked
    methods: Mapping[str, Method] = field(default_factory=dict)  # which lots go first, by account
    rates: Mapping[str, Decimal] = field(default_factory=dict)  # base per unit, from the settings
    estimate: Estimate | None = None
    scopes: Sequence[str] = ()  # that can be halted, where plans and brokers are not opened
    discipline: Discipline = field(default_factory=Discipline)
    vault: Vault | None = None  # None where no secret is kept
    configuration: Configuration | None = None  # None where no settings were read
    written: dict[str, Plan] = field(default_factory=dict)  # of plans changed in a chat, before it
    by_hand: Plan = Plan(MANUAL, allowance=Allowance(allocation=Decimal(1)))
    named: Sequence[Operator] = field(init=False)  # the operators before a chat changed any
    books: Books = field(init=False)

    def __post_init__(self) -> None:
        self.named = tuple(self.operators)
        self.books = Books(self.journal, self.market, self.currency, self.methods)

    @property
    def zone(self) -> ZoneInfo:
        """The exchange's time zone, in which times are shown."""
        return ZoneInfo(self.calendar.zone)

    def session_of(self, at: datetime) -> Session:
        """The session an order for `at` is meant for."""
        return self.calendar.session_at(at) or self.calendar.next_session(at)

    def broker_of(self, instrument: Instrument) -> Broker:
        return self.brokers[instrument.broker]

    def instrument(self, symbol: str) -> Instrument:
        """Raises DeskError for a symbol nobody knows."""
        found = self.instruments.find(symbol.upper())
        if found is None:
            raise DeskError(f"no instrument called {symbol[:20]!r}; /positions lists what is held")
        return found

    def plan(self, strategy: str) -> Plan:
        if strategy == MANUAL and MANUAL not in self.plans:
            return self.by_hand
        try:
            return self.plans[strategy]
        except KeyError:
            known = ", ".join(self.plans) or "none"
            raise DeskError(f"no strategy called {strategy[:40]!r}; there are: {known}") from None

    def operator(self, operator: int) -> Operator | None:
        return next((one for one in self.operators if one.id == operator), None)

    def operator_name(self, operator: int) -> str:
        found = self.operator(operator) or next((o for o in self.named if o.id == operator), None)
        return found.name if found else str(operator)

    def local(self, at: datetime) -> datetime:
        return at.astimezone(self.zone)
