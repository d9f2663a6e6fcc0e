"""/risk: each limit with what is used of it, the fullest first."""

from collections.abc import Sequence
from decimal import ROUND_CEILING, Decimal

from desk import notices, usage, wording
from desk.console.deciding import pressed
from desk.console.money import as_of
from desk.console.replies import WIDTH
from desk.desk import Desk
from desk.halt import DESK
from desk.usage import Gauge, Unit
from trading.errors import BadCommand
from trading.facts import Latch, Request, Trading
from trading.messages import Button, Span, bold, message, table

BAR = 8  # characters
SCOPES = 6  # buttons at most, two a row
ONE, HUNDRED = Decimal(1), Decimal(100)


async def risk(desk: Desk, request: Request) -> None:
    title, gauges = await _asked(desk, request.args)
    wide = max((len(figure(gauge)) for gauge in gauges), default=0)
    rows = "\n".join(line(gauge, wide) for gauge in gauges)
    over = [gauge.label for gauge in gauges if gauge.share > 1]
    parts: list[str | Span] = [bold(f"Risk, {title}"), f"\n{await _states(desk)}\n"]
    if rows:
        parts.append(table(rows))
    if over:
        parts.append(f"\n⚠ Beyond its limit: {', '.join(over)}. Nothing is added to it.")
    parts.append(
        f"\nUsed of each limit, at cost, orders on their way counted.\n{await as_of(desk)}"
    )
    buttons = _scopes(desk)
    await notices.answer(desk, request, message(*parts, buttons=buttons), edits=pressed(request))


async def _asked(desk: Desk, args: Sequence[str]) -> tuple[str, list[Gauge]]:
    """What a person typed: nothing, a strategy, an account or an instrument, with or without the
    word for it."""
    words = [word for word in args if word not in ("strategy", "account", "symbol")]
    name = words[0] if words else DESK
    if len(words) > 1:
        raise BadCommand("one at a time: /risk, /risk STRATEGY or /risk SYMBOL")
    if name.casefold() == DESK or name in {one.account_id for one in desk.brokers.values()}:
        return "the desk" if name.casefold() == DESK else name, await usage.of_desk(desk)
    if name in desk.plans:
        return name, await usage.of_strategy(desk, name)
    if desk.instruments.find(name.upper()) is None:
        known = ", ".join(desk.plans) or "none"
        raise BadCommand(f"{name[:20]!r} is no strategy ({known}) and no instrument")
    return name.upper(), await usage.of_symbol(desk, name)


async def _states(desk: Desk) -> str:
    """What the latches say, the desk's first."""
    rows = await desk.journal.read(Latch)
    shut = [row for row in rows if row.state is not Trading.ACTIVE]
    if not shut:
        return "Trading is active"
    shut.sort(key=lambda row: row.name != DESK)
    lines = []
    for row in shut:
        whose = "Trading" if row.name == DESK else row.name.partition(":")[2]
        why = f": {row.reason[:80]}" if row.reason and not row.reason.startswith("/") else ""
        lines.append(f"⚠ {whose} is {row.state.value}{why}")
    return "\n".join(lines)


def figure(gauge: Gauge) -> str:
    """ "62.0/100 %"."""
    said = f"{_figure(gauge.used, gauge.unit)}/{_plain(gauge.limit, gauge.unit)}"
    return said + f" {gauge.unit}".rstrip()


def line(gauge: Gauge, wide: int = 0) -> str:
    """ "gross        █████░░░  62.0/100 %", at most 34 characters; `wide` is the widest figure of
    the table."""
    said = figure(gauge).rjust(wide)
    room = max(WIDTH - BAR - 2 - len(said), 2)
    label = gauge.label if len(gauge.label) <= room else gauge.label[: room - 1] + "…"
    return f"{label.ljust(room)} {bar(gauge.share)} {said}"


def bar(share: Decimal) -> str:
    """Full only from the limit on; something as soon as anything is used."""
    filled = min(int((max(share, Decimal(0)) * BAR).to_integral_value(ROUND_CEILING)), BAR)
    if share < 1:
        filled = min(filled, BAR - 1)
    return "█" * filled + "░" * (BAR - filled)


def _figure(value: Decimal, unit: Unit) -> str:
    match unit:
        case Unit.SHARE:
            return wording.amount(value * HUNDRED, 1)
        case Unit.TIMES:
            return wording.amount(value, 2)
        case Unit.SECONDS:
            return wording.amount(value, 1)
    return wording.quantity(value)


def _plain(value: Decimal, unit: Unit) -> str:
    return wording.quantity(value * (HUNDRED if unit is Unit.SHARE else ONE))


def _scopes(desk: Desk) -> list[list[Button]]:
    names = [("Desk", DESK), *((name, name) for name in desk.plans)]
    symbols = [(symbol, symbol) for symbol in desk.limits.symbols]
    buttons = [
        Button(label[:24], "risk", (name,), once=False)
        for label, name in [*names, *symbols][:SCOPES]
        if len(name.encode()) <= 40
    ]
    return [buttons[at : at + 2] for at in range(0, len(buttons), 2)]
