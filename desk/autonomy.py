"""Earned autonomy: a strategy's record since its mode began, suggested up, taken down."""

from datetime import UTC, datetime, timedelta

from analytics.shortfall import shortfall
from desk import modes, notices, preferences, wording
from desk.desk import Desk, Plan
from desk.executions import EPOCH, executions
from desk.statistics import statistics
from risk import autonomy
from risk.autonomy import Evidence
from risk.checks import Check
from trading.errors import DataError
from trading.facts import Lane
from trading.messages import Button, bold, message
from trading.orders import Order, OrderState
from trading.signals import Signal, SignalState
from trading.types import Mode

QUIET = timedelta(days=30)  # after "Not now"
RECENT = timedelta(days=90)  # what may take a decision back; older faults are the past
BY = "autonomy"
ASKED = "asked"


async def evidence(desk: Desk, strategy: str, since: datetime | None) -> Evidence:
    """Its record from that moment on, or of always. Raises DataError where an exchange rate is
    not known."""
    begin = since or datetime.combine(EPOCH, datetime.min.time(), UTC)
    first, last = desk.local(begin).date(), desk.local(desk.market.now()).date()
    found = (await statistics(desk, first, last, strategy)).stats
    filled = shortfall(await executions(desk, first, last, strategy))
    return Evidence(
        trades=found.trades,
        slippage_bps=filled.bps(filled.slippage),
        profit_factor=found.profit_factor,
        agreement=await _agreement(desk, strategy, begin),
        drawdown=found.max_drawdown,
        errors=await _errors(desk, strategy, begin),
    )


async def _agreement(desk: Desk, strategy: str, since: datetime) -> float | None:
    """Of the signals that people decided, or let pass in a veto's window, the share that went."""
    with_us = against = 0
    for signal in await desk.journal.read(
        Signal, strategy=strategy, decided_at__gte=since, state__not=SignalState.PENDING
    ):
        if signal.decided_by.partition(":")[0] not in ("operator", "veto"):
            continue
        with_us += signal.state is SignalState.APPROVED
        against += signal.state in (SignalState.REJECTED, SignalState.WITHDRAWN)
    return with_us / (with_us + against) if with_us + against else None


async def _errors(desk: Desk, strategy: str, since: datetime) -> int:
    """Orders that a broker refused, or whose outcome nobody knows."""
    refused = await desk.journal.count(
        Order,
        strategy=strategy,
        state=OrderState.REJECTED,
        submitted_at__isnull=False,
        created_at__gte=since,
    )
    return refused + await desk.journal.count(
        Order, strategy=strategy, state=OrderState.UNKNOWN, created_at__gte=since
    )


async def promotion(desk: Desk, plan: Plan) -> list[Check]:
    """Its record since the present mode began, against what the next one asks."""
    found = await evidence(desk, plan.strategy, await modes.since(desk, plan.strategy))
    return list(autonomy.promotion(found, plan.promotion))


async def demotion(desk: Desk, plan: Plan) -> list[Check]:
    """Its record since the present mode began, and no longer ago than RECENT, against what it may
    not exceed."""
    recent = desk.market.now() - RECENT
    began = await modes.since(desk, plan.strategy)
    found = await evidence(desk, plan.strategy, max(began, recent) if began else recent)
    return list(autonomy.demotion(found, plan.demotion))


async def review(desk: Desk) -> str:
    """Every strategy once; says in a clause what came of it."""
    said = []
    for plan in list(desk.plans.values()):
        try:
            said.append(await _review(desk, plan))
        except DataError as error:
            said.append(f"{plan.strategy} not weighed: {error}")
    return "; ".join(filter(None, said)) or "nothing to change"


async def _review(desk: Desk, plan: Plan) -> str:
    if plan.mode is not Mode.MANUAL:
        failed = [check for check in await demotion(desk, plan) if not check.ok]
        if failed:
            await _demote(desk, plan, failed)
            return f"{plan.strategy} back to manual"
    step = autonomy.next_step(plan.mode)
    if step is None or not await _may_suggest(desk, plan, step):
        return ""
    shown = await promotion(desk, plan)
    if not all(check.ok for check in shown):
        return ""
    await _suggest(desk, plan, step, shown)
    return f"{step.value} suggested for {plan.strategy}"


async def _demote(desk: Desk, plan: Plan, failed: list[Check]) -> None:
    reasons = "; ".join(check.text for check in failed)
    async with desk.journal.transaction():
        why = f"{plan.strategy} decides no more by itself"
        await modes.choose(desk, plan.strategy, Mode.MANUAL, by=BY, why=why)
        said = message(
            bold(f"{plan.strategy} is back to manual"),
            f"\nIt was {plan.mode.value}: {reasons}.\nYou decide its signals from now on; /mode "
            "shows its record.",
        )
        await notices.tell(desk, said, lane=Lane.CRITICAL)
    await desk.bell.ring("postman")


async def _may_suggest(desk: Desk, plan: Plan, step: Mode) -> bool:
    """Once a step, and again 30 days after "Not now"."""
    name = modes.asked_for(plan.strategy)
    row = (await preferences.chosen(desk.journal, name)).get("")
    if row is None or not row.value.startswith(f"{step.value} "):
        return True
    until = row.value.partition(" ")[2]
    return until != ASKED and datetime.fromisoformat(until) <= desk.wall.now()


async def _suggest(desk: Desk, plan: Plan, step: Mode, shown: list[Check]) -> None:
    lines = "\n".join(f"✔ {wording.capital(check.text)}" for check in shown)
    said = message(
        bold(f"{plan.strategy} has earned {step.value}"),
        f"\nIt is {plan.mode.value} now. Since that began:\n{lines}\nNothing changes unless you "
        "raise it.",
        buttons=[
            [
                Button(f"Raise to {step.value}", "mode", (plan.strategy, step.value)),
                Button("Not now", "mode", (plan.strategy, step.value, "later")),
            ]
        ],
    )
    async with desk.journal.transaction():
        name = modes.asked_for(plan.strategy)
        await preferences.choose(desk, name, f"{step.value} {ASKED}", by=BY)
        await notices.tell(desk, said)
    await desk.bell.ring("postman")


async def not_now(desk: Desk, strategy: str, step: Mode, *, by: str) -> datetime:
    """Suggest that step no more until the wall time returned."""
    until = desk.wall.now() + QUIET
    name = modes.asked_for(strategy)
    await preferences.choose(desk, name, f"{step.value} {until.isoformat()}", by=by)
    return until
