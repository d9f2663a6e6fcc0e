"""Square-off: from positions and working orders to flat, whatever stands in between."""

from decimal import Decimal

from brokers.paper import PaperBroker
from desk import decide, squareoff
from desk.halt import latch, trading_state
from tests.desk.test_deciding import TUESDAY, WEDNESDAY, bought, proposed
from tests.world import World, world
from trading.errors import BrokerError
from trading.facts import Notice, Run, RunState, Trading
from trading.orders import Fill, Order, OrderState
from trading.signals import Signal, SignalState
from trading.types import Holdings, Side

D = Decimal


async def rounds(w: World, most: int = 5) -> squareoff.Progress:
    run = await squareoff.begin(w.desk, by="operator:1")
    for _ in range(most):
        progress = await squareoff.advance(w.desk, run, owner="t")
        if progress.flat:
            break
    return progress


async def test_it_closes_everything_and_says_flat():
    w = await world()
    await bought(w, "AAPL", "MSFT")
    w.go(TUESDAY, 15)
    progress = await rounds(w)
    assert progress.flat
    assert await w.broker.positions() == []
    ledger = await w.desk.books.ledger()
    assert list(ledger.held()) == []
    run = await w.journal.first(Run, job="squareoff")
    assert run is not None
    assert run.state is RunState.DONE
    said = [n.body for n in await w.journal.read(Notice, order="-id") if n.subject.startswith("sq")]
    assert "Flat" in str(said[0])


async def test_it_halts_and_cancels_what_waits():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    order = await decide.approve(w.desk, signal.id, by="operator:1")
    progress = await rounds(w)
    assert progress.flat
    assert progress.cancelled == 1
    cancelled = await w.journal.first(Order, key=order.key)
    assert cancelled is not None
    assert cancelled.state is OrderState.CANCELLED
    assert await trading_state(w.desk) is Trading.HALTED


async def test_what_the_first_round_cancelled_is_still_said_in_the_last():
    """The command line goes on with the run as it began; the journal knows better."""
    w = await world()
    await bought(w, "AAPL")
    w.go(TUESDAY, 21, 5)
    [signal] = await proposed(w, "MSFT", day=TUESDAY)
    await decide.approve(w.desk, signal.id, by="operator:1")
    run = await squareoff.begin(w.desk, by="operator:1")
    first = await squareoff.advance(w.desk, run, owner="t")
    assert (first.cancelled, first.flat) == (1, False), "the market is closed"
    w.go(WEDNESDAY, 15)
    last = await squareoff.advance(w.desk, run, owner="t")
    assert last.flat
    assert last.cancelled == 1


async def test_in_a_closed_market_it_queues_for_the_open_and_says_so():
    w = await world()
    await bought(w, "AAPL")
    w.go(TUESDAY, 22)
    progress = await rounds(w, most=3)
    assert not progress.flat
    assert "goes at the open" in squareoff.wording_of(w.desk, progress).replace("go at", "goes at")
    assert await w.journal.count(Order, purpose="squareoff") == 1, "however often it looks"
    w.go(WEDNESDAY, 14, 30)
    assert (await rounds(w)).flat


async def test_it_works_while_halted_and_a_second_press_joins_the_first():
    w = await world()
    await bought(w, "AAPL")
    await latch(w.journal, Trading.HALTED, by="operator:2", reason="", at=None)
    first = await squareoff.begin(w.desk, by="operator:1")
    again = await squareoff.begin(w.desk, by="operator:2")
    assert first.id == again.id
    w.go(TUESDAY, 15)
    assert (await rounds(w)).flat


async def test_a_position_bought_by_hand_is_closed_too():
    w = await world()
    await bought(w, "AAPL")
    broker = w.broker
    assert isinstance(broker, PaperBroker)
    template = (await w.journal.read(Order))[0]
    from dataclasses import replace

    w.go(TUESDAY, 15)
    await broker.submit(replace(template, key="by-hand", symbol="XOM", quantity=D(7)))
    assert (await rounds(w)).flat
    assert await broker.positions() == []


class Away:
    """A paper broker that cannot be reached for the first `times` asks."""

    def __init__(self, inner: PaperBroker, times: int) -> None:
        self._inner, self._left = inner, times
        self.name, self.account_id, self.dedupes = inner.name, inner.account_id, inner.dedupes

    def __getattr__(self, name: str) -> object:
        if name in ("fills", "positions") and self._left > 0:
            self._left -= 1

            async def away(*_: object) -> list[Holdings]:
                raise BrokerError("cannot reach the paper broker: not sent")

            return away
        return getattr(self._inner, name)


async def test_it_never_says_flat_while_the_broker_cannot_be_asked():
    w = await world()
    await bought(w, "AAPL")
    inner = w.broker
    assert isinstance(inner, PaperBroker)
    w.desk.brokers = {"paper": Away(inner, times=5)}  # type: ignore[dict-item]
    w.go(TUESDAY, 15)
    run = await squareoff.begin(w.desk, by="operator:1")
    first = await squareoff.advance(w.desk, run, owner="t")
    assert not first.flat
    assert "cannot reach" in squareoff.wording_of(w.desk, first)
    assert (await rounds(w)).flat


async def test_it_is_not_flat_while_an_outcome_is_unknown():
    w = await world()
    await bought(w, "AAPL")
    w.go(TUESDAY, 15)
    [order] = await w.journal.read(Order)
    from dataclasses import replace

    stuck = replace(
        order,
        key="lost",
        id=0,
        version=0,
        state=OrderState.UNKNOWN,
        broker_ref="",
        side=Side.BUY,
        leased_until=w.clock.at.replace(hour=16),
    )
    await w.journal.append([stuck])
    progress = await rounds(w, most=2)
    assert progress.in_doubt == ("AAPL",)
    assert not progress.flat
    w.go(TUESDAY, 16, 1)  # its lease has passed: it may be looked up
    assert (await rounds(w)).flat
    assert await w.journal.count(Fill, order_key="lost") == 0, "after the halt it is not sent again"
    assert await w.journal.count(Order, key="lost", state=OrderState.CANCELLED) == 1
    assert await w.journal.count(Signal, state=SignalState.PENDING) == 0


async def test_the_last_word_says_what_was_closed_at_what_profit():
    w = await world()
    await bought(w, "AAPL", "MSFT")
    w.tape.prices |= {"AAPL": Decimal(103), "MSFT": Decimal(98)}
    w.go(TUESDAY, 15)
    assert (await rounds(w)).flat
    [run] = await w.journal.read(Run, job="squareoff")
    assert run.outcome.splitlines() == [
        "Closed 2: AAPL +148.00, MSFT \u2212102.00; +46.00 USD net.",
        "Flat: the broker shows no position.",
        "Trading stays halted until /resume.",
    ]
    ledger = await w.desk.books.ledger()
    assert sum(trade.net_base for trade in ledger.trades) == 46


async def test_a_later_square_off_says_only_what_it_closed_itself():
    w = await world()
    await bought(w, "AAPL")
    w.go(TUESDAY, 15)
    assert (await rounds(w)).flat
    w.go(TUESDAY, 15, 30)
    assert (await rounds(w)).flat
    last = (await w.journal.read(Run, job="squareoff"))[-1]
    assert "Closed" not in last.outcome
