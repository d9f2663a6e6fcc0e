"""What every spec has and reads alike: title, subtitle, currency, theme, days of P&L."""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import isfinite
from typing import Any, Protocol

from charts.pieces import PnlDay
from charts.reading import Node
from charts.theme import THEMES
from trading.errors import DataError

Month = tuple[str, float]  # "2026-02" and its net


class Headed(Protocol):
    @property
    def title(self) -> str: ...
    @property
    def subtitle(self) -> str: ...
    @property
    def currency(self) -> str: ...
    @property
    def theme(self) -> str: ...


def heading(node: Node) -> dict[str, Any]:
    """The fields of a `Headed` spec; raises DataError where one is no text or the title missing."""
    return {
        "title": node.text("title"),
        "subtitle": node.text("subtitle", ""),
        "currency": node.text("currency", "USD"),
        "theme": node.text("theme", "dark"),
    }


def heading_json(spec: Headed) -> dict[str, Any]:
    return {
        "title": spec.title,
        "subtitle": spec.subtitle,
        "currency": spec.currency,
        "theme": spec.theme,
    }


def read_days(node: Node, name: str = "days") -> tuple[PnlDay, ...]:
    return tuple(PnlDay(pair.day("0"), pair.number("1")) for pair in node.pairs(name))


def days_json(days: Iterable[PnlDay]) -> list[list[str]]:
    return [[d.day.isoformat(), str(d.net)] for d in days]


def check_days(name: str, days: Sequence[PnlDay]) -> None:
    """Raises DataError unless the days ascend and every net is a number."""
    for before, after in pairwise(days):
        if before.day >= after.day:
            raise DataError(f"{name}: {after.day} comes after {before.day}; days must ascend")
    for day in days:
        if not isfinite(day.net):
            raise DataError(f"{name}: the net of {day.day} is not a number")


def check_months(name: str, months: Iterable[Month]) -> None:
    """Raises DataError unless every month reads like 2026-02 and every net is a number."""
    for month, net in months:
        if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
            raise DataError(f"{name}: month is {month!r}; expected one like 2026-02")
        if not isfinite(net):
            raise DataError(f"{name}: the net of {month} is not a number")


def check_theme(name: str, theme: str) -> None:
    if theme not in THEMES:
        raise DataError(f"{name}: theme is {theme!r}; expected {' or '.join(THEMES)}")
