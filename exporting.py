"""`quarterdeck export`: the facts, and what is worked out from them, as CSV or Parquet.

Nothing is rounded. In Parquet amounts are text, since they may have more digits than any decimal
type of it has; times are UTC.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from db.journal import open_to_read
from folder import lived_in, prepare
from settings import Settings
from statements.own import KINDS, NAMES, shown
from statements.statement import plain
from trading.errors import BadCommand
from trading.ledger import Ledger, Method, Position, Rates, Trade, fold
from trading.ledger.fold import standing_fills
from trading.money import CAPITAL, Action, Adjustment, Mark, Rate
from trading.orders import Fill
from trading.ports import Journal
from wiring import calendar_of

ZERO = Decimal(0)
TABLES = ("fills", "adjustments", "actions", "rates", "trades", "daily", "equity")
ALONE = {"all": TABLES}
TRADE = tuple(f.name for f in fields(Trade) if f.name not in ("book", "id"))
COLUMNS = {
    **NAMES,
    "trades": ("account", "strategy", "symbol", *TRADE, "net", "net_base"),
    "daily": (
        "day", "account", "strategy", "currency", "trades", "realised", "fees", "taxes", "net",
        "net_base",
    ),
    "equity": ("day", "account", "currency", "paid_in", "cash", "cost", "unrealised", "equity"),
}  # fmt: skip
Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The options as typed. Days are the exchange's, both included."""

    what: str = "all"
    to: Path | None = None
    format: str = "csv"
    start: str = ""
    end: str = ""
    strategy: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """All there are, in the order they were recorded."""

    fills: list[Fill]
    adjustments: list[Adjustment]
    actions: list[Action]
    rates: list[Rate]
    marks: list[Mark]
    base: str
    methods: Mapping[str, Method] = field(default_factory=dict)

    @classmethod
    async def of(
        cls, journal: Journal, base: str, methods: Mapping[str, Method] | None = None
    ) -> "Facts":
        return cls(
            await journal.read(Fill),
            await journal.read(Adjustment),
            await journal.read(Action),
            await journal.read(Rate),
            await journal.read(Mark),
            base,
            methods or {},
        )

    @property
    def known(self) -> Rates:
        return Rates.of(self.base, self.rates)


@dataclass(frozen=True, slots=True)
class Window:
    first: date
    last: date
    zone: ZoneInfo
    strategy: str = ""

    def day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def has(self, at: datetime, strategy: str | None = None) -> bool:
        mine = not self.strategy or strategy is None or strategy == self.strategy
        return mine and self.first <= self.day(at) <= self.last


async def carry_out(settings: Settings, chosen: Chosen) -> str:
    """What was written, and where."""
    lived_in(settings)
    prepare(settings)
    zone = ZoneInfo(calendar_of(settings).zone)
    first, last = _date(chosen.start, date.min), _date(chosen.end, date.max)
    window = Window(first, last, zone, chosen.strategy)
    async with open_to_read(settings.database_url) as journal:
        facts = await Facts.of(journal, settings.currency, settings.lots)
    folder = (chosen.to or settings.data / "export").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for name in ALONE.get(chosen.what, (chosen.what,)):
        path = folder / f"{name}.{chosen.format}"
        rows = write(path, name, table(name, facts, window))
        lines.append(f"{name:<12}{rows:,} row{'s' * (rows != 1)} in {path}")
    return "\n".join(lines)


def _date(word: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(word) if word else otherwise
    except ValueError:
        raise BadCommand(f"{word[:20]!r} is no day: write 2025-01-31") from None


def table(name: str, facts: Facts, window: Window) -> Iterator[Row]:
    """The rows of one table, in the order of `COLUMNS`."""
    if name in KINDS:
        names = NAMES[name]
        for fact in getattr(facts, name):
            if window.has(fact.at, getattr(fact, "strategy", "") or None):
                yield [getattr(fact, one) for one in names]
    elif name == "trades":
        yield from _trades(facts, window)
    elif name == "daily":
        yield from _daily(facts, window)
    else:
        yield from _equity(facts, window)


def _trades(facts: Facts, window: Window) -> Iterator[Row]:
    ledger = fold(facts.fills, (), facts.actions, methods=facts.methods, rates=facts.known)
    for trade in ledger.trades:
        book = trade.book
        if window.has(trade.closed_at, book.strategy):
            own = [getattr(trade, one) for one in TRADE]
            yield [book.account, book.strategy, book.symbol, *own, trade.net, trade.net_base]


def _days(facts: Facts, window: Window) -> Iterator[tuple[date, Ledger, list[Any]]]:
    """The ledger at the end of each day on which anything happened or was marked."""
    ledger = Ledger(facts.methods, facts.known)
    dated: list[tuple[datetime, int, Any]] = [(one.at, 0, one) for one in facts.actions]
    dated += [(one.at, 1, one) for one in facts.adjustments]
    dated += [(one.at, 2, one) for one in standing_fills(facts.fills)]
    for one in {mark.session for mark in facts.marks}:
        dated.append((datetime.combine(one, time.max, window.zone).astimezone(UTC), 3, None))
    dated.sort(key=lambda row: row[:2])
    for day, group in groupby(dated, key=lambda row: window.day(row[0])):
        done = []
        for _, kind, fact in group:
            if kind == 0:
                ledger.act(fact)
            elif kind == 1:
                ledger.adjust(fact)
            elif kind == 2:
                ledger.apply(fact)
            done.append(fact)
        yield day, ledger, done


@dataclass(slots=True)
class _Sum:
    """What one book had gained when it was last looked at."""

    realised: Decimal = ZERO
    fees: Decimal = ZERO
    taxes: Decimal = ZERO
    base: Decimal = ZERO

    @classmethod
    def of(cls, one: Position) -> "_Sum":
        return cls(
            one.realised, one.fees, one.taxes, one.realised_base + one.fx_base - one.costs_base
        )


def _daily(facts: Facts, window: Window) -> Iterator[Row]:
    """What closed and was paid for each day; nothing of what is open."""
    before: dict[int, _Sum] = {}  # by position, whose book may be renamed
    closed = 0
    for day, ledger, done in _days(facts, window):
        symbols = {one.symbol for one in done if one is not None}
        symbols |= {one.into for one in done if isinstance(one, Action)}
        rows: dict[tuple[str, str, str], list[Any]] = {}
        for book, position in ledger.positions.items():
            if position.symbol not in symbols:
                continue
            old, new = before.get(id(position), _Sum()), _Sum.of(position)
            if old == new:
                continue
            before[id(position)] = new
            row = rows.setdefault(
                (book.account, book.strategy, position.currency), [0] + [ZERO] * 4
            )
            row[1] += new.realised - old.realised
            row[2] += new.fees - old.fees
            row[3] += new.taxes - old.taxes
            row[4] += new.base - old.base
        for trade in ledger.trades[closed:]:
            key = (trade.book.account, trade.book.strategy, trade.currency)
            rows.setdefault(key, [0] + [ZERO] * 4)[0] += 1
        closed = len(ledger.trades)
        for (account, strategy, currency), row in sorted(rows.items()):
            wanted = window.strategy in ("", strategy)
            if wanted and window.first <= day <= window.last:
                number, realised, fees, taxes, base = row
                net = realised - fees - taxes
                yield [day, account, strategy, currency, number, realised, fees, taxes, net, base]


def _equity(facts: Facts, window: Window) -> Iterator[Row]:
    """Each account at the end of its days, in base currency: cash, what the open lots cost, and
    what they gained by the marks of that session; empty where it was not marked."""
    marked: dict[tuple[date, str], Decimal] = {}
    for session, marks in groupby(sorted(facts.marks, key=attrgetter("session")), _session):
        for mark in marks:
            gain = Decimal(mark.unrealised).scaleb(-6)
            marked[session, mark.account] = marked.get((session, mark.account), ZERO) + gain
    for day, ledger, _ in _days(facts, window):
        if not window.first <= day <= window.last:
            continue
        end = datetime.combine(day, time.max, window.zone).astimezone(UTC)
        for account in sorted({owner for owner, _ in ledger.cash}):
            held = [one for one in ledger.held() if one.book.account == account]
            cash: Decimal = _sum(
                amount * ledger.rates.at(currency, end)
                for (owner, currency), amount in ledger.cash.items()
                if owner == account and amount
            )
            cost = _sum(one.cost * ledger.rates.at(one.currency, end) for one in held)
            gained: Decimal | None = marked.get((day, account)) if held else ZERO
            paid = [ledger.base_flows.get((account, str(kind)), ZERO) for kind in CAPITAL]
            worth = cash + cost + gained if gained is not None else None
            yield [day, account, facts.base, _sum(paid), cash, cost, gained, worth]


def _session(mark: Mark) -> date:
    return mark.session


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)


def write(path: Path, name: str, rows: Iterable[Row]) -> int:
    """Whole or not at all; returns how many."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        count = (_csv if path.suffix == ".csv" else _parquet)(fresh, COLUMNS[name], rows)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    return count


def _csv(path: Path, header: Sequence[str], rows: Iterable[Row]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(header)
        for row in rows:
            writer.writerow([_cell(value) for value in row])
            count += 1
    return count


def _cell(value: Any) -> str:
    """Empty where there is nothing, or no exchange rate to tell it with."""
    if value is None or (isinstance(value, Decimal) and value.is_nan()):
        return ""
    return shown(value)


def _parquet(path: Path, header: Sequence[str], rows: Iterable[Row]) -> int:
    import polars as pl

    columns: list[list[Any]] = [[] for _ in header]
    for row in rows:
        for column, value in zip(columns, row, strict=True):
            column.append(_stored(value))
    kinds: list[Any] = [pl.String] * len(header)
    for place, name in enumerate(header):
        if name in ("at", "opened_at", "closed_at"):
            kinds[place] = pl.Datetime("us", "UTC")
        elif name == "day":
            kinds[place] = pl.Date
        elif name in ("right", "trades"):
            kinds[place] = pl.Int64
    data = {
        name: pl.Series(name, column, dtype=kind)
        for name, column, kind in zip(header, columns, kinds, strict=True)
    }
    pl.DataFrame(data).write_parquet(path, compression="zstd", statistics=False)
    return len(columns[0])


def _stored(value: Any) -> Any:
    if isinstance(value, Decimal):
        return None if value.is_nan() else plain(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return str(value) if isinstance(value, str) else value
