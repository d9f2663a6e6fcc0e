"""The equity curve: every session's close as the snapshots kept it, deposits taken out of returns.

Returns are time-weighted: what comes in counts from the session's beginning, what goes out until
its end, so that neither looks like gain or loss.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from desk.desk import Desk
from trading.money import Mark, Snapshot, money

ZERO = Decimal(0)
ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Point:
    """One session's close, all accounts together, in base currency. Of one strategy, `equity` is
    its net P&L since the first fill and `returned` that session's part of the desk's return."""

    session: date
    equity: Decimal  # net liquidation value
    gross: Decimal
    net: Decimal  # exposure: longs less shorts
    flow: Decimal  # paid in less taken out since the point before
    gain: Decimal  # what is left of the change without it
    returned: Decimal  # gain as a fraction of what was there to earn it
    index: Decimal  # growth of 1 since the first point asked for
    cash: Decimal | None = None  # of the desk alone, as the next two
    margin: Decimal | None = None  # used; None where a broker does not say
    buying_power: Decimal | None = None

    @property
    def leverage(self) -> Decimal | None:
        """Gross exposure as a multiple of equity; None of a strategy and without equity."""
        return self.gross / self.equity if self.cash is not None and self.equity > 0 else None


@dataclass(frozen=True, slots=True)
class _Close:
    equity: Decimal
    gross: Decimal
    net: Decimal
    capital: Decimal
    cash: Decimal | None = None
    margin: Decimal | None = None
    buying_power: Decimal | None = None


async def curve(
    desk: Desk, first: date = date.min, last: date = date.max, strategy: str | None = None
) -> list[Point]:
    """The closes from `first` to `last`, ascending. An account without a snapshot that day counts
    as at its last one."""
    rows = await desk.journal.read(Snapshot, session__lte=last, order="session")
    days: dict[date, list[Snapshot]] = {}
    for row in rows:
        days.setdefault(row.session, []).append(row)
    standing: dict[str, Snapshot] = {}
    closes: dict[date, _Close] = {}
    for day, several in days.items():
        standing |= {one.account: one for one in several}
        closes[day] = _together(list(standing.values()))
    if strategy is None:
        return _points(closes, closes, first)
    return _points(await _of(desk, strategy, last, days), closes, first)


def _together(rows: Sequence[Snapshot]) -> _Close:
    return _Close(
        money(sum(one.equity for one in rows)),
        money(sum(one.gross for one in rows)),
        money(sum(one.net for one in rows)),
        money(sum(one.capital for one in rows)),
        money(sum(one.cash for one in rows)),
        _all([one.margin for one in rows]),
        _all([one.buying_power for one in rows]),
    )


def _all(values: Sequence[int | None]) -> Decimal | None:
    known = [value for value in values if value is not None]
    return money(sum(known)) if known and len(known) == len(values) else None


async def _of(
    desk: Desk, strategy: str, last: date, days: dict[date, list[Snapshot]]
) -> dict[date, _Close]:
    marks = await desk.journal.read(Mark, strategy=strategy, session__lte=last, order="session")
    found: dict[date, _Close] = {}
    for mark in marks:
        held = (row for one in days.get(mark.session, ()) for row in one.positions)
        net = sum((Decimal(r["value"]) for r in held if r["strategy"] == strategy), ZERO)
        there = found.get(mark.session)  # in another account
        made, gross = money(mark.net), money(mark.exposure)
        if there is not None:
            made, gross = made + there.equity, gross + there.gross
        found[mark.session] = _Close(made, gross, net, ZERO)
    return found


def _points(
    closes: dict[date, _Close], desk_closes: dict[date, _Close], first: date
) -> list[Point]:
    points: list[Point] = []
    before = whole = _Close(ZERO, ZERO, ZERO, ZERO)
    index = ONE
    for day in sorted(closes.keys() | desk_closes.keys()):
        now = desk_closes.get(day, whole)
        close = closes.get(day, before)
        flow = close.capital - before.capital
        gain = close.equity - before.equity - flow
        earning = whole.equity + max(now.capital - whole.capital, ZERO)
        returned = gain / earning if earning > 0 else ZERO
        before, whole = close, now
        if day < first or day not in closes:
            continue
        index *= ONE + returned
        points.append(
            Point(
                day,
                close.equity,
                close.gross,
                close.net,
                flow,
                gain,
                returned,
                index,
                close.cash,
                close.margin,
                close.buying_power,
            )
        )
    return points
