"""Bars made up for trying a strategy: random walks with what real bars have."""

import numpy as np

from trading.bars import Bars

KINDS = ("walk", "gaps", "trend with dips", "bear", "flat", "flat stretches")


def walk(seed: int, n: int, kind: str = "walk") -> Bars:
    """`n` daily bars; the same for the same arguments, and read-only as a panel's are.

    Kinds: "walk", "gaps" (jumps of the close and of the open), "trend with dips", "bear",
    "flat", "flat stretches". A tenth of the sessions has no volume.
    """
    rng = np.random.default_rng(seed)
    steps = rng.normal(0.0005, 0.02, n)
    nights = rng.normal(0.0, 0.004, n)
    if kind == "gaps":
        steps[rng.random(n) < 0.03] += rng.choice([-0.4, 0.3])
        nights += np.where(rng.random(n) < 0.1, rng.choice([-0.04, 0.04], n), 0.0)
    elif kind == "trend with dips":
        steps = rng.normal(0.002, 0.005, n)
        steps[rng.random(n) < 0.05] = -0.05
    elif kind == "bear":
        steps -= 0.003
    close = 100.0 * np.exp(np.cumsum(steps))
    if kind == "flat":
        close[:] = 100.0
    elif kind == "flat stretches":
        close[n // 3 : n // 2] = close[n // 3]
        close[-40:] = close[-min(n, 41)]
    opens = np.concatenate([close[:1], close[:-1] * np.exp(nights[1:])])
    reach = 0.0 if kind.startswith("flat") else 0.01
    high = np.maximum(opens, close) * (1 + reach * rng.random(n))
    low = np.minimum(opens, close) * (1 - reach * rng.random(n))
    volume = np.floor(rng.lognormal(13, 1, n))
    volume[rng.random(n) < 0.1] = 0.0
    days = np.datetime64("2020-01-01", "us") + np.arange(n) * np.timedelta64(1, "D")
    for column in (days, opens, high, low, close, volume):
        column.flags.writeable = False
    return Bars("TRIAL", days, opens, high, low, close, volume)
