"""What the desk needs of the world. Implementations inherit nothing from here."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from trading.damage import Damaged
from trading.orders import Ack, Fill, Order, OrderType, Resting
from trading.types import Account, Holdings, Instrument, Quote

if TYPE_CHECKING:  # numpy, which the doors do not load
    from trading.bars import Bars

F = TypeVar("F")


class Journal(Protocol):
    """The facts: append, move, read. No business rule lives in SQL.

    `where` takes field names with optional suffixes `__in`, `__not`, `__lt`, `__lte`, `__gt`,
    `__gte`, `__isnull`. Every `kind` is one of `trading.facts.Fact`.

    A row that cannot be read is left out, and kept in `damage`; of a kind in `trading.facts.WHOLE`
    it raises DamagedRow instead. While the database is away every call raises JournalError.
    """

    @property
    def away(self) -> str:
        """What keeps the database from working, in a line; empty while it does."""
        ...

    @property
    def damage(self) -> Sequence[Damaged]:
        """Rows that could not be read, each once, as met since this process began."""
        ...

    async def damaged(self, *kinds: type[Any], **where: Any) -> list[Damaged]:
        """Reads rows, of every kind where none is given, to find those that cannot be read. Of
        everything it takes about 3 s for 100,000 rows."""
        ...

    async def mended(self) -> list[Damaged]:
        """Of the rows in `damage`, those that can be read again or are gone; forgotten with it."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[None]:
        """All or nothing, and one writer at a time per account: SQLite BEGIN IMMEDIATE,
        PostgreSQL locks the account row. Calls made inside, by the same task, belong to it.
        A nested transaction joins the outer one."""
        ...

    async def append(self, facts: Sequence[F]) -> list[F]:
        """Record facts of one kind; those whose unique key exists are skipped. Returns the new
        ones in the order given, with their ids."""
        ...

    async def move(self, fact: F, **changes: Any) -> F | None:
        """Compare-and-set on (id, version): the moved fact, or None if somebody was first.
        An illegal change of state raises ValueError."""
        ...

    async def read(
        self, kind: type[F], /, *, order: str = "id", limit: int | None = None, **where: Any
    ) -> list[F]:
        """`order` is a field name, "-" before it for descending; several joined by commas."""
        ...

    async def first(self, kind: type[F], /, *, order: str = "id", **where: Any) -> F | None: ...

    async def count(self, kind: type[Any], /, **where: Any) -> int:
        """Rows, also those that cannot be read."""
        ...

    async def remove(self, kind: type[Any], /, **where: Any) -> int:
        """Prune; for rows that are caches or handled. Returns how many went."""
        ...


class Feed(Protocol):
    """Prices. Nothing returned may be later than what was knowable at `at` (market time, UTC)."""

    async def quote(self, symbol: str, at: datetime) -> Quote | None:
        """The latest price known at `at`, or None for a symbol with no price yet."""
        ...

    def known_through(self) -> datetime:
        """The end of what the feed knows: the last session's close, UTC."""
        ...


@runtime_checkable
class KeepsBars(Protocol):
    """A feed that has the bars its prices come from."""

    async def bars(
        self, symbols: Collection[str], first: date, at: datetime, timeframe: str = "1d"
    ) -> "Mapping[str, Bars]":
        """Complete bars dated `first` or later and known at `at`, by symbol; one without any is
        not there. DataError for a timeframe that cannot be made."""
        ...


#: How much was traded: of those instruments, the median value a session over those days, in
#: currency, the most traded first.
Ranking = Callable[[Sequence[Instrument], Sequence[date]], Mapping[str, float]]


class Instruments(Protocol):
    def find(self, symbol: str) -> Instrument | None: ...
    def all(self) -> Sequence[Instrument]: ...


@dataclass(frozen=True, slots=True)
class Session:
    """One trading session of an exchange; open and close in UTC."""

    day: date
    open: datetime
    close: datetime


class Calendar(Protocol):
    """An exchange's sessions. Past `known_through` every method raises DataError, never guesses."""

    name: str
    zone: str  # "America/New_York"

    def sessions(self, first: date, last: date) -> Sequence[Session]: ...
    def session_on(self, day: date) -> Session | None: ...
    def session_at(self, at: datetime) -> Session | None:
        """The session open at `at` (open <= at < close), or None."""
        ...

    def next_session(self, at: datetime) -> Session:
        """The first session whose open is later than `at`."""
        ...

    def last_closed(self, at: datetime) -> Session:
        """The latest session whose close is at or before `at`."""
        ...

    @property
    def known_through(self) -> date: ...


@dataclass(frozen=True, slots=True)
class Terms:
    """What a broker offers to settle a doubt about an order.

    `settles_in`: how long after an attempt to send has ended the order may still turn up there or
    stay hidden from reads; wall time. None where nobody can say: then absence proves nothing.
    """

    dedupes: bool  # the same key submitted twice is placed once
    settles_in: timedelta | None
    finds: bool = True  # it can be asked for one order by our key
    #: Kinds of order that rest there until the market comes to them, over the sessions' ends.
    rests: frozenset[OrderType] = frozenset()


class Broker(Protocol):
    """Submitting the same `order.key` twice places it once where its terms say `dedupes`."""

    name: str
    account_id: str

    async def terms(self) -> Terms:
        """As they are now. BrokerError where it cannot be asked."""
        ...

    async def submit(self, order: Order) -> Ack:
        """Raises OutcomeUnknown when nobody can tell; BrokerRejected when the answer is no."""
        ...

    async def find(self, key: str) -> Ack | None: ...
    async def cancel(self, key: str) -> Ack: ...
    async def fills(self, after: str) -> tuple[list[Fill], str]:
        """Executions after the cursor ("" for all), oldest first, and the new cursor. `strategy`
        is empty: the broker does not know it."""
        ...

    async def positions(self) -> list[Holdings]: ...
    async def account(self) -> Account: ...


@runtime_checkable
class ShowsOrders(Protocol):
    """A broker that can list the orders working there; another is only asked about ours."""

    async def working(self) -> list[Resting]: ...


class Owners(Protocol):
    """Who may still send an order that was claimed: a process, by a lock it holds for its whole
    life, which a stopped one keeps and a dead one cannot."""

    async def mine(self) -> str:
        """The name under which this process claims, its lock certainly held. It changes when the
        lock was lost. QuarterdeckError where no lock can be had."""
        ...

    def holds(self, owner: str) -> bool:
        """Whether this very process claims, or once claimed, under that name."""
        ...

    async def is_dead(self, owner: str) -> bool:
        """Only a proof is True; False where nobody can tell."""
        ...


class Bell(Protocol):
    """Wakes another process; a lost ring changes nothing, since all work is due rows."""

    async def ring(self, lane: str, ids: Iterable[int] = ()) -> None: ...
