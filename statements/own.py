"""Our own export: the facts as they are, nothing rounded, nothing assumed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, get_type_hints

from statements.statement import Fact, Statement, Terms, plain
from statements.text import Row
from trading.errors import DataError
from trading.money import Action, Adjustment, Rate
from trading.orders import Fill

KINDS: Mapping[str, type[Any]] = {
    "fills": Fill,
    "adjustments": Adjustment,
    "actions": Action,
    "rates": Rate,
}
NAMES = {
    name: tuple(f.name for f in fields(kind) if f.name != "id") for name, kind in KINDS.items()
}
#: What is worked out from the facts; by the columns no fact has together.
DERIVED: Mapping[str, frozenset[str]] = {
    "trades": frozenset({"opened_at", "closed_at", "opened_by", "closed_by", "gross_base"}),
    "daily": frozenset({"day", "strategy", "realised", "fees", "taxes", "net"}),
    "equity": frozenset({"day", "paid_in", "cash", "cost", "unrealised"}),
}
_RISKY = "=+-@\t\r"
DIGITS = 400  # a figure may be long: it was ours


def guarded(text: str) -> str:
    """With an apostrophe before what a spreadsheet would take for a formula, and before another
    apostrophe, so that `bare` gives back what it was."""
    return f"'{text}" if text[:1] and text[0] in _RISKY + "'" else text


def bare(text: str) -> str:
    return text[1:] if text[:1] == "'" else text


def shown(value: object) -> str:
    """A cell: all digits, times in UTC as ISO 8601."""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, str) and type(value) is str:
        return guarded(value)
    return str(value)


def recognised(header: Sequence[str]) -> str:
    """ "fills", "adjustments", "actions", "rates", "trades", "daily", "equity", or "" for none."""
    for name, names in NAMES.items():
        if tuple(header) == names:
            return name
    there = frozenset(header)
    return next((name for name, words in DERIVED.items() if words <= there), "")


def read(kind: str, rows: list[Row], terms: Terms, *, is_csv: bool = True) -> Statement:
    """What is only worked out from the facts is skipped, so that none is counted twice."""
    statement = Statement(f"our own export of {kind}")
    if kind in DERIVED:
        for _ in rows:
            statement.skip(f"{kind} are worked out from the fills: import fills.csv")
        return statement
    make = _maker(KINDS[kind], terms, bare if is_csv else str)
    for row in rows:
        try:
            statement.take(row.line, (make(row.cells),), row.text)
        except DataError as error:
            statement.refuse(row.line, str(error), row.text)
    return statement


def _maker(
    kind: type[Any], terms: Terms, words: Callable[[str], str]
) -> Callable[[list[str]], Fact]:
    hints = get_type_hints(kind)
    names = [f.name for f in fields(kind) if f.name != "id"]
    known = {**_READERS, str: words}
    readers = [known.get(hints[name], hints[name]) for name in names]
    said = {"account": terms.account, "strategy": terms.strategy}
    said = {name: value for name, value in said.items() if value and name in names}

    def make(cells: list[str]) -> Fact:
        if len(cells) != len(names):
            raise DataError(f"{len(cells)} cells where {len(names)} belong")
        values: dict[str, Any] = {}
        for name, reader, cell in zip(names, readers, cells, strict=True):
            try:
                values[name] = reader(cell)
            except (ValueError, InvalidOperation):
                raise DataError(f"{name}: {cell[:30]!r} cannot be read") from None
        fact: Fact = kind(**(values | said))
        sound(fact)
        return fact

    return make


def _decimal(text: str) -> Decimal:
    if len(text) > DIGITS or not set(text) <= set("0123456789.-"):
        raise ValueError
    return Decimal(text)


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError
    return found.astimezone(UTC)


_READERS: Mapping[Any, Callable[[str], Any]] = {
    int: int,
    Decimal: _decimal,
    datetime: _moment,
}


def sound(fact: Fact) -> None:
    """Raises DataError for a fact no ledger can fold."""
    match fact:
        case Fill():
            if fact.quantity <= 0 or fact.multiplier <= 0:
                raise DataError("quantity and multiplier are above zero")
            if not (fact.symbol and fact.execution_id and fact.currency):
                raise DataError("a fill has symbol, execution id and currency")
        case Action():
            if fact.fault or not fact.reference:
                raise DataError(fact.fault or "an action has a reference")
        case Adjustment():
            if not (fact.reference and fact.currency):
                raise DataError("cash that moved has reference and currency")
        case Rate():
            if fact.value <= 0 or not fact.currency or fact.currency == fact.base:
                raise DataError("a rate is above zero, of one currency in another")
