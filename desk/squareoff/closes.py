"""Closes: the orders of a square-off, never of more than the broker shows and nobody takes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from desk import readings, settle
from desk.desk import Desk
from desk.readings import Reading
from desk.scope import Kind, Scope
from desk.squareoff.progress import Left
from desk.squaring import JOB
from trading.facts import Run
from trading.orders import Order, OrderState
from trading.types import Side

ZERO = Decimal(0)
#: Refusals of one position in one square-off after which it is left: what a broker refuses so
#: often a person must look at. The pauses between them double from a second on, to half a minute.
REFUSALS = 6
LONGEST = timedelta(seconds=30)


def prefix(desk: Desk, run: Run) -> str:
    """How the keys of its orders begin."""
    return f"{desk.desk_id}-sq{run.id}-"


def wanted(scope: Scope, reading: Reading) -> Decimal:
    """The units, signed, that the scope wants away: of a strategy what its book holds, else what
    the broker shows."""
    if scope.kind is Kind.STRATEGY:
        return (reading.books or {}).get(scope.name, ZERO)
    return reading.holding.quantity


def closable(scope: Scope, reading: Reading) -> bool:
    """Whether the broker shows any of it to close. A strategy's book that others' hold against is
    not there, and closing it would open theirs."""
    return wanted(scope, reading) * reading.holding.quantity > 0


async def close(desk: Desk, run: Run, scope: Scope, reading: Reading) -> None:
    """Order the close of one net position, book by book, or of one strategy's book of it: in all
    no more than the broker shows, less what other orders may still take off it. Nothing where one
    of a square-off is working, or anything has moved since the reading: the position would be
    closed twice. Call it in a transaction."""
    broker, symbol, held = reading.broker, reading.symbol, reading.holding.quantity
    mine = [order for order in reading.orders if order.purpose == JOB]
    if not all(order.is_done for order in mine) or not await readings.stands(desk, reading):
        return
    attempt = await desk.journal.count(Order, purpose=JOB, symbol=symbol, broker=broker.name)
    now = desk.market.now()
    session = desk.calendar.session_at(now)
    execute_at = now if session else desk.calendar.next_session(now).open
    taken = await readings.committed(desk, reading)
    books = reading.books or {}
    if scope.kind is Kind.STRATEGY:
        found = own_close(scope.name, held, books, taken)
    else:
        found = closes(held, books, taken)
    orders = [
        Order(
            key=f"{prefix(desk, run)}{symbol}-{attempt + number}",
            strategy=strategy,
            broker=broker.name,
            account=broker.account_id,
            symbol=symbol,
            side=Side.SELL if held > 0 else Side.BUY,
            quantity=quantity,
            execute_at=execute_at,
            created_at=now,
            reduce_only=True,
            purpose=JOB,
        )
        for number, (strategy, quantity) in enumerate(found)
    ]
    await desk.journal.append(orders)


def closes(
    held: Decimal, books: Mapping[str, Decimal], taken: Mapping[str, Decimal]
) -> list[tuple[str, Decimal]]:
    """What each strategy's book closes of `held`, positive units: in all no more than is held less
    what was `taken` by other orders. What is held and in nobody's book closes as unassigned."""
    sign = 1 if held > 0 else -1
    units = {strategy: max(quantity * sign, ZERO) for strategy, quantity in books.items()}
    stray = (held - sum(books.values(), ZERO)) * sign
    units[settle.UNASSIGNED] = max(units.get(settle.UNASSIGNED, ZERO) + stray, ZERO)
    left = abs(held) - sum(taken.values(), ZERO)
    found = []
    for strategy, whole in sorted(units.items()):
        quantity = min(whole - taken.get(strategy, ZERO), left)
        if quantity > 0:
            found.append((strategy, quantity))
            left -= quantity
    return found


def own_close(
    strategy: str, held: Decimal, books: Mapping[str, Decimal], taken: Mapping[str, Decimal]
) -> list[tuple[str, Decimal]]:
    """What one strategy's book closes of `held`: never more than the book holds, nor so much that
    the net the broker shows would change its sign."""
    book = books.get(strategy, ZERO)
    if book * held <= 0:
        return []
    own = abs(book) - taken.get(strategy, ZERO)
    quantity = min(own, abs(held) - sum(taken.values(), ZERO))
    return [(strategy, quantity)] if quantity > 0 else []


async def refusals(desk: Desk, run: Run) -> dict[tuple[str, str], tuple[Order, ...]]:
    """This square-off's closes that a broker refused, by broker and symbol, oldest first."""
    found: dict[tuple[str, str], tuple[Order, ...]] = {}
    for order in await desk.journal.read(Order, purpose=JOB, state=OrderState.REJECTED):
        if order.key.startswith(prefix(desk, run)):
            place = (order.broker, order.symbol)
            found[place] = (*found.get(place, ()), order)
    return found


def pauses(desk: Desk, refused: Sequence[Order]) -> bool:
    """Whether it is too soon after a refusal to try again."""
    if not refused or refused[-1].claimed_at is None:
        return False
    pause = min(timedelta(seconds=2 ** (len(refused) - 1)), LONGEST)
    return desk.wall.now() - refused[-1].claimed_at < pause


def left(desk: Desk, scope: Scope, reading: Reading, refused: Sequence[Order]) -> Left | None:
    """Why this square-off will not close it, None where it will."""
    mine = replace(reading.holding, quantity=wanted(scope, reading))
    if desk.instruments.find(reading.symbol) is None:
        return Left(mine, "no such instrument is known here: close it at the broker")
    if reading.settled and not closable(scope, reading):
        return Left(mine, "other strategies hold as much against it, so the broker shows none")
    if len(refused) >= REFUSALS:
        return Left(mine, f"refused {len(refused)} times: {refused[-1].note or 'no reason given'}")
    return None
