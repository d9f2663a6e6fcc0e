"""Halts of everything, of one strategy, of one broker; and what lets them go on."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk import codes, execute
from desk.halt import in_force, trading_state
from desk.scope import ALL, Kind, Scope, of_key, read
from tests.desk.floor import D, floor, hold, order, say
from tests.desk.test_codes import coded as crewed
from tests.desk.test_codes import enrolled as enrolled_app
from tests.desk.test_codes import now
from tests.desk.test_people import CREW, asked
from tests.world import BOB, World
from trading.brackets import Bracket
from trading.errors import DeskError
from trading.facts import Latch, Notice, Request, Trading
from trading.orders import Order, OrderState
from trading.types import Side

KNOWN = ("strategy:dip", "strategy:gap", "broker:paper", "broker:other")
DIP, PAPER = Scope(Kind.STRATEGY, "dip"), Scope(Kind.BROKER, "paper")


@pytest.mark.parametrize(
    ("words", "scope", "rest"),
    [
        ("", ALL, ()),
        ("all", ALL, ()),
        ("dip", DIP, ()),
        ("DIP bad fills", DIP, ("bad", "fills")),
        ("strategy dip", DIP, ()),
        ("broker paper slow", PAPER, ("slow",)),
        ("paper", PAPER, ()),
        ("news at nine", None, ("at", "nine")),
        ("strategy nosuch", None, ()),
    ],
)
def test_words_name_a_scope(words: str, scope: Scope | None, rest: tuple[str, ...]):
    found = read(words.split(), KNOWN)
    assert (found.scope, found.rest) == (scope, rest)


@given(st.lists(st.text(max_size=12), max_size=4))
def test_no_words_break_the_reading_and_a_scope_is_one_there_is(words):
    found = read(words, KNOWN)
    if found.scope is not None and found.scope.kind in (Kind.STRATEGY, Kind.BROKER):
        assert found.scope.key in KNOWN
    if found.scope is not None:
        assert of_key(found.scope.key) == found.scope
        assert read(found.scope.args, KNOWN).scope == found.scope


async def states(w: World) -> dict[str, str]:
    return {row.name: row.state.value for row in await in_force(w.desk)}


async def test_the_door_latches_one_strategy_before_any_lane_runs():
    w = await floor()
    await w.ask("/halt dip fills are bad")
    row = await w.journal.first(Latch, name="strategy:dip")
    assert row is not None
    assert (row.state, row.by, row.reason) == (Trading.HALTED, "operator:1", "fills are bad")
    assert await trading_state(w.desk) is Trading.ACTIVE
    assert await trading_state(w.desk, "dip", "paper") is Trading.HALTED
    assert await trading_state(w.desk, "gap", "paper") is Trading.ACTIVE


@pytest.mark.parametrize("text", ["/halt", "/halt news at nine", "/halt dpi", "/halt all"])
async def test_the_door_halts_everything_when_it_is_not_told_what(text: str):
    w = await floor()
    await w.ask(text)
    assert await states(w) == {"desk": "halted"}


async def test_a_halt_of_a_word_nobody_knows_says_that_everything_is_halted():
    w = await floor()
    said = (await say(w, "/halt dpi")).plain
    assert "Trading halted by you" in said
    assert "dpi is no strategy or broker, so everything is halted" in said
    assert "strategies dip, gap; brokers other, paper" in said


async def test_a_halt_of_a_strategy_that_is_not_there_says_that_nothing_was_halted():
    w = await floor()
    answer = await say(w, "/halt strategy nosuch")
    assert "Nothing was halted" in answer.plain
    assert "strategies dip, gap" in answer.plain
    assert answer.buttons[0][0].label == "Halt everything"
    assert await states(w) == {}


async def test_a_halted_strategy_sends_nothing_while_the_other_trades():
    w = await floor()
    mine = await order(w, "buy 1 AAPL")
    other = await order(w, "buy 1 MSFT", strategy="gap")
    said = (await say(w, "/halt dip")).plain
    assert "Strategy dip halted by you" in said
    assert "1 approved order waits" in said
    assert await execute.execute_due(w.desk, owner="t") == 1
    state = {o.id: o.state for o in await w.journal.read(Order)}
    assert state == {mine.id: OrderState.PLANNED, other.id: OrderState.FILLED}


async def test_a_halt_names_what_of_its_scope_is_on_its_way():
    w = await floor()
    await order(w, "buy 7 AAPL", state=OrderState.ACCEPTED)
    await order(w, "buy 8 MSFT", strategy="gap", state=OrderState.ACCEPTED)
    said = (await say(w, "/halt dip")).plain
    assert "buy 7 AAPL" in said
    assert "MSFT" not in said


async def test_reducing_lets_only_orders_go_that_shrink():
    w = await floor()
    await hold(w, "buy 5 AAPL")
    await say(w, "/reduce")
    entry = await order(w, "buy 1 MSFT")
    exit_ = await order(w, "sell 5 AAPL", reduce_only=True)
    await execute.execute_due(w.desk, owner="t")
    state = {o.id: o.state for o in await w.journal.read(Order)}
    assert (state[entry.id], state[exit_.id]) == (OrderState.PLANNED, OrderState.FILLED)


async def test_a_reduce_never_loosens_a_halt():
    w = await floor()
    await say(w, "/halt dip")
    said = (await say(w, "/reduce dip")).plain
    assert "Strategy dip is halted by Ann already" in said
    assert await states(w) == {"strategy:dip": "halted"}


async def test_a_resume_asks_first_and_lists_what_may_then_be_sent():
    w = await floor()
    await order(w, "buy 3 AAPL")
    await order(w, "buy 4 MSFT", strategy="gap")
    await say(w, "/halt dip")
    question = await say(w, "/resume dip")
    assert "1 approved order may then be sent: buy 3 AAPL." in question.plain
    assert await states(w) == {"strategy:dip": "halted"}
    assert question.buttons[0][0].args == ("strategy", "dip", "yes")
    await say(w, "/resume strategy dip yes")
    assert await states(w) == {}


async def test_what_another_latch_holds_is_not_promised_by_a_resume():
    w = await floor()
    await order(w, "buy 3 AAPL")
    await say(w, "/halt dip")
    await say(w, "/halt")
    question = (await say(w, "/resume")).plain
    assert "may then be sent" not in question
    assert "Strategy dip is halted by Ann, and stays so" in question
    await say(w, "/resume yes")
    assert await states(w) == {"strategy:dip": "halted"}
    assert "/resume dip lets it go on" in (await say(w, "/resume")).plain


@pytest.fixture
def enrolled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ann has a code: 123456."""

    async def wanted(desk: object, person: int) -> bool:
        return person == 1

    async def spend(desk: object, request: Request, code: str) -> None:
        if code != "123456":
            raise DeskError("that code is wrong")

    monkeypatch.setattr(codes, "wanted", wanted)
    monkeypatch.setattr(codes, "spend", spend)
    monkeypatch.setattr(codes, "enrolled", wanted, raising=False)


@pytest.mark.usefixtures("enrolled")
async def test_who_has_a_code_must_give_it():
    w = await floor()
    await say(w, "/halt dip")
    assert "code" in (await say(w, "/resume dip")).plain, "and no button"
    assert not (await w.journal.read(Notice, order="-id"))[0].body.get("buttons")
    assert "code" in (await say(w, "/resume strategy dip yes")).plain, "nor does an old one help"
    assert "That code is wrong" in (await say(w, "/resume dip 999999")).plain
    assert await states(w) == {"strategy:dip": "halted"}
    assert "resumed by you" in (await say(w, "/resume dip 123456")).plain
    assert await states(w) == {}


async def test_a_halted_strategy_shows_everywhere():
    w = await floor()
    await say(w, "/halt dip")
    assert "halted" in (await say(w, "/strategies")).plain
    assert "Strategy dip is halted by Ann: /resume dip" in (await say(w, "/health")).plain


async def test_others_are_told():
    w = await floor()
    await say(w, "/halt paper", by=BOB)
    [told] = await w.journal.read(Notice, recipient=1)
    assert "Broker paper halted by Bob" in str(told.body)


async def test_a_real_code_resumes_once():
    w = await crewed()
    app = await enrolled_app(w)
    await asked(w, "/halt dip", CREW[0])
    assert "code" in await asked(w, "/resume dip", CREW[0])
    code = now(w, app)
    assert "resumed by you" in await asked(w, f"/resume dip {code}", CREW[0])
    await asked(w, "/halt dip", CREW[0])
    await asked(w, f"/resume dip {code}", CREW[0])
    assert await states(w) == {"strategy:dip": "halted"}, "a code counts once"


async def test_a_halt_says_what_it_does_to_the_stops_of_its_scope():
    w = await floor()
    row = Bracket("dip", "paper", "paper", "AAPL", "o0", w.clock.at, Side.SELL, D(100), D(90))
    await w.journal.append([row, replace(row, strategy="gap", symbol="MSFT", rests=True)])
    dip = (await say(w, "/halt dip")).plain
    assert "Watched stops send nothing while halted: AAPL." in dip
    assert "stays at the broker" not in dip
    assert "1 stop stays at the broker." in (await say(w, "/halt")).plain
