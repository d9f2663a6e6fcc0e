"""A signal's instrument over another stretch than its card shows, as a picture of its own."""

import math
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from desk import notices, wording
from desk.console.choices import lit
from desk.console.deciding import pressed
from desk.console.pictures import wanted
from desk.console.replies import number
from desk.decide import signal_of
from desk.desk import Desk
from trading.errors import BadCommand, DataError, DeskError
from trading.facts import Request
from trading.messages import Button, bold, message
from trading.ports import KeepsBars

if TYPE_CHECKING:  # numpy, which the doors do not load
    from trading.bars import Bars

#: By its word: the label, the bars' span, and how many days back.
STRETCHES = {
    "1m": ("1 month", "1d", 31),
    "6m": ("6 months", "1d", 183),
    "2y": ("2 years", "1w", 731),
}
USUAL = "2y"  # a card itself shows half a year
SPAN = {"1d": "daily", "1w": "weekly"}
FEWEST = 2  # bars


async def chart(desk: Desk, request: Request) -> None:
    """The buttons draw the same message again."""
    signal = await signal_of(desk, number(request, "chart"))
    word = request.args[1] if len(request.args) > 1 else USUAL
    if word not in STRETCHES:
        raise BadCommand(f"{word[:20]!r} is none of {', '.join(STRETCHES)}")
    if not isinstance(desk.feed, KeepsBars):
        raise DeskError("no bars are kept here to draw; ask where the prices are")
    label, timeframe, days = STRETCHES[word]
    now = desk.market.now()
    first = desk.local(now).date() - timedelta(days=days)
    bars = (await desk.feed.bars((signal.symbol,), first, now, timeframe)).get(signal.symbol)
    if bars is None or len(bars) < FEWEST:
        raise DataError(f"no bars of {signal.symbol} since {wording.short_day(first)}")
    instrument = desk.instrument(signal.symbol)
    last: date = bars.ts[-1].astype("datetime64[D]").item()
    spec = {
        "symbol": signal.symbol,
        "title": f"{signal.symbol}  {instrument.name}",
        "subtitle": f"{label}, {SPAN[timeframe]} to {last:%a} {last.day} {last:%b %Y}",
        "currency": instrument.currency,
        "bars": _drawn(bars),
        "levels": [{"name": "signal", "price": str(signal.price), "tone": ""}],
        "volume": True,
    }
    number_ = str(signal.id)
    choices = [
        Button(text, "chart", (number_, name), lit(name == word), once=False)
        for name, (text, _, _) in STRETCHES.items()
    ]
    said = message(
        bold(f"{signal.symbol}, {label}"),
        f" · signal {signal.id}\nSignal {wording.price(signal.price)} {instrument.currency}",
        buttons=[choices],
    )
    picture = await wanted(desk, "candles", spec)
    redraws = pressed(request) and len(request.args) > 1
    await notices.answer(desk, request, said, edits=redraws, picture_id=picture.id)
    await desk.bell.ring("draw", [picture.id])


def _drawn(bars: "Bars") -> dict[str, list[Any]]:
    """As a candle chart's spec holds them: days, eight significant digits, null for no value."""
    columns = {
        name: [None if math.isnan(value) else float(f"{value:.8g}") for value in column.tolist()]
        for name, column in (
            ("open", bars.open),
            ("high", bars.high),
            ("low", bars.low),
            ("close", bars.close),
            ("volume", bars.volume),
        )
    }
    return {"ts": [str(day) for day in bars.ts.astype("datetime64[D]")], **columns}
