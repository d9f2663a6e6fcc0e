"""What exercises each move, verb and job. What is new stands here, or a test fails.

`MACHINE` is the state machine of `lifecycle.py`: its full run comes to every such move, and to
none that is said to be out of its reach. Everything else names the file of tests that does it.
"""

from collections import Counter
from collections.abc import Mapping

MACHINE = "machine"

#: Of the moves the machine does not come to: why, and which tests make them.
WORD = "no broker of ours says so by itself: tests/trading/test_orders.py"
DAY = "a limit at its session's end: tests/desk/test_manual_asked.py"
RACE = "a part that fills before the answer is on record, once in many: tests/worker/test_rounds.py"

ORDERS: Mapping[tuple[str, str], str] = {
    ("planned", "submitting"): MACHINE,
    ("planned", "cancelled"): MACHINE,
    ("planned", "expired"): MACHINE,
    ("planned", "rejected"): MACHINE,
    ("planned", "partially_filled"): WORD,
    ("planned", "filled"): WORD,
    ("submitting", "planned"): MACHINE,
    ("submitting", "accepted"): MACHINE,
    ("submitting", "partially_filled"): RACE,
    ("submitting", "filled"): MACHINE,
    ("submitting", "rejected"): MACHINE,
    ("submitting", "cancelled"): WORD,
    ("submitting", "unknown"): MACHINE,
    ("accepted", "partially_filled"): MACHINE,
    ("accepted", "filled"): MACHINE,
    ("accepted", "cancelled"): MACHINE,
    ("accepted", "rejected"): WORD,
    ("accepted", "expired"): DAY,
    ("accepted", "unknown"): WORD,
    ("partially_filled", "filled"): MACHINE,
    ("partially_filled", "cancelled"): MACHINE,
    ("partially_filled", "expired"): WORD,
    ("partially_filled", "unknown"): WORD,
    ("unknown", "planned"): MACHINE,
    ("unknown", "submitting"): MACHINE,
    ("unknown", "accepted"): MACHINE,
    ("unknown", "partially_filled"): MACHINE,
    ("unknown", "filled"): MACHINE,
    ("unknown", "rejected"): WORD,
    ("unknown", "cancelled"): MACHINE,
    ("unknown", "expired"): WORD,
    ("cancelled", "filled"): MACHINE,
    ("expired", "filled"): WORD,
}

SIGNALS: Mapping[tuple[str, str], str] = {
    ("pending", "approved"): MACHINE,
    ("pending", "rejected"): MACHINE,
    ("pending", "expired"): MACHINE,
    ("approved", "withdrawn"): MACHINE,
    ("approved", "expired"): "nothing makes it: tests/journal/test_journal_moving.py",
}

REQUESTS: Mapping[tuple[str, str], str] = {
    ("new", "done"): MACHINE,
    ("new", "refused"): MACHINE,
    (
        "new",
        "failed",
    ): "an error of ours, which the machine takes for one: tests/desk/test_console.py",
}

#: The machine's runs are square-offs; the schedule has its own trials.
RUNS: Mapping[tuple[str, str], str] = {
    ("due", "running"): MACHINE,
    ("due", "missed"): "tests/worker/test_schedule.py",
    ("running", "done"): MACHINE,
    ("running", "failed"): "tests/worker/test_running.py",
    ("running", "running"): "tests/worker/test_running.py",
    ("running", "due"): "tests/worker/test_running.py",
    ("failed", "due"): "tests/worker/test_schedule.py",
}

MOVED: Mapping[str, Mapping[tuple[str, str], str]] = {
    "Signal": SIGNALS,
    "Order": ORDERS,
    "Request": REQUESTS,
    "Run": RUNS,
}

CONSOLE, LISTS = "tests/desk/test_console.py", "tests/desk/test_lists.py"
RESULTS, TRADES = "tests/desk/test_console_results.py", "tests/desk/test_console_trades.py"
PEOPLE = "tests/desk/test_people.py"

HAND = "tests/desk/test_manual_asked.py"

VERBS: Mapping[str, str] = {
    "buy": HAND,
    "sell": HAND,
    "close": HAND,
    "cancel": "tests/desk/test_modifying.py",
    "modify": "tests/desk/test_modifying.py",
    "allocate": "tests/desk/test_allocating.py",
    "locks": "tests/desk/test_locks.py",
    "signals": CONSOLE,
    "approve": MACHINE,
    "reject": MACHINE,
    "why": CONSOLE,
    "withdraw": MACHINE,
    "scan": CONSOLE,
    "snooze": "tests/desk/test_cards_shown.py",
    "reason": "tests/desk/test_cards_shown.py",
    "chart": "tests/desk/test_cards_shown.py",
    "mode": "tests/desk/test_modes.py",
    "positions": MACHINE,
    "orders": MACHINE,
    "unknown": MACHINE,
    "pnl": RESULTS,
    "daily": RESULTS,
    "weekly": RESULTS,
    "monthly": RESULTS,
    "stats": RESULTS,
    "performance": RESULTS,
    "slippage": TRADES,
    "veto": TRADES,
    "report": RESULTS,
    "trades": TRADES,
    "trade": TRADES,
    "calendar": RESULTS,
    "compare": RESULTS,
    "reconcile": MACHINE,
    "digest": "tests/desk/test_digest.py",
    "strategies": CONSOLE,
    "backtest": "tests/desk/test_backtest_asked.py",
    "watchlist": LISTS,
    "blacklist": LISTS,
    "universe": LISTS,
    "halt": MACHINE,
    "reduce": MACHINE,
    "squareoff": MACHINE,
    "drill": "tests/worker/test_drill.py",
    "resume": MACHINE,
    "risk": "tests/desk/test_console_risk.py",
    "users": PEOPLE,
    "invite": PEOPLE,
    "revoke": PEOPLE,
    "role": PEOPLE,
    "code": "tests/desk/test_codes.py",
    "notify": "tests/desk/test_notify.py",
    "audit": "tests/desk/test_audit.py",
    "config": "tests/test_configured.py",
    "reload": "tests/test_configured.py",
    "jobs": "tests/desk/test_console_jobs.py",
    "health": "tests/desk/test_console_jobs.py",
    "help": CONSOLE,
    "start": CONSOLE,
    "list": "tests/flows/test_outbox.py",
    "dismiss": LISTS,
}

UPKEEP = "tests/worker/test_upkeep.py"

JOBS: Mapping[str, str] = {
    "scan": "tests/worker/test_jobs.py",
    "leave": "tests/worker/test_moments.py",
    "squareoff": "tests/worker/test_squareoff_job.py",
    "drill": "tests/worker/test_drill.py",
    "mark": "tests/worker/test_jobs.py",
    "autonomy": "tests/worker/test_autonomy.py",
    "backup": "tests/deploy/test_machines.py",
    "restore-check": "tests/deploy/test_machines.py",
    "reconcile": "tests/desk/test_reconcile.py",
    "universe": "tests/worker/test_universe.py",
    "candles": "tests/worker/test_candles.py",
    "execute": UPKEEP,
    "expire": UPKEEP,
    "freshness": UPKEEP,
    "calendar": "tests/worker/test_schedule.py",
    "housekeeping": UPKEEP,
    "digest": "tests/worker/test_digests.py",
    "backtest": "tests/worker/test_backtest.py",
    "search": "tests/worker/test_search.py",
    "import": "tests/worker/test_imports.py",
}


def unreached(reached: Counter[tuple[str, str, str]]) -> list[str]:
    """Where a full run of the machine and the tables of moves disagree."""
    wrong = []
    for kind, moves in MOVED.items():
        for (before, after), by in moves.items():
            came = reached[kind, before, after] > 0
            if by == MACHINE and not came:
                wrong.append(f"the machine never moved a {kind} from {before} to {after}")
            if by not in (MACHINE, RACE) and came:
                wrong.append(f"the machine moves a {kind} from {before} to {after}: say so")
    return wrong
