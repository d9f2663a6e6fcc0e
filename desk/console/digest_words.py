"""Lines that several digests share: what each strategy made, fills, what is held, what is next."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import ROUND_FLOOR, Decimal

from analytics.shortfall import Execution
from desk import wording
from desk.beats import is_silent
from desk.console.tables import narrow
from desk.desk import Desk
from desk.figures import Figures, Purse
from desk.report import Held, Parts
from desk.wording import number_of
from trading.facts import Beat
from trading.ledger import Trade
from trading.messages import Span
from trading.ports import Session
from trading.signals import Signal
from trading.types import Target

CENT = Decimal("0.01")
ROWS = 5  # of a table in a digest
STRATEGIES = 12  # that have a line of their own
AHEAD = timedelta(days=8)  # how far holidays and half days are announced
Part = str | Span


def rounded(values: Sequence[Decimal], total: Decimal) -> list[Decimal]:
    """Each to whole cents, so that they add up to the rounded `total` as the eye adds them."""
    cents = [value.quantize(CENT, ROUND_FLOOR) for value in values]
    short = int((total.quantize(CENT) - sum(cents, Decimal(0))) / CENT)
    lost = sorted(range(len(values)), key=lambda i: cents[i] - values[i])
    for i in lost[: max(short, 0)]:
        cents[i] += CENT
    return cents


def earned(figures: Figures) -> list[Part]:
    """Each strategy's net and the total below, and what that total is made of."""
    total = figures.total
    gains = figures.gains
    if len(gains) == 1:
        return [f"{next(iter(gains))}\n{made_of(total)}\n\n"]
    loudest = sorted(gains, key=lambda name: -abs(gains[name].net))[:STRATEGIES]
    named = {name: gains[name].net for name in gains if name in loudest}
    if len(named) < len(gains):
        named[f"{len(gains) - len(named)} others"] = total.net - sum(named.values(), Decimal(0))
    nets = rounded(list(named.values()), total.net)
    rows = [(name, wording.signed(net)) for name, net in zip(named, nets, strict=True)]
    rows.append(("total", wording.signed(total.net)))
    return [narrow(rows), f"\n{made_of(total)}\n\n"]


def made_of(parts: Parts) -> str:
    """ "Realised +10.00, open −2.00, fees 1.00"; they add up to the net."""
    named = [parts.realised, parts.unrealised, -parts.fees, -parts.taxes, parts.fx]
    realised, opened, fees, taxes, fx = rounded(named, parts.net)
    return (
        f"Realised {wording.signed(realised)}, open {wording.signed(opened)}, "
        f"fees {wording.amount(-fees)}"
        + (f", taxes {wording.amount(-taxes)}" if parts.taxes else "")
        + (f", exchange rates {wording.signed(fx)}" if parts.fx else "")
    )


def heading(figures: Figures, purse: Purse | None = None) -> str:
    """ "+123.45 USD net"."""
    net = figures.total.net
    share = ""
    if purse is not None and purse.equity - net > 0:
        fraction = net / (purse.equity - net)
        sign = "+" if fraction > 0 else ""
        share = f", {sign}{wording.percent(fraction, 2)}"
    return f"{wording.profit(net, figures.currency)} net{share}"


def traded(trades: Iterable[Trade]) -> list[Part]:
    """Trades closed, the best first."""
    rows = sorted(trades, key=lambda trade: -trade.net_base)
    if not rows:
        return ["No trade closed\n"]
    wins = sum(trade.net_base > 0 for trade in rows)
    shown = rows if len(rows) <= ROWS else [*rows[:3], *rows[-2:]]
    more = f", the best and the worst of {len(rows)}" if len(rows) > ROWS else ""
    return [
        f"{number_of(len(rows), 'trade')} closed, {wins} won{more}\n",
        narrow(
            [(trade.book.symbol, wording.signed(trade.net_base.quantize(CENT))) for trade in shown]
        ),
        "\n",
    ]


def filled(figures: Figures, *, priced: bool) -> list[Part]:
    """Fills by order; with `priced` each with its price against its signal's."""
    orders = figures.executions
    if not orders:
        return ["No fills\n"]
    turnover = wording.money(figures.turnover, figures.currency)
    parts: list[Part] = [f"{number_of(len(orders), 'order')} filled, {turnover}\n"]
    asked = [order for order in orders if order.signal_price]
    if asked:
        cost = sum((order.slippage for order in asked), Decimal(0)).quantize(CENT)
        word = "better" if cost < 0 else "worse"
        slip = f"{wording.money(abs(cost), figures.currency)} {word} than the signals' prices"
        parts.append((slip if cost else "At the signals' prices") + "\n")
    if priced:
        rows = [("", "price", "worse")]
        rows += [
            (described(order), wording.short(order.price.quantize(CENT)), _slip(order))
            for order in orders[:ROWS]
        ]
        parts += [narrow(rows), "\n", *_more(len(orders))]
    return parts


def _slip(order: Execution) -> str:
    """How much worse than the signal's price, as a fraction of it; negative is better."""
    if not order.signal_price:
        return ""
    fraction = (order.price / order.signal_price - 1) * order.side.sign
    return f"{'+' if fraction > 0 else ''}{wording.percent(fraction, 2)}"


def described(order: Execution) -> str:
    return f"{order.side.value} {wording.quantity(order.quantity)} {order.symbol}"


def _more(rows: int) -> list[Part]:
    return [f"… and {rows - ROWS} more\n"] if rows > ROWS else []


def holdings(desk: Desk, rows: Sequence[Held], purse: Purse, title: str) -> list[Part]:
    """What is held, each with its value and its share of equity."""
    if not rows:
        return ["Nothing held\n"]
    lines = [
        (
            row.position.book.symbol,
            wording.short(row.value),
            wording.percent(purse.share(abs(row.value))),
        )
        for row in rows[:ROWS]
    ]
    return [
        f"{title}: {number_of(len(rows), 'position')}, {exposed(desk, purse)}\n",
        narrow(lines),
        "\n",
        *_more(len(rows)),
    ]


def exposed(desk: Desk, purse: Purse) -> str:
    share = wording.percent(purse.share(purse.exposure))
    return f"{wording.money(purse.exposure, desk.currency)}, {share} of equity"


def waiting(desk: Desk, signals: Sequence[Signal]) -> list[Part]:
    """Signals nobody has decided, by their deadline."""
    parts: list[Part] = []
    by_deadline: dict[str, list[Signal]] = {}
    for signal in sorted(signals, key=lambda s: (s.expires_at, s.rank)):
        by_deadline.setdefault(wording.moment(desk.local(signal.expires_at)), []).append(signal)
    for deadline, several in by_deadline.items():
        names = ", ".join(
            f"{wording.TARGET[s.target].lower() + ' ' if s.target is not Target.LONG else ''}"
            f"{s.symbol}"
            for s in several[:ROWS]
        )
        rest = f" and {len(several) - ROWS} more" if len(several) > ROWS else ""
        wait = "waits" if len(several) == 1 else "wait"
        parts.append(
            f"{number_of(len(several), 'signal')} {wait} until {deadline}: {names}{rest}\n"
        )
    return parts


def session_times(desk: Desk, session: Session) -> str:
    """ "09:30–16:00 New York", and "half day" where it is shorter than those around it."""
    opens, closes = desk.local(session.open), desk.local(session.close)
    half = ", half day" if is_short(desk, session) else ""
    return f"{opens:%H:%M}–{closes:%H:%M} {wording.place(desk.calendar.zone)}{half}"


def is_short(desk: Desk, session: Session) -> bool:
    last = min(session.day + AHEAD, desk.calendar.known_through)
    around = desk.calendar.sessions(session.day - AHEAD, last)
    return session.close - session.open < max(other.close - other.open for other in around)


def ahead(desk: Desk, day: date) -> str:
    """The next session's time, then holidays and half days of the coming week."""
    known = desk.calendar.known_through
    if day >= known:
        return ""
    last = min(day + AHEAD, known)
    sessions = {s.day: s for s in desk.calendar.sessions(day + timedelta(days=1), last)}
    if not sessions:
        return ""
    first = min(sessions)
    lines = [f"Next session {wording.short_day(first)} {session_times(desk, sessions[first])}"]
    for n in range(1, (last - day).days):
        then = day + timedelta(days=n)
        if then in sessions and then != first and is_short(desk, sessions[then]):
            lines.append(f"{wording.short_day(then)} {session_times(desk, sessions[then])}")
        elif then not in sessions and then.weekday() < 5:
            lines.append(f"{wording.short_day(then)} closed")
    return "\n".join(lines) + "\n"


async def alive(desk: Desk) -> str:
    """ "all processes alive", or those that are silent."""
    now = desk.wall.now()
    rows = await desk.journal.read(Beat, order="name")
    silent = [beat.name for beat in rows if is_silent(beat, now)]
    if silent:
        return f"⚠ silent: {', '.join(silent)}"
    return "all processes alive" if rows else "no process has reported"


def best_and_worst(rows: Sequence[Held]) -> list[Part]:
    """The two best and the two worst positions, by what they have made since they were opened."""
    ranked = sorted(rows, key=lambda row: -row.unrealised)
    shown = ranked if len(ranked) <= 4 else [*ranked[:2], *ranked[-2:]]
    if not shown:
        return []
    title = "Positions since opened" if len(ranked) <= 4 else "Best and worst positions"
    return [
        f"{title}\n",
        narrow(
            [
                (r.position.book.symbol, wording.signed(r.unrealised.quantize(CENT)), _gain(r))
                for r in shown
            ]
        ),
        "\n",
    ]


def _gain(row: Held) -> str:
    cost = abs(row.position.base)
    if not cost:
        return ""
    fraction = row.unrealised / cost
    return f"{'+' if fraction > 0 else ''}{wording.percent(fraction)}"
