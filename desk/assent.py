"""What one person may approve alone: up to their largest approval, and below the size from which
it takes two. The first of two is noted as a preference `assent:SIGNAL`; another's press completes.
"""

from decimal import Decimal

from desk import preferences, report, rights, wording
from desk.desk import Desk
from risk.checks import Intent
from trading.errors import DeskError
from trading.facts import Preference
from trading.signals import Signal


class TakesTwo(DeskError):
    """Noted: an approval that waits for a second person."""


async def waits(desk: Desk, signal: Signal, intent: Intent, by: str) -> str:
    """Why this approval is noted and not carried out yet; "" where it may go on. Raises DeskError
    for who may not approve that much. Inside the deciding transaction; an exit, and what no person
    decides, is never kept in by size."""
    asker = await rights.require_trader(desk, by)
    if asker is None or intent.reduces:
        return ""
    two_above = desk.discipline.two_above
    if asker.largest is None and two_above is None:
        return ""
    value = await _worth(desk, intent)
    said = wording.money(value, desk.currency)
    if asker.largest is not None and value > asker.largest:
        most = wording.money(asker.largest, desk.currency)
        raise DeskError(f"signal {signal.id} ({signal.symbol}) is {said}; you may approve {most}")
    if two_above is None or value <= two_above:
        return ""
    first = await desk.journal.first(Preference, name=_name(signal.id))
    if first is not None and first.value not in ("", str(asker.id)) and _still(desk, first):
        return ""
    if first is None or first.value != str(asker.id):
        await preferences.choose(desk, _name(signal.id), str(asker.id), by=by)
    above = wording.money(two_above, desk.currency)
    return (
        f"noted: signal {signal.id} ({signal.symbol}) is {said}, and above {above} it takes two; "
        "it goes when somebody else approves it too"
    )


async def first_of(desk: Desk, signal_id: int) -> str:
    """Who approved it first and waits for a second, by name; "" where nobody does."""
    if desk.discipline.two_above is None:
        return ""
    first = await desk.journal.first(Preference, name=_name(signal_id))
    return desk.operator_name(int(first.value)) if first is not None and first.value else ""


def _still(desk: Desk, first: Preference) -> bool:
    """Whether the first of the two may still approve: nobody counts after being revoked."""
    return desk.operator(int(first.value)) is not None


def _name(signal_id: int) -> str:
    return f"assent:{signal_id}"


async def _worth(desk: Desk, intent: Intent) -> Decimal:
    """In the desk's currency. Raises DataError where no exchange rate is known."""
    one = intent.instrument
    value = abs(intent.quantity) * intent.price * one.multiplier
    if one.currency == desk.currency:
        return value
    ledger = await desk.books.ledger()
    return value * report.known(ledger, one.currency, desk.market.now())
