"""/stats: what trades and days say in figures, each defined in /help stats."""

from datetime import date
from decimal import Decimal

from analytics.stats import Stats
from desk import notices, wording
from desk.console.asked import asked
from desk.console.choices import periods, strategies
from desk.console.deciding import pressed
from desk.console.labels import label
from desk.console.money import as_of
from desk.console.tables import NONE, ledger
from desk.desk import Desk
from desk.statistics import Statistics, statistics
from trading.facts import Request
from trading.messages import Span, bold, message

Rows = list[tuple[str, str]]  # the field and its figure as written


async def stats(desk: Desk, request: Request) -> None:
    """The buttons draw the same message again, of another period or strategy."""
    of = await asked(desk, request, "all", "/stats ytd")
    found = await statistics(desk, of.stretch.first, of.stretch.last, of.strategy or "")
    if idle(found):
        nothing = "No trading in that time, so no statistics. /pnl all shows what there is."
        await notices.answer(
            desk, request, f"{nothing}\n{await as_of(desk)}", edits=pressed(request)
        )
        return
    said, money = found.stats, found.currency
    parts: list[str | Span] = [bold(f"Statistics {of.stretch.name}"), f" · {of.whose}\n"]
    for title, rows in (
        ("Result", _result(said, money)),
        ("Trades", _trades(said, money)),
        ("Risk", _risk(said, money)),
        ("Activity", _activity(said)),
    ):
        lines = [(label(field), figure) for field, figure in rows]
        parts += [bold(title), "\n", ledger(lines), "\n"]
    capital = wording.money(found.capital, money)
    over = wording.number_of(said.days, "day")
    parts += [f"Over {over}, on {capital}; /help stats defines each\n", await as_of(desk)]
    buttons = [periods("stats", of), *await strategies(desk, "stats", of)]
    await notices.answer(desk, request, message(*parts, buttons=buttons), edits=pressed(request))


def idle(found: Statistics) -> bool:
    """Whether nothing was traded or held in that time."""
    moved = any(day.net or day.traded or day.exposure for day in found.days)
    return not (found.trades or moved)


def _result(said: Stats, money: str) -> Rows:
    return [
        ("net", wording.profit(said.net, money)),
        ("gross", wording.profit(said.gross, money)),
        ("fees", wording.money(said.fees, money)),
        ("taxes", wording.money(said.taxes, money)),
        ("fees_share", share(said.fees_share)),
        ("growth", gain(said.growth)),
    ]


def _trades(said: Stats, money: str) -> Rows:
    mean = said.expectancy
    holding = said.average_holding
    return [
        ("trades", wording.amount(said.trades, 0)),
        ("wins", wording.amount(said.wins, 0)),
        ("losses", wording.amount(said.losses, 0)),
        ("win_rate", share(said.win_rate)),
        ("mean_return", gain(said.mean_return)),
        ("best_return", gain(said.best_return)),
        ("worst_return", gain(said.worst_return)),
        ("profit_factor", ratio(said.profit_factor)),
        ("expectancy", NONE if mean is None else wording.profit(mean, money)),
        ("payoff", ratio(said.payoff)),
        ("average_holding", NONE if holding is None else wording.lasted(holding)),
        ("longest_wins", wording.number_of(said.longest_wins, "trade")),
        ("longest_losses", wording.number_of(said.longest_losses, "trade")),
    ]


def _risk(said: Stats, money: str) -> Rows:
    rows = [
        ("volatility", share(said.volatility)),
        ("sharpe", ratio(said.sharpe)),
        ("sortino", ratio(said.sortino)),
        ("calmar", ratio(said.calmar)),
        ("max_drawdown", gain(said.max_drawdown, 2)),
        ("drawdown_amount", wording.profit(said.drawdown_amount, money)),
    ]
    if said.drawdown_trough is not None:
        rows += [
            ("drawdown_peak", _day(said.drawdown_peak) if said.drawdown_peak else "at the start"),
            ("drawdown_trough", _day(said.drawdown_trough)),
            (
                "drawdown_recovered",
                _day(said.drawdown_recovered) if said.drawdown_recovered else "not yet",
            ),
        ]
    return rows


def _activity(said: Stats) -> Rows:
    turnover = NONE if said.turnover is None else f"{said.turnover:,.1f} x"
    return [
        ("exposure_time", share(said.exposure_time)),
        ("exposure_capital", share(said.exposure_capital)),
        ("turnover", turnover),
    ]


def share(fraction: float | None, places: int = 1) -> str:
    """`12.3 %`."""
    return NONE if fraction is None else wording.percent(fraction, places)


def gain(fraction: float | None, places: int = 2) -> str:
    """`+1.23 %`."""
    if fraction is None:
        return NONE
    return f"{wording.signed(Decimal(str(fraction)) * 100, places)} %"


def ratio(value: float | None) -> str:
    return NONE if value is None else wording.amount(Decimal(str(value)))


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
