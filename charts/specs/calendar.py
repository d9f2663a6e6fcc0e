"""A heat map of the days of one year or one month as a JSON-able spec."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from charts.pieces import PnlDay
from charts.reading import Node
from charts.specs.heading import (
    check_days,
    check_theme,
    days_json,
    heading,
    heading_json,
    read_days,
)
from trading.errors import DataError


@dataclass(frozen=True, slots=True)
class CalendarSpec:
    """Net P&L of each day of `year`, or of `month` ("2026-02"): one of the two is given.

    Days ascend and all lie within it; a day that is not there had no trading.
    """

    days: Sequence[PnlDay]
    title: str
    subtitle: str = ""
    currency: str = "USD"
    year: int | None = None
    month: str = ""
    theme: str = "dark"

    def __post_init__(self) -> None:
        if (self.year is None) == (not self.month):
            raise DataError("calendar: expected either a year or a month")
        if self.year is not None and not 1900 <= self.year <= 2999:
            raise DataError(f"calendar: year is {self.year}; expected 1900 to 2999")
        if self.month and not re.fullmatch(r"[12]\d{3}-(0[1-9]|1[0-2])", self.month):
            raise DataError(f"calendar: month is {self.month!r}; expected one like 2026-02")
        check_days("calendar", self.days)
        for day in self.days:
            if not day.day.isoformat().startswith(self.span):
                raise DataError(f"calendar: {day.day} is not in {self.span}")
        check_theme("calendar", self.theme)

    @property
    def span(self) -> str:
        """How every day's ISO date begins."""
        return self.month or f"{self.year}-"

    def to_json(self) -> dict[str, Any]:
        return {
            "days": days_json(self.days),
            "year": self.year,
            "month": self.month,
            **heading_json(self),
        }

    @classmethod
    def from_json(cls, spec: Mapping[str, Any]) -> "CalendarSpec":
        """Raises DataError with the place of what is wrong or misspelt."""
        node = Node.of("calendar spec", spec)
        node.expect(*cls.__slots__)
        return cls(
            days=read_days(node),
            year=node.whole("year"),
            month=node.text("month", ""),
            **heading(node),
        )
