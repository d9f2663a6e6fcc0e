"""/squareoff and /drill: what would be closed is listed once, then it is done."""

from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal

from desk import asking, notices, report, squareoff, squaring, wording
from desk.console.replies import confirm, operator
from desk.desk import Desk
from desk.halt import of_strategy, scopes
from desk.report import Held
from desk.scope import ALL, Kind, Named, Scope, listed, read
from trading.errors import BadCommand, BrokerError, DamagedRow, DataError
from trading.facts import Request, Run
from trading.messages import bold, message
from trading.orders import WORKING, Order
from trading.types import Holdings

SHOWN = 20
DRILL = "drill"


async def square_off(desk: Desk, request: Request) -> None:
    """First press lists what will be closed; the second one does it."""
    sure = request.args[-1:] == ("yes",)
    scope = await scope_named(desk, request.args[:-1] if sure else request.args)
    if sure:
        halted = "trading is halted" if scope == ALL else f"{scope.words} is halted"
        halted = halted if scope.is_latched else f"{scope.name} is locked against entries"
        await notices.answer(desk, request, f"Squaring off; {halted}.", edits=True)
        run = await squareoff.begin(desk, scope, by=operator(request))
        await desk.bell.ring("orders", [run.id])
        return
    lines = await would_close(desk, scope)
    label = f"Square off {scope.words}"
    await notices.answer(
        desk,
        request,
        message(
            bold(f"{label}?"),
            "\n" + "\n".join(lines),
            buttons=confirm(label, "squareoff", *scope.args),
        ),
    )


async def scope_named(desk: Desk, words: Sequence[str]) -> Scope:
    """Of "all", "strategy NAME", "broker NAME", a name alone or a SYMBOL. Raises BadCommand for
    what is none of them, saying what there is."""
    books: set[str] = set()
    with suppress(DamagedRow):
        books = {of_strategy(p.book.strategy) for p in (await desk.books.ledger()).held()}
    known = dict.fromkeys([*scopes(desk), *sorted(books)])  # one no longer run may still hold
    named: Named = read(words, tuple(known))
    scope = named.scope
    if scope is None and named.unknown and not named.rest:
        scope = Scope(Kind.SYMBOL, named.unknown.upper())
    if scope is not None and scope.kind is Kind.SYMBOL and not await _exists(desk, scope.name):
        scope = None
    if scope is None or named.rest:
        raise BadCommand(
            f"{' '.join(words)[:40]!r} is nothing to square off; there is: {listed(known)}; the "
            "symbols of /positions; all"
        )
    return scope


async def _exists(desk: Desk, symbol: str) -> bool:
    if desk.instruments.find(symbol) is not None:
        return True
    return any(holding.symbol == symbol for _, holding in (await _shown(desk))[0])


async def would_close(desk: Desk, scope: Scope) -> list[str]:
    """What a square-off of the scope closes, at what value, what it cancels and what it halts."""
    try:
        rows = [row for row in await report.held(desk) if _is_in(desk, scope, row)]
    except (DamagedRow, DataError) as error:  # the brokers' own word is what counts
        return [*await _unpriced(desk, scope, error), _halts(scope)]
    orders = await desk.journal.read(Order, state__in=tuple(WORKING))
    working = sum(scope.covers(order) for order in orders)
    value = sum((abs(row.value) for row in rows), Decimal(0))
    names = ", ".join(
        f"{wording.quantity(row.position.quantity)} {row.position.book.symbol}"
        for row in rows[:SHOWN]
    )
    more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    held = wording.count(len(rows), "position")
    worth = f" worth {wording.money(value, desk.currency)}: {names}{more}" if rows else ""
    lines = [f"Closes {held}{worth}."]
    lines += await _besides(desk, scope, rows)
    lines.append(f"Cancels {wording.count(working, 'working order')}. {_halts(scope)}")
    now = desk.market.now()
    if rows and desk.calendar.session_at(now) is None:
        opens = wording.moment(desk.local(desk.calendar.next_session(now).open))
        lines.append(f"The market is closed: the orders go at the open, {opens}.")
    return lines


def _halts(scope: Scope) -> str:
    if scope == ALL:
        return "Halts trading until /resume."
    if not scope.is_latched:
        return f"Locks {scope.name} against entries."
    return f"Halts {scope.words} until /resume {scope.name}; the rest goes on."


def _is_in(desk: Desk, scope: Scope, row: Held) -> bool:
    book = row.position.book
    broker = next((b.name for b in desk.brokers.values() if b.account_id == book.account), "")
    return scope.has(book.strategy, broker, book.symbol)


async def _shown(desk: Desk) -> tuple[list[tuple[str, Holdings]], list[str]]:
    """What the brokers show, and why one could not be asked."""
    found, away = [], []
    for broker in desk.brokers.values():
        try:
            found += [(broker.name, holding) for holding in await broker.positions()]
        except BrokerError as error:
            away.append(f"{wording.capital(str(error))}.")
    return found, away


async def _unpriced(desk: Desk, scope: Scope, error: Exception) -> list[str]:
    """What the brokers show, where our books cannot value it."""
    there, away = await _shown(desk)
    mine = [holding for broker, holding in there if scope.has("", broker, holding.symbol)]
    names = ", ".join(f"{wording.quantity(one.quantity)} {one.symbol}" for one in mine[:SHOWN])
    more = f" and {len(mine) - SHOWN} more" if len(mine) > SHOWN else ""
    held = wording.count(len(mine), "position") + (f": {names}{more}" if mine else "")
    return [*away, f"Closes {held}, by the broker's word.", f"At what value is not known: {error}."]


async def _besides(desk: Desk, scope: Scope, rows: Sequence[Held]) -> list[str]:
    """Where the brokers show something else than our books: theirs is what is closed."""
    if scope.kind is Kind.STRATEGY:
        return []
    ours: dict[tuple[str, str], Decimal] = {}
    names = {broker.account_id: broker.name for broker in desk.brokers.values()}
    for row in rows:
        place = (names.get(row.position.book.account, ""), row.position.book.symbol)
        ours[place] = ours.get(place, Decimal(0)) + row.position.quantity
    there, away = await _shown(desk)
    theirs = {(b, h.symbol): h.quantity for b, h in there if scope.has("", b, h.symbol)}
    differ = sorted(p for p in theirs.keys() | ours.keys() if theirs.get(p) != ours.get(p))
    if away or not differ:
        return away
    shown = ", ".join(
        f"{wording.quantity(theirs.get(place, Decimal(0)))} {place[1]} at {place[0]}"
        for place in differ[:SHOWN]
    )
    return [f"The broker shows otherwise, and that is what is closed: {shown}."]


async def drill(desk: Desk, request: Request) -> None:
    """Ask the heavy lane for one; it never touches the books or an account."""
    if request.args != ("squareoff",):
        raise BadCommand("which drill? There is one: /drill squareoff")
    job = f"{DRILL}:squareoff"
    async with desk.journal.transaction():
        run = None
        if not await desk.journal.count(Run, job=job, state__in=squaring.UNDER_WAY):
            args = {"request": request.id}
            run = await asking.ask(desk, Run(job, desk.market.now(), args=args))
    if run is None:
        raise BadCommand("a drill is under way; wait for its answer")
    text = (
        "Drill begun: a square-off of copies of the paper positions, in a room of its own. Nothing "
        "real is touched; the answer comes within a minute."
    )
    await notices.answer(desk, request, text, subject=f"{DRILL}:{run.id}")
    await desk.bell.ring("heavy", [run.id])
