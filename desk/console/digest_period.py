"""The digests of a week and a month: what was made, by whom, against the one before."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from desk import report, wording
from desk.console import digest_state as state
from desk.console import digest_words as words
from desk.console.digest_day import latest, spec
from desk.console.digest_words import Part
from desk.console.money import as_of
from desk.desk import Desk
from desk.digest import Digest
from desk.figures import Figures, Purse, figures, purse, undone
from desk.report import Held
from trading.ledger import Trade
from trading.messages import bold, message
from trading.signals import Signal, SignalState


async def week(desk: Desk, at: datetime) -> Digest:
    day = latest(desk, at).day
    first = report.first_day("week", day)
    name = _day(day) if first == day else f"{_day(first)} to {_day(day)}"
    before = (first - timedelta(days=7), first - timedelta(days=1))
    return await _period(desk, "week", at, first, day, before, name)


async def month(desk: Desk, at: datetime) -> Digest:
    day = latest(desk, at).day
    first = report.first_day("month", day)
    last = first - timedelta(days=1)
    return await _period(desk, "month", at, first, day, (last.replace(day=1), last), f"{day:%B %Y}")


def _day(at: date) -> str:
    return f"{at.day} {at:%b}"


async def _period(
    desk: Desk,
    kind: str,
    at: datetime,
    first: date,
    last: date,
    before: tuple[date, date],
    name: str,
) -> Digest:
    found = await figures(desk, first, last)
    lost = await undone(desk, first, last)
    rows = await report.held(desk)
    working = await state.working(desk)
    waits = await desk.journal.read(Signal, state=SignalState.PENDING, order="expires_at,rank")
    since = await state.since(desk, (kind,), at)
    undecided = lost.rejected or lost.expired or lost.orders
    if found.idle and not (rows or undecided or working or waits):
        said = message(
            bold(f"Quiet {kind}, {name}"),
            f": no fills, nothing held; {await words.alive(desk)}.\n",
            *await state.errors(desk, since, silence=False),
            await as_of(desk),
        )
        return Digest(kind, last, said)
    money_of = await purse(desk, rows)
    earlier = await figures(desk, *before)
    parts: list[Part] = [
        bold(words.heading(found)),
        f"\nThe {kind} · {name}\n",
        *words.earned(found),
        *_trades(found),
        *_days(found),
        _drawdown(found),
        f"Turnover {wording.money(found.turnover, desk.currency)}"
        f" ({wording.percent(money_of.share(found.turnover), 0)} of equity)\n",
        f"Signals rejected {lost.rejected}, expired {lost.expired}; "
        f"orders not filled {lost.orders}\n",
        f"\nThe {kind} before: {_summary(earlier)}\n",
        _held(desk, rows, money_of),
        *state.risk(desk, rows, money_of),
        *working,
        *words.waiting(desk, waits),
        *await state.errors(desk, since),
        await as_of(desk),
    ]
    title, subtitle = f"Net P&L, {name}", "all strategies"
    return Digest(kind, last, message(*parts), spec(found, found.days, title, subtitle))


def _held(desk: Desk, rows: Sequence[Held], purse: Purse) -> str:
    if not rows:
        return "Nothing held\n"
    names = ", ".join(row.position.book.symbol for row in rows[: words.ROWS])
    more = f" and {len(rows) - words.ROWS} more" if len(rows) > words.ROWS else ""
    count = wording.number_of(len(rows), "position")
    return f"{count}, {wording.money(purse.exposure, desk.currency)}\n{names}{more}\n"


def _summary(found: Figures) -> str:
    if found.idle:
        return "no trading"
    text = wording.profit(found.total.net, found.currency)
    return f"{text}, {_rate(found)}" if found.trades else text


def _rate(found: Figures) -> str:
    trades = len(found.trades)
    rate = wording.percent(found.wins / trades, 0)
    return f"{wording.number_of(trades, 'trade')}, {found.wins} won ({rate})"


def _drawdown(found: Figures) -> str:
    if not found.drawdown:
        return "At its highest point\n"
    return f"Drawdown {wording.money(found.drawdown, found.currency)} from the highest point\n"


def _trades(found: Figures) -> list[Part]:
    ranked = found.best_trades()
    if not ranked:
        return ["No trade closed\n"]
    if len(ranked) == 1:
        return [f"{_rate(found)}: {_trade(ranked[0])}\n"]
    return [f"{_rate(found)}\nBest {_trade(ranked[0])}, worst {_trade(ranked[-1])}\n"]


def _trade(trade: Trade) -> str:
    return f"{trade.book.symbol} {wording.signed(trade.net_base.quantize(words.CENT))}"


def _days(found: Figures) -> list[Part]:
    if len(found.days) < 2:
        return []
    ranked = sorted(found.days, key=lambda day: day.net)
    best, worst = ranked[-1], ranked[0]
    return [
        f"Best day {wording.short_day(best.day)} {wording.signed(best.net)}, "
        f"worst {wording.short_day(worst.day)} {wording.signed(worst.net)}\n"
    ]
