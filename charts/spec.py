"""Pictures as JSON-able specs: what the desk stores and the drawing process draws.

Light to import: matplotlib is loaded by the first drawing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from charts.heat_spec import HeatSpec
from charts.pieces import Level, Mark, Overlays, Panel, PnlDay
from charts.reading import Node, significant
from charts.theme import THEMES
from trading.bars import Bars, Floats
from trading.errors import DataError
from trading.types import Side

SHOWN = 120  # bars drawn
MOST_LEVELS = 6  # tags that fit beside one another
MOST_PANELS = 2
PRICES = ("open", "high", "low", "close", "volume")
SIDES = {side.value: side for side in Side}

Span = Literal["auto", "day", "week", "month"]


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
        _check_theme(name, self.theme)

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
            "title": self.title,
            "subtitle": self.subtitle,
            "currency": self.currency,
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
            "theme": self.theme,
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
            title=node.text("title"),
            subtitle=node.text("subtitle", ""),
            currency=node.text("currency", "USD"),
            overlays={name: overlays.series(name) for name in overlays.fields},
            panels=tuple(_panel(part) for part in node.nodes("panels")),
            levels=tuple(_level(part) for part in node.nodes("levels")),
            marks=tuple(_mark(part) for part in node.nodes("marks")),
            volume=node.flag("volume", False),
            decimals=node.whole("decimals"),
            theme=node.text("theme", "dark"),
        )


@dataclass(frozen=True, slots=True)
class PnlSpec:
    """Cumulative net P&L, bars and drawdown over `days` (ascending, one entry a day)."""

    days: Sequence[PnlDay]
    title: str
    subtitle: str = ""
    currency: str = "USD"
    bars: Span = "auto"  # what one bar sums; auto keeps bars wide enough for a phone
    theme: str = "dark"

    def __post_init__(self) -> None:
        for before, after in zip(self.days, self.days[1:], strict=False):
            if before.day >= after.day:
                raise DataError(f"pnl: {after.day} comes after {before.day}; days must ascend")
        for day in self.days:
            if not isfinite(day.net):
                raise DataError(f"pnl: the net of {day.day} is not a number")
        if self.bars not in get_args(Span):
            raise DataError(f"pnl: bars is {self.bars!r}; expected {', '.join(get_args(Span))}")
        _check_theme("pnl", self.theme)

    def to_json(self) -> dict[str, Any]:
        return {
            "days": [[d.day.isoformat(), str(d.net)] for d in self.days],
            "title": self.title,
            "subtitle": self.subtitle,
            "currency": self.currency,
            "bars": self.bars,
            "theme": self.theme,
        }

    @classmethod
    def from_json(cls, spec: Mapping[str, Any]) -> "PnlSpec":
        """Raises DataError with the place of what is wrong or misspelt."""
        node = Node.of("pnl spec", spec)
        node.expect(*cls.__slots__)
        return cls(
            days=tuple(PnlDay(pair.day("0"), pair.number("1")) for pair in node.pairs("days")),
            title=node.text("title"),
            subtitle=node.text("subtitle", ""),
            currency=node.text("currency", "USD"),
            bars=node.text("bars", "auto"),  # type: ignore[arg-type]  # checked on construction
            theme=node.text("theme", "dark"),
        )


@dataclass(frozen=True, slots=True, eq=False)
class ReplaySpec:
    """Equity of a replay against buy and hold, the drawdown of both below; shapes (n,), one value
    a session's close. `capital` is where both began, before the first session."""

    ts: NDArray[np.datetime64]
    equity: Floats
    hold: Floats
    capital: float
    title: str
    subtitle: str = ""
    currency: str = "USD"
    theme: str = "dark"

    def __post_init__(self) -> None:
        if not len(self.ts) == len(self.equity) == len(self.hold) or not len(self.ts):
            sizes = f"{len(self.ts)} days, {len(self.equity)} and {len(self.hold)} values"
            raise DataError(f"replay: {sizes}; expected one of each a session, and at least one")
        if not (np.diff(self.ts) > np.timedelta64(0, "us")).all():
            raise DataError("replay: the days are not in order of time")
        if not (np.isfinite(self.equity).all() and np.isfinite(self.hold).all()):
            raise DataError("replay: a value of equity is not a number")
        if not (isfinite(self.capital) and self.capital > 0):
            raise DataError(f"replay: capital is {self.capital}; expected more than zero")
        _check_theme("replay", self.theme)

    def to_json(self) -> dict[str, Any]:
        """Values to eight significant digits."""
        return {
            "ts": [str(t) for t in self.ts.astype("datetime64[D]")],
            "equity": significant(self.equity, 8),
            "hold": significant(self.hold, 8),
            "capital": self.capital,
            "title": self.title,
            "subtitle": self.subtitle,
            "currency": self.currency,
            "theme": self.theme,
        }

    @classmethod
    def from_json(cls, spec: Mapping[str, Any]) -> "ReplaySpec":
        """Raises DataError with the place of what is wrong or misspelt."""
        node = Node.of("replay spec", spec)
        node.expect(*cls.__slots__)
        return cls(
            ts=node.times("ts"),
            equity=node.series("equity"),
            hold=node.series("hold"),
            capital=node.number("capital"),
            title=node.text("title"),
            subtitle=node.text("subtitle", ""),
            currency=node.text("currency", "USD"),
            theme=node.text("theme", "dark"),
        )


def draw(kind: str, spec: Mapping[str, Any]) -> bytes:
    """The PNG of a stored spec; kind candles, pnl, replay or heat. DataError for a bad one."""
    if kind == "candles":
        from charts.candles import compose

        return compose(CandlesSpec.from_json(spec)).png()
    if kind == "pnl":
        from charts.pnl import compose as compose_pnl

        return compose_pnl(PnlSpec.from_json(spec)).png()
    if kind == "replay":
        from charts.replay import compose as compose_replay

        return compose_replay(ReplaySpec.from_json(spec)).png()
    if kind == "heat":
        from charts.heat import compose as compose_heat

        return compose_heat(HeatSpec.from_json(spec)).png()
    raise DataError(f"no picture is called {kind!r}; expected candles, pnl, replay or heat")


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


def _check_theme(name: str, theme: str) -> None:
    if theme not in THEMES:
        raise DataError(f"{name}: theme is {theme!r}; expected {' or '.join(THEMES)}")
