"""The statistics of a stretch of days: one value, each field defined in `DEFINITIONS`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from analytics import ratios
from analytics.days import ZERO, Day, equity, returns
from analytics.definitions import DEFINITIONS
from analytics.drawdown import deepest
from trading.ledger import Trade

__all__ = ["DEFINITIONS", "Stats", "returned", "stats"]


@dataclass(frozen=True, slots=True)
class Stats:
    """Money in base currency, shares and returns as fractions (0.1 is 10 %), costs positive,
    drawdowns 0 or negative. None where a figure is undefined: no trade, no loss, no capital."""

    first: date | None
    last: date | None
    days: int
    capital: Decimal
    net: Decimal
    gross: Decimal
    fees: Decimal
    taxes: Decimal
    trades: int
    wins: int
    losses: int
    win_rate: float | None
    mean_return: float | None
    best_return: float | None
    worst_return: float | None
    profit_factor: float | None
    expectancy: Decimal | None
    payoff: float | None
    average_holding: timedelta | None
    longest_wins: int
    longest_losses: int
    growth: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    max_drawdown: float | None
    drawdown_amount: Decimal
    drawdown_peak: date | None  # None also where it began at the first day
    drawdown_trough: date | None
    drawdown_recovered: date | None
    exposure_time: float | None
    exposure_capital: float | None
    turnover: float | None
    fees_share: float | None


def stats(trades: Sequence[Trade], days: Sequence[Day], capital: Decimal) -> Stats:
    """`trades` ended on `days`, which ascend and hold every session of the stretch; `capital` is
    the equity before the first of them. Without capital (0) what is measured by it is None."""
    ended = sorted(trades, key=lambda trade: (trade.closed_at, trade.id))
    nets = [trade.net_base for trade in ended]
    won, lost = [n for n in nets if n > 0], [n for n in nets if n < 0]
    made = [r for trade in ended if (r := returned(trade)) is not None]
    net = sum((day.net for day in days), ZERO)
    fees, taxes = sum((d.fees for d in days), ZERO), sum((d.taxes for d in days), ZERO)
    gross = net + fees + taxes
    dates = [day.day for day in days]
    moves = returns(days, capital) if days else None
    grown = float(np.prod(1.0 + moves)) if moves is not None else None
    yearly = ratios.growth(1.0, grown, dates) if grown is not None else None
    fall = deepest(days, capital)
    share = fall.share if fall is not None else None if moves is None else 0.0
    worth = equity(days, capital) if moves is not None else None
    measured = worth is not None and bool((worth > 0).all())
    held = np.array([float(day.exposure) for day in days])
    traded = float(sum((day.traded for day in days), ZERO))
    return Stats(
        first=dates[0] if dates else None,
        last=dates[-1] if dates else None,
        days=len(dates),
        capital=capital,
        net=net,
        gross=gross,
        fees=fees,
        taxes=taxes,
        trades=len(nets),
        wins=len(won),
        losses=len(lost),
        win_rate=ratios.win_rate(nets),
        mean_return=sum(made) / len(made) if made else None,
        best_return=max(made, default=None),
        worst_return=min(made, default=None),
        profit_factor=ratios.profit_factor(nets),
        expectancy=ratios.mean(nets),
        payoff=_payoff(won, lost),
        average_holding=_holding(ended),
        longest_wins=longest(n > 0 for n in nets),
        longest_losses=longest(n < 0 for n in nets),
        growth=yearly,
        volatility=ratios.volatility(moves),
        sharpe=ratios.sharpe(moves),
        sortino=ratios.sortino(moves),
        calmar=ratios.calmar(yearly, share or 0.0),
        max_drawdown=share,
        drawdown_amount=fall.amount if fall else ZERO,
        drawdown_peak=fall.peak if fall else None,
        drawdown_trough=fall.trough if fall else None,
        drawdown_recovered=fall.recovered if fall else None,
        exposure_time=sum(day.exposure > 0 for day in days) / len(days) if days else None,
        exposure_capital=ratios.exposed(held, worth) if measured and worth is not None else None,
        turnover=ratios.turnover(traded, worth, dates) if measured and worth is not None else None,
        fees_share=float((fees + taxes) / gross) if gross > 0 else None,
    )


def returned(trade: Trade) -> float | None:
    """Net over what the largest size held cost to open, a fraction; None where it cost nothing."""
    return float(trade.net_base / trade.cost_base) if trade.cost_base else None


def longest(held: Iterable[bool]) -> int:
    """The most in a row that are true."""
    best = run = 0
    for one in held:
        run = run + 1 if one else 0
        best = max(best, run)
    return best


def _payoff(won: Sequence[Decimal], lost: Sequence[Decimal]) -> float | None:
    gain, loss = ratios.mean(won), ratios.mean(lost)
    return float(gain / -loss) if gain is not None and loss is not None else None


def _holding(trades: Sequence[Trade]) -> timedelta | None:
    if not trades:
        return None
    return sum((t.closed_at - t.opened_at for t in trades), timedelta()) / len(trades)
