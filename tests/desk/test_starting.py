"""A start: nothing is sent before the books were compared, and what differs halts trading."""

from datetime import timedelta

import pytest

from brokers.adversary import Adversary
from desk import execute, reconcile, squareoff, starting
from desk.console import verbs
from desk.halt import latch, trading_state
from tests.desk.test_adopting import newest
from tests.desk.test_reconcile import broker, holding, order, slip
from tests.world import World
from trading.facts import Lane, Latch, Notice, Trading
from trading.orders import Order, OrderState


async def start(w: World, away: Adversary | None = None, comes_back_after: float = 0) -> None:
    """A new process's first comparison; each rest takes its time on the wall."""
    w.desk.reconciled = False
    begun = w.clock.at

    async def rest(seconds: float) -> None:
        w.clock.at += timedelta(seconds=seconds)
        if away and comes_back_after and w.clock.at - begun >= timedelta(seconds=comes_back_after):
            away.leave(-1)

    w.desk.rest = rest
    await starting.reconcile_at_start(w.desk)


async def alarms(w: World) -> list[str]:
    rows = await w.journal.read(Notice, kind="text", recipient=1, lane=Lane.CRITICAL)
    return ["".join(span[0] for span in row.body["text"]) for row in rows]


async def test_until_the_books_were_compared_nothing_is_sent_but_a_square_offs_orders():
    w = await holding("buy 10 AAPL")
    w.desk.reconciled = False
    await w.journal.append([order(w, "k9", "buy 1 XOM")])
    assert await execute.execute_due(w.desk, owner="t") == 0
    run = await squareoff.begin(w.desk, by="operator:1")
    for _ in range(3):
        progress = await squareoff.advance(w.desk, run, owner="t")
    assert progress.flat
    assert await broker(w).positions() == []


async def test_a_start_that_agrees_sends_what_is_due_and_says_nothing():
    w = await holding("buy 10 AAPL")
    await w.journal.append([order(w, "k9", "buy 1 XOM")])
    await start(w)
    assert await execute.execute_due(w.desk, owner="t") == 1
    assert await alarms(w) == []
    last = await reconcile.last(w.desk)
    assert last is not None
    assert (last.at, last.differences, last.away) == (w.clock.at, 0, ())


async def test_a_difference_at_a_start_halts_with_its_figures_and_what_to_do():
    w = await holding("buy 10 AAPL")
    slip(w, "buy 3 AAPL")
    await start(w)
    row = await w.journal.first(Latch, name="desk")
    assert row is not None
    assert (row.state, row.by) == (Trading.HALTED, "reconciliation at start")
    assert await alarms(w) == [
        "Trading is halted: the books differ at the start\n"
        "Our books and paper's differ\n"
        "     paper ours\n"
        "AAPL    13   10\n"
        "1 position, 0 open orders, checked 14:05 New York.\n"
        "Adopt: our books take the broker's figure.\n"
        "Ignore: it is not told again.\n"
        "Close: the surplus is traded away at the broker.\n"
        "No new order leaves the desk. Settle each difference, then /resume. "
        "/squareoff works as ever."
    ]
    await verbs.handle(w.desk, await w.ask("/resume"))
    assert (
        "The books had 1 difference with the brokers' at 14:05 New York" in (await newest(w)).plain
    )


async def test_a_second_worker_that_starts_says_nothing_more():
    w = await holding("buy 10 AAPL")
    slip(w, "buy 3 AAPL")
    await start(w)
    await start(w)
    assert len(await alarms(w)) == 1


async def test_what_a_person_resumed_over_does_not_halt_the_next_start_but_another_figure_does():
    w = await holding("buy 10 AAPL")
    slip(w, "buy 3 AAPL")
    await start(w)
    await latch(w.journal, Trading.ACTIVE, by="operator:1", reason="/resume", at=None)
    await start(w)
    assert await trading_state(w.desk) is Trading.ACTIVE
    slip(w, "buy 1 AAPL")
    await start(w)
    assert await trading_state(w.desk) is Trading.HALTED


async def test_what_is_ignored_does_not_halt():
    w = await holding("buy 10 AAPL")
    slip(w, "buy 3 AAPL")
    [shift] = (await reconcile.read(w.desk)).found
    await reconcile.ignore(w.desk, shift, by="operator:1")
    await start(w)
    assert await trading_state(w.desk) is Trading.ACTIVE


async def test_a_halt_that_is_latched_already_stays_as_it_is():
    w = await holding("buy 10 AAPL")
    slip(w, "buy 3 AAPL")
    await latch(w.journal, Trading.HALTED, by="operator:1", reason="lunch", at=None)
    await start(w)
    row = await w.journal.first(Latch, name="desk")
    assert row is not None
    assert (row.by, row.reason) == ("operator:1", "lunch")
    [alarm] = await alarms(w)
    assert alarm.startswith("Our books and paper's differ")


@pytest.mark.parametrize("seconds", [1, 45])
async def test_a_broker_that_is_still_starting_is_waited_for(seconds: float):
    w = await holding("buy 10 AAPL")
    away = Adversary(broker(w))
    away.leave(1000)
    w.desk.brokers = {"paper": away}
    await start(w, away, comes_back_after=seconds)
    assert await trading_state(w.desk) is Trading.ACTIVE
    assert w.desk.reconciled


async def test_a_broker_that_stays_away_halts_after_a_minute_and_only_a_person_resumes():
    w = await holding("buy 10 AAPL")
    away = Adversary(broker(w))
    away.leave(1000)
    w.desk.brokers = {"paper": away}
    before = w.clock.at
    await start(w)
    assert timedelta(seconds=60) <= w.clock.at - before <= timedelta(seconds=62)
    assert await alarms(w) == [
        "Trading is halted: a broker could not be asked at the start\n"
        "Cannot reach the paper broker; nothing was sent.\n"
        "No new order leaves the desk. When it is back, /reconcile compares the books; then "
        "/resume. /squareoff works as ever."
    ]
    away.leave(-1)
    await w.journal.append([order(w, "k9", "buy 1 XOM")])
    await execute.execute_due(w.desk, owner="t")
    [waits] = await w.journal.read(Order, key="k9")
    assert waits.state is OrderState.PLANNED
    assert await trading_state(w.desk) is Trading.HALTED
