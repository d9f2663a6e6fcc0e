"""/report: a period as a PDF that can be handed on. Its words are written here, drawn elsewhere."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from analytics.periods import Span, buckets
from analytics.shortfall import by_strategy
from analytics.stats import Stats, returned
from desk import notices, report, wording
from desk.console.asked import Asked, asked
from desk.console.deciding import pressed
from desk.console.money import standing
from desk.console.pictures import wanted
from desk.console.stats import gain, idle, ratio, share
from desk.console.tables import NONE
from desk.desk import Desk
from desk.executions import executions
from desk.report import Parts
from desk.statistics import Statistics, statistics
from trading.facts import Request
from trading.ledger import Trade
from trading.messages import bold, message

MONTHS = 60  # of the monthly table
ENDS = 8  # best, worst and last trades
NAMES = 20  # strategies with a line of their own
Table = dict[str, Any]


async def printed(desk: Desk, request: Request) -> None:
    """Sent as a document once it is drawn."""
    of = await asked(desk, request, "month", "/report 2026-02")
    found = await statistics(desk, of.stretch.first, of.stretch.last, of.strategy or "")
    when, agrees = await standing(desk)
    if idle(found):
        nothing = f"Nothing was traded {of.stretch.name}, so there is nothing to report. "
        hint = "/report all takes everything.\n"
        await notices.answer(
            desk, request, f"{nothing}{hint}{when} · {agrees}", edits=pressed(request)
        )
        return
    spec = await _spec(desk, of, found, when, agrees)
    subject = f"report:{_file(of, found)}"
    picture = await wanted(desk, "report", spec, subject=subject)
    said = message(
        bold(f"Report, {of.stretch.title}"),
        f" · {of.whose}\n{wording.profit(found.stats.net, found.currency)} net, "
        f"{wording.number_of(len(found.trades), 'trade')} closed\n{when} · {agrees}",
    )
    await notices.answer(desk, request, said, edits=pressed(request), picture_id=picture.id)
    await desk.bell.ring("draw", [picture.id])


def _file(of: Asked, found: Statistics) -> str:
    """ "quarterdeck-2026-02.pdf"; both days where it is no whole month."""
    first = found.days[0].day if of.stretch.first == date.min and found.days else of.stretch.first
    last = of.stretch.last
    whole = first.day == 1 and first.replace(day=1) == last.replace(day=1)
    span = f"{first:%Y-%m}" if whole else f"{first}-to-{last}"
    whose = f"-{of.strategy}" if of.strategy else ""
    return f"quarterdeck-{span}{whose}.pdf"


async def _spec(desk: Desk, of: Asked, found: Statistics, when: str, agrees: str) -> dict[str, Any]:
    everything = await report.profit(desk, "all", of.strategy)
    months = [day for day in everything.until if day.day <= of.stretch.last]
    return {
        "title": f"Trading report, {of.stretch.title}",
        "subtitle": of.whose,
        "made_at": found.as_of.isoformat(),
        "as_of": when,
        "agrees": agrees,
        "currency": found.currency,
        "sentence": _sentence(of, found),
        "headlines": [list(pair) for pair in _headlines(found.stats, found.currency)],
        "days": [[day.day.isoformat(), str(day.net)] for day in found.days],
        "capital": str(found.capital),
        "months": [
            [f"{one.first:%Y-%m}", str(one.net)] for one in buckets(months, Span.MONTH)[-MONTHS:]
        ],
        "tables": [
            await _strategies(desk, of, found),
            *_trades(desk, found.trades),
            await _costs(desk, of),
        ],
    }


def _sentence(of: Asked, found: Statistics) -> str:
    said, money = found.stats, found.currency
    who = of.strategy or "the desk"
    verb = "made" if said.net >= 0 else "lost"
    on = f" ({gain(float(said.net / found.capital))} of its capital)" if found.capital > 0 else ""
    text = (
        f"{wording.capital(of.stretch.title)}: {who} {verb} {wording.money(abs(said.net), money)}"
    )
    closed = (
        f" net{on} on {wording.number_of(said.trades, 'closed trade')}, {said.wins} of them won"
    )
    deep = said.max_drawdown
    fall = f"; the deepest drawdown was {share(abs(deep), 2)}" if deep else ""
    return f"{text}{closed}{fall}."


def _headlines(said: Stats, money: str) -> Sequence[tuple[str, str]]:
    mean = said.expectancy
    return [
        ("Net P&L", wording.profit(said.net, money)),
        ("Gross P&L", wording.profit(said.gross, money)),
        ("Fees and taxes", wording.money(said.fees + said.taxes, money)),
        ("Trades", wording.amount(said.trades, 0)),
        ("Win rate", share(said.win_rate)),
        ("Profit factor", ratio(said.profit_factor)),
        ("Mean trade", NONE if mean is None else wording.profit(mean, money)),
        ("Mean return", gain(said.mean_return)),
        ("Sharpe", ratio(said.sharpe)),
        ("Max drawdown", gain(said.max_drawdown)),
        ("Days in the market", share(said.exposure_time)),
        ("Average holding", wording.lasted(said.average_holding) if said.average_holding else NONE),
    ]


async def _strategies(desk: Desk, of: Asked, found: Statistics) -> Table:
    """What each made, and what of; unrealised changes of the period included."""
    gains = {
        name: report.between(course, of.stretch.first, of.stretch.last)
        for name, course in (await report.courses(desk)).items()
        if of.strategy in (None, name)
    }
    ranked = sorted(gains, key=lambda name: (-gains[name].net, name))[:NAMES]
    rows = [_strategy(name, gains[name], found.trades) for name in ranked]
    if len(gains) > 1:
        total = _strategy("total", sum(gains.values(), Parts()), found.trades, of_all=True)
        rows.append(total)
    return {
        "title": "By strategy",
        "columns": ["", "trades", "won", "gross", "fees", "taxes", f"net {found.currency}"],
        "rows": rows,
        "note": f"In {found.currency}; open positions count at their latest price.",
    }


def _strategy(
    name: str, parts: Parts, trades: Sequence[Trade], *, of_all: bool = False
) -> list[str]:
    mine = [trade for trade in trades if of_all or trade.book.strategy == name]
    return [
        name,
        str(len(mine)),
        str(sum(trade.net_base > 0 for trade in mine)),
        wording.signed(parts.gross),
        wording.amount(parts.fees),
        wording.amount(parts.taxes),
        wording.signed(parts.net),
    ]


def _trades(desk: Desk, trades: Sequence[Trade]) -> list[Table]:
    if not trades:
        return []
    ranked = sorted(trades, key=lambda trade: -trade.net_base)
    latest = sorted(trades, key=lambda trade: (trade.closed_at, trade.id), reverse=True)
    lists = [("Trades", latest)]
    if len(trades) > ENDS:
        lists = [
            ("Best trades", ranked[:ENDS]),
            ("Worst trades", ranked[::-1][:ENDS]),
            ("Last trades", latest[:ENDS]),
        ]
    return [
        {
            "title": title,
            "columns": ["", "trade", "strategy", "ended", "held", "return", f"net {desk.currency}"],
            "rows": [_trade(desk, trade) for trade in some],
            "note": "",
        }
        for title, some in lists
    ]


def _trade(desk: Desk, trade: Trade) -> list[str]:
    ended = desk.local(trade.closed_at)
    return [
        trade.book.symbol,
        str(trade.id),
        trade.book.strategy,
        f"{ended.day} {ended:%b %Y}",
        wording.lasted(trade.closed_at - trade.opened_at),
        gain(returned(trade)),
        wording.signed(trade.net_base),
    ]


async def _costs(desk: Desk, of: Asked) -> Table:
    done = await executions(desk, of.stretch.first, of.stretch.last, of.strategy or "")
    rows = [
        [
            one.name,
            str(one.orders),
            wording.amount(one.value),
            wording.signed(one.slippage),
            wording.amount(one.costs),
            wording.signed(one.total),
            NONE if (bps := one.bps(one.total)) is None else wording.amount(Decimal(str(bps)), 1),
        ]
        for one in by_strategy(done)[:NAMES]
    ]
    return {
        "title": "Costs",
        "columns": ["", "orders", "value", "slippage", "fees, taxes", "all", "bps"],
        "rows": rows,
        "note": f"In {desk.currency} and basis points of the value; a plus costs.",
    }
