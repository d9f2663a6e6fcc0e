"""From a kind and its stored spec to bytes. A kind's spec is below, its drawing in the module of
its name."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Protocol, Self

from charts.specs import (
    BarsSpec,
    CalendarSpec,
    CandlesSpec,
    CompareSpec,
    DigestSpec,
    HeatSpec,
    PnlSpec,
    ReplaySpec,
    ReportSpec,
    SlippageSpec,
)
from trading.errors import DataError


class _Spec(Protocol):
    @classmethod
    def from_json(cls, spec: Mapping[str, Any]) -> Self: ...


REPORT = "report"  # the kind that is a document, not a picture

KINDS: Mapping[str, type[_Spec]] = {
    "candles": CandlesSpec,
    "pnl": PnlSpec,
    "bars": BarsSpec,
    "calendar": CalendarSpec,
    "compare": CompareSpec,
    "slippage": SlippageSpec,
    "replay": ReplaySpec,
    "heat": HeatSpec,
    "digest": DigestSpec,
    REPORT: ReportSpec,
}


def draw(kind: str, spec: Mapping[str, Any]) -> bytes:
    """The PNG of a stored spec of that kind, or a report's PDF. Raises DataError for a bad one."""
    if kind not in KINDS:
        *others, last = KINDS
        names = f"{', '.join(others)} or {last}"
        raise DataError(f"no picture is called {kind!r}; expected {names}")
    read = KINDS[kind].from_json(spec)
    drawn = import_module(f"charts.{kind}").compose(read)
    saved: bytes = drawn.pdf() if kind == REPORT else drawn.png()
    return saved
