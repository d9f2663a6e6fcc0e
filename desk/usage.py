"""How much of each limit is used, by the very sums that the checks compare."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from desk import breakers, clearing, rate
from desk.desk import Desk
from desk.funds import Funds, Part, funds
from risk.limits import Caps
from trading.orders import Order
from trading.types import Account

ZERO = Decimal(0)


class Unit(StrEnum):
    SHARE = "%"  # of equity
    COUNT = ""
    SECONDS = "s"
    TIMES = "×"


@dataclass(frozen=True, slots=True)
class Gauge:
    """One limit and what is used of it, in the same unit; `label` fits a phone's table."""

    label: str
    used: Decimal
    limit: Decimal
    unit: Unit = Unit.SHARE

    @property
    def share(self) -> Decimal:
        return self.used / self.limit if self.limit else ZERO


async def of_desk(desk: Desk) -> list[Gauge]:
    """The limits over everything, the fullest first. Raises DeskError where the broker cannot be
    reached, DataError where an exchange rate is not known."""
    found = []
    for broker in desk.brokers.values():
        account = await clearing.account_of(broker)
        found += await _of_account(desk, await funds(desk, account), account)
        skew = desk.hands.skews.get(broker.name)
        if skew is not None:
            found.append(_seconds(f"clock {broker.name}", skew, desk.limits.skew))
    for check in await breakers.gauges(desk):
        if check.used is not None and check.limit is not None:
            unit = Unit.COUNT if check.name in {"losses", "rejects"} else Unit.SHARE
            if unit is Unit.SHARE or check.used:
                found.append(Gauge(_short(check.name), check.used, check.limit, unit))
    sent = await _sent(desk)
    if desk.limits.rate:
        units = len({rate.unit(order) for order in sent})
        found.append(Gauge("entries/min", Decimal(units), Decimal(desk.limits.rate), Unit.COUNT))
    return ranked(found)


async def _of_account(desk: Desk, money: Funds, account: Account) -> list[Gauge]:
    limits, equity = desk.limits, account.equity
    parts = list(money.parts(desk))
    gross = sum((abs(part.value) for part in parts), ZERO)
    net = sum((part.value for part in parts), ZERO)
    found = [
        _share("gross", gross, equity, limits.gross_notional),
        _share("net", abs(net), equity, limits.net_exposure),
    ]
    symbol, value = largest((part.symbol, part.value) for part in parts)
    if symbol:
        found.append(_share(symbol, value, equity, limits.position_notional))
    sector, value = largest((_sector(desk, part.symbol), part.value) for part in parts)
    if sector:
        found.append(_share(sector, value, equity, limits.sector))
    leverage = min(
        (one for one in (limits.leverage, account.leverage) if one is not None), default=None
    )
    if leverage is not None and equity > 0:
        found.append(Gauge("leverage", gross / equity, leverage, Unit.TIMES))
    if account.margin is not None:
        found.append(_share("margin", account.margin, equity, limits.margin))
    caps = limits.accounts.get(account.account)
    own = [part for part in parts if part.account == account.account]
    return found + (_caps(desk, caps, own, equity, account.account) if caps else [])


async def of_strategy(desk: Desk, strategy: str) -> list[Gauge]:
    """Its allocation, its positions, its row of losses, and limits of its own."""
    allowance = desk.plan(strategy).allowance
    account = await clearing.account_of(next(iter(desk.brokers.values())))
    money = await funds(desk, account)
    parts = [part for part in money.parts(desk) if part.strategy == strategy]
    used = sum((abs(part.value) for part in parts), ZERO)
    names = {part.symbol for part in parts}
    found = [
        _share("allocation", used, account.equity, allowance.allocation),
        Gauge("positions", Decimal(len(names)), Decimal(allowance.max_positions), Unit.COUNT),
    ]
    for check in await breakers.gauges(desk):
        mine = check.name == "losses" and f" of {strategy} " in check.text
        if mine and check.used is not None and check.limit is not None:
            found.append(Gauge("losses", check.used, check.limit, Unit.COUNT))
    caps = desk.limits.strategies.get(strategy)
    return ranked(found + (_caps(desk, caps, parts, account.equity, "") if caps else []))


async def of_symbol(desk: Desk, symbol: str) -> list[Gauge]:
    instrument = desk.instrument(symbol)
    account = await clearing.account_of(desk.broker_of(instrument))
    money = await funds(desk, account)
    parts = list(money.parts(desk))
    own = [part for part in parts if part.symbol == instrument.symbol]
    value = sum((abs(part.value) for part in own), ZERO)
    found = [_share("position", value, account.equity, desk.limits.position_notional)]
    if instrument.sector:
        same = [part for part in parts if _sector(desk, part.symbol) == instrument.sector]
        worth = sum((abs(part.value) for part in same), ZERO)
        found.append(_share(instrument.sector, worth, account.equity, desk.limits.sector))
    if desk.limits.rate_symbol:
        sent = [order for order in await _sent(desk) if order.symbol == instrument.symbol]
        limit = Decimal(desk.limits.rate_symbol)
        found.append(Gauge("entries/min", Decimal(len(sent)), limit, Unit.COUNT))
    caps = desk.limits.symbols.get(instrument.symbol)
    return ranked(found + (_caps(desk, caps, own, account.equity, "own") if caps else []))


def ranked(gauges: Iterable[Gauge]) -> list[Gauge]:
    return sorted(gauges, key=lambda gauge: -gauge.share)


def largest(values: Iterable[tuple[str, Decimal]]) -> tuple[str, Decimal]:
    """The name with the largest absolute sum; "" without any."""
    sums: dict[str, Decimal] = {}
    for name, value in values:
        if name:
            sums[name] = sums.get(name, ZERO) + abs(value)
    return max(sums.items(), key=lambda one: one[1], default=("", ZERO))


def _caps(desk: Desk, caps: Caps, parts: list[Part], equity: Decimal, whose: str) -> list[Gauge]:
    """The limits of one account, strategy or instrument over what it holds."""
    gross = sum((abs(part.value) for part in parts), ZERO)
    net = abs(sum((part.value for part in parts), ZERO))
    symbol, position = largest((part.symbol, part.value) for part in parts)
    _, sector = largest((_sector(desk, part.symbol), part.value) for part in parts)
    asked = (
        ("gross", gross, caps.gross_notional),
        ("net", net, caps.net_exposure),
        (symbol or "position", position, caps.position_notional),
        ("sector", sector, caps.sector),
    )
    return [
        _share(f"{whose} {name}".strip(), value, equity, limit)
        for name, value, limit in asked
        if limit is not None
    ]


def _sector(desk: Desk, symbol: str) -> str:
    found = desk.instruments.find(symbol)
    return found.sector if found else ""


def _share(label: str, value: Decimal, equity: Decimal, limit: Decimal) -> Gauge:
    """All of the limit where there is no equity to hold anything by."""
    return Gauge(label, value / equity if equity > 0 else limit, limit)


def _seconds(label: str, span: timedelta, limit: timedelta) -> Gauge:
    used, most = abs(span).total_seconds(), limit.total_seconds()
    return Gauge(label, Decimal(str(used)), Decimal(str(most)), Unit.SECONDS)


def _short(name: str) -> str:
    return {"losses": "losses", "rejects": "refusals"}.get(name, name)


async def _sent(desk: Desk) -> list[Order]:
    since = desk.market.now() - rate.MINUTE
    rows = await desk.journal.read(Order, submitted_at__gt=since)
    return [order for order in rows if not order.reduce_only]
