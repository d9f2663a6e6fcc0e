"""At the start of a process that trades: nothing is sent before the books were compared.

A broker that is still starting is waited for. What differs, or a broker that stays away, halts
trading; only a person lets it go on.
"""

from datetime import timedelta

from desk import notices, reconcile
from desk.console import differences
from desk.desk import Desk
from desk.differences import code
from desk.halt import latch, trading_state
from desk.reconcile import Reading
from desk.wording import capital
from trading.facts import Lane, Trading
from trading.messages import bold, message

PATIENCE = timedelta(seconds=60)  # wall time a broker may take to be there
AGAIN = 1.0  # wall seconds between two tries
READINGS = 3  # that a difference shows in before it halts
BY = "reconciliation at start"
HALTED = "reconcile:start"  # the cursor that holds over what trading was halted at a start


async def reconcile_at_start(desk: Desk) -> Reading:
    """Compare, halt where it must be, and let this process send; at once where all agrees."""
    since = desk.wall.now()
    while True:
        await desk.market.refresh()
        reading = await reconcile.check(desk, readings=READINGS)
        if not reading.away or desk.wall.now() - since >= PATIENCE:
            break
        await desk.rest(AGAIN)
    await conclude(desk, reading)
    desk.reconciled = True
    await desk.bell.ring("orders")
    return reading


async def conclude(desk: Desk, reading: Reading) -> bool:
    """Halt over what no start has halted over yet; returns whether it did.

    What a person resumed over does not halt again, so a worker that dies and comes back during
    the day stops nothing twice. Where trading is halted already the differences are told only.
    """
    found = sorted(code(difference) for difference in reading.open)
    async with desk.journal.transaction():
        known = await reconcile.kept(desk, HALTED)
        news = bool(reading.away) or any(one not in known for one in found)
        if known.keys() != set(found) and not reading.away:
            await reconcile.write(desk, HALTED, dict.fromkeys(found, BY))
        halted = news and await trading_state(desk) is not Trading.HALTED
        if halted:
            why = "a broker could not be asked" if reading.away else "the books differ"
            at = desk.market.now()
            await latch(desk.journal, Trading.HALTED, by=BY, reason=why, at=at)
            await differences.note(desk, reading)
            await _tell(desk, reading)
    if halted:
        await desk.bell.ring("postman")
    else:
        await differences.tell(desk, reading)
    return halted


async def _tell(desk: Desk, reading: Reading) -> None:
    if not reading.open:
        reasons = "\n".join(f"{capital(reason)}." for reason in reading.away)
        said = message(
            bold("Trading is halted: a broker could not be asked at the start"),
            f"\n{reasons}\nNo new order leaves the desk. When it is back, /reconcile compares the "
            "books; then /resume. /squareoff works as ever.",
        )
    else:
        said = differences.shown(
            desk,
            reading,
            title="Trading is halted: the books differ at the start",
            advice="No new order leaves the desk. Settle each difference, then /resume. "
            "/squareoff works as ever.",
        )
    await notices.tell(desk, said, lane=Lane.CRITICAL)
