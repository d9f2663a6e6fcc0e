"""Buy and hold: the same money in the same instruments, equal weight, bought once."""

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from brokers.costs import Costs
from market.loaded import LoadedFeed
from trading.bars import Floats
from trading.ports import Instruments, Session
from trading.types import Side

ZERO = Decimal(0)


def buy_and_hold(
    feed: LoadedFeed,
    symbols: Sequence[str],
    instruments: Instruments,
    costs: Costs,
    capital: Decimal,
    sessions: Sequence[Session],
) -> tuple[Floats, int]:
    """Equity at each session's close and how many instruments were bought, all at the first open
    at the costs given; never sold. One not listed yet is left out. Units are fractional, as a
    fund's are: a fifth of a per cent of a small account is less than one share of most.
    """
    opens = feed.opens(sessions[0].day)
    closes = feed.closes(sessions[0].day, sessions[-1].day)
    listed = np.flatnonzero(~np.isnan(opens)).tolist()
    units = np.zeros(len(symbols))
    paid = ZERO
    for column in listed:
        instrument = instruments.find(symbols[column])
        if instrument is None:
            continue
        budget = capital / len(listed)
        price = costs.slipped(Decimal(repr(opens.item(column))), Side.BUY, instrument.tick)
        unit = price * instrument.multiplier
        at = sessions[0].open
        fee = costs.charged(instrument, Side.BUY, budget / unit, budget, at).total
        bought = max(budget - fee, ZERO) / unit
        units[column] = float(bought * instrument.multiplier)
        paid += bought * unit + fee
    held = units > 0
    value = np.nan_to_num(closes[:, held]) @ units[held]
    return float(capital - paid) + value, int(held.sum())
