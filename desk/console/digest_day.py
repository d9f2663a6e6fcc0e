"""The digests of one session: what is planned, how it goes, what it made."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from analytics.days import Day
from desk import report, wording
from desk.console import digest_state as state
from desk.console import digest_words as words
from desk.console.digest_words import Part
from desk.console.money import as_of
from desk.console.tables import narrow
from desk.desk import NOTICE, Desk
from desk.digest import Digest
from desk.figures import Figures, figures, purse
from desk.halt import in_force, resumes, said
from desk.report import Held
from desk.wording import capital, number_of
from trading.messages import bold, message
from trading.money import Mark, money
from trading.orders import AT_BROKER, Fill, Order, OrderState
from trading.ports import Session
from trading.signals import Signal, SignalState
from trading.types import Holding

DAILY = ("start", "middle", "end")
SHOWN = 20  # sessions in the picture


def latest(desk: Desk, at: datetime) -> Session:
    """The session under way, or the last one."""
    return desk.calendar.session_at(at) or desk.calendar.last_closed(at)


async def start(desk: Desk, at: datetime) -> Digest:
    """What is planned for the session under way or the next, and what stands in its way."""
    session = desk.calendar.session_at(at) or desk.calendar.next_session(at)
    before = desk.calendar.last_closed(session.open)
    rows = await report.held(desk)
    orders = await desk.journal.read(
        Order, execute_at__gte=session.open, execute_at__lt=session.close
    )
    waits = await desk.journal.read(Signal, state=SignalState.PENDING, order="expires_at,rank")
    last = await state.since(desk, DAILY, at)
    wrong = await state.errors(desk, last, silence=False)
    trouble = [*await _stopped(desk), *_stale(desk, rows, before), *wrong]
    processes = await words.alive(desk)
    day = wording.short_day(session.day)
    times = words.session_times(desk, session)
    if not (rows or orders or waits or trouble):
        said = message(
            bold(f"Quiet start, {day}"),
            f": nothing planned, nothing held, no signal waits; {processes}.\n"
            f"{times}\n{await as_of(desk)}",
        )
        return Digest("start", session.day, said)
    parts: list[Part] = [bold(f"Start of session · {day}"), f"\n{times}\n", *trouble]
    parts += await _planned(desk, orders)
    parts += await _elsewhere(desk, orders)
    parts += ["\n", *await _exposure(desk, rows, before), *await _so_far_made(desk, session), "\n"]
    parts += words.waiting(desk, waits)
    parts += await _leaving(desk, rows, orders, session)
    if desk.feed.known_through() >= before.close:
        parts.append(f"Prices reach the close of {wording.short_day(before.day)}\n")
    parts.append(f"{capital(processes)}\n{await as_of(desk)}")
    return Digest("start", session.day, message(*parts))


async def middle(desk: Desk, at: datetime) -> Digest:
    """The session so far."""
    session = latest(desk, at)
    found = await figures(desk, session.day, session.day)
    rows = await report.held(desk)
    working = await state.working(desk)
    waits = await desk.journal.read(Signal, state=SignalState.PENDING, order="expires_at,rank")
    last = await state.since(desk, DAILY, at)
    day, so_far = wording.short_day(session.day), _so_far(desk, session)
    if found.idle and not rows and not working and not waits:
        said = message(
            bold(f"Quiet day{so_far}, {day}"),
            f": no fills, nothing held; {await words.alive(desk)}.\n",
            *await state.errors(desk, last, silence=False),
            await as_of(desk),
        )
        return Digest("middle", session.day, said)
    money_of = await purse(desk, rows)
    parts: list[Part] = [
        bold(words.heading(found, money_of) + so_far),
        f"\nMiddle of session · {day}\n",
        *words.earned(found),
        *words.best_and_worst(rows),
        "\n",
        *words.filled(found, priced=True),
        *working,
        *words.waiting(desk, waits),
        f"\nCash {wording.money(money_of.cash, desk.currency)}\n"
        f"Held {words.exposed(desk, money_of)}\n",
        *state.risk(desk, rows, money_of, found.total.net),
        *await state.errors(desk, last),
        await as_of(desk),
    ]
    return Digest("middle", session.day, message(*parts), _picture(found, so_far, session.day))


async def end(desk: Desk, at: datetime) -> Digest:
    """What the session made, what is held over night, what is next."""
    session = latest(desk, at)
    found = await figures(desk, session.day, session.day)
    rows = await report.held(desk)
    waits = await desk.journal.read(
        Signal, state=SignalState.PENDING, proposed_at__gte=session.open, order="expires_at,rank"
    )
    day = wording.short_day(session.day)
    coming = words.ahead(desk, session.day)
    so_far = _so_far(desk, session)
    working = await state.working(desk)
    last = await state.since(desk, DAILY, at)
    if found.idle and not rows and not waits and not working:
        said = message(
            bold(f"Quiet day{so_far}, {day}"),
            f": no fills, nothing held; {await words.alive(desk)}.\n",
            *await state.errors(desk, last, silence=False),
            f"{coming}{await as_of(desk)}",
        )
        return Digest("end", session.day, said)
    money_of = await purse(desk, rows)
    parts: list[Part] = [
        bold(words.heading(found, money_of) + so_far),
        f"\nEnd of session · {day}\n",
        *words.earned(found),
        *words.traded(found.trades),
        *words.filled(found, priced=False),
        "\n",
        *words.holdings(desk, rows, money_of, "Over night"),
        *state.risk(desk, rows, money_of, found.total.net),
        "\n",
        *working,
        *words.waiting(desk, waits),
        *await state.errors(desk, last),
        coming,
        await as_of(desk),
    ]
    return Digest("end", session.day, message(*parts), _picture(found, so_far, session.day))


def _so_far(desk: Desk, session: Session) -> str:
    return " so far" if desk.market.now() < session.close else ""


def _picture(found: Figures, note: str, day: date) -> dict[str, Any] | None:
    days = (*found.before, *found.days)[-SHOWN:]
    title = f"Net P&L {wording.short_day(day)}{note}"
    return spec(found, days, title, "all strategies, with the sessions before", day)


def spec(
    found: Figures, days: Sequence[Day], title: str, subtitle: str, day: date | None = None
) -> dict[str, Any] | None:
    """Of the picture, in which `day` stands out; None where there is nothing to draw."""
    if not days:
        return None
    return {
        "days": [[d.day.isoformat(), str(d.net)] for d in days],
        "title": title,
        "subtitle": subtitle,
        "currency": found.currency,
        "highlight": day.isoformat() if day in {d.day for d in days} and day else "",
    }


# The start's own lines.


async def _stopped(desk: Desk) -> list[Part]:
    parts: list[Part] = []
    for row in await in_force(desk):
        parts += [bold(f"⚠ {said(desk, row)}"), f"; {resumes(row.name)}\n"]
    return parts


def _stale(desk: Desk, rows: Sequence[Held], before: Session) -> list[Part]:
    """Prices older than the last session's close, and a feed that does not reach it."""
    known = desk.feed.known_through()
    parts: list[Part] = []
    if known < before.close:
        parts.append(
            f"⚠ Prices end {wording.moment(desk.local(known))}; the last close was "
            f"{wording.moment(desk.local(before.close))}\n"
        )
    old = [r.position.book.symbol for r in rows if r.priced_at < before.open]
    if old:
        names = ", ".join(old[: words.ROWS]) + ("…" if len(old) > words.ROWS else "")
        parts.append(f"⚠ Old prices: {names}\n")
    return parts


async def _planned(desk: Desk, orders: Sequence[Order]) -> list[Part]:
    if not orders:
        return ["No order planned\n"]
    fills = await desk.journal.read(Fill, order_key__in=tuple(o.key for o in orders))
    rows, notes = [], []
    for order in orders[: words.ROWS + 3]:
        mine = [fill for fill in fills if fill.order_key == order.key]
        units = sum((fill.quantity for fill in mine), Decimal(0))
        paid = sum((fill.quantity * fill.price for fill in mine), Decimal(0))
        at = f"@ {wording.short((paid / units).quantize(words.CENT))}" if units else ""
        name = f"{order.side.value} {wording.quantity(order.quantity)} {order.symbol}"
        rows.append((name, _fate(desk, order, at)))
        if order.note and order.state in (OrderState.REJECTED, OrderState.EXPIRED):
            notes.append(f"{order.symbol}: {order.note[:80]}\n")
    more = len(orders) - len(rows)
    rest: list[Part] = [f"… and {more} more\n"] if more else []
    return [
        f"{number_of(len(orders), 'order')}\n",
        narrow(rows),
        "\n",
        *rest,
        *notes[:3],
    ]


async def _elsewhere(desk: Desk, orders: Sequence[Order]) -> list[Part]:
    """Orders that work at the broker and are not of this session's plan."""
    mine = tuple(order.key for order in orders)
    others = await desk.journal.read(Order, state__in=tuple(AT_BROKER))
    names = [o.symbol for o in others if o.key not in mine]
    if not names:
        return []
    more = f" and {len(names) - words.ROWS} more" if len(names) > words.ROWS else ""
    return [f"Working from before: {', '.join(names[: words.ROWS])}{more}\n"]


async def _so_far_made(desk: Desk, session: Session) -> list[Part]:
    """What was made before this session: on the last, in its month."""
    found = await figures(desk, report.first_day("month", session.day), session.day)
    if not found.days or found.idle:
        return []
    last = found.days[-1]
    total = sum((day.net for day in found.days), Decimal(0))
    return [
        f"P&L so far: {wording.short_day(last.day)} {wording.signed(last.net)}, "
        f"{session.day:%B} {wording.profit(total, desk.currency)}\n"
    ]


def _fate(desk: Desk, order: Order, filled: str) -> str:
    match order.state:
        case OrderState.PLANNED:
            return f"goes {desk.local(order.execute_at):%H:%M}"
        case OrderState.FILLED:
            return f"filled {filled}"
        case OrderState.PARTIALLY_FILLED:
            return f"part {filled}"
        case OrderState.SUBMITTING | OrderState.ACCEPTED:
            return "at the broker"
        case OrderState.REJECTED:
            return "not filled"
    return order.state.value


async def _exposure(desk: Desk, rows: list[Held], before: Session) -> list[Part]:
    money_of = await purse(desk, rows)
    marks = await desk.journal.read(Mark, session=before.day)
    line = f"Held {words.exposed(desk, money_of)}"
    if marks:
        was = sum((money(mark.exposure) for mark in marks), Decimal(0))
        line += f"; {wording.money(was, desk.currency)} at the last close"
    return [
        f"{line}\nCash {wording.money(money_of.cash, desk.currency)}\n",
        *state.risk(desk, rows, money_of),
    ]


async def _leaving(
    desk: Desk, rows: Sequence[Held], orders: Sequence[Order], session: Session
) -> list[Part]:
    """What is sold today: exits planned, and what is held for the session alone."""
    leaving = {o.symbol for o in orders if o.reduce_only and o.state is OrderState.PLANNED}
    parts: list[Part] = []
    brief = {name for name, plan in desk.plans.items() if plan.holds is Holding.SESSION}
    short = sorted({r.position.book.symbol for r in rows if r.position.book.strategy in brief})
    if leaving:
        parts.append(f"Exits planned: {', '.join(sorted(leaving)[: words.ROWS])}\n")
    if short:
        leave = desk.local(session.close - NOTICE)
        parts.append(f"Leave before the close, {leave:%H:%M}: {', '.join(short[: words.ROWS])}\n")
    return parts
