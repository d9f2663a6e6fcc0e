"""Dates along the bottom of an index axis: few, at real boundaries, each said once."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.datetime64]

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MOST = 7  # labels that fit side by side


@dataclass(frozen=True, slots=True)
class Tick:
    index: int
    label: str
    strong: bool = False  # a new year, or a new day among hours


def day_month(at: np.datetime64) -> str:
    """`3 Feb`."""
    return f"{_day(at)} {_month(at)}"


def full_date(at: np.datetime64) -> str:
    """`3 Feb 2026`."""
    return f"{day_month(at)} {_year(at)}"


def ticks(ts: Times) -> list[Tick]:
    """The finest calendar unit that starts at most seven times within `ts` (ascending, UTC)."""
    if len(ts) == 0:
        return []
    if len(ts) == 1:
        return [Tick(0, full_date(ts[0]))]
    for keys, label in _units(ts):
        starts = np.flatnonzero(np.diff(keys) != 0) + 1
        if len(starts) > MOST:
            continue
        found = [label(ts, int(i)) for i in starts]
        if len(found) <= 2 and len(ts) <= MOST:
            found.insert(0, label(ts, 0))
        if found:
            return _dated(found, ts)
    return [Tick(0, full_date(ts[0]))]


def _units(ts: Times) -> list[tuple[NDArray[np.int64], Callable[[Times, int], Tick]]]:
    hours = ts.astype("datetime64[h]").astype(np.int64)
    days = ts.astype("datetime64[D]").astype(np.int64)
    months = ts.astype("datetime64[M]").astype(np.int64)
    years = ts.astype("datetime64[Y]").astype(np.int64)
    clock = [(hours // n, _hour) for n in (1, 2, 4, 6, 12)] if np.any(hours % 24) else []
    weeks = (days + 3) // 7  # 1970-01-01 was a Thursday; weeks begin on Monday
    return [
        *clock,
        (days, _date),
        (weeks, _date),
        (weeks // 2, _date),
        (months, _month_or_year),
        (months // 2, _month_or_year),
        (months // 3, _month_or_year),
        (months // 6, _month_or_year),
        *((years // n, _new_year) for n in (1, 2, 5, 10)),
    ]


def _dated(found: list[Tick], ts: Times) -> list[Tick]:
    """The year is said once even where no year begins."""
    if any(tick.strong for tick in found) or ":" in found[0].label:
        return found
    first = found[0]
    if first.label.isdigit():
        return found
    return [Tick(first.index, f"{first.label} {_year(ts[first.index])}"), *found[1:]]


def _hour(ts: Times, i: int) -> Tick:
    if i and ts[i].astype("datetime64[D]") != ts[i - 1].astype("datetime64[D]"):
        return Tick(i, day_month(ts[i]), strong=True)
    return Tick(i, str(ts[i].astype("datetime64[m]"))[-5:] + ("" if i else " UTC"))


def _date(ts: Times, i: int) -> Tick:
    return Tick(i, day_month(ts[i]))


def _month_or_year(ts: Times, i: int) -> Tick:
    new_year = i > 0 and _year(ts[i]) != _year(ts[i - 1])
    return Tick(i, str(_year(ts[i])), strong=True) if new_year else Tick(i, _month(ts[i]))


def _new_year(ts: Times, i: int) -> Tick:
    return Tick(i, str(_year(ts[i])), strong=True)


def _year(at: np.datetime64) -> int:
    return int(at.astype("datetime64[Y]").astype(np.int64)) + 1970


def _month(at: np.datetime64) -> str:
    return MONTHS[int(at.astype("datetime64[M]").astype(np.int64)) % 12]


def _day(at: np.datetime64) -> int:
    since = at.astype("datetime64[D]") - at.astype("datetime64[M]").astype("datetime64[D]")
    return int(since.astype(np.int64)) + 1
