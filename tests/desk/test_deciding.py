"""From an answer to a filled order, on one desk in memory."""

import asyncio
from decimal import Decimal

import pytest

from desk import decide, execute, propose, settle
from desk.clearing import drift_limit
from desk.halt import latch
from risk.limits import Allowance
from tests.world import ANN, BOB, MONDAY, World, answer, explain, world
from trading.errors import DeskError, Refused
from trading.facts import Notice, Trading
from trading.orders import Fill, Order, OrderState
from trading.signals import Signal, SignalState
from trading.types import Account, Mode, Side, Target

D = Decimal
TUESDAY = MONDAY.replace(day=4)
WEDNESDAY = MONDAY.replace(day=5)


async def proposed(w: World, *symbols: str, **changes: object) -> list[Signal]:
    answers = [answer(s, strength=9 - n, **changes) for n, s in enumerate(symbols)]
    return await propose.propose(w.desk, "dip", answers, explain=explain)


async def held(w: World, symbol: str) -> Decimal:
    ledger = await w.desk.books.ledger()
    return ledger.position("dip", "paper", symbol).quantity


async def bought(w: World, *symbols: str) -> None:
    """Positions from Monday's signals, filled at Tuesday's open."""
    for signal in await proposed(w, *symbols):
        await decide.approve(w.desk, signal.id, by="operator:1")
    w.go(TUESDAY, 14, 30)
    assert await execute.execute_due(w.desk, owner="t") == len(symbols)


async def test_a_signal_is_approved_sent_at_the_next_open_and_filled():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    assert (signal.target, signal.quantity, signal.rank) == (Target.LONG, D(50), 1)
    order = await decide.approve(w.desk, signal.id, by="operator:1")
    assert (order.side, order.quantity, order.key) == (Side.BUY, D(50), f"t-{signal.id}-0")
    assert await execute.execute_due(w.desk, owner="t") == 0, "not before the open"
    w.go(TUESDAY, 14, 30)
    assert await execute.execute_due(w.desk, owner="t") == 1
    done = await w.journal.first(Order, key=order.key)
    assert done is not None
    assert done.state is OrderState.FILLED
    [fill] = await w.journal.read(Fill)
    assert (fill.strategy, fill.quantity, fill.price) == ("dip", D(50), D(100))
    assert await held(w, "AAPL") == 50


async def test_the_same_bar_proposes_once():
    w = await world()
    assert len(await proposed(w, "AAPL", "MSFT")) == 2
    assert await proposed(w, "AAPL", "MSFT") == []


async def test_entries_are_ranked_by_strength_then_symbol():
    w = await world()
    answers = [answer("MSFT"), answer("AAPL"), answer("TSLA", strength=5.0)]
    signals = await propose.propose(w.desk, "dip", answers, explain=explain)
    assert [s.symbol for s in signals] == ["TSLA", "AAPL", "MSFT"]


async def test_the_order_of_ranks_spends_the_allocation():
    w = await world(allowance=Allowance(allocation=D("0.08"), position=D("0.05")))
    signals = await proposed(w, "AAPL", "MSFT", "NVDA")
    assert [s.quantity for s in signals] == [D(50), D(30), D(0)]
    assert [s.carded for s in signals] == [True, True, False], "one without funds has no card"


async def test_only_the_best_few_get_cards_and_the_rest_one_list():
    w = await world(cards=2)
    await proposed(w, "AAPL", "MSFT", "NVDA", "TSLA")
    told = [(n.kind, n.subject) for n in await w.journal.read(Notice, recipient=ANN.id)]
    assert [kind for kind, _ in told] == ["card", "card", "list"]


async def test_a_list_is_told_of_its_fill():
    w = await world(cards=0)
    (signal,) = await proposed(w, "AAPL")
    await decide.approve(w.desk, signal.id, by="operator:1")
    before = await w.journal.count(Notice, kind="list")
    w.go(TUESDAY, 14, 30)
    await execute.execute_due(w.desk, owner="t")
    assert await w.journal.count(Notice, kind="list") > before


async def test_a_press_buys_no_more_than_its_card_showed():
    w = await world(allowance=Allowance(allocation=D("0.08"), position=D("0.05")))
    _, second = await proposed(w, "AAPL", "MSFT")
    order = await decide.approve(w.desk, second.id, by="operator:1")
    assert order.quantity == second.quantity == 30, "with money for 50 by now"


async def test_two_presses_place_one_order():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    gate = asyncio.Barrier(2)

    async def press(operator: int) -> object:
        await gate.wait()
        try:
            return await decide.approve(w.desk, signal.id, by=f"operator:{operator}")
        except DeskError as refusal:
            return str(refusal)

    outcomes = await asyncio.gather(press(1), press(2))
    assert len(await w.journal.read(Order)) == 1
    assert sum(isinstance(o, Order) for o in outcomes) == 1
    [refusal] = [o for o in outcomes if isinstance(o, str)]
    assert "already approved by" in refusal


async def test_two_approvals_do_not_spend_the_same_money():
    w = await world(allowance=Allowance(allocation=D("0.05"), position=D("0.05")))
    first, second = await proposed(w, "AAPL", "MSFT")
    await decide.approve(w.desk, first.id, by="operator:1")
    with pytest.raises(Refused, match="no funds left"):
        await decide.approve(w.desk, second.id, by="operator:1")


@pytest.mark.parametrize(
    ("price", "passes"), [("101.00", True), ("101.01", False), ("98.99", False)]
)
async def test_a_price_that_drifted_is_refused_with_its_figure(price: str, passes: bool):
    w = await world()
    [signal] = await proposed(w, "AAPL")
    w.tape.prices["AAPL"] = D(price)
    if passes:
        assert await decide.approve(w.desk, signal.id, by="operator:1")
        return
    with pytest.raises(Refused, match=r"AAPL: price moved .1\.0[01] % from 100"):
        await decide.approve(w.desk, signal.id, by="operator:1")
    assert (await decide.signal_of(w.desk, signal.id)).state is SignalState.PENDING


async def test_half_an_atr_widens_the_drift():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    wild = await world()
    quiet = answer("AAPL")
    loud = type(quiet)(
        **{f: getattr(quiet, f) for f in quiet.__slots__} | {"features": {"atr": 6.0}}
    )
    [jumpy] = await propose.propose(wild.desk, "dip", [loud], explain=explain)
    assert drift_limit(w.desk, signal) == D("0.01")
    assert drift_limit(wild.desk, jumpy) == D("0.03")


async def test_a_late_press_says_how_late():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    w.go(TUESDAY, 14, 33)
    with pytest.raises(DeskError, match="expired 4 minutes ago"):
        await decide.approve(w.desk, signal.id, by="operator:1")


async def test_what_nobody_decides_expires_a_minute_before_the_open():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    w.go(TUESDAY, 14, 29)
    assert await decide.expire(w.desk) == 0
    w.go(TUESDAY, 14, 30)
    assert await decide.expire(w.desk) == 1
    assert (await decide.signal_of(w.desk, signal.id)).state is SignalState.EXPIRED


async def test_an_approval_can_be_withdrawn_until_it_is_claimed():
    w = await world()
    first, second = await proposed(w, "AAPL", "MSFT")
    for signal in (first, second):
        await decide.approve(w.desk, signal.id, by="operator:1")
    await decide.withdraw(w.desk, first.id, by="operator:2")
    w.go(TUESDAY, 14, 30)
    assert await execute.execute_due(w.desk, owner="t") == 1
    with pytest.raises(DeskError, match="too late"):
        await decide.withdraw(w.desk, second.id, by="operator:2")
    assert await held(w, "AAPL") == 0
    assert await held(w, "MSFT") == 50


async def test_a_rejected_entry_comes_back_only_after_the_condition_was_false_once():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    await decide.reject(w.desk, signal.id, by="operator:1")
    w.go(TUESDAY, 21, 5)
    assert await proposed(w, "AAPL", day=TUESDAY, since=MONDAY) == [], "the same run"
    w.go(WEDNESDAY, 21, 5)
    assert len(await proposed(w, "AAPL", day=WEDNESDAY, since=WEDNESDAY)) == 1


async def test_held_and_exit_asks_for_flat_and_closes_the_whole_book():
    w = await world()
    await bought(w, "AAPL")
    w.go(TUESDAY, 21, 5)
    w.tape.prices["AAPL"] = D(110)
    [signal] = await proposed(w, "AAPL", enter=0, exit=True, price=110.0, day=TUESDAY)
    assert signal.target is Target.FLAT
    await decide.approve(w.desk, signal.id, by="operator:1")
    w.go(WEDNESDAY, 14, 30)
    await execute.execute_due(w.desk, owner="t")
    assert await held(w, "AAPL") == 0
    [trade] = (await w.desk.books.ledger()).trades
    assert trade.gross == D(500)


async def test_an_exit_is_not_kept_in_by_drift():
    w = await world()
    await bought(w, "AAPL")
    w.go(TUESDAY, 21, 5)
    [signal] = await proposed(w, "AAPL", enter=0, exit=True, day=TUESDAY)
    w.tape.prices["AAPL"] = D(80)
    assert (await decide.approve(w.desk, signal.id, by="operator:1")).reduce_only


async def test_a_gap_beyond_the_collar_is_not_sent_and_is_told():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    order = await decide.approve(w.desk, signal.id, by="operator:1")
    w.tape.prices["AAPL"] = D("102.01")
    w.go(TUESDAY, 14, 30)
    assert await execute.execute_due(w.desk, owner="t") == 1
    refused = await w.journal.first(Order, key=order.key)
    assert refused is not None
    assert refused.state is OrderState.REJECTED
    assert "moved +2.01 %" in refused.note
    assert await w.journal.count(Fill) == 0
    texts = [str(n.body) for n in await w.journal.read(Notice)]
    assert any("Not sent" in text for text in texts)


async def test_an_order_that_missed_its_session_expires():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    order = await decide.approve(w.desk, signal.id, by="operator:1")
    w.go(WEDNESDAY, 15)
    await execute.execute_due(w.desk, owner="t")
    late = await w.journal.first(Order, key=order.key)
    assert late is not None
    assert late.state is OrderState.EXPIRED


async def test_nothing_is_approved_or_sent_while_halted():
    w = await world()
    first, second = await proposed(w, "AAPL", "MSFT")
    order = await decide.approve(w.desk, first.id, by="operator:1")
    await latch(w.journal, Trading.HALTED, by="operator:1", reason="", at=None)
    with pytest.raises(Refused, match="halted"):
        await decide.approve(w.desk, second.id, by="operator:1")
    w.go(TUESDAY, 14, 30)
    assert await execute.execute_due(w.desk, owner="t") == 0
    waiting = await w.journal.first(Order, key=order.key)
    assert waiting is not None
    assert waiting.state is OrderState.PLANNED


async def test_by_itself_an_auto_strategy_approves_in_rank_order():
    w = await world(mode=Mode.AUTO, allowance=Allowance(allocation=D("0.08")))
    signals = await proposed(w, "AAPL", "MSFT", "NVDA")
    orders = await decide.approve_ranked(w.desk, signals, by="auto")
    assert [o.symbol for o in orders] == ["AAPL", "MSFT"]
    last = await decide.signal_of(w.desk, signals[-1].id)
    assert last.state is SignalState.REJECTED
    assert "no funds left" in last.note


async def test_a_fill_told_twice_is_booked_once():
    w = await world()
    await bought(w, "AAPL")
    fills, _ = await w.broker.fills("")
    assert len(await settle._record(w.desk, fills)) == 0
    assert await held(w, "AAPL") == 50


async def test_a_fill_we_did_not_order_is_booked_apart_and_told():
    w = await world()
    stray = Fill(
        "paper",
        "paper",
        "x1",
        "by-hand",
        "",
        "XOM",
        Side.BUY,
        D(3),
        D(100),
        D(0),
        "USD",
        w.clock.at,
    )
    await settle._record(w.desk, [stray])
    [fill] = await w.journal.read(Fill)
    assert fill.strategy == settle.UNASSIGNED
    assert any("did not order" in str(n.body) for n in await w.journal.read(Notice))


async def test_the_other_operator_is_named():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    await decide.approve(w.desk, signal.id, by=f"operator:{BOB.id}")
    moved = await decide.signal_of(w.desk, signal.id)
    assert decide.decider(w.desk, moved, reader=ANN.id) == "Bob"
    assert decide.decider(w.desk, moved, reader=BOB.id) == "you"


async def test_a_scan_approved_by_itself_asks_the_broker_for_its_account_once(
    monkeypatch: pytest.MonkeyPatch,
):
    w = await world()
    signals = await proposed(w, "AAPL", "MSFT", "NVDA")
    asked, account = 0, w.broker.account

    async def counted() -> Account:
        nonlocal asked
        asked += 1
        return await account()

    monkeypatch.setattr(w.broker, "account", counted)
    orders = await decide.approve_ranked(w.desk, signals, by="auto")
    assert (len(orders), asked) == (3, 1)
