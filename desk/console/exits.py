"""What ends a position by itself, as /positions and /trade tell it."""

from collections.abc import Sequence
from decimal import Decimal

from desk import brackets, report, wording
from desk.desk import Desk
from trading.brackets import Bracket, Trigger
from trading.ledger import Trade


async def lines(desk: Desk, rows: Sequence[report.Held]) -> str:
    """A line for each position with a stop, a target or a last session; "" without any."""
    found = {brackets.book_of(row): row for row in await brackets.live(desk)}
    if not found:
        return ""
    several = len({row.position.book.strategy for row in rows}) > 1
    said = ""
    for row in rows:
        book = row.position.book
        bracket = found.get(book)
        parts = [] if bracket is None else _parts(desk, bracket, row)
        if parts:
            whose = f" ({book.strategy})" if several else ""
            said += f"\n{book.symbol}{whose}: {'; '.join(parts)}"
    return said


def _parts(desk: Desk, one: Bracket, row: report.Held) -> list[str]:
    parts = []
    if one.fired:
        parts.append(f"{_word(one.fired)} reached, closing")
    elif one.stop is not None:
        away = (row.price - one.stop) * one.sign
        risk = max(away, Decimal(0)) * abs(row.position.quantity) * row.position.multiplier
        far = wording.percent(away / row.price) if row.price else "–"
        at_risk = wording.money(risk * row.rate, desk.currency)
        parts.append(f"{_stop(one)}, {far} away, {at_risk} at risk")
    if one.target is not None and not one.fired:
        parts.append(f"target {wording.price(one.target)}")
    if one.until is not None and not one.fired:
        parts.append(f"until {wording.moment(desk.local(one.until))}")
    if one.note:
        parts.append(f"⚠ {one.note}")
    return parts


def _stop(one: Bracket) -> str:
    assert one.stop is not None
    kind = "trailing stop" if one.trail is not None else "stop"
    return f"{kind} {wording.price(one.stop)} {'at the broker' if one.rests else 'watched'}"


async def figures(desk: Desk, one: Trade) -> list[tuple[str, str]]:
    """Of a trade that ended: its last stop, how far that was from the entry, and what ended it."""
    row = await brackets.of_trade(desk, one.book, one.opened_by)
    if row is None:
        return []
    found = []
    if row.stop is not None:
        where = "broker" if row.rests else "watched"
        found.append((f"stop, {where}", f"{wording.price(row.stop)} {one.currency}"))
        away = (row.entry - row.stop) * row.sign
        if row.entry and away > 0:
            found.append(("from entry", wording.percent(away / row.entry)))
        if away > 0:
            units = abs(one.cost_base) / one.entry if one.entry else Decimal(0)
            found.append(("at risk", wording.money(away * units, desk.currency)))
    if row.target is not None:
        found.append(("target", f"{wording.price(row.target)} {one.currency}"))
    if row.fired:
        found.append(("ended by", _word(row.fired)))
    return found


def _word(trigger: Trigger) -> str:
    return "last session" if trigger is Trigger.SESSIONS else trigger.value
