"""A small world whose strategy has exits: a position bought, looks taken, prices moved."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from brokers.adversary import Adversary
from brokers.paper import PaperBroker
from desk import decide, execute, propose
from desk.brackets import live
from risk.exits import Distance, Exits
from tests.world import MONDAY, D, World, answer, explain, world
from trading.brackets import Bracket
from trading.facts import Notice
from trading.messages import Message
from trading.orders import WORKING, Order, OrderType
from trading.ports import Broker, Journal, Terms
from worker import rounds

TUESDAY = MONDAY.replace(day=4)
RESTS = frozenset({OrderType.STOP, OrderType.LIMIT})


class Forgetful(PaperBroker):
    """Rests no stop."""

    async def terms(self) -> Terms:
        return replace(await super().terms(), rests=frozenset())


def chosen(**given: str | int) -> Exits:
    return Exits(
        **{  # type: ignore[arg-type]
            name: of if isinstance(of, int) else Distance.parse(of, signal=True)
            for name, of in given.items()
        }
    )


async def exiting(
    broker: Broker | None = None, *, journal: Journal | None = None, **given: str | int
) -> World:
    w = await world(journal, broker=broker)
    w.desk.plans = {"dip": replace(w.desk.plans["dip"], exits=chosen(**given))}
    return w


def forgetful(w: World) -> None:
    """Make the world's broker one that rests no stop."""
    assert isinstance(w.broker, PaperBroker)
    w.broker.__class__ = Forgetful


async def bought(w: World, symbol: str = "AAPL") -> Order:
    """A signal approved on Monday evening and filled on Tuesday at the open."""
    [signal] = await propose.propose(w.desk, "dip", [answer(symbol)], explain=explain)
    order = await decide.approve(w.desk, signal.id, by="operator:1")
    w.go(TUESDAY, 14, 31)
    await execute.execute_due(w.desk, owner="t")
    return order


async def look(w: World, times: int = 1) -> None:
    """What the fast worker's round does, and the broker's own tick."""
    for _ in range(times):
        broker = w.broker
        if isinstance(broker, PaperBroker | Adversary):
            await broker.work()
        await execute.follow(w.desk)
        await rounds.trade_once(w.desk, owner="t")


async def later(w: World, looks: int = 3, **span: float) -> None:
    w.clock.at += timedelta(**span)
    await look(w, looks)


async def price(w: World, symbol: str, value: str, looks: int = 4) -> None:
    w.tape.prices[symbol] = D(value)
    await look(w, looks)


async def held(w: World, symbol: str = "AAPL", strategy: str = "dip") -> Decimal:
    return (await w.desk.books.ledger()).position(strategy, "paper", symbol).quantity


async def resting(w: World) -> list[Order]:
    return await w.journal.read(Order, purpose="exit", state__in=tuple(WORKING))


async def bracket(w: World) -> Bracket:
    [row] = await live(w.desk)
    return row


async def said(w: World) -> list[str]:
    """What the first operator was told of, oldest first; titles and texts."""
    rows = await w.journal.read(Notice, kind="text", recipient=1)
    return [Message.from_json(row.body).plain for row in rows]
