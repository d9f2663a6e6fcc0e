"""Pre-trade checks. Each answers with its figure; an order exists only where all pass."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from risk.limits import Limits
from trading.errors import Refused
from trading.facts import Trading
from trading.types import Instrument, Side

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Check:
    """One limit asked: `text` states the figure and the limit in words."""

    name: str
    ok: bool
    text: str


@dataclass(frozen=True, slots=True)
class Intent:
    """An order somebody wants. Money in the account's currency."""

    instrument: Instrument
    side: Side
    quantity: Decimal
    price: Decimal  # our own quote, now
    reference: Decimal  # the price the signal was made on
    reduces: bool  # shrinks a position and cannot flip it


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


@dataclass(frozen=True, slots=True)
class Cleared:
    """An intent that passed every check; only this becomes an order."""

    intent: Intent
    checks: tuple[Check, ...]


@lru_cache(maxsize=256)
def limit_text(limit: Decimal) -> str:
    """`limit 5.0 %`: every decimal it was set with."""
    exact = -int((limit * 100).normalize().as_tuple().exponent)
    return f"limit {limit * 100:.{max(exact, 1)}f} %"


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
    return Check(name, share <= limit, text)


def check_drift(price: Decimal, reference: Decimal, limit: Decimal, what: str = "price") -> Check:
    """How far our quote has gone from the price decided on."""
    if reference <= 0:
        return Check("drift", False, f"no reference {what}")
    drift = price / reference - 1
    moved = percent(drift, limit, places=2, sign="+")
    text = f"{what} moved {moved} from {reference:f}, {limit_text(limit)}"
    return Check("drift", abs(drift) <= limit, text)


def check_positions(exposure: Exposure) -> Check:
    text = f"{exposure.open_positions} of {exposure.max_positions} positions open"
    return Check("positions", exposure.open_positions < exposure.max_positions, text)


def check_unknown(exposure: Exposure, symbol: str) -> Check:
    if exposure.unknown:
        return Check("unknown", False, f"{symbol} has an order whose outcome is not known yet")
    return Check("unknown", True, "no order in doubt")


def check_barred(barred: str) -> Check:
    """`barred` says why an operator wants no entry; "" is no objection."""
    return Check("blacklist", not barred, barred or "not blacklisted")


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
    value = intent.quantity * intent.price * intent.instrument.multiplier
    symbol = intent.instrument.symbol
    position, gross = exposure.position + value, exposure.gross + value
    equity = exposure.equity
    return [
        check_trading(state, reduces=False),
        check_barred(exposure.barred),
        check_unknown(exposure, symbol),
        check_quantity(intent),
        check_share("order", "order", value, equity, limits.order_notional),
        check_share("position", f"{symbol}", position, equity, limits.position_notional),
        check_share("gross", "all positions", gross, equity, limits.gross_notional),
        check_positions(exposure),
        check_drift(intent.price, intent.reference, drift),
    ]


def exit_checks(intent: Intent, exposure: Exposure, state: Trading) -> list[Check]:
    """An exit lowers risk: neither size limits nor price drift may keep us in."""
    return [
        check_trading(state, reduces=True),
        check_unknown(exposure, intent.instrument.symbol),
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
