"""No sequence of signals, presses, fills, price moves, halts and restarts gets an order past a
limit: an oracle of its own, at the broker's door, works every limit out from the broker's book."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from brokers.paper import PaperBroker
from desk import decide, propose
from desk.console import verbs
from desk.desk import Plan
from desk.halt import trading_state
from desk.invariants.limits import sent_within_limits
from risk.limits import Allowance, Caps, Limits
from tests.world import ANN, BOB, World, answer, explain, world
from trading.facts import Trading
from trading.orders import Ack, Order
from trading.signals import Signal, SignalState
from trading.types import Moment
from worker import rounds

D = Decimal
SYMBOLS = ("AAPL", "MSFT", "NVDA", "TSLA", "XOM")
STRATEGIES = ("dip", "rip")
LIMITS = Limits(
    order_notional=D("0.05"),
    position_notional=D("0.09"),
    gross_notional=D("0.30"),
    net_exposure=D("0.28"),
    sector=D("0.14"),
    rate=3,
    rate_symbol=1,
    strategies={"rip": Caps(gross_notional=D("0.10"))},
    symbols={"TSLA": Caps(position_notional=D("0.05"))},
)
#: At the claim a limit may be passed by its collar; the account is asked once a look, so the fees
#: of what was sent in that very look are not in it yet.
MOST = D("1.02") * D("1.001")


class Door:
    """The broker, and an oracle that sees every order as it comes in."""

    def __init__(self, machine: "Machine") -> None:
        self._machine = machine
        self._broker: PaperBroker = machine.paper

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)

    async def submit(self, order: Order) -> Ack:
        if not order.reduce_only:
            await self._machine.judge(order)
        return await self._broker.submit(order)


class Machine:
    async def begin(self) -> None:
        self.w: World = await world()
        assert isinstance(self.w.broker, PaperBroker)
        self.paper = self.w.broker
        self.bars = 0
        self.sent: list[Order] = []
        self.sent_at: list[Any] = []
        allowance = Allowance(allocation=D(1), position=D("0.04"), max_positions=4)
        desk = self.w.desk
        desk.brokers = {"paper": Door(self)}
        desk.limits = LIMITS
        desk.plans = {name: Plan(name, allowance=allowance) for name in STRATEGIES}
        self.w.go(self.w.clock.at.date() + timedelta(days=1), 14, 30)
        await rounds.trade_once(desk)
        self.peak = D(0)

    async def gain(self) -> Decimal:
        return (await self.paper.account()).equity - 100_000

    async def judge(self, order: Order) -> None:
        """Everything the limits say, from the broker's own book and the journal's latches."""
        equity = (await self.paper.account()).equity
        value = order.quantity * self.w.tape.prices[order.symbol]
        held = {one.symbol: abs(one.quantity * one.average) for one in await self.paper.positions()}
        own = held.get(order.symbol, D(0)) + value
        gross = sum(held.values(), D(0)) + value
        assert value <= LIMITS.order_notional * MOST * equity
        assert own <= LIMITS.position_notional * MOST * equity
        assert gross <= LIMITS.sector * MOST * equity, "everything here is of one sector"
        if order.symbol == "TSLA":
            assert own <= D("0.05") * MOST * equity
        if order.strategy == "rip":
            ledger = await self.w.desk.books.ledger()
            mine = sum((abs(one.cost) for one in ledger.held("rip")), D(0)) + value
            assert mine <= D("0.10") * MOST * equity
        ledger = await self.w.desk.books.ledger()
        names = {one.book.symbol for one in ledger.held(order.strategy)} | {order.symbol}
        assert len(names) <= 4
        state = await trading_state(self.w.desk, order.strategy, "paper")
        assert state is Trading.ACTIVE
        gain = await self.gain()
        assert (self.peak - gain) / (100_000 + self.peak) < LIMITS.breakers.drawdown + D("0.001")
        now = self.w.clock.at
        last = [one for one, at in zip(self.sent, self.sent_at, strict=True)
                if now - at < timedelta(seconds=60)]  # fmt: skip
        assert len(last) < LIMITS.rate
        assert sum(one.symbol == order.symbol for one in last) < LIMITS.rate_symbol
        assert order.key not in {one.key for one in self.sent}
        self.sent.append(order)
        self.sent_at.append(now)

    async def signals(self, strategy: str, symbols: list[str], leave: bool, approve: bool) -> None:
        self.bars += 1
        day = self.w.clock.at.date() + timedelta(days=400 + self.bars)
        now = self.w.clock.at
        answers = [
            answer(
                symbol,
                enter=0 if leave else 1,
                exit=leave,
                strength=9.0 - n,
                price=float(self.w.tape.prices[symbol]),
                day=day,
            )
            for n, symbol in enumerate(symbols)
        ]
        when = propose.Timing(Moment.CLOSE, now, now + timedelta(hours=1))
        made = await propose.propose(self.w.desk, strategy, answers, explain=explain, when=when)
        if approve:
            await decide.approve_ranked(self.w.desk, made, by="auto")

    async def trade(
        self, strategy: str, symbols: list[str], factors: list[str], seconds: int, leave: bool
    ) -> None:
        """Approved at one price, sent at another."""
        await self.signals(strategy, symbols, leave, True)
        for symbol, factor in zip(SYMBOLS, factors, strict=False):
            await self.price(symbol, factor)
        await self.look(seconds)

    async def press(self, who: Any, verb: str) -> None:
        states = (SignalState.PENDING, SignalState.APPROVED)
        rows = await self.w.journal.read(Signal, state__in=states, limit=1, order="-id")
        if rows:
            await self.say(f"/{verb} {rows[0].id}", who)

    async def latch(self, text: str) -> None:
        await self.say(text, ANN)
        if text != "/halt":
            self.peak = await self.gain()

    async def say(self, text: str, who: Any) -> None:
        request = await self.w.ask(text, by=who, pressed=True)
        await verbs.handle(self.w.desk, request)

    async def price(self, symbol: str, factor: str) -> None:
        moved = self.w.tape.prices[symbol] * D(factor)
        self.w.tape.prices[symbol] = max(moved.quantize(D("0.01")), D("0.05"))

    async def look(self, seconds: int) -> None:
        self.w.clock.at += timedelta(seconds=seconds)
        await rounds.trade_once(self.w.desk)
        self.peak = max(self.peak, await self.gain())

    async def restart(self) -> None:
        """Another process on the same journal: it remembers nothing but what is kept."""
        self.w.desk = replace(self.w.desk)

    async def what_is_kept_agrees(self) -> None:
        assert [text async for text in sent_within_limits(self.w.desk)] == []


some = st.lists(st.sampled_from(SYMBOLS), min_size=1, max_size=5, unique=True)
enters = st.tuples(
    st.just("signals"), st.sampled_from(STRATEGIES), some, st.just(False), st.booleans()
)
nudges = st.lists(st.sampled_from(("0.97", "0.985", "1", "1.015", "1.019")), max_size=5)
waits = st.sampled_from((0, 0, 5, 20, 61))
every = st.permutations(SYMBOLS)
trades = st.tuples(
    st.just("trade"), st.sampled_from(STRATEGIES), every, nudges, waits, st.just(False)
)
exits = st.tuples(st.just("trade"), st.sampled_from(STRATEGIES), some, nudges, waits, st.just(True))
presses = st.tuples(
    st.just("press"),
    st.sampled_from((ANN, BOB)),
    st.sampled_from(("approve", "approve", "approve", "reject", "withdraw")),
)
latches = st.tuples(
    st.just("latch"), st.sampled_from(("/halt", "/resume yes", "/resume yes", "/resume yes"))
)
looks = st.tuples(st.just("look"), st.sampled_from((0, 0, 5, 20, 61, 301, 86_400)))
moves = st.tuples(
    st.just("price"),
    st.sampled_from(SYMBOLS),
    st.sampled_from(("0.5", "0.8", "0.97", "1.01", "1.015", "1.019", "1.2", "2")),
)
steps = st.lists(
    st.one_of(
        trades, trades, trades, trades, exits, enters, presses, latches, looks, looks, moves,
        st.just(("restart",)),
    ),
    min_size=12,
    max_size=24,
)  # fmt: skip


async def story(told: list[tuple[Any, ...]]) -> Machine:
    machine = Machine()
    await machine.begin()
    for name, *args in told:
        await getattr(machine, name)(*args)
    await machine.what_is_kept_agrees()
    return machine


@settings(max_examples=200, deadline=None)
@given(steps)
def test_nothing_passes_a_limit(told: list[tuple[Any, ...]]) -> None:
    asyncio.run(story(told))
