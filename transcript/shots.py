"""The README's pictures, step by step: a demo of the shipped strategies, half a year traded."""

from decimal import Decimal

from settings import StrategySettings
from transcript.script import CARD, Clock, Press, Say, Step

#: The first is the demo's own; the others' shares leave money for its first card.
STRATEGIES = {
    "mean_reversion": StrategySettings(),
    "swing_stochastic_rsi": StrategySettings(allocation=Decimal("0.08"), position=Decimal("0.04")),
    "weekly_trend": StrategySettings(allocation=Decimal("0.08"), position=Decimal("0.04")),
}

SHOTS: tuple[Step, ...] = (
    Step(Clock.CLOSE, CARD, photo=True, shot="card"),
    Step(Press("Approve"), "Approved by you"),
    Step(Press("Reject"), "Rejected by you"),
    Step(Clock.OPEN, "Filled", photo=True, shot="filled"),
    Step(Say("/positions"), "broker agrees", shot="positions"),
    Step(Say("/pnl"), "P&L since the start", photo=True, shot="pnl"),
    Step(Say("/daily 30"), "The last 30", photo=True, shot="daily"),
    Step(Say("/weekly 12"), "The last 12 weeks", photo=True, shot="weekly"),
    Step(Say("/monthly 7"), "The last 7 months", photo=True, shot="monthly"),
    Step(Say("/calendar 2024"), "Calendar", photo=True, shot="calendar"),
    Step(Say("/calendar 2024-11"), "Calendar", photo=True, shot="month"),
    Step(Say("/compare"), "Strategies since the start", photo=True, shot="compare"),
    Step(Say("/performance symbol"), "by symbol", photo=True, shot="performance"),
    Step(Say("/performance weekday"), "by weekday", photo=True, shot="weekday"),
    Step(Say("/slippage"), "Slippage since the start", photo=True, shot="slippage"),
    Step(Say("/veto"), "Vetoed", shot="veto"),
    Step(Say("/stats"), "Sharpe", shot="stats"),
    Step(Say("/trades"), "tells one whole", shot="trades"),
    Step(Say("/trade {}", told=r"^[A-Z.]+ +(\d+) .*\+[\d.,]+$"), "Trade ", shot="trade"),
    Step(Say("/backtest mean_reversion 1y"), "Backtest of", photo=True, shot="backtest"),
    Step(Say("/report all"), "Report,", shot="report", pages=2),
    Step(Clock.CLOSE, CARD, photo=True),
    Step(Say("/digest end"), "End of session", photo=True, shot="digest"),
)


def names(step: Step) -> list[str]:
    """Of a step's pictures: one, or one a page."""
    if step.pages:
        return [f"{step.shot}_{page}.png" for page in range(1, step.pages + 1)]
    return [f"{step.shot}.png"] if step.shot else []
