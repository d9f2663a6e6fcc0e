"""A replay in words: the table of figures, the caption of its picture, the trades as CSV."""

import csv
from decimal import Decimal
from io import StringIO
from typing import Any

import numpy as np

from charts import ReplaySpec
from desk import wording
from desk.console.replies import columns
from replay.result import Result

NOTHING = "–"
SHOWN = 10  # trades in the text; the CSV has all
SURVIVORS = "Today's S&P 500 members only: survivorship flatters every strategy on this sample."
FIELDS = (
    "id",
    "symbol",
    "side",
    "quantity",
    "signal_time",
    "entry_time",
    "entry_price",
    "exit_time",
    "exit_price",
    "fees",
    "net",
    "return",
    "bars_held",
    "reason",
    "exit_reason",
)


def heading(result: Result) -> list[str]:
    """What was run, over what, with what money and costs."""
    set_ = ", ".join(f"{key}={value}" for key, value in result.params)
    days = result.days
    bars = "the shipped sample" if result.sample else "imported bars"
    return [
        f"{result.strategy}{f' ({set_})' if set_ else ''}, {days[0]} to {days[-1]}",
        f"{result.symbols} instruments of {bars}, {len(days)} sessions, capital "
        f"{wording.money(result.capital, result.currency)}",
        f"Costs: {result.costs}",
        "Decided at a close, filled at the next open; decided at an open, filled there; slippage "
        "always against us.",
    ]


def text(result: Result) -> str:
    """All figures in a table for a terminal: the strategy beside buy and hold."""
    rows = [("", result.strategy, "buy and hold"), *_against(result)]
    alone = [(name, value) for name, value in _own(result)]
    notes = [
        f"Buy and hold: {result.held} instruments at the first open, equal weight, fractional "
        "units, the same costs, never sold.",
        "Sharpe: daily returns, times the root of 252, no rate taken off. CAGR: from 90 days on.",
        *([SURVIVORS] if result.sample else []),
    ]
    parts = [*heading(result), "", columns(rows), "", columns(alone), "", *_last(result), *notes]
    return "\n".join(parts)


def _last(result: Result) -> list[str]:
    """The last trades, newest at the end, so that one sees what the figures are made of."""
    shown = result.trades[-SHOWN:]
    if not shown:
        return []
    rows = [("", "", "units", "opened", "at", "closed", "at", f"net {result.currency}")]
    rows += [
        (
            trade.symbol,
            trade.side,
            wording.quantity(trade.quantity),
            f"{trade.opened_at:%Y-%m-%d}",
            f"{trade.entry:.2f}",
            f"{trade.closed_at:%Y-%m-%d}",
            f"{trade.exit:.2f}",
            wording.signed(trade.net),
        )
        for trade in shown
    ]
    which = "Trades" if len(shown) == len(result.trades) else f"The last {len(shown)} trades"
    return [f"{which} (--trades FILE writes all as CSV):", columns(rows, left=2), ""]


def _against(result: Result) -> list[tuple[str, str, str]]:
    currency = result.currency
    fall, other = result.drawdown, result.hold_drawdown
    return [
        ("Net P&L", wording.profit(result.profit, currency), _signed(result.hold_profit, currency)),
        (
            "  of capital",
            _percent(result.share, signed=True),
            _percent(result.hold_profit / float(result.capital), signed=True),
        ),
        ("CAGR", _percent(result.growth), _percent(result.hold_growth)),
        ("Max drawdown", _signed(fall.amount, currency), _signed(other.amount, currency)),
        ("  from the peak", _percent(fall.share), _percent(other.share)),
        ("Sharpe", _ratio(result.sharpe), _ratio(result.hold_sharpe)),
    ]


def _own(result: Result) -> list[tuple[str, str]]:
    currency = result.currency
    average = result.average
    return [
        ("Trades closed", str(len(result.trades))),
        ("Win rate", _percent(result.win_rate)),
        ("Profit factor", _ratio(result.profit_factor)),
        ("Average trade", NOTHING if average is None else wording.profit(average, currency)),
        ("Open at the end", wording.profit(result.unrealised, currency)),
        ("Exposure", _percent(result.exposed)),
        ("Turnover a year", f"{result.turnover:.1f} x"),
        ("Fees paid", wording.money(result.fees, currency)),
        ("Slippage paid", wording.money(result.slippage, currency)),
    ]


def for_phone(result: Result, theme: str) -> dict[str, Any]:
    """The chart and what stands under it in a chat, as JSON: tables of at most 34 characters."""
    currency, count = result.currency, len(result.trades)
    fall, other = result.drawdown, result.hold_drawdown
    against = [
        ("", "it", "hold"),
        (
            f"P&L {currency}",
            wording.signed(result.profit, 0),
            wording.signed(_decimal(result.hold_profit), 0),
        ),
        ("CAGR", _percent(result.growth), _percent(result.hold_growth)),
        ("Drawdown", _percent(fall.share), _percent(other.share)),
        ("Sharpe", _ratio(result.sharpe), _ratio(result.hold_sharpe)),
    ]
    average = result.average
    own = [
        ("Trades closed", str(count)),
        ("Won", _percent(result.win_rate)),
        ("Profit factor", _ratio(result.profit_factor)),
        ("Average trade", NOTHING if average is None else wording.signed(average)),
        ("Exposure", _percent(result.exposed)),
        ("Turnover a year", f"{result.turnover:.1f} x"),
        ("Fees", wording.amount(result.fees)),
        ("Slippage", wording.amount(result.slippage)),
    ]
    over = (
        f"{_span(result)}\n{result.symbols} instruments, {wording.money(result.capital, currency)}"
    )
    notes = [f"Costs: {result.costs}.", *([SURVIVORS] if result.sample else [])]
    made = wording.profit(result.profit, currency)
    return {
        "spec": picture(result, theme).to_json(),
        "over": over,
        "against": columns(against),
        "own": columns(own),
        "notes": "\n".join(notes),
        "outcome": f"{result.strategy}: {made} in {count} trades",
    }


def _span(result: Result) -> str:
    first, last = result.days[0], result.days[-1]
    return f"{first.day} {first:%b %Y} to {last.day} {last:%b %Y}"


def trades_csv(result: Result) -> str:
    """One line a trade; prices and money as they are, times in UTC."""
    file = StringIO()
    out = csv.writer(file, lineterminator="\n")
    out.writerow(FIELDS)
    for trade in result.trades:
        out.writerow(
            [
                trade.number,
                trade.symbol,
                trade.side,
                f"{trade.quantity:f}",
                trade.signalled_at.isoformat(),
                trade.opened_at.isoformat(),
                f"{trade.entry:f}",
                trade.closed_at.isoformat(),
                f"{trade.exit:f}",
                f"{trade.fees:f}",
                f"{trade.net:f}",
                f"{trade.returned:.6f}",
                trade.bars,
                trade.reason,
                trade.exit_reason,
            ]
        )
    return file.getvalue()


def _decimal(value: float) -> Decimal:
    return Decimal(repr(value))


def _signed(value: float, currency: str) -> str:
    return wording.profit(_decimal(value), currency)


def _percent(value: float | None, *, signed: bool = False) -> str:
    if value is None:
        return NOTHING
    text_ = wording.percent(value)
    return f"+{text_}" if signed and value > 0 else text_


def _ratio(value: float | None) -> str:
    return NOTHING if value is None else wording.amount(_decimal(value))


def picture(result: Result, theme: str) -> ReplaySpec:
    """Equity against buy and hold."""
    return ReplaySpec(
        ts=np.array(result.days, "datetime64[D]").astype("datetime64[us]"),
        equity=result.equity,
        hold=result.hold,
        capital=float(result.capital),
        title=f"Replay of {result.strategy}",
        subtitle=_span(result),
        currency=result.currency,
        theme=theme,
    )
