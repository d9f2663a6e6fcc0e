"""Folding facts from the first to the last."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from operator import attrgetter
from typing import Any

from trading.ledger.ledger import Keeper, Ledger
from trading.ledger.lots import Method
from trading.ledger.rates import Rates
from trading.money import Action, Adjustment
from trading.orders import Fill


def fold(
    fills: Iterable[Fill],
    adjustments: Iterable[Adjustment] = (),
    actions: Iterable[Action] = (),
    *,
    methods: Mapping[str, Method] | None = None,
    rates: Rates | None = None,
    keeper: Keeper | None = None,
) -> Ledger:
    """The ledger after all of them, by their moments and, where those are equal, as given. Fills
    that were reversed are left out, with what reversed them."""
    ledger = Ledger(methods or {}, rates or Rates(), keeper)
    for fact in adjustments:
        ledger.adjust(fact)
    standing = sorted(standing_fills(fills), key=attrgetter("at"))
    pending = sorted(actions, key=attrgetter("at"))
    if not pending:
        for fill in standing:
            ledger.apply(fill)
        return ledger
    # An action comes before the first fill on its terms: at the same moment, it is first.
    merged: list[tuple[datetime, int, Any]] = [(one.at, 0, one) for one in pending]
    merged += [(one.at, 1, one) for one in standing]
    for _, is_fill, fact in sorted(merged, key=lambda row: row[:2]):
        if is_fill:
            ledger.apply(fact)
        else:
            ledger.act(fact)
    return ledger


def standing_fills(fills: Iterable[Fill]) -> list[Fill]:
    """Those that count: neither reversed nor reversals."""
    rows = list(fills)
    undone = {(one.broker, one.account, one.reverses) for one in rows if one.reverses}
    if not undone:
        return rows
    return [
        one
        for one in rows
        if not one.reverses and (one.broker, one.account, one.execution_id) not in undone
    ]
