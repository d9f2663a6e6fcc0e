"""Where values go and how they are written: round ticks, figures, rows of tags that never touch."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

MINUS = "\N{MINUS SIGN}"
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Frame:
    """A panel's rectangle in pixels from the bottom left, and what its edges mean.

    Bar `i` of the index axis is centred at `left + (i + 0.5) * slot`; weekends take no room.
    """

    left: float
    right: float
    bottom: float
    top: float
    low: float  # the value at the bottom
    high: float
    slot: float  # px a bar

    def x(self, index: ArrayLike) -> Floats:
        return self.left + (np.asarray(index, np.float64) + 0.5) * self.slot

    def y(self, value: ArrayLike) -> Floats:
        share = (np.asarray(value, np.float64) - self.low) / (self.high - self.low)
        return self.bottom + share * (self.top - self.bottom)


def ticks(low: float, high: float, most: int) -> tuple[list[float], float]:
    """At most `most` round values in [low, high], and their step: 1, 2, 2.5 or 5 times 10^k."""
    span = high - low
    size = 10.0 ** floor(log10(span / most))
    for step in (size * s for s in (*STEPS, 20.0, 25.0, 50.0)):
        first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
        if last - first < most:
            return [k * step + 0.0 for k in range(first, last + 1)], step
    raise AssertionError("a step of fifty sizes always fits")


def decimals_of(step: float) -> int:
    """Decimals that write multiples of `step` exactly: 2.5 → 1, 0.05 → 2, 20 → 0."""
    return next((d for d in range(9) if abs(step * 10**d - round(step * 10**d)) < 1e-6), 9)


def price_decimals(price: float) -> int:
    """A guess from the size of a price, for an instrument whose tick was not given."""
    size = abs(price)
    return 2 if size >= 5 else 4 if size >= 0.5 else 6


def figure(value: float, decimals: int, *, signed: bool = False) -> str:
    """`1,234.50`; a real minus sign; never "−0.00"."""
    text = f"{abs(value):,.{decimals}f}"
    if not any(c in "123456789" for c in text):
        return text
    return (MINUS if value < 0 else "+" if signed else "") + text


def money(value: float, *, signed: bool = False, over: float = 1e6) -> str:
    """An amount as short as it may be: cents below 1,000, whole units above, k and M at `over`."""
    size = abs(value)
    if size < over:
        return figure(value, 0 if size >= 999.995 else _cents(size), signed=signed)
    for unit, suffix in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if size >= unit * 0.9995:
            scaled = value / unit
            places = 2 if abs(scaled) < 9.995 else 1 if abs(scaled) < 99.95 else 0
            return figure(scaled, places, signed=signed) + suffix
    return figure(value, 0, signed=signed)


def short(value: float, *, over: float = 9_999.5) -> str:
    """A signed amount for a cell or a bar, mostly six characters: +9,999, −12.3k from `over` on."""
    size = abs(value)
    for unit, suffix in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if size >= over and size >= unit * 0.9995:
            places = 1 if size / unit < 99.95 else 0
            return figure(value / unit, places, signed=True) + suffix
    return figure(value, 0 if size >= 9.995 or not size else _cents(size), signed=True)


def _cents(size: float) -> int:
    """Two decimals, or as many as show what is less than a cent, such as 0.0002 BTC."""
    if size >= 0.005 or size < 5e-9:  # less is what sums of floats leave behind
        return 2
    return min(8, 1 - floor(log10(size)))


def axis_figures(values: Sequence[float], step: float) -> list[str]:
    """One way of writing for a whole axis: separators below 100,000, then k, M or B."""
    size = max((abs(v) for v in values), default=0.0)
    unit, suffix = next(
        ((u, s) for u, s in ((1e9, "B"), (1e6, "M"), (1e3, "k")) if size >= u and size >= 1e5),
        (1.0, ""),
    )
    places = decimals_of(step / unit)
    if suffix == "" and places:
        places = max(places, 2)  # money: 2.50, not 2.5
    return [figure(v / unit, places) + suffix if abs(v) > step / 2 else "0" for v in values]


def spread(wanted: Sequence[float], height: float, low: float, high: float) -> list[float]:
    """Centres as near as possible to `wanted`, in the same order, `height` apart, in [low, high].

    Least squares by pooling neighbours that touch. Raises ValueError if they cannot all fit.
    """
    if len(wanted) * height > high - low + 1e-9:
        raise ValueError("more tags than there is room for")
    order = sorted(range(len(wanted)), key=lambda i: (wanted[i], i))
    pools: list[tuple[float, int]] = []  # (mean of wanted less its own offset, members)
    for k, i in enumerate(order):
        mean, size = wanted[i] - k * height, 1
        while pools and pools[-1][0] >= mean:
            before, members = pools.pop()
            mean = (mean * size + before * members) / (size + members)
            size += members
        pools.append((mean, size))
    floor_, roof = low + height / 2, high + height / 2 - len(wanted) * height
    placed = [min(max(mean, floor_), roof) for mean, size in pools for _ in range(size)]
    centres = [0.0] * len(wanted)
    for k, i in enumerate(order):
        centres[i] = placed[k] + k * height
    return centres
