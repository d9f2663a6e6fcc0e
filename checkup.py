"""`quarterdeck check`: every rule of the desk's facts, read on a live database, told one by one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from brokers.paper_client import PaperClient
from choices import operators
from db.journal import open_to_read
from db.posts import Meta
from desk import invariants
from desk.desk import Desk
from desk.invariants import Rest, Verdict
from desk.wording import count, number_of
from folder import lived_in, paper_address, prepare
from market.instruments import InstrumentBook
from replay.demo_clock import DemoClock
from settings import Settings
from trading.clocks import MarketClock, ScaledClock, SystemClock
from wiring import NoPrices, Silence, calendar_of

PATIENCE = 60.0  # wall seconds the broker may take to show all its executions
SHOWN = 10  # findings of one rule that are printed
WIDTH = 22


async def check(settings: Settings, rest: Rest = asyncio.sleep) -> int:
    """Prints rule by rule; 0 where all that could be asked holds, else 1. Writes nothing."""
    async with _desk(settings) as desk:
        verdicts = []
        async for verdict in invariants.examine(desk, rest=rest):
            print(told(verdict), flush=True)
            verdicts.append(verdict)
    print(closing(verdicts))
    return int(any(verdict.findings or verdict.torn for verdict in verdicts))


@asynccontextmanager
async def _desk(settings: Settings) -> AsyncIterator[Desk]:
    """A desk that reads. Of the brokers only a process that runs is asked: opening the paper book
    here would keep the house from starting."""
    lived_in(settings)
    prepare(settings)
    wall, calendar = SystemClock(), calendar_of(settings)
    async with (
        open_to_read(settings.database_url) as journal,
        PaperClient(paper_address(settings), timeout=PATIENCE) as paper,
    ):
        market: MarketClock = SystemClock()
        if settings.mode == "demo":
            market = ScaledClock(wall, DemoClock(journal, wall, calendar).read)
        await market.refresh()
        yield Desk(
            journal=journal,
            market=market,
            wall=wall,
            feed=NoPrices(),
            instruments=InstrumentBook(()),
            calendar=calendar,
            brokers={paper.name: paper},
            plans={},
            bell=Silence(),
            desk_id=await Meta(journal).get("desk_id") or "",
            currency=settings.currency,
            methods=settings.lots,
            operators=operators(settings),
        )


def told(verdict: Verdict) -> str:
    """One rule's lines."""
    rule, found = verdict.rule, verdict.findings
    head = f"{rule.name:<{WIDTH}}"
    lines = [f"{head}holds: {rule.statement}"]
    if found:
        lines = [f"{head}{len(found):,} FINDING{'S' * (len(found) > 1)}: {rule.statement}"]
        lines += [f"  - {finding.text}" for finding in found[:SHOWN]]
        lines += [f"  … and {len(found) - SHOWN:,} more"] if len(found) > SHOWN else []
        lines.append(f"  What to do: {rule.advice}.")
    elif verdict.torn:
        lines = [f"{head}not read: {rule.statement}"]
    elif verdict.unasked:
        lines = [f"{head}not asked: {rule.statement}"]
    return "\n".join(lines)


def closing(verdicts: list[Verdict]) -> str:
    found = sum(len(verdict.findings) for verdict in verdicts)
    unasked = sum(bool(verdict.unasked) for verdict in verdicts)
    broken = sum(bool(verdict.findings) for verdict in verdicts)
    held = sum(verdict.holds for verdict in verdicts)
    if held == len(verdicts):
        return f"All {held} rules hold."
    parts = [f"{count(held, 'rule')} {'holds' if held == 1 else 'hold'}"]
    if found:
        verb = "does" if broken == 1 else "do"
        parts.append(f"{broken} {verb} not: {number_of(found, 'finding')}")
    if unasked:
        parts.append(f"{unasked} could not be asked of a broker that is away")
    if torn := sum(bool(verdict.torn) for verdict in verdicts):
        parts.append(f"{torn} could not be read for a damaged row")
    reasons = dict.fromkeys(reason for verdict in verdicts for reason in verdict.unasked)
    return "\n".join([f"{'; '.join(parts)}.", *reasons])
