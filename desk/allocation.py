"""Allocation: what each strategy may use, uses and has left; changed in a chat."""

from dataclasses import dataclass
from decimal import Decimal

from desk import chosen, preferences
from desk.clearing import account_of
from desk.desk import MANUAL, Desk, Plan
from desk.funds import Funds, funds
from trading.errors import DeskError
from trading.parts import Part
from trading.types import Account

ZERO = Decimal(0)
KIND = "allocation:"


@dataclass(frozen=True, slots=True)
class Share:
    """One strategy's money, in the desk's currency."""

    strategy: str
    part: Part
    limit: Decimal
    used: Decimal  # held, at cost, and working

    @property
    def left(self) -> Decimal:
        return max(self.limit - self.used, ZERO)

    @property
    def filled(self) -> Decimal:
        """The fraction used; above one where more is held than is allowed now."""
        return self.used / self.limit if self.limit else ZERO


@dataclass(frozen=True, slots=True)
class Money:
    """Every strategy's share, and what the account itself can still pay for."""

    shares: tuple[Share, ...]
    equity: Decimal
    free: Decimal


async def money(desk: Desk) -> Money:
    """As it stands now. DeskError where the broker cannot be asked."""
    if not desk.brokers:
        raise DeskError("no broker is connected here")
    account = await account_of(next(iter(desk.brokers.values())))
    async with desk.journal.transaction():  # the ledger and the orders of one moment
        found = await funds(desk, account)
    plans = dict(desk.plans)
    if found.used(desk, MANUAL):
        plans.setdefault(MANUAL, desk.by_hand)
    shares = tuple(_share(desk, plan, account, found) for plan in plans.values())
    return Money(shares, account.equity, max(found.free(desk), ZERO))


def _share(desk: Desk, plan: Plan, account: Account, found: Funds) -> Share:
    limit = plan.allowance.limit(account.equity)
    return Share(plan.strategy, part_of(desk, plan), limit, found.used(desk, plan.strategy))


def part_of(desk: Desk, plan: Plan) -> Part:
    allowance = plan.allowance
    if allowance.amount is not None:
        return Part(amount=allowance.amount, currency=desk.currency)
    return Part(share=allowance.allocation)


async def asks(desk: Desk, strategy: str, part: Part) -> tuple[Share, Decimal]:
    """The share as it is and the limit as it would be; DeskError for another currency."""
    plan = desk.plan(strategy)
    if plan.strategy not in desk.plans:
        raise DeskError(f"{strategy} has no allocation of its own; the desk's limits hold for it")
    if part.currency not in ("", desk.currency):
        raise DeskError(f"allocations are in {desk.currency}, not {part.currency}")
    now = next(share for share in (await money(desk)).shares if share.strategy == strategy)
    equity = (await money(desk)).equity
    return now, plan.allowance.with_part(part).limit(equity)


async def choose(desk: Desk, strategy: str, part: Part, *, by: str) -> None:
    """From now on, here at once and in every other process with its next look."""
    async with desk.journal.transaction():
        await preferences.choose(desk, KIND + strategy, str(part), by=by)
    await chosen.refresh(desk)
