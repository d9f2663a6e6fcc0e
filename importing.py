"""Bringing statements into the books: what is new goes in, what is known is left, what differs
from what is known is refused; and the report of it."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import statements
from statements import Entry, Refusal, Statement, Terms
from trading.errors import DataError
from trading.facts import UNIQUE
from trading.ledger import Ledger, Method, Rates, fold
from trading.money import Action, Adjustment, Rate
from trading.orders import Fill
from trading.ports import Journal

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
KINDS: tuple[type[Any], ...] = (Rate, Action, Adjustment, Fill)
ASIDE = frozenset({"id", "note", "source"})  # that may differ in what is otherwise the same
PAGE = 5_000  # ids asked for at a time
BATCH = 2_000  # facts written in one transaction, about 50 ms
ZERO = Decimal(0)


@dataclass(slots=True)
class Result:
    """What an import did, or would do. Amounts by currency."""

    rows: int = 0
    imported: int = 0  # rows
    known: int = 0  # rows
    refused: list[tuple[str, Refusal]] = field(default_factory=list)  # by file
    skipped: Counter[str] = field(default_factory=Counter)
    assumed: dict[str, None] = field(default_factory=dict)
    presets: dict[str, None] = field(default_factory=dict)
    added: Counter[str] = field(default_factory=Counter)  # facts, by kind
    trades: int = 0
    net: dict[str, Decimal] = field(default_factory=dict)
    net_base: Decimal = ZERO  # NaN where a rate is not known
    base: str = ""
    cash: dict[tuple[str, str], Decimal] = field(default_factory=dict)  # (kind, currency)
    first: datetime | None = None
    last: datetime | None = None
    open: int = 0  # positions left open in the accounts touched


@dataclass(slots=True)
class Import:
    """`methods` are the desk's, by account; `base` its currency."""

    journal: Journal
    terms: Terms
    methods: Mapping[str, Method] = field(default_factory=dict)
    dry: bool = False
    progress: Progress | None = None
    result: Result = field(default_factory=Result)
    _books: dict[tuple[str, str, str], tuple[str, Decimal]] = field(default_factory=dict)
    _seen: dict[tuple[Any, ...], Any] = field(default_factory=dict)
    _new: dict[type[Any], list[Any]] = field(default_factory=dict)

    async def bring(self, files: Sequence[Path], *, rates_only: bool = False) -> Result:
        """Read all, then write: a file that cannot be read stores nothing of any."""
        read = statements.read_rates if rates_only else statements.read
        found = [(file.name, read(file, self.terms)) for file in files]
        for name, statement in found:
            await self._sift(name, statement)
        await self._measure()
        if not self.dry:
            await self._write()
        return self.result

    async def _sift(self, name: str, statement: Statement) -> None:
        result = self.result
        result.rows += statement.rows
        result.skipped += statement.skipped
        result.assumed |= statement.assumed
        result.presets[statement.preset] = None
        result.refused += [(name, one) for one in statement.refused]
        await self._learn(statement.entries)
        for entry in statement.entries:
            reason = self._clash(entry)
            if reason:
                result.refused.append((name, Refusal(entry.line, reason, entry.row[:200])))
                continue
            fresh = False
            for fact in entry.facts:
                if self._seen.setdefault(_key(fact), fact) is fact:
                    self._new.setdefault(type(fact), []).append(fact)
                    fresh = True
            result.imported += fresh
            result.known += not fresh

    async def _learn(self, entries: Sequence[Entry]) -> None:
        """What the journal has under the keys of these facts, and how it books their symbols."""
        wanted: dict[type[Any], list[Any]] = {}
        for entry in entries:
            for fact in entry.facts:
                wanted.setdefault(type(fact), []).append(fact)
        for kind, facts in wanted.items():
            name = UNIQUE[kind][-1]
            words = sorted({getattr(fact, name) for fact in facts})
            for start in range(0, len(words), PAGE):
                found: dict[str, Any] = {f"{name}__in": tuple(words[start : start + PAGE])}
                for fact in await self.journal.read(kind, **found):
                    self._seen[_key(fact)] = fact
        for account in {fact.account for fact in wanted.get(Fill, ())}:
            for fill in await self.journal.read(Fill, account=account):
                self._books.setdefault(_book(fill), (fill.currency, fill.multiplier))

    def _clash(self, entry: Entry) -> str:
        """Why this row cannot go in beside what is known; "" when it can."""
        for fact in entry.facts:
            there = self._seen.get(_key(fact))
            if there is not None:
                changed = _changed(there, fact)
                if changed:
                    return f"known already, with another {changed}"
                continue
            if isinstance(fact, Fill) and not fact.reverses:
                terms = (fact.currency, fact.multiplier)
                booked = self._books.setdefault(_book(fact), terms)
                if booked != terms:
                    return (
                        f"{fact.symbol} is booked in {booked[0]} times {booked[1]:f} in this "
                        f"account, this row is {terms[0]} times {terms[1]:f}"
                    )
        return ""

    async def _measure(self) -> None:
        """What the books of the accounts touched gain by it."""
        result, new = self.result, self._new
        result.added = Counter({kind.__name__.lower(): len(new[kind]) for kind in new})
        dated = [fact.at for facts in new.values() for fact in facts]
        result.first, result.last = min(dated, default=None), max(dated, default=None)
        result.base = self.terms.base
        for one in new.get(Adjustment, ()):
            moved = (str(one.kind), one.currency)
            result.cash[moved] = result.cash.get(moved, ZERO) + one.amount
        accounts = {fact.account for kind in (Fill, Action) for fact in new.get(kind, ())}
        if not accounts:
            return
        whose: dict[str, Any] = {} if "" in accounts else {"account__in": tuple(sorted(accounts))}
        fills = await self.journal.read(Fill, **whose)
        all_actions = await self.journal.read(Action)
        rates = [*await self.journal.read(Rate), *new.get(Rate, ())]
        before = self._fold(fills, all_actions, rates)
        both = [*fills, *new.get(Fill, ())]
        after = self._fold(both, [*all_actions, *new.get(Action, ())], rates)
        result.trades = len(after.trades) - len(before.trades)
        result.open = sum(1 for _ in after.held())
        touched = {(fact.account, fact.symbol) for fact in new.get(Fill, ())}
        acted = {word for one in new.get(Action, ()) for word in (one.symbol, one.into)}
        for ledger, sign in ((after, 1), (before, -1)):
            for position in ledger.positions.values():
                book = position.book
                symbol = position.symbol
                if (book.account, symbol) not in touched and symbol not in acted:
                    continue
                net = position.realised - position.fees - position.taxes
                currency = position.currency
                result.net[currency] = result.net.get(currency, ZERO) + sign * net
                result.net_base += sign * (
                    position.realised_base + position.fx_base - position.costs_base
                )

    def _fold(
        self, fills: Iterable[Fill], actions: Iterable[Action], rates: Iterable[Rate]
    ) -> Ledger:
        known = Rates.of(self.terms.base, rates)
        return fold(fills, (), actions, methods=self.methods, rates=known)

    async def _write(self) -> None:
        total = sum(map(len, self._new.values()))
        done = 0
        with self.progress("storing", total) if self.progress else nullcontext(_nothing) as step:
            for kind in KINDS:  # rates before what is counted by them
                facts = self._new.get(kind, [])
                for start in range(0, len(facts), BATCH):
                    part = facts[start : start + BATCH]
                    added = await self.journal.append(part)
                    if len(added) != len(part):
                        raise DataError(
                            "another import wrote the same rows meanwhile: run this one again"
                        )
                    done += len(part)
                    step(done)


def _nothing(_: int) -> None:
    pass


def _key(fact: Any) -> tuple[Any, ...]:
    kind = type(fact)
    return (kind, *(getattr(fact, name) for name in UNIQUE[kind]))


def _book(fill: Fill) -> tuple[str, str, str]:
    return fill.strategy, fill.account, fill.symbol


def _changed(there: Any, here: Any) -> str:
    """The first field in which two facts of one key differ."""
    for one in fields(there):
        if one.name in ASIDE:
            continue
        mine, other = getattr(there, one.name), getattr(here, one.name)
        if mine != other:
            return f"{one.name.replace('_', ' ')} ({mine}, here {other})"
    return ""
