"""How much an instrument moves: the feature that a volatility target sizes by."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np

from desk.desk import Desk, Plan
from risk.aims import SESSIONS, VolatilityTarget
from trading.bars import Answer
from trading.ports import KeepsBars

WINDOW = 60  # sessions whose closes are compared
BACK = timedelta(days=120)  # enough days for as many sessions


async def with_volatility(desk: Desk, plan: Plan, answers: Sequence[Answer]) -> Sequence[Answer]:
    """The answers that enter, with `volatility` (a fraction a year) among their features where the
    plan's rule needs it, the strategy does not say it and the feed keeps bars."""
    if not isinstance(plan.allowance.aim, VolatilityTarget) or not isinstance(desk.feed, KeepsBars):
        return answers
    wanted = {a.symbol for a in answers if a.enter and "volatility" not in a.features}
    if not wanted:
        return answers
    now = desk.market.now()
    panel = await desk.feed.bars(wanted, (now - BACK).date(), now)
    known = {symbol: annual(bars.close[-WINDOW:].tolist()) for symbol, bars in panel.items()}
    return [
        replace(one, features={**one.features, "volatility": known[one.symbol]})
        if known.get(one.symbol)
        else one
        for one in answers
    ]


def annual(closes: Sequence[float]) -> float:
    """The standard deviation of the logarithms of daily changes, times the root of a year's
    sessions; zero for fewer than 20 closes or one that is no price."""
    prices = np.asarray(closes, dtype=np.float64)
    if prices.size < 20 or not np.all(np.isfinite(prices)) or np.any(prices <= 0):
        return 0.0
    return float(np.std(np.diff(np.log(prices)), ddof=1) * np.sqrt(SESSIONS))
