"""Judgements kept: every check with its figure, as it was at proposal, decision and claim."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from desk import clearing
from desk.desk import Desk
from desk.funds import Funds
from desk.halt import trading_state
from risk.checks import Check
from trading.judgement import Judgement, Stage
from trading.signals import Signal
from trading.types import Quote

__all__ = ["Stage", "checks_of", "keep", "latest", "proposed"]


async def keep(desk: Desk, signal_id: int | None, stage: Stage, checks: Iterable[Check]) -> None:
    """Joins the caller's transaction. A replay, which nobody reads, keeps none."""
    if signal_id is None or not desk.operators:
        return
    rows = tuple(_row(check) for check in checks)
    await desk.journal.append([Judgement(signal_id, stage, desk.market.now(), rows)])


async def proposed(desk: Desk, signals: Iterable[Signal], money: Funds) -> None:
    """What an approval at the signal's own price would meet. Joins the caller's transaction."""
    if not desk.operators:
        return
    now = desk.market.now()
    for signal in signals:
        instrument = desk.instrument(signal.symbol)
        market = clearing.Market(Quote(signal.symbol, signal.price, now), money.account)
        state = await trading_state(desk, signal.strategy, instrument.broker)
        checks = clearing.answers(desk, signal, instrument, market, money, state)
        await keep(desk, signal.id, Stage.PROPOSAL, checks)


async def latest(desk: Desk, signal_id: int, stage: Stage | None = None) -> Judgement | None:
    """The last one of the signal, or of one stage of it."""
    where: dict[str, Any] = {} if stage is None else {"stage": stage}
    return await desk.journal.first(Judgement, order="-id", signal_id=signal_id, **where)


def checks_of(judgement: Judgement) -> Sequence[Check]:
    return [
        Check(
            row["name"], bool(row["ok"]), row["text"], _number(row, "used"), _number(row, "limit")
        )
        for row in judgement.checks
    ]


def _row(check: Check) -> dict[str, Any]:
    row: dict[str, Any] = {"name": check.name, "ok": check.ok, "text": check.text}
    for name, value in (("used", check.used), ("limit", check.limit)):
        if value is not None:
            row[name] = f"{value:f}"[:40]
    return row


def _number(row: Any, name: str) -> Decimal | None:
    return Decimal(row[name]) if name in row else None
