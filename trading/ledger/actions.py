"""Corporate actions and options' ends, as they change lots."""

from collections import deque
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from trading.errors import DataError
from trading.ledger import postings
from trading.ledger.ledger import Ledger
from trading.ledger.lots import ONE, STEP, Lot, Method, quotient
from trading.ledger.position import Episode, Position
from trading.money import Action, Change
from trading.orders import Fill
from trading.types import Side

ZERO = Decimal(0)


def apply(ledger: Ledger, action: Action) -> None:
    """Raises DataError for an action that cannot be: a ratio of zero, a change into nothing."""
    concerned = _concerned(ledger, action)
    if concerned and (fault := action.fault):
        raise DataError(
            f"the action {action.reference} of {action.symbol} cannot be: {fault}; "
            "every figure would be wrong: restore the newest backup that has it right, or correct "
            "that row of actions by hand"
        )
    left = action.units
    for position in concerned:
        here = action
        if action.units:  # so many altogether, the oldest trips first
            if not left:
                return
            here = replace(action, units=min(left, abs(position.quantity)))
            left -= here.units
        _CHANGES[action.kind](ledger, position, here)
        position.last = max(position.last or action.at, action.at)


def _concerned(ledger: Ledger, action: Action) -> list[Position]:
    """What is exercised was bought, what is assigned was sold; all else counts for both."""
    direction = {Change.EXERCISE: 1, Change.ASSIGNMENT: -1}.get(action.kind, 0)
    found = [
        position
        for position in ledger.held()
        if position.symbol == action.symbol
        and action.account in ("", position.book.account)
        and position.quantity * direction >= 0
    ]
    return sorted(found, key=lambda position: (position.opened_at, position.book))


def _split(ledger: Ledger, position: Position, action: Action) -> None:
    if not sum(_sizes(position, action), ZERO):
        _end(ledger, position, replace(action, price=ZERO, units=ZERO))
        return
    _scale(position, action)
    if ledger.keeper is not None:
        ledger.keeper(action, ())


def _scale(position: Position, action: Action) -> None:
    """`gives` units for every `takes`, the cost unchanged; what does not divide rounds at 1e-8.
    Of lots that round to nothing the next bears the cost."""
    sizes = _sizes(position, action)
    kept: deque[Lot] = deque()
    cost = base = ZERO
    for lot, size in zip(position.lots, sizes, strict=True):
        lot.cost, lot.base = lot.cost + cost, lot.base + base
        cost, base = (lot.cost, lot.base) if not size else (ZERO, ZERO)
        if size:
            unit = quotient(lot.unit * action.takes, action.gives) if lot.unit is not None else None
            lot.unit = unit if unit is not None and unit * size == lot.cost else None
            lot.rate = (
                lot.rate if lot.rate is not None and lot.cost * lot.rate == lot.base else None
            )
            lot.quantity = size
            kept.append(lot)
    kept[-1].cost += cost
    kept[-1].base += base
    if cost or base:
        kept[-1].unit = kept[-1].rate = None
    position.lots, position.quantity = kept, sum(sizes, ZERO)
    episode = position.episode
    assert episode is not None
    episode.peak = _times(episode.peak, action)
    episode.bought = _times(episode.bought, action)
    episode.closed = _times(episode.closed, action)


def _sizes(position: Position, action: Action) -> list[Decimal]:
    """The lots' new quantities: exact where that can be, else rounded (`_parts`)."""
    amounts = [lot.quantity for lot in position.lots]
    exact = [quotient(amount * action.gives, action.takes) for amount in amounts]
    found = [size for size in exact if size is not None]
    return found if len(found) == len(exact) else _parts(amounts, action.gives, action.takes)


def _parts(amounts: list[Decimal], gives: Decimal, takes: Decimal) -> list[Decimal]:
    """Each amount times `gives` / `takes`, rounded at 1e-8 so that the parts add up to the rounded
    whole and none changes its sign."""
    upto, done, found = ZERO, ZERO, []
    for amount in amounts:
        upto += amount
        whole = (upto * gives / takes).quantize(STEP)
        found.append(whole - done)
        done = whole
    return found


def _times(units: Decimal, action: Action) -> Decimal:
    whole = units * action.gives
    exact = quotient(whole, action.takes)
    return (whole / action.takes).quantize(STEP) if exact is None else exact


def _rename(ledger: Ledger, position: Position, action: Action) -> None:
    """The lots and the open trip go on under another symbol."""
    if not sum(_sizes(position, action), ZERO):
        _end(ledger, position, replace(action, price=ZERO, units=ZERO))
        return
    if action.gives != action.takes:
        _scale(position, action)
    target = _target(ledger, position, action)
    if target.quantity * position.quantity < 0:  # opposite books meet: one closes the other
        units, signed = abs(position.quantity), position.quantity
        _hand_over(ledger, position, units, target, signed, ZERO, action)
        return
    if ledger.keeper is not None:
        moved = postings.of_move(position.book, target.book, position.cost, position.currency)
        ledger.keeper(action, moved)
    episode, position.episode = position.episode, None
    assert episode is not None
    lots, position.lots = position.lots, deque()
    _join(target, lots, episode, action.at)
    position.quantity = position.cost = position.base = ZERO
    ledger.note(position)
    ledger.note(target)


def _spin_off(ledger: Ledger, position: Position, action: Action) -> None:
    """New units of another instrument, with their share of every lot's cost."""
    target = _target(ledger, position, action)
    sizes = _sizes(position, action)
    costs = _parts([lot.cost for lot in position.lots], action.share, ONE)
    bases = _parts([lot.base for lot in position.lots], action.share, ONE)
    lots: deque[Lot] = deque()
    for lot, size, cost, base in zip(position.lots, sizes, costs, bases, strict=True):
        if not size:
            continue  # too little to be a unit: the cost stays where it is
        lots.append(Lot(size, cost, base, lot.at, None, None))
        lot.cost -= cost
        lot.base -= base
        lot.unit = lot.rate = None
    if not lots:
        return
    moved, moved_base = sum((lot.cost for lot in lots), ZERO), sum((lot.base for lot in lots), ZERO)
    position.cost -= moved
    position.base -= moved_base
    episode = position.episode
    assert episode is not None
    paid = moved if position.quantity > 0 else -moved
    episode.paid -= paid
    if ledger.keeper is not None:
        lines = postings.of_move(position.book, target.book, moved, position.currency)
        ledger.keeper(action, lines)
    units = abs(sum((lot.quantity for lot in lots), ZERO))
    child = Episode(action.at, episode.opened_by, units, units, paid, rate=episode.rate)
    _receive(ledger, target, lots, child, action)


def _receive(
    ledger: Ledger, target: Position, lots: deque[Lot], episode: Episode, action: Action
) -> None:
    """Lots come into a book. One that is held the other way round is closed by them first."""
    if not lots[0].quantity * target.quantity < 0:
        _join(target, lots, episode, action.at)
        ledger.note(target)
        return
    passing = Position(target.book, target.currency, target.multiplier, target.method)
    _join(passing, lots, episode, action.at)
    units, signed = abs(passing.quantity), passing.quantity
    _hand_over(ledger, passing, units, target, signed, ZERO, action)


def _merge(ledger: Ledger, position: Position, action: Action) -> None:
    """Cash for each old unit first, which lowers the cost of what is received; then new units."""
    if action.price:
        cash = position.quantity * action.price * position.multiplier
        rate = ledger.rates.at(position.currency, action.at)
        ledger.pay(position.book.account, position.currency, cash, rate)
        _lower(position, cash, cash * rate)
        if ledger.keeper is not None:
            book, currency = position.book, position.currency
            ledger.keeper(action, postings.of_end(book, cash, -cash, ZERO, currency))
    _rename(ledger, position, action)


def _lower(position: Position, cash: Decimal, base: Decimal) -> None:
    """Take `cash` off the lots' cost, by units."""
    left, left_base = cash, base
    for number, lot in enumerate(position.lots, 1):
        last = number == len(position.lots)
        part = left if last else (cash * lot.quantity / position.quantity).quantize(STEP)
        part_base = left_base if last else (base * lot.quantity / position.quantity).quantize(STEP)
        left, left_base = left - part, left_base - part_base
        lot.cost -= part
        lot.base -= part_base
        lot.unit = lot.rate = None
    position.cost -= cash
    position.base -= base
    assert position.episode is not None
    position.episode.paid -= cash if position.quantity > 0 else -cash


def _end(ledger: Ledger, position: Position, action: Action) -> None:
    """Each unit is worth `price` now: nothing, of an option that ran out."""
    units = min(action.units, abs(position.quantity)) if action.units else abs(position.quantity)
    side = Side.SELL if position.quantity > 0 else Side.BUY
    ledger.apply(_as_fill(action, position, side, units, action.price))


def _exercise(ledger: Ledger, position: Position, action: Action) -> None:
    """The option's cost becomes part of what the underlying cost or brought; nothing is realised
    by the option itself."""
    units = min(action.units, abs(position.quantity)) if action.units else abs(position.quantity)
    buys = (action.right > 0) == (position.quantity > 0)
    signed = _times(units, action) * (1 if buys else -1)
    if not signed:
        _end(ledger, position, replace(action, price=ZERO))
        return
    # One contract for one: an option on a future, a point worth as much.
    point = position.multiplier if action.gives == action.takes else ONE
    book = position.book
    target = ledger.place(book.strategy, book.account, action.into, position.currency, point)
    paid = signed * action.price * target.multiplier
    _hand_over(ledger, position, units, target, signed, paid, action)


def _hand_over(
    ledger: Ledger,
    position: Position,
    units: Decimal,
    target: Position,
    signed: Decimal,
    paid: Decimal,
    action: Action,
) -> None:
    """Take `units` out of a position at what they cost, and trade `signed` of the target for that
    cost and `paid`, of which only the second is cash. What the rate did to the cost is realised."""
    rate = ledger.rates.at(position.currency, action.at)
    direction = 1 if position.quantity > 0 else -1
    cost, base = position.release(units)
    gain = cost * rate - base
    position.fx_base += gain
    total = ledger.total_of(position.book.strategy, position.book.account, position.currency)
    total.fx += gain
    episode = position.episode
    assert episode is not None
    episode.fx_base += gain
    episode.closed += units
    episode.received += cost * direction
    if not position.quantity:
        ledger.trades.append(position.finish(action.at, direction, action.reference, action.id))
        total.trades += 1
    ledger.note(position)
    worth = paid + cost
    side = Side.BUY if signed > 0 else Side.SELL
    fill = _as_fill(action, target, side, abs(signed), worth / signed / target.multiplier)
    ledger.trade(target, signed, worth, quotient(worth, signed), rate, fill)
    ledger.pay(position.book.account, position.currency, cost, rate)  # which was no cash
    if ledger.keeper is not None:
        moved = postings.of_end(position.book, cost, -cost, ZERO, position.currency)
        ledger.keeper(action, moved)


def _as_fill(
    action: Action, position: Position, side: Side, units: Decimal, price: Decimal
) -> Fill:
    """What the action does, said as an execution without a broker."""
    book = position.book
    return Fill(
        "",
        book.account,
        action.reference,
        action.reference,
        book.strategy,
        book.symbol,
        side,
        units,
        price,
        ZERO,
        position.currency,
        action.at,
        position.multiplier,
        id=action.id,
    )


def _target(ledger: Ledger, position: Position, action: Action) -> Position:
    book, point = position.book, position.multiplier
    return ledger.place(book.strategy, book.account, action.into, position.currency, point)


def _join(target: Position, lots: deque[Lot], episode: Episode, at: datetime) -> None:
    """Put lots into a book at that moment, by age, and their trip into its own."""
    merged = sorted([*target.lots, *lots], key=lambda lot: lot.at)
    if target.method is Method.AVERAGE and merged:
        for lot in merged[1:]:
            merged[0].absorb(lot)
        merged = merged[:1]
    target.lots = deque(merged)
    target.quantity = sum((lot.quantity for lot in merged), ZERO)
    target.cost = sum((lot.cost for lot in merged), ZERO)
    target.base = sum((lot.base for lot in merged), ZERO)
    target.last = max(target.last or at, at)
    here = target.episode
    if here is None:
        target.episode = episode
        return
    target.episode = replace(
        here,
        opened_at=min(here.opened_at, episode.opened_at),
        peak=max(here.peak, abs(target.quantity)),
        bought=here.bought + episode.bought,
        paid=here.paid + episode.paid,
        closed=here.closed + episode.closed,
        received=here.received + episode.received,
        gross=here.gross + episode.gross,
        fees=here.fees + episode.fees,
        taxes=here.taxes + episode.taxes,
        gross_base=here.gross_base + episode.gross_base,
        fx_base=here.fx_base + episode.fx_base,
        costs_base=here.costs_base + episode.costs_base,
    )


_CHANGES = {
    Change.SPLIT: _split,
    Change.SYMBOL: _rename,
    Change.SPINOFF: _spin_off,
    Change.MERGER: _merge,
    Change.EXERCISE: _exercise,
    Change.ASSIGNMENT: _exercise,
    Change.EXPIRY: _end,
}
