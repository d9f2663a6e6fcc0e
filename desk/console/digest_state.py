"""Lines every digest has on the state of things: orders working, risk used, what went wrong."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from desk import wording
from desk.beats import is_silent
from desk.console import digest_words as words
from desk.console.digest_words import Part
from desk.console.tables import narrow
from desk.desk import DIGESTS, Desk
from desk.figures import Purse
from desk.report import Held
from desk.wording import number_of
from trading.facts import Beat, Request, RequestState, Run, RunState
from trading.orders import WORKING, Order, OrderState

ZERO = Decimal(0)
DAY = timedelta(days=1)
SAID = 3  # mishaps of one sort that have a line of their own
LATELY = 20  # runs of digests looked through for the last that was told


async def working(desk: Desk) -> list[Part]:
    """Orders planned or at the broker, with when they go or how they stand."""
    orders = await desk.journal.read(Order, state__in=tuple(WORKING), order="execute_at,id")
    if not orders:
        return []
    rows = [
        (
            f"{o.side.value} {wording.quantity(o.quantity)} {o.symbol}",
            f"{desk.local(o.execute_at):%a %H:%M}"
            if o.state is OrderState.PLANNED
            else o.state.value.replace("_", " "),
        )
        for o in orders[: words.ROWS]
    ]
    rest = [f"… and {len(orders) - words.ROWS} more\n"] if len(orders) > words.ROWS else []
    return [f"{number_of(len(orders), 'order')} working\n", narrow(rows), "\n", *rest]


def risk(desk: Desk, rows: Sequence[Held], purse: Purse, made: Decimal | None = None) -> list[Part]:
    """ "Gross 10.1 % of 100 % allowed", "Net +10.1 %, leverage 0.10"; `made` is the day's net,
    whose loss is told."""
    if not rows and not (made is not None and made < 0):
        return []
    net = purse.share(sum((row.value for row in rows), ZERO))
    gross, most = purse.share(purse.exposure), desk.limits.gross_notional
    over = "⚠ " if gross > most else ""
    sign = "+" if net > 0 else ""
    line = (
        f"{over}Gross {wording.percent(gross)} of {wording.percent(most, 0)} allowed\n"
        f"Net {sign}{wording.percent(net)}, leverage {gross:.2f}\n"
    )
    if made is None or made >= 0:
        return [line]
    began = purse.equity - made
    share = f", {wording.percent(-made / began, 2)}" if began > 0 else ""
    return [line, f"Day's loss {wording.money(-made, desk.currency)}{share}\n"]


@dataclass(frozen=True, slots=True)
class Since:
    """When the digest before was told, in both kinds of time."""

    market: datetime
    wall: datetime


async def since(desk: Desk, kinds: Iterable[str], at: datetime) -> Since:
    """The last digest told of those kinds that was due before `at`; a day ago without one."""
    names = tuple(f"digest:{kind}" for kind in kinds if kind in DIGESTS)
    runs = await desk.journal.read(
        Run, job__in=names, state=RunState.DONE, due_at__lt=at, order="-due_at", limit=LATELY
    )
    for run in runs:
        if " told for " in run.outcome and run.finished_at is not None:
            return Since(run.due_at, run.finished_at)
    return Since(at - DAY, desk.wall.now() - DAY)


async def errors(desk: Desk, last: Since, *, silence: bool = True) -> list[Part]:
    """What went wrong since, a line each, the latest first: jobs, requests, orders, processes."""
    failed = await desk.journal.read(
        Run, state=RunState.FAILED, due_at__gte=last.market - 2 * DAY, order="-due_at"
    )
    runs = [  # one that was due before may have failed after
        run
        for run in failed
        if run.due_at >= last.market or (run.finished_at and run.finished_at >= last.wall)
    ]
    parts = _some(
        [
            f"⚠ {run.job} failed {wording.moment(desk.local(run.due_at))}: {run.outcome[:80]}\n"
            for run in runs
        ],
        "jobs failed",
    )
    requests = await desk.journal.read(
        Request, state=RequestState.FAILED, handled_at__gte=last.wall, order="-handled_at"
    )
    parts += _some(
        [f"⚠ /{one.verb} failed: request {one.id} in the log\n" for one in requests],
        "requests failed",
    )
    orders = await desk.journal.read(
        Order, state=OrderState.REJECTED, done_at__gte=last.market, order="-done_at"
    )
    parts += _some(
        [
            f"⚠ {order.side.value} {wording.quantity(order.quantity)} {order.symbol} rejected"
            f"{': ' + order.note[:80] if order.note else ''}\n"
            for order in orders
        ],
        "orders rejected",
    )
    if silence:
        now = desk.wall.now()
        beats = await desk.journal.read(Beat, order="name")
        if quiet := [beat.name for beat in beats if is_silent(beat, now)]:
            parts.append(f"⚠ silent: {', '.join(quiet)}\n")
    return parts


def _some(lines: list[str], rest: str) -> list[Part]:
    more = [f"⚠ … and {len(lines) - SAID} more {rest}\n"] if len(lines) > SAID else []
    return [*lines[:SAID], *more]
