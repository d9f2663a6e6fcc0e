"""Square-offs of a strategy, a broker, an instrument: that and no more."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from desk import execute, squareoff
from desk.halt import in_force, trading_state
from desk.scope import Kind, Scope
from desk.squareoff import own_close, wording_of
from tests.desk.floor import TUESDAY, WEDNESDAY, book, floor, hold, net, order, rounds, say
from tests.world import World
from trading.errors import BrokerError, BrokerRejected
from trading.facts import Notice, Run, RunState, Trading
from trading.orders import Ack, Order, OrderState

D = Decimal
DIP, PAPER = Scope(Kind.STRATEGY, "dip"), Scope(Kind.BROKER, "paper")
AAPL = Scope(Kind.SYMBOL, "AAPL")


async def filled() -> World:
    w = await floor()
    await hold(w, "buy 10 AAPL")
    await hold(w, "buy 4 AAPL", strategy="gap")
    await hold(w, "buy 5 MSFT", strategy="gap")
    await hold(w, "buy 7 XOM")
    return w


async def test_of_a_strategy_it_closes_that_book_only_at_every_broker():
    w = await filled()
    waiting = await order(w, "buy 1 TSLA", strategy="gap", execute_at=w.clock.at.replace(hour=20))
    mine = await order(w, "buy 1 NVDA", execute_at=w.clock.at.replace(hour=20))
    progress = await rounds(w, DIP)
    assert progress.flat
    assert await net(w) == {"AAPL": 4, "MSFT": 5}
    assert await net(w, "other") == {}
    assert [await book(w, s, "AAPL") for s in ("dip", "gap")] == [0, 4]
    state = {o.id: o.state for o in await w.journal.read(Order)}
    assert state[waiting.id] is OrderState.PLANNED
    assert state[mine.id] is OrderState.CANCELLED
    assert await trading_state(w.desk) is Trading.ACTIVE
    assert await trading_state(w.desk, "dip") is Trading.HALTED
    [run] = await w.journal.read(Run)
    assert run.outcome.splitlines() == [
        "Cancelled 1 order.",
        "Closed 2: AAPL \u22122.00, XOM \u22122.00; \u22124.00 USD net.",
        "Flat: dip holds nothing.",
        "Strategy dip stays halted until /resume dip.",
    ]


async def test_of_a_broker_it_leaves_the_other_alone():
    w = await filled()
    assert (await rounds(w, PAPER)).flat
    assert await net(w) == {}
    assert await net(w, "other") == {"XOM": 7}
    assert [row.name for row in await in_force(w.desk)] == ["broker:paper"]


async def test_of_an_instrument_it_closes_every_book_and_locks_it():
    w = await filled()
    assert (await rounds(w, AAPL)).flat
    assert await net(w) == {"MSFT": 5}
    assert await in_force(w.desk) == [], "nothing is halted"
    entry = await order(w, "buy 1 AAPL")
    await execute.execute_due(w.desk, owner="t")
    found = await w.journal.first(Order, id=entry.id)
    assert found is not None
    assert found.state in (OrderState.REJECTED, OrderState.PLANNED), "locked against entries"


async def test_a_short_position_is_bought_back():
    w = await floor()
    await hold(w, "sell 6 AAPL")
    assert await net(w) == {"AAPL": -6}
    assert (await rounds(w, DIP)).flat
    assert await net(w) == {}


async def test_a_book_that_another_strategy_holds_against_is_left_and_said():
    """dip is long 10, gap short 10: the broker shows none, and selling would open gap's."""
    w = await floor()
    await hold(w, "buy 10 AAPL")
    await hold(w, "sell 10 AAPL", strategy="gap")
    progress = await rounds(w, DIP)
    assert progress.ended
    assert not progress.flat
    assert await net(w) == {}
    assert await w.journal.count(Order, purpose="squareoff") == 0
    [run] = await w.journal.read(Run)
    assert run.state is RunState.DONE
    assert "Left at paper: 10 AAPL (other strategies hold as much against it" in run.outcome
    assert "Not flat" in run.outcome


async def test_a_book_larger_than_the_net_is_closed_down_to_the_net_and_not_through_it():
    w = await floor()
    await hold(w, "buy 10 AAPL")
    await hold(w, "sell 4 AAPL", strategy="gap")
    progress = await rounds(w, DIP)
    assert await net(w) == {}
    assert [await book(w, s, "AAPL") for s in ("dip", "gap")] == [4, -4]
    assert [left.holding.quantity for left in progress.left] == [4]


units = st.integers(-50, 50).map(Decimal)
taken = st.dictionaries(st.sampled_from(["dip", "gap"]), st.integers(0, 60).map(Decimal))


@given(dip=units, gap=units, stray=units, taken=taken)
def test_a_strategys_close_never_flips_the_net_nor_its_own_book(dip, gap, stray, taken):
    held = dip + gap + stray
    books = {"dip": dip, "gap": gap}
    found = own_close("dip", held, books, taken)
    quantity = sum((q for _, q in found), D(0))
    assert 0 <= quantity <= abs(dip)
    assert quantity + sum(taken.values(), D(0)) <= abs(held) or quantity == 0
    assert quantity == 0 or dip * held > 0


async def test_in_a_closed_market_it_waits_for_the_open_and_says_so():
    w = await filled()
    w.go(TUESDAY, 22)
    progress = await rounds(w, DIP, most=3)
    assert not progress.ended
    said = wording_of(w.desk, progress, scope=DIP)
    assert "The market is closed; the orders go at the open, Wed 5 Feb 09:30 New York." in said
    w.go(WEDNESDAY, 14, 30)
    assert (await rounds(w, DIP)).flat
    assert await net(w) == {"AAPL": 4, "MSFT": 5}


class Broker:
    """A paper broker that is away, or refuses, while told to."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.refuses = self.is_away = False

    def __getattr__(self, name: str) -> Any:
        if name in ("fills", "positions", "find", "cancel", "terms") and self.is_away:

            async def away(*_: object) -> None:
                raise BrokerError("cannot reach the paper broker")

            return away
        return getattr(self._inner, name)

    async def submit(self, order: Order) -> Ack:
        if self.is_away:
            raise BrokerError("cannot reach the paper broker")
        if self.refuses:
            raise BrokerRejected("trading in it is suspended")
        return await self._inner.submit(order)


def wrapped(w: World, name: str = "paper") -> Broker:
    broker = Broker(w.desk.brokers[name])
    w.desk.brokers = {**w.desk.brokers, name: broker}  # type: ignore[dict-item]
    return broker


async def test_one_broker_away_keeps_the_other_from_nothing():
    w = await filled()
    wrapped(w).is_away = True
    progress = await rounds(w, most=2)
    assert await net(w, "other") == {}
    said = wording_of(w.desk, progress)
    assert "Paper: cannot reach the paper broker; trying again." in said
    assert "Other: flat." in said
    assert not progress.ended


async def test_what_a_broker_refuses_is_tried_again_ever_slower_and_then_left():
    w = await floor()
    await hold(w, "buy 10 AAPL")
    broker = wrapped(w)
    broker.refuses = True
    run = await squareoff.begin(w.desk, by="operator:1")
    tries = []
    for second in range(120):
        progress = await squareoff.advance(w.desk, run, owner="t")
        tries.append(await w.journal.count(Order, purpose="squareoff"))
        if progress.ended:
            break
        w.clock.at = w.clock.at.replace(minute=second // 60, second=second % 60)
    assert tries[-1] == 6
    assert 25 < len(tries) < 40, "1 + 2 + 4 + 8 + 16 seconds between six refusals"
    said = await w.journal.first(Run, job="squareoff")
    assert said is not None
    assert "Left at paper: 10 AAPL (refused 6 times: trading in it is suspended)" in said.outcome
    assert await trading_state(w.desk) is Trading.HALTED, "nothing loosens by itself"
    broker.refuses = False
    assert (await rounds(w)).flat, "a second square-off begins anew"


async def test_while_one_is_under_way_nothing_of_its_scope_is_sent():
    """Also where it halted nothing, as the schedule's."""
    w = await filled()
    w.go(TUESDAY, 22)
    run = await squareoff.begin(w.desk, DIP, by="schedule", latched=False)
    await squareoff.advance(w.desk, run, owner="t")
    w.go(WEDNESDAY, 14, 30)
    mine = await order(w, "buy 1 NVDA")
    theirs = await order(w, "buy 1 TSLA", strategy="gap")
    assert not await execute.execute(w.desk, mine, owner="t")
    assert await execute.execute(w.desk, theirs, owner="t")
    assert (await rounds_of(w, run)).flat
    assert await in_force(w.desk) == []
    assert "halted" not in (await w.journal.read(Run))[0].outcome


async def rounds_of(w: World, run: Run) -> squareoff.Progress:
    for _ in range(6):
        progress = await squareoff.advance(w.desk, run, owner="t")
        if progress.ended:
            break
    return progress


async def test_of_a_strategy_and_of_everything_together_close_nothing_twice():
    w = await filled()
    one = await squareoff.begin(w.desk, DIP, by="operator:1")
    every = await squareoff.begin(w.desk, by="operator:2")
    assert one.id != every.id
    assert (await squareoff.begin(w.desk, PAPER, by="operator:2")).id == every.id
    for _ in range(6):
        first = await squareoff.advance(w.desk, one, owner="a")
        second = await squareoff.advance(w.desk, every, owner="b")
    assert first.flat
    assert second.flat
    assert await net(w) == {}
    assert await net(w, "other") == {}


async def test_it_sends_no_order_of_anybody_else():
    """The command line squares off one strategy while the house is down."""
    w = await filled()
    theirs = await order(w, "buy 1 TSLA", strategy="gap")
    await rounds(w, DIP)
    found = await w.journal.first(Order, id=theirs.id)
    assert found is not None
    assert found.state is OrderState.PLANNED


async def test_an_instrument_nobody_knows_here_is_left_and_said():
    w = await floor()
    await hold(w, "buy 3 AAPL")
    w.desk.instruments = replace_known(w, without="AAPL")
    progress = await rounds(w)
    assert progress.ended
    assert "no such instrument is known here" in progress.left[0].why


def replace_known(w: World, *, without: str) -> Any:
    from tests.world import Stocks

    return Stocks(*(symbol for symbol in w.tape.prices if symbol != without))


async def test_the_question_lists_the_scope_and_its_value_and_the_button_does_it():
    w = await filled()
    question = await say(w, "/squareoff strategy dip")
    assert question.plain.splitlines() == [
        "Square off strategy dip?",
        "Closes 2 positions worth 1,700.00 USD: 10 AAPL, 7 XOM.",
        "Cancels no working order. Halts strategy dip until /resume dip; the rest goes on.",
    ]
    assert question.buttons[0][0].args == ("strategy", "dip", "yes")
    assert await w.journal.count(Run) == 0
    answer = await say(w, "/squareoff strategy dip yes")
    assert answer.plain == "Squaring off; strategy dip is halted."
    [run] = await w.journal.read(Run)
    assert (await rounds_of(w, run)).flat


async def test_a_symbol_and_a_strategy_that_is_no_longer_run_can_be_named():
    w = await filled()
    await hold(w, "buy 2 TSLA", strategy="gone")
    assert "1 position worth 200.00 USD: 2 TSLA" in (await say(w, "/squareoff gone")).plain
    assert "2 positions worth 1,400.00 USD" in (await say(w, "/squareoff aapl")).plain
    refusal = (await say(w, "/squareoff nosuch")).plain
    assert "is nothing to square off; there is: strategies dip, gap, gone" in refusal


async def test_what_the_broker_shows_besides_our_books_is_listed_before_the_press():
    w = await filled()
    other = replace(await order(w, "buy 9 TSLA"), key="by-hand")
    await w.desk.brokers["paper"].submit(other)
    question = (await say(w, "/squareoff")).plain
    assert "The broker shows otherwise, and that is what is closed: 9 TSLA at paper." in question


async def test_no_scope_is_resumed_while_its_square_off_is_under_way():
    w = await filled()
    w.go(TUESDAY, 22)
    await rounds(w, DIP, most=1)
    assert "A square-off of strategy dip is under way" in (await say(w, "/resume dip yes")).plain
    assert [row.name for row in await in_force(w.desk)] == ["strategy:dip"]
    await say(w, "/halt gap")
    assert "resumed by you" in (await say(w, "/resume gap yes")).plain
    assert len(await squareoff.under_way(w.desk)) == 1


async def test_one_message_is_edited_as_it_goes():
    w = await filled()
    await rounds(w)
    told = [n for n in await w.journal.read(Notice, recipient=1) if n.subject]
    assert {notice.subject for notice in told} == {f"squareoff:{(await w.journal.read(Run))[0].id}"}


async def test_a_broker_that_is_gone_from_the_settings_is_never_called_flat():
    w = await filled()
    run = await squareoff.begin(w.desk, Scope(Kind.BROKER, "other"), by="operator:1")
    await order(w, "buy 1 XOM", state=OrderState.ACCEPTED)
    w.desk.brokers = {"paper": w.desk.brokers["paper"]}
    progress = await squareoff.advance(w.desk, run, owner="t")
    assert not progress.ended
    assert "no broker is called 'other' any more" in wording_of(w.desk, progress).lower()
    assert not (await rounds(w)).ended, "nor is everything, while an order works there"
