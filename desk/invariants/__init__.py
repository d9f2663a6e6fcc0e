"""The invariants: what is true of a desk's facts whatever died in between.

One table for the trials, the property tests and `quarterdeck check`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass

from desk.desk import Desk
from desk.invariants import (
    books,
    caches,
    decisions,
    exits,
    fills,
    house,
    limits,
    telling,
    waiting,
)
from desk.invariants.rule import Finding, Rule
from trading.errors import BrokerError, DamagedRow, DataError

__all__ = ["PAUSE", "RULES", "Finding", "Rule", "Verdict", "always", "examine", "findings"]

PAUSE = 3.0  # wall seconds between two readings: longer than a broker's reads lag

_REPORT = "this is an error of ours: keep the database (`quarterdeck backup`) and report it"
_COMPARE = (
    "/reconcile shows both figures; halt before trading it, and compare the broker's own page"
)
_REBUILD = "`quarterdeck rebuild` makes it anew; a fill that came late does this, and is no harm"
_RUNNING = "see that the house runs: /health, or `quarterdeck check fast`"

RULES = (
    Rule(
        "rows can be read",
        "every row of the database is the fact it was",
        "nothing was deleted: stop Quarterdeck, then restore the newest backup that has it right, "
        "or correct the value in that row by hand",
        facts=house.rows_can_be_read,
    ),
    Rule(
        "decided once",
        "an approved signal has exactly one order, as approved; every other none that was sent",
        _REPORT,
        facts=decisions.decided_once,
        always=True,
    ),
    Rule(
        "own signal",
        "an order that names a signal names one that exists",
        _REPORT,
        facts=decisions.own_signal,
        always=True,
    ),
    Rule(
        "known hands",
        "who decided in the last 30 days is an operator",
        "if that operator was taken off since, all is well; else halt and look at the log of bot",
        facts=decisions.known_hands,
        always=True,
    ),
    Rule(
        "sent within limits",
        "an entry is sent only after every check of it has passed, with its figure kept",
        "halt, then see /risk; report it with a backup",
        facts=limits.sent_within_limits,
        always=True,
    ),
    Rule(
        "state as filled",
        "an order stands as its fills say, and never filled more than was ordered",
        "halt, then compare the order with the broker's own page; report it with a backup",
        facts=fills.state_as_filled,
        always=True,
    ),
    Rule(
        "fills in their books",
        "a fill is booked to its order's strategy; what nobody ordered is unassigned",
        _REPORT,
        facts=fills.fills_have_orders,
        always=True,
    ),
    Rule(
        "actions can be",
        "every corporate action and option's end is one that can happen",
        "every figure is refused until then: restore the newest backup that has it right, or "
        "correct that row of actions by hand",
        facts=fills.actions_can_be,
    ),
    Rule(
        "one currency a book",
        "an instrument is traded in one currency in each account and strategy",
        "each currency's trades are counted by themselves and nothing is mixed; what is held in "
        "the second is carried at cost: compare that instrument with the broker's own page",
        facts=fills.currencies_are_one,
    ),
    Rule(
        "sums come out",
        "cash is what was paid in, plus realised, less fees, taxes and the cost of what is held",
        _REPORT,
        facts=fills.sums_come_out,
        always=True,
    ),
    Rule(
        "marks as facts",
        "every saved P&L of a session is what the facts make of it",
        _REBUILD,
        facts=caches.marks_as_facts,
    ),
    Rule(
        "snapshots as facts",
        "every account's snapshot of a session is what the facts make of it",
        _REBUILD,
        facts=caches.snapshots_as_facts,
    ),
    Rule(
        "same open orders",
        "what works at a broker is what works here",
        _COMPARE,
        broker=books.same_open_orders,
    ),
    Rule(
        "same executions",
        "every execution a broker shows is booked here with the same figures, and no other",
        _COMPARE,
        broker=books.same_executions,
    ),
    Rule(
        "same positions",
        "the broker holds what our books hold",
        _COMPARE,
        broker=books.same_positions,
    ),
    Rule(
        "stops cover",
        "a position with a stop is covered by exactly one, or its bracket says why not",
        "/positions shows which; " + _RUNNING,
        facts=exits.covered_once,
    ),
    Rule(
        "closed once",
        "no live orders can together close more than is held",
        "cancel one at the broker; then report it with a backup",
        facts=exits.closes_what_is_held,
    ),
    Rule(
        "claims go on",
        "an order on its way is followed by whoever claimed it, or taken over",
        _RUNNING,
        facts=waiting.claims_go_on,
    ),
    Rule(
        "doubts asked about",
        "of an order in doubt the operator was asked within a minute",
        "look for it at the broker before trading its instrument; " + _RUNNING,
        facts=waiting.doubts_are_asked_about,
    ),
    Rule(
        "orders end",
        "no order waits past the end of its session",
        _RUNNING,
        facts=waiting.orders_end_with_their_session,
    ),
    Rule(
        "signals expire",
        "no signal is open past its time",
        _RUNNING,
        facts=waiting.signals_expire,
    ),
    Rule(
        "requests handled",
        "what was asked is carried out within a minute",
        _RUNNING,
        facts=waiting.requests_are_handled,
    ),
    Rule(
        "notices sent",
        "critical messages leave within 2 minutes, others within 10, digests within 30",
        "Telegram may be away, or the bot: `quarterdeck check bot`; nothing is lost",
        facts=waiting.notices_are_sent,
    ),
    Rule(
        "runs go on",
        "a job that was begun is worked at, or taken over",
        "see that the heavy lane runs: /health, or `quarterdeck check heavy`",
        facts=waiting.runs_go_on,
    ),
    Rule(
        "pictures drawn",
        "a picture is drawn within 10 minutes",
        "see that the drawing process runs: /health, or `quarterdeck check draw`",
        facts=waiting.pictures_are_drawn,
    ),
    Rule(
        "critical arrives",
        "a critical message that could not be shown was replaced by one that says so",
        "that operator writes /start to the bot; /signals, /orders and /positions show the rest",
        facts=telling.critical_arrives,
    ),
    Rule(
        "told once",
        "no fill is announced twice",
        _REPORT,
        facts=telling.fills_told_once,
        always=True,
    ),
    Rule(
        "answered once",
        "no request is answered twice with the same words",
        "a worker died between answering and noting it: nothing to do if it happened once",
        facts=telling.answered_once,
    ),
    Rule(
        "dated requests",
        "a handled request says when",
        _REPORT,
        facts=telling.handled_is_dated,
        always=True,
    ),
    Rule(
        "audit unbroken",
        "every deed of the audit follows the one before, and none is missing",
        "somebody or something changed the database by hand: `quarterdeck audit verify` names the "
        "first; compare with a backup from before",
        facts=house.audit_is_unbroken,
    ),
    Rule(
        "one latch",
        "every latch was set by somebody, and a square-off runs halted, one of a scope",
        "/halt sets it; report it with a backup",
        facts=house.latch_is_one,
        always=True,
    ),
    Rule(
        "sane clock",
        "the market's clock was set in the past and runs forward",
        "set the machine's clock (`timedatectl set-ntp true`), then start again",
        facts=house.clock_is_sane,
        always=True,
    ),
)

Rest = Callable[[float], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of one rule; `unasked` says why of each broker that could not be asked,
    `torn` which row could not be read that the rule needs."""

    rule: Rule
    findings: tuple[Finding, ...] = ()
    unasked: tuple[str, ...] = ()
    torn: str = ""

    @property
    def holds(self) -> bool:
        return not (self.findings or self.unasked or self.torn)


async def findings(
    desk: Desk, *, at_rest: bool = False, rest: Rest = asyncio.sleep, pause: float = PAUSE
) -> list[Finding]:
    """Everything that does not hold. Brokers that are away are passed over."""
    verdicts = [verdict async for verdict in examine(desk, at_rest=at_rest, rest=rest, pause=pause)]
    return [finding for verdict in verdicts for finding in verdict.findings]


async def always(desk: Desk) -> list[Finding]:
    """What must hold at every commit and does not."""
    rules = [rule for rule in RULES if rule.always]
    return [finding for rule in rules for finding in (await _read(desk, rule)).findings]


async def examine(
    desk: Desk,
    *,
    at_rest: bool = False,
    rest: Rest = asyncio.sleep,
    pause: float = PAUSE,
    rules: Iterable[Rule] = RULES,
) -> AsyncIterator[Verdict]:
    """Rule by rule. Unless the desk is `at_rest`, something may be under way: what was found is
    looked for again `pause` seconds later, and only what is still there counts."""
    again: list[Verdict] = []
    for rule in rules:
        verdict = await _tried(desk, rule)
        if verdict.findings and not at_rest:
            again.append(verdict)
        else:
            yield verdict
    if not again:
        return
    await rest(pause)
    await desk.market.refresh()
    for first in again:
        second = await _tried(desk, first.rule)
        still = set(first.findings)
        stayed = tuple(finding for finding in second.findings if finding in still)
        yield Verdict(first.rule, stayed, second.unasked, second.torn)


async def _tried(desk: Desk, rule: Rule) -> Verdict:
    """A row that cannot be read stops the rules that need it and no other."""
    try:
        return await _read(desk, rule)
    except (DamagedRow, DataError) as error:
        return Verdict(rule, torn=str(error))


async def _read(desk: Desk, rule: Rule) -> Verdict:
    found: list[str] = []
    unasked: list[str] = []
    if rule.facts is not None:
        found = [text async for text in rule.facts(desk)]
    elif rule.broker is not None:
        for broker in desk.brokers.values():
            try:
                found += [text async for text in rule.broker(desk, broker)]
            except BrokerError as error:
                unasked.append(f"{broker.name}: {error}")
    said = tuple(Finding(rule.name, text, rule.advice) for text in found)
    return Verdict(rule, said, tuple(unasked))
