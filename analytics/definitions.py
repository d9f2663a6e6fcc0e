"""Every statistic in one line: what `/help stats` shows and docs/statistics.md repeats."""

from collections.abc import Mapping

#: By the name of the field of `Stats`; at most 100 characters each.
DEFINITIONS: Mapping[str, str] = {
    "net": "P&L after fees and taxes, open positions at their latest price",
    "gross": "net before fees and taxes",
    "fees": "commissions and exchange fees, a positive cost",
    "taxes": "transaction taxes, a positive cost",
    "trades": "round trips, flat to flat, that ended in the period",
    "wins": "trades whose net was above 0",
    "losses": "trades whose net was below 0; one of exactly 0 is neither",
    "win_rate": "wins / trades",
    "mean_return": "mean over trades of net / cost of the largest size held",
    "best_return": "the highest of the trades' returns",
    "worst_return": "the lowest of the trades' returns",
    "profit_factor": "what winners made / what losers lost; none while nothing was lost",
    "expectancy": "net of the mean trade, in currency",
    "payoff": "mean winner / mean loser, unsigned",
    "average_holding": "mean time from a trade's first fill to its last",
    "longest_wins": "most winners in a row, by the time they ended",
    "longest_losses": "most losers in a row, by the time they ended",
    "growth": "yearly rate of compound return (CAGR); none under 90 days",
    "volatility": "standard deviation of daily returns x root of 252",
    "sharpe": "mean / standard deviation of daily returns x root of 252; no rate is taken off",
    "sortino": "mean / root mean square of daily losses x root of 252",
    "calmar": "growth / deepest drawdown",
    "max_drawdown": "deepest fall from a peak of equity, as a share of the peak",
    "drawdown_amount": "the same fall in currency",
    "drawdown_peak": "last day at the peak before it",
    "drawdown_trough": "its lowest day",
    "drawdown_recovered": "first day back at the peak; none while it lasts",
    "exposure_time": "share of days on which anything was held",
    "exposure_capital": "mean over days of market value held / equity",
    "turnover": "half of all bought and sold / mean equity, a year",
    "fees_share": "fees and taxes / gross; none where gross is not above 0",
}


def lines() -> list[str]:
    """What `/help stats` shows: "win rate: wins / trades"."""
    return [f"{name.replace('_', ' ')}: {line}" for name, line in DEFINITIONS.items()]
