"""Checks as a card shows them: what fails in red, what passes in green."""

from collections.abc import Iterable, Sequence

from desk import judging
from desk.desk import Desk
from risk.checks import Check

GREEN, RED = "🟢", "🔴"
#: What a card leaves out while it passes: it says nothing of this order.
SILENT = frozenset(
    {
        "trading",
        "blacklist",
        "unknown",
        "size",
        "rounding",
        "clock",
        "duplicate",
        "stale price",
        "session",
        "time",
    }
)


def lines(checks: Iterable[Check]) -> list[str]:
    """One line each, what fails first; "🔴 AAPL 10.4 % of equity, limit 10.0 %"."""
    ordered = sorted(checks, key=lambda check: check.ok)
    return [f"{GREEN if check.ok else RED} {check.text}" for check in ordered]


def summary(checks: Sequence[Check], most: int = 3) -> list[str]:
    """For a card: everything that fails, else the limits most used and how many checks passed."""
    failed = [check for check in checks if not check.ok]
    if failed:
        return lines(failed)
    told = [check for check in checks if check.share is not None and check.name not in SILENT]
    told.sort(key=lambda check: check.share or 0, reverse=True)
    return [*lines(told[:most]), f"{GREEN} all {len(checks)} checks pass"]


async def of_signal(desk: Desk, signal_id: int, most: int = 3) -> list[str]:
    """The summary of the latest judgement; nothing where none was kept. Reads the journal alone,
    so that the bot can show it."""
    kept = await judging.latest(desk, signal_id)
    return summary(judging.checks_of(kept), most) if kept is not None else []
