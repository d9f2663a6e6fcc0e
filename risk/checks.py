"""Pre-trade checks. Each answers with its figure; an order exists only where all pass."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from risk.limits import Caps, Limits, tightest
from trading.errors import Refused
from trading.facts import Trading
from trading.types import Instrument, Side

ZERO, ONE = Decimal(0), Decimal(1)


@dataclass(frozen=True, slots=True)
class Check:
    """One limit asked: `text` states the figure and the limit in words; `used` and `limit` are
    those figures where it has any, of the same unit."""

    name: str
    ok: bool
    text: str
    used: Decimal | None = None
    limit: Decimal | None = None

    @property
    def share(self) -> Decimal | None:
        """How much of the limit is used."""
        return self.used / self.limit if self.used is not None and self.limit else None


@dataclass(frozen=True, slots=True)
class Intent:
    """An order somebody wants. Money in the account's currency."""

    instrument: Instrument
    side: Side
    quantity: Decimal
    price: Decimal  # our own quote, now
    reference: Decimal  # the price the signal was made on
    reduces: bool  # shrinks a position and cannot flip it
    rate: Decimal = ONE  # the account's currency per unit of the instrument's

    @property
    def value(self) -> Decimal:
        """In the account's currency, unsigned."""
        return self.quantity * self.price * self.instrument.multiplier * self.rate


@dataclass(frozen=True, slots=True)
class Sums:
    """What somebody holds, working entries counted, in currency: `position` in the instrument,
    `sector` in all of its sector, both absolute like `gross`; `net` is signed."""

    position: Decimal = ZERO
    gross: Decimal = ZERO
    net: Decimal = ZERO
    sector: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Scope:
    """One account, strategy or instrument with limits of its own."""

    title: str  # as the refusal begins: "dip"
    caps: Caps
    sums: Sums


@dataclass(frozen=True, slots=True)
class Exposure:
    """What the account holds before the order, working entries counted. All in currency."""

    equity: Decimal
    position: Decimal  # absolute value in this instrument
    gross: Decimal  # absolute value of everything
    open_positions: int  # of the strategy
    max_positions: int
    unknown: bool  # an order of this instrument has an unknown outcome
    barred: str = ""  # why nobody may enter this instrument
    net: Decimal = ZERO  # longs less shorts
    sector: Decimal = ZERO  # absolute value in the instrument's sector
    scopes: tuple[Scope, ...] = ()
    leverage: Decimal | None = None  # the most the broker allows, times equity
    margin: Decimal | None = None  # in use, where the broker says it
    power: Decimal | None = None  # buying power left beside the entries planned


@dataclass(frozen=True, slots=True)
class Cleared:
    """An intent that passed every check; only this becomes an order."""

    intent: Intent
    checks: tuple[Check, ...]


@lru_cache(maxsize=256)
def limit_text(limit: Decimal) -> str:
    """`limit 5.0 %`: every decimal it was set with; six of one that was computed."""
    exact = -int((limit * 100).normalize().as_tuple().exponent)
    return f"limit {limit * 100:.{min(max(exact, 1), 6)}f} %"


def percent(fraction: Decimal, limit: Decimal, places: int = 1, sign: str = "") -> str:
    """`5.0 %`, with as many decimals as tell it from a limit it lies beyond: nobody is refused
    with "order 5.0 % of equity, limit 5.0 %"."""
    while abs(fraction) > limit and places < 20 and round(abs(fraction), places + 2) <= limit:
        places += 1
    return f"{fraction * 100:{sign}.{places}f} %"


def check_trading(state: Trading, reduces: bool) -> Check:
    if state is Trading.HALTED:
        return Check("trading", False, "trading is halted; /resume first")
    if state is Trading.REDUCING and not reduces:
        return Check("trading", False, "only orders that shrink a position may trade now")
    return Check("trading", True, "trading is active")


def check_quantity(intent: Intent) -> Check:
    text = f"size {intent.quantity.normalize():f}"
    return Check("size", intent.quantity > 0, text if intent.quantity > 0 else "no funds left")


def check_share(name: str, what: str, value: Decimal, equity: Decimal, limit: Decimal) -> Check:
    """`value` as a share of equity against `limit`."""
    if equity <= 0:
        return Check(name, False, "the account has no equity")
    share = value / equity
    text = f"{what} {percent(share, limit)} of equity, {limit_text(limit)}"
    return Check(name, share <= limit, text, share, limit)


def check_drift(price: Decimal, reference: Decimal, limit: Decimal, what: str = "price") -> Check:
    """How far our quote has gone from the price decided on."""
    if reference <= 0:
        return Check("drift", False, f"no reference {what}")
    drift = price / reference - 1
    moved = percent(drift, limit, places=2, sign="+")
    text = f"{what} moved {moved} from {reference:f}, {limit_text(limit)}"
    return Check("drift", abs(drift) <= limit, text, abs(drift), limit)


def check_positions(exposure: Exposure) -> Check:
    text = f"{exposure.open_positions} of {exposure.max_positions} positions open"
    free = exposure.open_positions < exposure.max_positions
    used, limit = Decimal(exposure.open_positions), Decimal(exposure.max_positions)
    return Check("positions", free, text, used, limit)


def check_unknown(unknown: bool, symbol: str) -> Check:
    if unknown:
        return Check("unknown", False, f"{symbol} has an order whose outcome is not known yet")
    return Check("unknown", True, "no order in doubt")


def check_barred(barred: str) -> Check:
    """`barred` says why an operator wants no entry; "" is no objection."""
    return Check("blacklist", not barred, barred or "not blacklisted")


def size_checks(
    intent: Intent, exposure: Exposure, limits: Limits, slack: Decimal = ZERO
) -> list[Check]:
    """What an entry may be, hold and add up to, of the desk and of every scope with limits of its
    own. `slack` is by how much of itself a limit may be passed: at the claim prices have moved
    since the order was sized, as far as its collar lets them."""
    value, equity, most = intent.value, exposure.equity, ONE + slack
    signed = value * intent.side.sign
    symbol, sector = intent.instrument.symbol, intent.instrument.sector

    def share(name: str, what: str, amount: Decimal, limit: Decimal) -> Check:
        return check_share(name, what, amount, equity, limit * most)

    gross = exposure.gross + value
    answers = [
        share("order", "order", value, limits.order_notional),
        share("position", symbol, exposure.position + value, limits.position_notional),
        share("gross", "all positions", gross, limits.gross_notional),
        share("net", "longs less shorts", abs(exposure.net + signed), limits.net_exposure),
    ]
    if sector:
        answers.append(share("sector", sector, exposure.sector + value, limits.sector))
    for scope in exposure.scopes:
        caps, sums, whose = scope.caps, scope.sums, scope.title
        asked = (
            ("order", "order", value, caps.order_notional),
            ("position", symbol, sums.position + value, caps.position_notional),
            ("gross", "all positions", sums.gross + value, caps.gross_notional),
            ("net", "longs less shorts", abs(sums.net + signed), caps.net_exposure),
            ("sector", sector or "no sector", sums.sector + value, caps.sector),
        )
        answers += [
            share(f"{name} of {whose}", f"{whose}: {what}", amount, limit)
            for name, what, amount, limit in asked
            if limit is not None
        ]
    allowed = tightest((limits.leverage, exposure.leverage))
    if allowed is not None:
        answers.append(check_leverage(gross, equity, allowed * most))
    if exposure.margin is not None:
        margin = exposure.margin + value / (exposure.leverage or ONE)
        answers.append(share("margin", "margin", margin, limits.margin))
    if exposure.power is not None:
        answers.append(check_power(value, exposure.power))
    return answers


def check_leverage(gross: Decimal, equity: Decimal, limit: Decimal) -> Check:
    if equity <= 0:
        return Check("leverage", False, "the account has no equity")
    times = gross / equity
    places = 2
    while times > limit and places < 20 and round(times, places) <= limit:
        places += 1
    text = f"leverage {times:.{places}f}, limit {limit.normalize():f}"
    return Check("leverage", times <= limit, text, times, limit)


def check_power(value: Decimal, power: Decimal) -> Check:
    text = f"needs {value:,.2f} of {max(power, ZERO):,.2f} buying power"
    return Check("buying power", value <= power, text, value, power)


def check_opposed(symbol: str, against: Sequence[str]) -> Check:
    """`against`: strategies whose books go the other way in it."""
    if against:
        names = ", ".join(against)
        text = f"{symbol} is held the other way by {names}; /close {symbol} closes it"
        return Check("opposed", False, text)
    return Check("opposed", True, "no strategy goes the other way")


def check_money(intent: Intent, left: Decimal, currency: str, rate: Decimal = Decimal(1)) -> Check:
    """`left`: what the strategy's allocation and the account can still pay, in currency; `rate`:
    what a unit of the instrument's is worth in it."""
    value = intent.quantity * intent.price * intent.instrument.multiplier * rate
    text = f"costs {value:,.2f} {currency}, {max(left, ZERO):,.2f} {currency} left"
    return Check("money", value <= left, text)


def check_minimum(intent: Intent) -> Check:
    """The least value the instrument may be entered with."""
    value = intent.quantity * intent.price * intent.instrument.multiplier
    least = intent.instrument.minimum
    text = f"worth {value:,.2f}, at least {least:,.2f} {intent.instrument.currency}"
    return Check("minimum", value >= least, text)


def entry_checks(
    intent: Intent, exposure: Exposure, limits: Limits, state: Trading, drift: Decimal
) -> list[Check]:
    """`drift` is the limit for this instrument: `limits.drift`, or half an ATR if larger."""
    return [
        check_trading(state, reduces=False),
        check_barred(exposure.barred),
        check_unknown(exposure.unknown, intent.instrument.symbol),
        check_quantity(intent),
        *size_checks(intent, exposure, limits),
        check_positions(exposure),
        check_drift(intent.price, intent.reference, drift),
    ]


def exit_checks(intent: Intent, unknown: bool, state: Trading) -> list[Check]:
    """An exit lowers risk: neither size limits nor price drift may keep us in, nor an exchange rate
    nobody knows."""
    return [
        check_trading(state, reduces=True),
        check_unknown(unknown, intent.instrument.symbol),
        check_quantity(intent),
    ]


def clear(intent: Intent, checks: Iterable[Check]) -> Cleared:
    """Raises Refused with the first failing figure."""
    answers = tuple(checks)
    for check in answers:
        if not check.ok:
            symbol = intent.instrument.symbol
            named = check.text.startswith(f"{symbol} ")
            raise Refused(check.text if named else f"{symbol}: {check.text}")
    return Cleared(intent, answers)
