"""Corporate actions by the words Interactive Brokers has for them, the same in every statement.

OLD(id) SPLIT 4 FOR 1 (SYMBOL, NAME, id): the ratio is in the middle, and who the row is of at the
end. An action that gives something else has two rows, of which the one that comes in names it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from trading.errors import DataError
from trading.money import Action, Change

_OLD = r"^(?P<old>[A-Z0-9][\w. /-]{0,24}?)\s*\([A-Z0-9]+\)\s+"
_RATIO = r"(?P<gives>\d+(?:\.\d+)?)\s+FOR\s+(?P<takes>\d+(?:\.\d+)?)"
_CASH = r"(?P<currency>[A-Z]{3})\s+(?P<cash>\d+(?:\.\d+)?)"
_KINDS = {
    name: re.compile(_OLD + words, re.IGNORECASE)
    for name, words in {
        "split": rf"(?:STOCK |REVERSE |FORWARD )?SPLIT\s+{_RATIO}",
        "dividend": rf"STOCK DIVIDEND\s+(?:\w+\s+)?{_RATIO}",
        "spinoff": rf"(?:SPINOFF|(?:SUBSCRIBABLE |DIVIDEND )?RIGHTS ISSUE)\s+{_RATIO}",
        "merger": r"(?:MERGED\s*\([^)]*\)\s+WITH|CASH AND STOCK MERGER\s*\([^)]*\))\s+\S+\s+"
        rf"{_RATIO}(?:\s+AND\s+{_CASH})?",
        "cash": rf"MERGED\s*\([^)]*\)\s+FOR\s+{_CASH}\s+PER SHARE",
        "name": r"CUSIP/ISIN CHANGE TO\s*\([A-Z0-9]+\)",
    }.items()
}
_NEW = re.compile(r"\((?P<new>[^(),]+), ")
_OPTION = re.compile(r"\s\d")  # of its symbol: a date
ZERO, ONE = Decimal(0), Decimal(1)
TOLD = "told by another row of the same action"
FREE = "units that are spun off or granted take no part of the cost"
SAME = "an identifier that changed, and nothing else"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of corporate actions; `quantity` is signed, `symbol` where a field names it."""

    account: str
    words: str
    at: datetime
    quantity: Decimal = ZERO
    currency: str = ""
    symbol: str = ""
    codes: str = ""

    @property
    def head(self) -> tuple[str, str]:
        """The same of all rows of one action."""
        found = _NEW.search(self.words)
        return self.account, self.words[: found.start()].strip() if found else self.words

    @property
    def new(self) -> str:
        found = _NEW.search(self.words)
        return (found["new"].strip() if found else self.symbol).removesuffix(".OLD")


class Heads:
    """Which instruments the rows of each action are of, and what was booked by one of them."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._of: dict[tuple[str, str], set[str]] = {}
        for row in rows:
            self._of.setdefault(row.head, set()).add(row.new)
        self._booked: set[Action] = set()

    def others(self, row: Row, old: str) -> bool:
        return bool(self._of.get(row.head, set()) - {old, ""})

    def once(self, action: Action) -> Action | str:
        plain = replace(action, note="")
        if plain in self._booked:
            return TOLD
        self._booked.add(plain)
        return action


def action_of(row: Row, heads: Heads) -> Action | str:
    """What to book, or why nothing is to be. Raises DataError for what a person must book."""
    if "CA" in re.split(r"[;, ]", row.codes.upper()):
        raise DataError(f"a corporate action that was cancelled: {row.words[:80]}")
    for kind, pattern in _KINDS.items():
        match = pattern.search(row.words)
        if match is not None:
            found = _booked(row, heads, kind, match)
            return found if isinstance(found, str) else heads.once(found)
    raise DataError(f"a corporate action that is not understood: {row.words[:80]}")


def _booked(row: Row, heads: Heads, kind: str, match: re.Match[str]) -> Action | str:
    written, said = match["old"].strip(), match.groupdict()
    old = written.removesuffix(".OLD")
    new = row.new or old
    gives, takes = (Decimal(said.get(name) or 1) for name in ("gives", "takes"))
    cash = Decimal(said.get("cash") or 0)
    if _OPTION.search(new):
        raise DataError(f"an option that was adjusted: {row.words[:80]}")
    if cash and row.currency and said["currency"].upper() != row.currency:
        raise DataError(f"cash in another currency than the instrument's: {row.words[:80]}")
    if kind == "cash":
        if not row.quantity:
            raise DataError("no quantity")
        return _action(row, Change.EXPIRY, old, price=cash, units=abs(row.quantity))
    if kind == "dividend":
        gives += takes
        kind = "split" if new == old else "spinoff"
    if kind == "spinoff":
        if new == old:
            raise DataError(f"names no instrument that was received: {row.words[:80]}")
        return _action(row, Change.SPINOFF, old, gives, takes, into=new)
    if new != old:
        if kind == "merger":
            return _action(row, Change.MERGER, old, gives, takes, into=new, price=cash)
        return _action(row, Change.SYMBOL, old, gives, takes, into=new)
    if heads.others(row, old):
        return TOLD
    if kind == "merger" and written == old:
        raise DataError(f"names no instrument it became: {row.words[:80]}")
    return _action(row, Change.SPLIT, old, gives, takes) if gives != takes else SAME


def _action(
    row: Row,
    kind: Change,
    symbol: str,
    gives: Decimal = ONE,
    takes: Decimal = ONE,
    *,
    into: str = "",
    price: Decimal = ZERO,
    units: Decimal = ZERO,
) -> Action:
    received = f"{into}:" if kind is Change.SPINOFF else ""
    return Action(
        row.account,
        f"{kind}:{symbol}:{received}{row.at:%Y-%m-%d}",
        kind,
        symbol,
        row.at,
        gives,
        takes,
        into,
        price=price,
        units=units,
        note=row.words[:120],
    )
