"""Each strategy's money: shown, changed, and never spent twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.journal import open_journal
from desk import chosen, codes, decide, execute, propose
from desk.allocation import money
from desk.console.allocate import bar
from desk.console.replies import WIDTH
from desk.desk import Desk, Plan
from desk.funds import funds
from risk.aims import AllocationShare, FixedNotional, RiskToStop, VolatilityTarget
from risk.limits import Allowance, Limits
from tests.desk.test_console import said
from tests.desk.test_deciding import TUESDAY
from tests.journal.conftest import migrated_file, place, postgres
from tests.world import MONDAY, World, answer, at, explain, world
from trading.errors import DeskError, Refused
from trading.facts import Notice, Request
from trading.messages import Message
from trading.orders import Order
from trading.signals import Signal

__all__ = ["migrated_file", "postgres"]  # fixtures
D = Decimal
WIDE = Limits(D(1), D(1), D(10), sector=D(10), net_exposure=D(10), leverage=None)


async def desk_of(w: World, **allocations: str) -> World:
    """The world's desk with these strategies, each entry as large as its allocation."""
    w.desk.plans = {
        name: Plan(name, allowance=Allowance(D(share), position=D(1)))
        for name, share in allocations.items()
    }
    w.desk.limits = WIDE
    return w


async def entry(w: World, strategy: str, symbol: str) -> Signal:
    [made] = await propose.propose(w.desk, strategy, [answer(symbol)], explain=explain)
    return made


# Shown


async def test_it_shows_what_each_has_uses_and_has_left():
    w = await desk_of(await world(), dip="0.5", swing="0.3")
    await decide.approve(w.desk, (await entry(w, "dip", "AAPL")).id, by="operator:1")
    text = await said(w, "/allocate")
    assert "dip · 50 %" in text
    assert "swing · 30 %" in text
    assert "████████████████████████ 100 %" in text
    assert "The account can pay for entries of 50,000 USD more" in text
    shares = {share.strategy: share for share in (await money(w.desk)).shares}
    assert (shares["dip"].used, shares["dip"].left, shares["swing"].left) == (50000, 0, 30000)


async def test_its_tables_fit_a_phone():
    w = await desk_of(await world(cash=D(98_765_432_100)), mean_reversion="0.8", other="0.5")
    request = await w.ask("/allocate")
    from desk.console.verbs import handle

    await handle(w.desk, request)
    [notice] = await w.journal.read(Notice, answers=request)
    shown = Message.from_json(notice.body)
    tables = [span.text for span in shown.text if span.style == "pre"]
    assert tables
    assert all(len(line) <= WIDTH for text in tables for line in text.splitlines())
    assert "who enters first has it" in shown.plain


@pytest.mark.parametrize(
    ("share", "blocks"), [("0", 0), ("0.0001", 1), ("0.5", 12), ("1", 24), ("3", 24)]
)
def test_a_bar_shows_something_wherever_anything_is_used(share: str, blocks: int):
    assert bar(D(share)).count("█") == blocks
    assert len(bar(D(share))) == 24


# Changed


async def test_less_is_one_press_and_more_is_two():
    w = await desk_of(await world(), dip="0.5")
    await said(w, "/allocate dip 40 %")
    assert w.desk.plan("dip").allowance.limit(D(100_000)) == 40_000
    question = await said(w, "/allocate dip 60%")
    assert "Allow dip 60 %?" in question
    assert "20,000 USD more" in question
    assert w.desk.plan("dip").allowance.limit(D(100_000)) == 40_000
    await said(w, "/allocate dip 60% yes", pressed=True)
    assert w.desk.plan("dip").allowance.limit(D(100_000)) == 60_000


async def test_more_wants_a_code_of_who_enrolled_one(monkeypatch: pytest.MonkeyPatch):
    spent: list[str] = []

    async def demand(desk: Desk, request: Request, *args: str, code: str = "") -> bool:
        assert args == ("dip", "60", "%", "yes")
        if code and code != "123456":
            raise DeskError("that code is not right")
        spent.extend([code] if code else [])
        return bool(code)

    monkeypatch.setattr(codes, "demand", demand)
    w = await desk_of(await world(), dip="0.5")
    assert "Allow dip 60 %?" in await said(w, "/allocate dip 60 %")
    await said(w, "/allocate dip 60 % yes")
    assert "not right" in await said(w, "/allocate dip 60 % yes 000000")
    assert w.desk.plan("dip").allowance.allocation == D("0.5")
    await said(w, "/allocate dip 60 % yes 123456")
    assert w.desk.plan("dip").allowance.allocation == D("0.6")
    await said(w, "/allocate dip 20 %")
    assert spent == ["123456"], "less needs none"


async def test_an_amount_stands_whatever_the_equity_does():
    w = await desk_of(await world(), dip="0.5")
    await said(w, "/allocate dip 25000 USD")
    allowance = w.desk.plan("dip").allowance
    assert [allowance.limit(D(equity)) for equity in (10_000, 1_000_000)] == [25_000, 25_000]
    assert "dip · 25,000 USD" in await said(w, "/allocate")
    assert (await entry(w, "dip", "AAPL")).quantity == 250


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("/allocate dip", "How much?"),
        ("/allocate dip lots", "neither a share"),
        ("/allocate dip 150 %", "more than 100 %"),
        ("/allocate dip 25000", "more than 100 %"),
        ("/allocate dip 25000 EUR", "in USD, not EUR"),
        ("/allocate gone 10 %", "no strategy called 'gone'"),
        ("/allocate manual 10 %", "no allocation of its own"),
    ],
)
async def test_what_is_no_allocation_changes_nothing(text: str, refusal: str):
    w = await desk_of(await world(), dip="0.5")
    assert refusal.lower() in (await said(w, text)).lower()
    assert w.desk.plan("dip").allowance.allocation == D("0.5")


async def test_another_process_sees_it_with_its_next_look():
    w = await desk_of(await world(), dip="0.5")
    other = replace(w.desk)
    await said(w, "/allocate dip 10 %")
    await chosen.refresh(other)
    assert other.plan("dip").allowance.allocation == D("0.1")


async def test_holding_more_than_is_allowed_now_it_enters_nothing_and_sells_nothing():
    w = await desk_of(await world(), dip="0.5")
    await decide.approve(w.desk, (await entry(w, "dip", "AAPL")).id, by="operator:1")
    assert "it enters nothing more" in await said(w, "/allocate dip 10 %")
    assert (await entry(w, "dip", "MSFT")).quantity == 0


# Never spent twice


async def test_strategies_that_share_an_account_are_bounded_by_its_cash():
    w = await desk_of(await world(), dip="0.8", swing="0.8")
    first, second = await entry(w, "dip", "AAPL"), await entry(w, "swing", "MSFT")
    assert (first.quantity, second.quantity) == (800, 800), "nothing is spent by a proposal"
    await decide.approve(w.desk, first.id, by="auto")
    order = await decide.approve(w.desk, second.id, by="auto")
    assert order.quantity == 200


async def test_a_brokers_own_buying_power_goes_before_its_cash():
    w = await desk_of(await world(), dip="1")
    account = replace(await w.broker.account(), buying_power=D(1234))
    assert (await funds(w.desk, account)).free(w.desk) == 1234
    geared = replace(account, buying_power=None, leverage=D(3))
    assert (await funds(w.desk, geared)).free(w.desk) == 300_000


@pytest.fixture(params=("sqlite", "postgres"))
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path:
    return place(request.param, request, tmp_path)


@pytest.fixture
async def two(address: str | Path) -> AsyncIterator[tuple[World, Desk, Desk]]:
    """Two processes' desks, each with its own connections."""
    async with AsyncExitStack() as stack:
        journals = [await stack.enter_async_context(open_journal(address)) for _ in range(2)]
        w = await desk_of(await world(journal=journals[0]), dip="0.9", swing="0.9")
        yield w, w.desk, replace(w.desk, journal=journals[1])


async def test_two_approvals_at_once_never_spend_the_same_money(two: tuple[World, Desk, Desk]):
    w, here, there = two
    for symbols in (("AAPL", "MSFT"), ("NVDA", "TSLA")):
        signals = [
            await entry(w, s, name) for s, name in zip(("dip", "swing"), symbols, strict=True)
        ]
        gate = asyncio.Barrier(2)

        async def press(desk: Desk, signal: Signal, gate: asyncio.Barrier = gate) -> None:
            await gate.wait()
            try:
                await decide.approve(desk, signal.id, by="auto")
            except Refused:
                return

        await asyncio.gather(press(here, signals[0]), press(there, signals[1]))
    orders = await w.journal.read(Order)
    spent = sum((order.quantity * D(100) for order in orders), D(0))
    assert 0 < spent <= 100_000
    for name in ("dip", "swing"):
        mine = sum((o.quantity * D(100) for o in orders if o.strategy == name), D(0))
        assert mine <= 90_000


symbols = st.sampled_from(["AAPL", "MSFT", "NVDA", "TSLA", "XOM"])
steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["enter", "leave"]), st.sampled_from(["dip", "swing"]), symbols),
        st.tuples(st.just("price"), symbols, st.integers(60, 160)),
    ),
    max_size=25,
)


@settings(max_examples=30, deadline=None)
@given(steps)
def test_whatever_is_done_no_book_and_no_account_is_overdrawn(todo: list[tuple[str, str, object]]):
    """Entries and exits of two strategies in any order, at moving prices: at cost neither uses
    more than it was given when it entered, the cash lasts, and the books add up to the broker's."""

    async def play() -> None:
        w = await desk_of(await world(), dip="0.7", swing="0.7")
        w.go(TUESDAY, 15)
        for number, (act, who, what) in enumerate(todo):
            if act == "price":
                w.tape.prices[who] = D(str(what))
                continue
            moment = at(MONDAY, 0).date()
            del moment
            row = answer(str(what), enter=int(act == "enter"), exit=act == "leave",
                         price=float(w.tape.prices[str(what)]))  # fmt: skip
            row = replace_bar(row, number)
            for signal in await propose.propose(w.desk, who, [row], explain=explain):
                try:
                    await decide.approve(w.desk, signal.id, by="auto")
                except Refused:
                    continue
                order = await w.journal.first(Order, signal_id=signal.id)
                assert order is not None
                await w.journal.move(order, execute_at=w.clock.at)
                account = await w.broker.account()
                found = await funds(w.desk, account)
                equity = account.equity
                if not signal.is_exit:
                    assert found.used(w.desk, who) <= w.desk.plan(who).allowance.limit(equity)
                assert found.free(w.desk) >= 0
            await execute.execute_due(w.desk, owner="t")
            ledger = await w.desk.books.ledger()
            there = {h.symbol: h.quantity for h in await w.broker.positions()}
            assert {s: q for s, q in ledger.net("paper").items() if q} == there
            assert (await w.broker.account()).cash >= -100, "fees aside"

    asyncio.run(play())


def replace_bar(row: object, number: int):  # type: ignore[no-untyped-def]
    import numpy as np

    bar_ = np.datetime64(MONDAY, "us") + np.timedelta64(number, "m")
    return replace(row, bar=bar_, since=bar_)  # type: ignore[type-var]


# Sized by a rule


@pytest.mark.parametrize(
    ("aim", "quantity", "clause"),
    [
        (FixedNotional(D(3000), "USD"), 30, "3,000 USD an entry"),
        (AllocationShare(D("0.1")), 50, "10 % of its allocation"),
        (RiskToStop(D("0.005")), 25, "Risks 0.5 % to the stop"),
        (VolatilityTarget(D("0.01")), 33, "Aims at 1 % volatility"),
    ],
)
async def test_the_card_says_the_rule_that_sized_it(aim: object, quantity: int, clause: str):
    w = await world(allowance=Allowance(D("0.5"), aim=aim))  # type: ignore[arg-type]
    [signal] = await propose.propose(w.desk, "dip", [answer("AAPL")], explain=explain)
    assert signal.quantity == quantity
    from desk import story
    from desk.console import cards

    shown = cards.card_message(w.desk, await story.card(w.desk, signal.id, reader=1))
    assert clause in shown.plain
    order = await decide.approve(w.desk, signal.id, by="operator:1")
    assert order.quantity == quantity
