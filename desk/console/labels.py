"""What each statistic is called in a chat."""

from collections.abc import Mapping

#: What a statistic is called where its field's own name would not do, here and in /help stats.
LABELS: Mapping[str, str] = {
    "growth": "growth, a year",
    "volatility": "volatility, a year",
    "sharpe": "Sharpe",
    "sortino": "Sortino",
    "calmar": "Calmar",
    "drawdown_amount": "in money",
    "drawdown_peak": "peak",
    "drawdown_trough": "trough",
    "drawdown_recovered": "recovered",
    "exposure_time": "days in the market",
    "exposure_capital": "capital in the market",
    "turnover": "turnover, a year",
    "fees_share": "fees share of gross",
}


def label(field: str) -> str:
    return LABELS.get(field, field.replace("_", " "))
