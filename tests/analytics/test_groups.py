"""Performance by name: groups hold each trade once."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.groups import by_exit, by_hour, by_strategy, by_symbol, by_weekday, grouped
from tests.analytics.builders import trade

D = Decimal
NEW_YORK = ZoneInfo("America/New_York")
TRADES = st.lists(
    st.builds(
        trade,
        st.integers(-5000, 5000),
        symbol=st.sampled_from(["AAPL", "MSFT", "TSLA"]),
        strategy=st.sampled_from(["dip", "rip"]),
        opened=st.datetimes(datetime(2025, 1, 1), datetime(2025, 12, 1), timezones=st.just(UTC)),
        costs=st.integers(0, 9),
    ),
    max_size=20,
)


def test_the_best_symbol_comes_first():
    found = by_symbol([trade(-5, symbol="A"), trade(9, symbol="B", costs=2), trade(-1, symbol="B")])
    assert [(g.name, g.trades, g.wins, g.net, g.gross) for g in found] == [
        ("B", 2, 1, 8, 10), ("A", 1, 0, -5, -5),
    ]  # fmt: skip
    assert found[0].expectancy == 4
    assert found[0].win_rate == 0.5
    assert found[0].profit_factor == 9.0
    assert (found[0].best, found[0].worst) == (9, -1)


def test_weekdays_and_hours_are_those_of_the_exchange():
    """01:30 UTC on a Tuesday is still Monday evening in New York."""
    late = trade(1, opened=datetime(2025, 2, 4, 1, 30, tzinfo=UTC))
    early = trade(2, opened=datetime(2025, 2, 4, 14, 30, tzinfo=UTC))
    assert [g.name for g in by_weekday([early, late], NEW_YORK)] == ["Mon", "Tue"]
    assert [g.name for g in by_hour([late, early], NEW_YORK)] == ["09", "20"]


def test_an_exit_nobody_recorded_is_unknown():
    found = by_exit([trade(1, closed_by="a"), trade(2, closed_by="b")], {"a": "stop"})
    assert {g.name: g.net for g in found} == {"stop": 1, "unknown": 2}


@settings(max_examples=40)
@given(TRADES)
def test_every_way_to_group_adds_up_to_all_trades(trades: list):
    for found in (
        by_symbol(trades),
        by_strategy(trades),
        by_weekday(trades, NEW_YORK),
        by_hour(trades, NEW_YORK),
        by_exit(trades, {}),
        grouped(trades, lambda one: str(one.quantity)),
    ):
        assert sum((g.net for g in found), D(0)) == sum((t.net_base for t in trades), D(0))
        assert sum(g.trades for g in found) == len(trades)
