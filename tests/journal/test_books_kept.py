"""What the desk keeps and reads back (snapshots, curves, statistics, adoption), on real databases.

The facts are those of tests/desk, told there on a journal in memory; each makes one desk.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from db.journal import open_journal
from tests import world
from tests.desk import test_adopting as adopting
from tests.desk import test_adopting_orders as adopted_orders
from tests.desk import test_anew as anew
from tests.desk import test_figures as figures
from tests.desk import test_snapshots as snapshots
from tests.desk import test_statistics as statistics

FACTS: list[Callable[[], Awaitable[None]]] = [
    snapshots.test_fridays_snapshot_is_what_a_pencil_makes_of_it,
    snapshots.test_a_second_call_changes_nothing,
    snapshots.test_marks_and_snapshot_come_together_or_not_at_all,
    snapshots.test_a_fill_that_came_late_is_a_finding_until_it_is_made_anew,
    snapshots.test_a_snapshot_that_is_gone_is_missed_and_made_anew_at_the_feeds_prices,
    snapshots.test_the_curve_is_the_equity_at_each_close,
    snapshots.test_a_strategys_curve_is_its_own_gain_and_its_part_of_the_return,
    anew.test_imported_history_is_on_its_own_days_and_not_on_today,
    anew.test_a_correction_makes_anew_all_since_what_it_takes_back,
    statistics.test_a_week_by_hand,
    statistics.test_what_was_taken_back_was_no_execution,
    figures.test_turnover_of_a_foreign_fill_counts_at_the_rate_of_its_moment,
    adopting.test_adopting_a_position_says_what_it_books_and_makes_the_books_agree,
    adopting.test_the_same_difference_adopted_by_two_operators_is_one_fact,
    adopted_orders.test_an_order_that_had_filled_in_part_is_adopted_whole,
]


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.__name__.removeprefix("test_"))
async def test_it_holds_in_a_database(
    fact: Callable[[], Awaitable[None]], address: str | Path, monkeypatch: pytest.MonkeyPatch
):
    async with open_journal(address) as journal:
        monkeypatch.setattr(world, "MemoryJournal", lambda: journal)
        await fact()
        assert await journal.count(world.Adjustment), "the fact was told of another journal"
