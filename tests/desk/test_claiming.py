"""What is asked of an entry once more as it is sent: by what is known then, not when approved."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from desk import clearing, decide, execute, judging, rate, sending
from desk.console import verdicts
from desk.halt import latch, of_broker, of_strategy
from risk.limits import Allowance, Caps, Limits
from tests.desk.test_deciding import TUESDAY, WEDNESDAY, bought, proposed
from tests.world import World, world
from trading.facts import Notice, Trading
from trading.orders import Order, OrderState
from trading.signals import Signal, SignalState
from trading.types import Account, Quote, Side

D = Decimal


async def approved(w: World, *symbols: str) -> list[Order]:
    for signal in await proposed(w, *symbols):
        await decide.approve(w.desk, signal.id, by="operator:1")
    return await w.journal.read(Order)


async def states(w: World) -> list[OrderState]:
    return [order.state for order in await w.journal.read(Order, order="id")]


class Poorer:
    """The same broker, whose account is not what it was when the order was approved."""

    def __init__(self, w: World, **changes: Any) -> None:
        self._broker, self._changes = w.broker, changes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)

    async def account(self) -> Account:
        return replace(await self._broker.account(), **self._changes)


@pytest.mark.parametrize(
    ("changes", "state", "figure"),
    [
        ({"equity": D("98039.22")}, OrderState.FILLED, ""),
        ({"equity": D("98039.21")}, OrderState.REJECTED, "order 5.1000003 % of equity, limit 5.1"),
        ({"equity": D(0)}, OrderState.REJECTED, "the account has no equity"),
        ({"buying_power": D("4999.99")}, OrderState.REJECTED, "needs 5,000.00 of 4,999.99 buying"),
        ({"margin": D("76600.01")}, OrderState.REJECTED, "margin 81.60001 % of equity, limit 81.6"),
        ({"leverage": D("0.04")}, OrderState.REJECTED, "leverage 0.05, limit 0.0408"),
    ],
)
async def test_the_account_is_asked_again_and_its_figure_decides(
    changes: dict[str, Any], state: OrderState, figure: str
):
    w = await world()
    await approved(w, "AAPL")
    w.desk.brokers = {"paper": Poorer(w, **changes)}  # type: ignore[dict-item]
    w.go(TUESDAY, 14, 30)
    await execute.execute_due(w.desk)
    [order] = await w.journal.read(Order)
    assert order.state is state
    assert order.note.startswith(figure)


async def test_an_entry_waits_while_its_strategy_or_broker_may_only_reduce():
    for scope in (of_strategy("dip"), of_broker("paper")):
        w = await world()
        await approved(w, "AAPL")
        await latch(w.journal, Trading.REDUCING, by="test", reason="", at=None, scope=scope)
        w.go(TUESDAY, 14, 30)
        assert await execute.execute_due(w.desk) == 0
        assert await states(w) == [OrderState.PLANNED]
        await latch(w.journal, Trading.ACTIVE, by="test", reason="", at=None, scope=scope)
        assert await execute.execute_due(w.desk) == 1


async def test_an_exit_is_sent_while_only_reducing_is_allowed_and_over_every_limit():
    w = await world()
    await bought(w, "AAPL")
    w.go(TUESDAY, 21, 5)
    [signal] = await proposed(w, "AAPL", enter=0, exit=True, day=TUESDAY)
    await decide.approve(w.desk, signal.id, by="operator:1")
    tiny = D("0.0001")
    w.desk.limits = Limits(tiny, tiny, tiny, net_exposure=tiny, sector=tiny, rate=1, rate_symbol=1)
    await latch(w.journal, Trading.REDUCING, by="test", reason="", at=None)
    w.go(WEDNESDAY, 14, 30)
    w.tape.prices["AAPL"] = D(60)
    assert await execute.execute_due(w.desk) == 1
    assert (await states(w))[-1] is OrderState.FILLED


@pytest.mark.parametrize(("minute", "fresh"), [(30, True), (31, False)])
async def test_a_feed_that_streams_must_be_of_the_moment(minute: int, fresh: bool):
    w = await world()
    await approved(w, "AAPL")
    w.go(TUESDAY, 14, 30)
    first = Quote("AAPL", D(100), w.clock.at)

    class Stream:
        async def quote(self, symbol: str, at: object) -> Quote:
            return replace(first, symbol=symbol)

        def pace(self) -> timedelta:
            return timedelta(seconds=1)

        def known_through(self) -> Any:
            return w.tape.known_through()

    w.desk.feed = Stream()
    w.go(TUESDAY, 14, minute)
    await execute.execute_due(w.desk)
    assert await states(w) == [OrderState.FILLED if fresh else OrderState.PLANNED]
    waiting = [n for n in await w.journal.read(Notice, recipient=1) if "60 s old" in str(n.body)]
    assert len(waiting) == (not fresh)


async def test_a_price_older_than_two_sessions_approves_nothing():
    w = await world()
    [signal] = await proposed(w, "AAPL")

    async def old(symbol: str, at: object) -> Quote:
        return Quote(symbol, D(100), w.tape.calendar.last_closed(w.clock.at).close - days)

    days = timedelta(days=4)  # Thursday's close, on Monday evening: Friday and Monday came since
    w.tape.quote = old  # type: ignore[method-assign, assignment]
    assert (await decide.sized(w.desk, signal.id)).quantity == 50
    days = timedelta(days=5)
    with pytest.raises(decide.DeskError, match="price 3 sessions old, limit 2"):
        await decide.approve(w.desk, signal.id, by="operator:1")


# Limits of their own


async def test_the_tightest_of_desk_strategy_and_instrument_decides():
    w = await world()
    [first, second] = await proposed(w, "AAPL", "MSFT")
    w.desk.limits = replace(w.desk.limits, symbols={"MSFT": Caps(position_notional=D("0.04"))})
    await decide.approve(w.desk, first.id, by="operator:1")
    with pytest.raises(decide.DeskError, match=r"MSFT: MSFT 5.0 % of equity, limit 4.0 %"):
        await decide.approve(w.desk, second.id, by="operator:1")
    w.desk.limits = Limits(strategies={"dip": Caps(gross_notional=D("0.09"))})
    with pytest.raises(decide.DeskError, match=r"dip: all positions 10.0 % of equity, limit 9.0"):
        await decide.approve(w.desk, second.id, by="operator:1")
    w.desk.limits = Limits(accounts={"paper": Caps(net_exposure=D("0.09"))})
    with pytest.raises(decide.DeskError, match=r"account paper: longs less shorts 10.0 %"):
        await decide.approve(w.desk, second.id, by="operator:1")


async def test_a_sector_counts_what_is_held_and_what_is_on_its_way():
    w = await world()
    w.desk.limits = replace(w.desk.limits, sector=D("0.12"))
    signals = await proposed(w, "AAPL", "MSFT", "NVDA")
    for signal in signals[:2]:
        await decide.approve(w.desk, signal.id, by="operator:1")
    with pytest.raises(decide.DeskError, match=r"Technology 15.0 % of equity, limit 12.0 %"):
        await decide.approve(w.desk, signals[2].id, by="operator:1")


# Duplicates


async def test_the_same_order_within_a_minute_is_a_duplicate():
    w = await world()
    [order] = await approved(w, "AAPL")
    market = clearing.Market(Quote("AAPL", D(100), w.clock.at), await w.broker.account())
    for seconds, ok in ((59, False), (60, True)):
        w.clock.at = order.created_at + timedelta(seconds=seconds)
        money = await clearing.funds(w.desk, market.account)
        intent = clearing.checks.Intent(
            w.desk.instrument("AAPL"), Side.BUY, order.quantity, D(100), D(100), reduces=False
        )
        assert clearing.twin(w.desk, money, intent, "dip").ok is ok
        assert clearing.twin(w.desk, money, intent, "other").ok, "another strategy's is no twin"
        assert clearing.twin(w.desk, money, intent, "dip", order.id).ok, "nor is it its own"


# The order rate


async def many(w: World, count: int, *, symbols: int = 5) -> None:
    """So many entries of one unit each due now, in this order."""
    names = list(w.tape.prices)[:symbols]
    now = w.clock.at
    await w.journal.append(
        [
            Order(
                f"m{n}", "dip", "paper", "paper", names[n % symbols], Side.BUY, D(n + 1), now, now
            )
            for n in range(count)
        ]
    )


async def test_ten_entries_a_minute_go_and_the_rest_wait_in_order():
    w = await world(allowance=Allowance(max_positions=50))
    w.go(TUESDAY, 15)
    await many(w, 13)
    assert await execute.execute_due(w.desk) == 10
    assert await states(w) == [OrderState.FILLED] * 10 + [OrderState.PLANNED] * 3
    assert await execute.execute_due(w.desk) == 0
    told = [n for n in await w.journal.read(Notice, recipient=1) if "order rate" in str(n.body)]
    assert len(told) == 1
    assert "10 entries within a minute, limit 10" in str(told[0].body)
    w.clock.at += timedelta(seconds=60)
    assert await execute.execute_due(w.desk) == 3
    assert set(await states(w)) == {OrderState.FILLED}


async def test_three_entries_a_minute_in_one_instrument():
    w = await world()
    w.go(TUESDAY, 15)
    await many(w, 4, symbols=1)
    assert await execute.execute_due(w.desk) == 3
    w.clock.at += timedelta(seconds=60)
    assert await execute.execute_due(w.desk) == 1


async def test_what_waits_five_minutes_expires_and_is_told():
    w = await world()
    w.desk.limits = replace(w.desk.limits, rate=1, rate_wait=timedelta(seconds=90))
    w.go(TUESDAY, 15)
    await many(w, 4)
    for _ in range(12):
        await execute.execute_due(w.desk)
        w.clock.at += timedelta(seconds=10)
    assert await states(w) == [OrderState.FILLED] * 2 + [OrderState.EXPIRED] * 2
    ended = await w.journal.read(Order, state=OrderState.EXPIRED)
    assert ended[0].note == "it waited 90 s for the order rate: 1 entry within a minute, limit 1"
    assert sum("it waited 90 s" in str(n.body) for n in await w.journal.read(Notice, recipient=1))


async def test_exits_neither_wait_nor_count():
    w = await world()
    await bought(w, "AAPL", "MSFT")
    w.desk.limits = replace(w.desk.limits, rate=1)
    w.go(TUESDAY, 15)
    await many(w, 1, symbols=1)
    leaving = Order(
        "x", "dip", "paper", "paper", "MSFT", Side.SELL, D(50), w.clock.at, w.clock.at,
        reduce_only=True,
    )  # fmt: skip
    await w.journal.append([leaving])
    assert await execute.execute_due(w.desk) == 2


async def test_a_plan_of_many_orders_counts_once(monkeypatch: pytest.MonkeyPatch):
    w = await world()
    w.desk.limits = replace(w.desk.limits, rate=1)
    monkeypatch.setattr(rate, "unit", lambda order: "plan")
    w.go(TUESDAY, 15)
    await many(w, 3)
    assert await execute.execute_due(w.desk) == 3


# What was said is kept


async def test_every_stage_keeps_its_checks_with_their_figures():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    made = await judging.latest(w.desk, signal.id)
    assert made is not None
    assert (made.stage, made.ok) == (judging.Stage.PROPOSAL, True)
    await decide.approve(w.desk, signal.id, by="operator:1")
    w.go(TUESDAY, 14, 30)
    await execute.execute_due(w.desk)
    claim = await judging.latest(w.desk, signal.id)
    assert claim is not None
    assert claim.stage is judging.Stage.CLAIM
    texts = [check.text for check in judging.checks_of(claim)]
    assert "order 5.0 % of equity, limit 5.1 %" in texts
    assert await judging.latest(w.desk, signal.id, judging.Stage.DECISION) is not None


async def test_a_card_says_what_fails_in_red_and_else_what_is_used_most():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    lines = await verdicts.of_signal(w.desk, signal.id)
    assert lines[0] == "🟢 order 5.0 % of equity, limit 5.0 %"
    assert lines[-1].startswith("🟢 all ")
    w.desk.limits = replace(w.desk.limits, symbols={"AAPL": Caps(position_notional=D("0.04"))})
    found = await clearing.verdicts(w.desk, signal)
    assert verdicts.summary(found) == ["🔴 AAPL: AAPL 5.0 % of equity, limit 4.0 %"]


async def test_verdicts_of_what_is_held_already_say_so():
    w = await world()
    await bought(w, "AAPL")
    signal = await w.journal.first(Signal, symbol="AAPL")
    assert signal is not None
    pending = replace(signal, state=SignalState.PENDING)
    [check] = await clearing.verdicts(w.desk, pending)
    assert check.text == "AAPL is already long in dip"


async def test_an_order_sent_a_second_time_is_not_judged_anew():
    w = await world()
    [order] = await approved(w, "AAPL")
    w.desk.limits = Limits(order_notional=D("0.0001"))
    w.go(TUESDAY, 14, 30)
    assert await sending.claim(w.desk, order) is not None, "it may be at the broker already"
