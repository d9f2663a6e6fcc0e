"""A candle chart as a JSON-able spec."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any

import numpy as np

from charts.pieces import Level, Mark, Overlays, Panel
from charts.reading import Node, significant
from charts.specs.heading import check_theme, heading, heading_json
from trading.bars import Bars
from trading.errors import DataError
from trading.types import Side

SHOWN = 120  # bars drawn
MOST_LEVELS = 6  # tags that fit beside one another
MOST_PANELS = 2
PRICES = ("open", "high", "low", "close", "volume")
SIDES = {side.value: side for side in Side}


@dataclass(frozen=True, slots=True, eq=False)
class CandlesSpec:
    """A candle chart. Raises DataError where the parts do not fit each other.

    Overlays and panel values are aligned with `bars`; the last 120 bars are drawn and kept.
    """

    bars: Bars
    title: str
    subtitle: str = ""
    currency: str = "USD"
    overlays: Overlays = field(default_factory=dict)
    panels: Sequence[Panel] = ()
    levels: Sequence[Level] = ()
    marks: Sequence[Mark] = ()
    volume: bool = False  # small bars under the price
    decimals: int | None = None  # of a price; None guesses from its size
    theme: str = "dark"

    def __post_init__(self) -> None:
        name = f"candles of {self.bars.symbol}"
        _check_bars(name, self.bars)
        _check_aligned(name, len(self.bars), self.overlays, self.panels)
        for what, parts, most in (
            ("levels", self.levels, MOST_LEVELS),
            ("panels", self.panels, MOST_PANELS),
        ):
            if len(parts) > most:
                raise DataError(f"{name}: {len(parts)} {what}; at most {most} fit")
        for price in (*(v.price for v in self.levels), *(m.price for m in self.marks)):
            if not isfinite(price):
                raise DataError(f"{name}: the price of a level or mark is not a number")
        if self.decimals is not None and not 0 <= self.decimals <= 8:
            raise DataError(f"{name}: decimals is {self.decimals}; expected 0 to 8")
        check_theme(name, self.theme)

    def last(self, n: int) -> "CandlesSpec":
        """The same with the last `n` bars."""
        return replace(
            self,
            bars=self.bars[-n:],
            overlays={name: values[..., -n:] for name, values in self.overlays.items()},
            panels=tuple(replace(panel, values=panel.values[-n:]) for panel in self.panels),
        )

    def to_json(self) -> dict[str, Any]:
        """Only what is drawn: the last 120 bars; null for NaN, lines to six significant digits,
        bars to eight, so that the last price is written as it is."""
        return self.last(SHOWN)._to_json()

    def _to_json(self) -> dict[str, Any]:
        bars = self.bars
        days = bars.ts.astype("datetime64[D]")
        daily = bool((bars.ts == days).all())
        stamps = days if daily else bars.ts.astype("datetime64[s]")
        return {
            "symbol": bars.symbol,
            **heading_json(self),
            "bars": {"ts": [str(t) for t in stamps]}
            | {column: significant(getattr(bars, column), 8) for column in PRICES},
            "overlays": {k: significant(v) for k, v in self.overlays.items()},
            "panels": [
                {
                    "name": p.name,
                    "values": significant(p.values),
                    "lines": [float(line) for line in p.lines],
                    "low": p.low,
                    "high": p.high,
                }
                for p in self.panels
            ],
            "levels": [
                {"name": v.name, "price": str(v.price), "tone": v.tone} for v in self.levels
            ],
            "marks": [
                {
                    "ts": m.ts.isoformat(),
                    "price": str(m.price),
                    "side": m.side.value,
                    "label": m.label,
                }
                for m in self.marks
            ],
            "volume": self.volume,
            "decimals": self.decimals,
        }

    @classmethod
    def from_json(cls, spec: Mapping[str, Any]) -> "CandlesSpec":
        """Raises DataError with the place of what is wrong or misspelt."""
        node = Node.of("candles spec", spec)
        node.expect("symbol", *(f for f in cls.__slots__))
        bars, overlays = node.node("bars"), node.node("overlays", {})
        bars.expect("ts", *PRICES)
        return cls(
            bars=Bars(node.text("symbol", ""), bars.times("ts"), *(bars.series(c) for c in PRICES)),
            **heading(node),
            overlays={name: overlays.series(name) for name in overlays.fields},
            panels=tuple(_panel(part) for part in node.nodes("panels")),
            levels=tuple(_level(part) for part in node.nodes("levels")),
            marks=tuple(_mark(part) for part in node.nodes("marks")),
            volume=node.flag("volume", False),
            decimals=node.whole("decimals"),
        )


def _panel(node: Node) -> Panel:
    node.expect("name", "values", "lines", "low", "high")
    lines = node.series("lines") if "lines" in node.fields else np.empty(0)
    return Panel(
        node.text("name"),
        node.series("values"),
        tuple(lines.tolist()),
        node.optional_number("low"),
        node.optional_number("high"),
    )


def _level(node: Node) -> Level:
    node.expect("name", "price", "tone")
    return Level(node.text("name"), node.number("price"), node.text("tone", ""))


def _mark(node: Node) -> Mark:
    node.expect("ts", "price", "side", "label")
    side = node.text("side")
    if side not in SIDES:
        raise node.wrong("side", f"should be buy or sell, not {side!r}")
    return Mark(node.moment("ts"), node.number("price"), SIDES[side], node.text("label", ""))


def _check_bars(name: str, bars: Bars) -> None:
    n = len(bars)
    if n == 0 or not np.isfinite(bars.open[-SHOWN:]).any():
        raise DataError(f"{name}: there are no bars to draw")
    for column in ("ts", *PRICES):
        if (got := len(getattr(bars, column))) != n:
            raise DataError(f"{name}: {column} has {got} values for {n} bars")
    if not (np.diff(bars.ts) > np.timedelta64(0, "us")).all():
        raise DataError(f"{name}: bars are not in order of time")


def _check_aligned(name: str, n: int, overlays: Overlays, panels: Sequence[Panel]) -> None:
    for label, values in overlays.items():
        if values.shape not in ((n,), (2, n), (3, n)):
            raise DataError(
                f"{name}: overlay {label} has shape {values.shape} for {n} bars; "
                "a line is (n,), a band (2, n) or (3, n)"
            )
    for panel in panels:
        if panel.values.shape != (n,):
            raise DataError(
                f"{name}: panel {panel.name} has shape {panel.values.shape} for {n} bars"
            )
        if panel.low is not None and panel.high is not None and panel.low >= panel.high:
            raise DataError(f"{name}: panel {panel.name} ends at {panel.low} and {panel.high}")
