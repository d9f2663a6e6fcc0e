"""The most traded: instruments ranked by the median value traded in a session."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property

import numpy as np

from market.panel import Panel
from market.store import BarStore
from trading.bars import Floats
from trading.errors import DataError
from trading.ports import Ranking
from trading.types import Instrument


class Turnover:
    """The value traded in each session of a panel of daily bars."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel

    def most_traded(
        self, instruments: Sequence[Instrument], days: Sequence[date]
    ) -> Mapping[str, float]:
        """Those instruments' median traded value over `days`, the largest first, then by symbol.

        A session's value is close times volume times the multiplier, in the instrument's
        currency. A session without a bar or with an unknown volume counts as zero, so what has
        traded in fewer than half of `days` has a median of zero and is left out. Raises DataError
        where the instruments do not share one currency: their values cannot be compared.
        """
        currencies = sorted({one.currency for one in instruments})
        if len(currencies) > 1:
            raise DataError(
                f"values in {' and '.join(currencies)} cannot be ranked together: "
                "give the universe a currency"
            )
        place = {symbol: row for row, symbol in enumerate(self._panel.symbols)}
        there = [one for one in instruments if one.symbol in place]
        if not there or not len(days):
            return {}
        known, values = self._values
        column = {day: at for at, day in enumerate(known)}
        rows = [place[one.symbol] for one in there]
        wanted = np.zeros((len(there), len(days)))
        for at, day in enumerate(days):
            if day in column:
                wanted[:, at] = values[rows, column[day]]
        medians = np.median(wanted, axis=1)
        ranked = sorted(
            (-float(median) * float(one.multiplier), one.symbol)
            for median, one in zip(medians, there, strict=True)
            if median > 0
        )
        return {symbol: -value for value, symbol in ranked}

    @cached_property
    def _values(self) -> tuple[list[date], Floats]:
        """The days there are, and close times volume as (symbols, days), zero where unknown."""
        panel = self._panel
        times, column = np.unique(panel.ts.astype("datetime64[D]"), return_inverse=True)
        row = np.repeat(np.arange(len(panel)), np.diff(panel.offsets))
        values = np.zeros((len(panel), len(times)))
        values[row, column] = np.nan_to_num(panel.close * panel.volume, posinf=0.0)
        return times.tolist(), values


def ranking_of(store: BarStore) -> Ranking:
    """`Turnover.most_traded`, reading of the store only what it is asked about."""

    def most_traded(instruments: Sequence[Instrument], days: Sequence[date]) -> Mapping[str, float]:
        if not instruments or not len(days):
            return {}
        symbols = [one.symbol for one in instruments]
        panel = store.read(symbols, since=days[0], until=days[-1])
        return Turnover(panel).most_traded(instruments, days)

    return most_traded
