"""Earned autonomy: what a strategy must show to decide more by itself, and what takes that back."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from risk.checks import Check
from trading.types import Mode

#: Each decides more by itself than the one before.
STEPS = (Mode.MANUAL, Mode.VETO, Mode.AUTO)


@dataclass(frozen=True, slots=True)
class Promotion:
    """What must all be shown since the present mode began, before the next one is suggested."""

    trades: int = 30  # that ended, at least
    slippage_bps: Decimal = Decimal(15)  # of the signal's price, at most
    profit_factor: Decimal = Decimal("1.3")  # at least
    agreement: Decimal = Decimal("0.85")  # share of its signals that operators let through


@dataclass(frozen=True, slots=True)
class Demotion:
    """What takes the decision back, any one of them."""

    drawdown: Decimal = Decimal("0.10")  # of the strategy's capital, at most
    errors: int = 3  # orders a broker refused or that are in doubt: fewer than this
    slippage_bps: Decimal = Decimal(50)  # at most


@dataclass(frozen=True, slots=True)
class Evidence:
    """One strategy over a stretch of time. None where there is nothing to measure."""

    trades: int
    slippage_bps: float | None
    profit_factor: float | None  # None: no trade lost
    agreement: float | None
    drawdown: float | None  # 0 or negative
    errors: int


def loosens(before: Mode, after: Mode) -> bool:
    """Whether `after` asks people less than `before`."""
    return STEPS.index(after) > STEPS.index(before)


def next_step(mode: Mode) -> Mode | None:
    at = STEPS.index(mode) + 1
    return STEPS[at] if at < len(STEPS) else None


def promotion(found: Evidence, rules: Promotion) -> Sequence[Check]:
    """Each figure against its limit; the next mode is earned where all are ok."""
    factor, slip, agreed = found.profit_factor, found.slippage_bps, found.agreement
    return (
        Check(
            "trades",
            found.trades >= rules.trades,
            f"{found.trades} trades ended, wanted {rules.trades}",
        ),
        Check(
            "slippage",
            slip is not None and _exact(slip) <= rules.slippage_bps,
            "no order filled yet"
            if slip is None
            else f"slippage {_signed(slip)} bps, limit {rules.slippage_bps:f}",
        ),
        Check(
            "profit factor",
            found.trades > 0 and (factor is None or _exact(factor) >= rules.profit_factor),
            f"profit factor {_factor(found)}, wanted {rules.profit_factor:f}",
        ),
        Check(
            "agreement",
            agreed is not None and _exact(agreed) >= rules.agreement,
            "nobody has decided a signal yet"
            if agreed is None
            else f"you agreed with {agreed:.0%}, wanted {rules.agreement:.0%}",
        ),
    )


def demotion(found: Evidence, rules: Demotion) -> Sequence[Check]:
    """Each figure against its limit; one that is not ok takes the decision back."""
    slip = found.slippage_bps
    down = _exact(abs(found.drawdown or 0.0))
    return (
        Check(
            "drawdown",
            down <= rules.drawdown,
            f"drawdown {down:.1%} of its capital, limit {rules.drawdown:.1%}",
        ),
        Check(
            "errors",
            found.errors < rules.errors,
            f"orders refused or in doubt: {found.errors}, limit {rules.errors}",
        ),
        Check(
            "slippage",
            slip is None or _exact(slip) <= rules.slippage_bps,
            "no order filled yet"
            if slip is None
            else f"slippage {_signed(slip)} bps, limit {rules.slippage_bps:f}",
        ),
    )


def _exact(figure: float) -> Decimal:
    """As it is written: 0.85 reaches a limit of 0.85."""
    return Decimal(repr(figure))


def _signed(figure: float) -> str:
    return f"{figure:.1f}".replace("-", "\u2212")


def _factor(found: Evidence) -> str:
    if found.profit_factor is None:
        return "without a loss" if found.trades else "unknown"
    return f"{found.profit_factor:.2f}"
