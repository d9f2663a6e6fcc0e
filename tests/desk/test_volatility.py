"""The volatility that a target sizes by, from the closes the feed keeps."""

import itertools
import math
from collections.abc import Collection, Mapping
from datetime import date, datetime

import numpy as np
import pytest

from desk import propose
from desk.volatility import annual
from risk.aims import VolatilityTarget
from risk.limits import Allowance
from tests.world import D, Tape, World, answer, explain, world
from trading.bars import Bars


class Kept(Tape):
    """The same prices, with bars that move one per cent up and down by turns."""

    asked: int = 0

    async def bars(
        self, symbols: Collection[str], first: date, at: datetime, timeframe: str = "1d"
    ) -> Mapping[str, Bars]:
        del first, at, timeframe
        self.asked += 1
        close = np.array([100.0, 101.0] * 40)
        days = np.datetime64("2024-11-01", "us") + np.arange(80) * np.timedelta64(1, "D")
        return {s: Bars(s, days, close, close, close, close, close) for s in symbols}


def test_it_is_the_deviation_of_a_day_times_the_root_of_a_year():
    closes = [100.0, 101.0] * 30
    steps = [math.log(b / a) for a, b in itertools.pairwise(closes)]
    assert annual(closes) == pytest.approx(np.std(steps, ddof=1) * math.sqrt(252))
    assert annual([100.0] * 60) == 0


@pytest.mark.parametrize("closes", [[], [100.0] * 19, [100.0] * 30 + [float("nan")], [0.0] * 40])
def test_of_too_few_or_odd_closes_none_is_known(closes: list[float]):
    assert annual(closes) == 0


async def kept(w: World) -> Kept:
    feed = Kept(w.tape.calendar, w.tape.prices)
    w.desk.feed = feed
    return feed


async def test_a_target_is_sized_by_the_closes_and_the_signal_keeps_the_figure():
    w = await world(allowance=Allowance(D("0.5"), aim=VolatilityTarget(D("0.01"))))
    await kept(w)
    [signal] = await propose.propose(w.desk, "dip", [answer("AAPL")], explain=explain)
    moves = signal.features["volatility"]
    assert moves == pytest.approx(0.159, abs=0.002)
    assert signal.quantity == int(500 / moves / 100)


async def test_without_such_a_rule_no_bars_are_asked_for():
    w = await world()
    feed = await kept(w)
    [signal] = await propose.propose(w.desk, "dip", [answer("AAPL")], explain=explain)
    assert (feed.asked, "volatility" in signal.features) == (0, False)
