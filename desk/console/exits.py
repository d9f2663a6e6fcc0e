"""What ends a position by itself, as /positions and /trade tell it."""

from collections.abc import Sequence
from decimal import Decimal

from desk import brackets, report, wording
from desk.console.tables import narrow
from desk.desk import Desk
from trading.brackets import Bracket, Trigger
from trading.ledger import Trade
from trading.messages import Span

HEAD = ("", "stop", "", "away", "risk")
LEGEND = "Stops: b at the broker, w watched by us; risk from here, in"


async def shown(desk: Desk, rows: Sequence[report.Held]) -> list[str | Span]:
    """A table of stops, then targets, last sessions and what is not covered; nothing without
    any."""
    found = {brackets.book_of(row): row for row in await brackets.live(desk)}
    held = [(found[row.position.book], row) for row in rows if row.position.book in found]
    symbols = [row.position.book.symbol for row in rows]
    named = {
        row.id: row.symbol if symbols.count(row.symbol) < 2 else f"{row.symbol} {row.strategy}"
        for row, _ in held
    }
    live = [(one, row) for one, row in held if not one.fired]
    stops = [(named[one.id], *_stop(one, row)) for one, row in live if one.stop is not None]
    parts: list[str | Span] = []
    if stops:
        parts += [f"\n{LEGEND} {desk.currency}\n", narrow([HEAD, *stops])]
    said = []
    if targets := [f"{named[o.id]} {wording.price(o.target)}" for o, _ in live if o.target]:
        said.append(f"Targets: {', '.join(targets)}")
    ends = [(named[o.id], desk.local(o.until)) for o, _ in live if o.until]
    if lasts := [f"{name} {wording.short_day(at)}" for name, at in ends]:
        said.append(f"Until the close of: {', '.join(lasts)}")
    said += [f"{named[o.id]}: {_word(o.fired)} reached, closing" for o, _ in held if o.fired]
    said += [f"⚠ {named[o.id]}: {o.note}" for o, _ in held if o.note]
    return [*parts, "".join(f"\n{line}" for line in said)]


def _stop(one: Bracket, row: report.Held) -> tuple[str, str, str, str]:
    """Its price, who keeps it, how far it is and what is lost from here to there."""
    assert one.stop is not None
    away = (row.price - one.stop) * one.sign
    risk = max(away, Decimal(0)) * abs(row.position.quantity) * row.position.multiplier * row.rate
    far = wording.percent(away / row.price) if row.price else "–"
    amount = wording.amount(risk, 0) if risk < 10_000_000 else wording.short(risk)
    return wording.short(one.stop), "b" if one.rests else "w", far, amount


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
