"""Who decides: veto windows, changes of mode, and when an order goes."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from desk import chosen, codes, decide, execute, modes, preferences, propose
from desk.beats import TELEGRAM
from desk.console import cards
from desk.console.verbs import handle
from desk.desk import Desk, Operator, Plan
from desk.halt import latch, of_strategy
from desk.story import card as read_card
from tests.world import ANN, BOB, MONDAY, D, World, answer, explain, world
from trading.errors import DeskError
from trading.facts import Cursor, Notice, NoticeState, Preference, Request, Trading
from trading.messages import Message
from trading.orders import Order, OrderState
from trading.people import Role
from trading.signals import Signal, SignalState
from trading.types import Mode, Moment
from worker import rounds

TUESDAY = MONDAY.replace(day=4)
WINDOW = timedelta(minutes=10)


async def vetoable(symbol: str = "AAPL", **changes: object) -> tuple[World, Signal]:
    """A world in which one signal's window may begin; its card waits to be sent."""
    w = await world(mode=Mode.VETO)
    answers = [answer(symbol, **changes)]  # type: ignore[arg-type]
    [signal] = await propose.propose(w.desk, "dip", answers, explain=explain)
    return w, signal


async def begun(symbol: str = "AAPL") -> tuple[World, Signal]:
    w, signal = await vetoable(symbol)
    await modes.shown(w.desk, signal.id, ANN.id)
    return w, await decide.signal_of(w.desk, signal.id)


async def now(w: World, signal: Signal) -> Signal:
    return await decide.signal_of(w.desk, signal.id)


async def said(w: World, text: str, *, by: Operator = ANN, pressed: bool = False) -> str:
    """The answer to a command, in plain words; "" where it has none."""
    number = await w.ask(text, by=by, pressed=pressed)
    await handle(w.desk, number)
    rows = await w.journal.read(Notice, answers=number)
    return "\n".join(Message.from_json(row.body).plain for row in rows)


async def shown(w: World, signal: Signal, reader: int = ANN.id) -> str:
    return cards.card_message(w.desk, await read_card(w.desk, signal.id, reader=reader)).plain


async def told(w: World, reader: int = ANN.id) -> list[str]:
    rows = await w.journal.read(Notice, kind="text", recipient=reader, answers=None)
    return [Message.from_json(row.body).plain for row in rows]


async def test_a_window_begins_when_telegram_has_taken_the_card_and_not_before():
    w, signal = await vetoable()
    assert (signal.mode, signal.window, signal.veto_until) == (Mode.VETO, 600, None)
    assert "Executes 10 minutes after this card came, unless vetoed" in await shown(w, signal)
    w.clock.at += timedelta(minutes=3)
    await modes.shown(w.desk, signal.id, ANN.id)
    until = (await now(w, signal)).veto_until
    assert until == w.clock.at + WINDOW
    assert "Executes 16:18 New York unless vetoed\nThen goes Tue 4 Feb" in await shown(w, signal)
    w.clock.at += timedelta(minutes=1)
    await modes.shown(w.desk, signal.id, BOB.id)
    assert (await now(w, signal)).veto_until == until, "the second phone starts none anew"


async def test_a_viewers_phone_starts_no_window():
    w, signal = await vetoable()
    w.desk.operators = (Operator(7, "Vic", Role.VIEWER), ANN)
    await modes.shown(w.desk, signal.id, 7)
    assert (await now(w, signal)).veto_until is None
    await modes.shown(w.desk, signal.id, ANN.id)
    assert (await now(w, signal)).veto_until is not None


async def test_a_window_executes_at_its_end_and_not_a_second_sooner():
    w, signal = await begun()
    assert signal.veto_until is not None
    w.clock.at = signal.veto_until - timedelta(seconds=1)
    assert await modes.veto_due(w.desk) == 0
    w.clock.at = signal.veto_until
    assert await modes.veto_due(w.desk) == 1
    assert await modes.veto_due(w.desk) == 0
    [order] = await w.journal.read(Order)
    assert (order.state, order.quantity) == (OrderState.PLANNED, D(50))
    assert "Approved by the veto window" in await shown(w, signal)


async def test_a_card_is_told_of_twice_at_most_for_its_window():
    w, signal = await begun()
    assert signal.veto_until is not None
    w.clock.at = signal.veto_until
    await rounds.trade_once(w.desk, owner="t")
    rows = await w.journal.read(Notice, kind="card", recipient=ANN.id)
    assert len(rows) == 3, "the card itself, its time, what became of it"


async def test_a_veto_in_the_window_is_a_rejection():
    w, signal = await begun()
    card = cards.card_message(w.desk, await read_card(w.desk, signal.id, reader=ANN.id))
    assert [b.label for b in card.buttons[0]] == ["Approve now", "Veto"]
    assert "Snooze" not in [b.label for b in card.buttons[1]]
    await said(w, f"/reject {signal.id}", pressed=True)
    assert signal.veto_until is not None
    w.clock.at = signal.veto_until
    assert await modes.veto_due(w.desk) == 0
    assert "Vetoed by you" in await shown(w, signal)
    assert await w.journal.read(Order) == []


async def test_a_veto_recorded_but_not_carried_out_yet_goes_before_the_end_of_the_window():
    w, signal = await begun()
    assert signal.veto_until is not None
    w.clock.at = signal.veto_until
    request = await w.ask(f"/reject {signal.id}", pressed=True)
    assert await modes.veto_due(w.desk) == 0, "the worker was away while it was pressed"
    await handle(w.desk, request)
    assert (await now(w, signal)).state is SignalState.REJECTED


async def test_a_press_and_the_end_of_the_window_at_once_make_one_order():
    w, signal = await begun()
    assert signal.veto_until is not None
    w.clock.at = signal.veto_until
    gate = asyncio.Barrier(2)

    async def press() -> None:
        await gate.wait()
        await decide.approve(w.desk, signal.id, by="operator:1")

    async def sweep() -> None:
        await gate.wait()
        await modes.veto_due(w.desk)

    await asyncio.gather(press(), sweep(), return_exceptions=True)
    assert await w.journal.count(Order) == 1
    assert (await now(w, signal)).state is SignalState.APPROVED
    assert not [text for text in await told(w) if "waits for you" in text]


async def test_two_sweeps_at_once_make_one_order():
    w, signal = await begun()
    assert signal.veto_until is not None
    w.clock.at = signal.veto_until
    done = await asyncio.gather(modes.veto_due(w.desk), modes.veto_due(w.desk))
    assert sorted(done) == [0, 1]
    assert await w.journal.count(Order) == 1


async def test_a_card_that_is_not_delivered_becomes_manual_and_that_is_told():
    w, signal = await vetoable()
    w.clock.at += WINDOW
    await modes.veto_due(w.desk)
    assert (await now(w, signal)).mode is Mode.VETO
    w.clock.at += timedelta(seconds=1)
    await modes.veto_due(w.desk)
    after = await now(w, signal)
    assert (after.mode, after.state) == (Mode.MANUAL, SignalState.PENDING)
    assert "its card was not delivered within 10 minutes" in (await told(w))[-1]
    assert "Waits for you: its card was not delivered" in await shown(w, signal)
    await modes.shown(w.desk, signal.id, ANN.id)
    assert (await now(w, signal)).veto_until is None, "delivered too late, it starts nothing"


async def test_a_card_that_every_phone_refused_is_manual_at_once():
    w, signal = await vetoable()
    for notice in await w.journal.read(Notice, kind="card"):
        await w.journal.move(notice, state=NoticeState.FAILED)
    await modes.veto_due(w.desk)
    assert (await now(w, signal)).mode is Mode.MANUAL


@pytest.mark.parametrize("scope", ["desk", of_strategy("dip")])
async def test_a_halt_stops_a_window(scope: str):
    w, signal = await begun()
    at = w.clock.at
    await latch(w.journal, Trading.HALTED, by="operator:1", reason="/halt", at=at, scope=scope)
    assert signal.veto_until is not None
    w.clock.at = signal.veto_until
    assert await modes.veto_due(w.desk) == 0
    after = await now(w, signal)
    assert (after.mode, after.state) == (Mode.MANUAL, SignalState.PENDING)
    assert "halted" in after.note
    assert await w.journal.count(Order) == 0


async def test_a_price_that_moved_meanwhile_is_not_bought_in_silence():
    w, signal = await begun()
    w.tape.prices["AAPL"] = D(103)
    assert signal.veto_until is not None
    w.clock.at = signal.veto_until
    assert await modes.veto_due(w.desk) == 0
    assert "price moved +3.00 % from 100" in (await now(w, signal)).note


async def test_a_window_while_telegram_was_away_decides_nothing():
    w, signal = await begun()
    await w.journal.append([Cursor(TELEGRAM, w.clock.at.isoformat())])
    assert signal.veto_until is not None
    w.clock.at = signal.veto_until
    assert await modes.veto_due(w.desk) == 0
    assert "no veto could have come" in (await now(w, signal)).note


async def test_an_entry_without_a_card_waits_for_a_press():
    w = await world(mode=Mode.VETO, cards=1)
    answers = [answer("AAPL", strength=2.0), answer("MSFT")]
    found = await propose.propose(w.desk, "dip", answers, explain=explain)
    assert [(s.carded, s.mode) for s in found] == [(True, Mode.VETO), (False, Mode.MANUAL)]


async def test_manual_is_one_press_and_takes_over_what_waits():
    w, signal = await begun()
    assert "dip is manual now" in await said(w, "/mode dip manual")
    assert w.desk.plan("dip").mode is Mode.MANUAL
    after = await now(w, signal)
    assert (after.mode, after.veto_until) == (Mode.MANUAL, None)
    assert "dip was set to manual by Ann" in (await told(w, BOB.id))[-1]


async def test_veto_and_auto_are_asked_twice():
    w = await world()
    text = await said(w, "/mode dip veto")
    assert "Let dip decide by veto?" in text
    assert "0 trades ended, wanted 30" in text
    assert w.desk.plan("dip").mode is Mode.MANUAL
    await said(w, "/mode dip veto yes")
    assert w.desk.plan("dip").mode is Mode.MANUAL, "typed, it is the question again"
    assert "dip is veto now" in await said(w, "/mode dip veto yes", pressed=True)
    assert w.desk.plan("dip").mode is Mode.VETO
    assert "Decided by veto, 10 minutes" in await said(w, "/strategies")


async def test_whoever_enrolled_one_gives_a_code(monkeypatch: pytest.MonkeyPatch):
    async def wanted(desk: Desk, operator: int) -> bool:
        return operator == ANN.id

    async def spend(desk: Desk, request: Request, code: str) -> None:
        if code != "123456":
            raise DeskError("that code is wrong")

    async def enrolled(desk: Desk, operator: int) -> object:
        return operator == ANN.id or None

    monkeypatch.setattr(codes, "wanted", wanted)
    monkeypatch.setattr(codes, "enrolled", enrolled)
    monkeypatch.setattr(codes, "spend", spend)
    w = await world()
    assert "Ask first" in await said(w, "/mode dip auto 123456"), "one step is not two"
    assert "or /mode dip auto and the digits" in await said(w, "/mode dip auto")
    assert "That code is wrong" in await said(w, "/mode dip auto 999999")
    await said(w, "/mode dip auto yes", pressed=True)
    assert w.desk.plan("dip").mode is Mode.MANUAL
    assert "dip is auto now" in await said(w, "/mode dip auto 123456")
    assert w.desk.plan("dip").mode is Mode.AUTO


async def test_a_trader_may_tighten_and_not_loosen():
    tess = Operator(3, "Tess", Role.TRADER)
    w = await world(mode=Mode.AUTO, operators=(ANN, tess))
    await said(w, "/mode dip veto", by=tess)
    assert w.desk.plan("dip").mode is Mode.VETO
    assert "Only an owner" in await said(w, "/mode dip auto", by=tess)


async def test_every_process_sees_a_change_of_mode():
    w = await world()
    await preferences.choose(w.desk, "mode:dip", "veto", by="operator:1")
    assert w.desk.plan("dip").mode is Mode.MANUAL
    await chosen.refresh(w.desk)
    assert w.desk.plan("dip").mode is Mode.VETO
    [row] = await w.journal.read(Preference, name="mode:dip")
    assert await modes.since(w.desk, "dip") == row.at


@pytest.mark.parametrize(
    ("executes", "decides", "at", "goes", "until"),
    [
        ("", Moment.CLOSE, (3, 21, 5), (4, 14, 30), (4, 14, 29)),
        ("", Moment.OPEN, (4, 14, 31), (4, 14, 31), (4, 14, 41)),
        ("now", Moment.CLOSE, (4, 15, 0), (4, 15, 0), (4, 15, 10)),
        ("now", Moment.CLOSE, (3, 21, 5), (4, 14, 30), (4, 14, 29)),
        ("now", Moment.CLOSE, (4, 20, 55), (4, 20, 55), (4, 21, 0)),
        ("close", Moment.OPEN, (4, 14, 31), (4, 20, 59), (4, 20, 58)),
        ("close", Moment.OPEN, (4, 20, 57), (4, 20, 59), (4, 20, 58)),
        ("close", Moment.OPEN, (4, 20, 58), (5, 20, 59), (5, 20, 58)),
        ("close", Moment.CLOSE, (3, 21, 5), (4, 20, 59), (4, 20, 58)),
        ("next open", Moment.OPEN, (4, 14, 31), (5, 14, 30), (5, 14, 29)),
        ("next close", Moment.OPEN, (4, 14, 31), (5, 20, 59), (5, 20, 58)),
    ],
)
async def test_a_strategy_is_told_when_to_execute(
    executes: str,
    decides: Moment,
    at: tuple[int, int, int],
    goes: tuple[int, int, int],
    until: tuple[int, int, int],
):
    def moment(of: tuple[int, int, int]) -> datetime:
        return datetime(2025, 2, *of, tzinfo=UTC)

    w = await world()
    w.clock.at = moment(at)
    when = propose.timing(w.desk, Plan("dip", decides, executes=executes))
    assert (when.execute_at, when.expires_at) == (moment(goes), moment(until))


async def test_what_goes_at_the_close_says_so_and_is_sent_then():
    w = await world()
    w.desk.plans = {"dip": Plan("dip", executes="next close")}
    [signal] = await propose.propose(w.desk, "dip", [answer("AAPL")], explain=explain)
    assert "Goes Tue 4 Feb 15:59 New York, at the close; decide before 15:58" in await shown(
        w, signal
    )
    await decide.approve(w.desk, signal.id, by="operator:1")
    w.go(TUESDAY, 20, 58)
    assert await execute.execute_due(w.desk, owner="t") == 0
    w.go(TUESDAY, 20, 59)
    assert await execute.execute_due(w.desk, owner="t") == 1


async def test_a_same_day_veto_lives_as_long_as_its_window_takes():
    w = await world(mode=Mode.VETO)
    w.go(TUESDAY, 14, 31)
    plan = Plan("dip", Moment.OPEN, mode=Mode.VETO)
    when = propose.timing(w.desk, plan)
    assert when.expires_at - w.clock.at == propose.SAME_DAY + plan.veto_window
    w.go(TUESDAY, 20, 55)
    w.desk.plans = {"dip": plan}
    [signal] = await propose.propose(w.desk, "dip", [answer("AAPL")], explain=explain)
    await modes.shown(w.desk, signal.id, ANN.id)
    await modes.veto_due(w.desk)
    assert "it expires before its window would end" in (await now(w, signal)).note
