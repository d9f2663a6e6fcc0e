"""The verbs about money: positions, orders, P&L, strategies."""

from collections.abc import Sequence
from datetime import datetime, time
from decimal import Decimal

from desk import doubt, modes, notices, report, wording
from desk.console import exits
from desk.console.cards import CENT
from desk.console.replies import columns
from desk.desk import Desk, Plan
from desk.funds import funds
from desk.halt import trading_state
from trading.errors import BadCommand, BrokerError, DeskError
from trading.facts import Request, Trading
from trading.messages import Span, bold, message, table
from trading.orders import DONE, WORKING, Fill, Order
from trading.signals import Signal, SignalState

SHOWN = 20  # rows of a table in one message


async def as_of(desk: Desk) -> str:
    """ "As of Wed 4 Feb 10:02 New York · broker agrees 10:02"."""
    return " · ".join(await standing(desk))


async def standing(desk: Desk) -> tuple[str, str]:
    """ "As of Wed 4 Feb 10:02 New York" and "broker agrees 10:02"."""
    agreement = await report.broker_agrees(desk)
    at = desk.local(agreement.at)
    when = f"As of {wording.moment(at)} {wording.place(desk.calendar.zone)}"
    if agreement.at > report.known_end(desk):
        ended = wording.day(datetime.combine(desk.calendar.known_through, time.min))
        when = f"⚠ The {desk.calendar.name} calendar ended on {ended}: prices are of then\n{when}"
    if agreement.error:
        return when, f"broker not reached: {agreement.error}"
    if not agreement.differences:
        return when, f"broker agrees {at:%H:%M}"
    count = wording.number_of(len(agreement.differences), "difference")
    return when, f"{count} with the broker: {'; '.join(agreement.differences[:3])}"


async def positions(desk: Desk, request: Request) -> None:
    rows = await report.held(desk)
    doubtful = await _doubtful(desk)
    if not rows:
        text = f"No open positions.\n{doubtful}{await as_of(desk)}"
        await notices.answer(desk, request, text)
        return
    lines = [("", "units", "price", "P&L")]
    lines += [
        (
            row.position.book.symbol,
            wording.quantity(row.position.quantity),
            wording.short(row.price),
            wording.signed(row.unrealised, 0)
            if abs(row.unrealised) < 10_000_000
            else wording.short(row.unrealised),
        )
        for row in rows[:SHOWN]
    ]
    value = sum((abs(row.value) for row in rows), Decimal(0))
    gain = sum((row.unrealised for row in rows), Decimal(0))
    more = f"\n… and {len(rows) - SHOWN} smaller ones" if len(rows) > SHOWN else ""
    more += _shared(rows[:SHOWN])
    ends = await exits.shown(desk, rows[:SHOWN])
    await notices.answer(
        desk,
        request,
        message(
            bold(f"{len(rows)} position{'s' if len(rows) > 1 else ''}"),
            f" · {wording.money(value, desk.currency)}\n",
            table(columns(lines)),
            more,
            *ends,
            f"\nUnrealised {wording.profit(gain, desk.currency)}\n",
            doubtful,
            await as_of(desk),
        ),
    )


async def _doubtful(desk: Desk) -> str:
    """A line where the positions or orders shown may miss some."""
    named = await doubt.named(desk)
    return f"⚠ {named}.\n" if named else ""


def _shared(rows: Sequence[report.Held]) -> str:
    """Of what several strategies hold, which line is whose."""
    by_symbol: dict[str, list[str]] = {}
    for row in rows:
        book = row.position.book
        whose = f"{wording.quantity(row.position.quantity)} in {book.strategy}"
        by_symbol.setdefault(book.symbol, []).append(whose)
    return "".join(
        f"\n{symbol}: {', '.join(whose)}" for symbol, whose in by_symbol.items() if len(whose) > 1
    )


async def orders(desk: Desk, request: Request) -> None:
    working = await desk.journal.read(Order, state__in=tuple(WORKING), order="execute_at,id")
    done = await desk.journal.read(Order, state__in=tuple(DONE), order="-done_at", limit=8)
    parts: list[str | Span] = [bold(f"{len(working)} working"), "\n"]
    prices = await _average_prices(desk, [*working[:SHOWN], *done])
    parts += [_order_line(desk, order, prices.get(order.key)) for order in working[:SHOWN]]
    if len(working) > SHOWN:
        parts.append(f"… and {len(working) - SHOWN} more\n")
    if done:
        parts += ["\n", bold("Last done"), "\n"]
        parts += [_order_line(desk, order, prices.get(order.key)) for order in done]
    parts.append(f"\n{await _doubtful(desk)}{await as_of(desk)}")
    await notices.answer(desk, request, message(*parts))


async def _average_prices(desk: Desk, shown: Sequence[Order]) -> dict[str, Decimal]:
    """By key, what one unit of an order has cost so far; no entry before its first fill."""
    fills = await desk.journal.read(Fill, order_key__in=tuple(order.key for order in shown))
    units: dict[str, Decimal] = {}
    paid: dict[str, Decimal] = {}
    for fill in fills:
        units[fill.order_key] = units.get(fill.order_key, Decimal(0)) + fill.quantity
        paid[fill.order_key] = paid.get(fill.order_key, Decimal(0)) + fill.quantity * fill.price
    return {key: paid[key] / units[key] for key in paid}


def _order_line(desk: Desk, order: Order, average: Decimal | None) -> str:
    price = f" @ {wording.price(average.quantize(CENT))}" if average is not None else ""
    stop = f" stop {wording.price(order.stop)}" if order.stop is not None else ""
    at = order.done_at or order.execute_at
    note = f": {order.note}" if order.note and order.is_done else ""
    number = "" if order.is_done else f"#{order.id} "
    if average is None and order.limit is not None:
        price = f", limit {wording.price(order.limit)}"
    what = f"{order.side.value} {wording.quantity(order.quantity)} {order.symbol}"
    return (
        f"{number}{what}{stop}{price} · "
        f"{order.state.value.replace('_', ' ')} {wording.moment(desk.local(at))}{note}\n"
    )


def _each(plan: Plan) -> list[tuple[str, str]]:
    """How an entry is sized, and what follows a stop."""
    aim = plan.allowance.aim
    rows = [("Entry", f"{wording.percent(plan.allowance.position)} of equity")]
    if aim is not None:
        rows = [("Entry", aim.text)]
    if plan.cooldown:
        rows.append(("After a stop", f"out {wording.count(plan.cooldown, 'session')}"))
    return rows


async def _latch(desk: Desk, strategy: str) -> list[tuple[str, str]]:
    """A line where the strategy is halted, by itself or with everything."""
    state = await trading_state(desk, strategy)
    return [] if state is Trading.ACTIVE else [("Trading", state.value)]


async def strategies(desk: Desk, request: Request) -> None:
    """Each strategy: who decides, its money, its positions, its P&L."""
    parts: list[str | Span] = []
    for name, plan in desk.plans.items():
        broker = next(iter(desk.brokers.values()))
        try:
            account = await broker.account()
        except BrokerError as error:
            raise DeskError(f"{error}; try again") from error
        money = await funds(desk, account)
        used = money.used(desk, name)
        limit = plan.allowance.limit(account.equity)
        held = len(list(money.ledger.held(name)))
        waiting = await desk.journal.count(Signal, strategy=name, state=SignalState.PENDING)
        found = await report.profit(desk, "all", name)
        rows = [
            *(await _latch(desk, name)),
            ("Decided by", modes.word(plan)),
            *([("Goes", plan.executes)] if plan.executes else []),
            ("Allocation", f"{wording.amount(limit, 0)} {desk.currency}"),
            (
                "Used",
                f"{wording.amount(used, 0)} ({wording.percent(used / limit, 0)})"
                if limit
                else wording.amount(used, 0),
            ),
            ("Left", f"{wording.amount(max(limit - used, Decimal(0)), 0)} {desk.currency}"),
            *_each(plan),
            ("Positions", f"{held} of {plan.allowance.max_positions}"),
            ("Waiting", str(waiting)),
            ("Trades", str(len(found.trades))),
            ("Net P&L", wording.profit(found.total, desk.currency)),
        ]
        parts += [bold(name), "\n", table(columns(rows, left=1)), "\n"]
    parts.append(await as_of(desk))
    if not desk.plans:
        raise BadCommand("no strategy is configured; see the README on adding one")
    await notices.answer(desk, request, message(*parts))
