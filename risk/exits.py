"""Exits: how far away a stop, a trailing stop and a target lie. Pure; prices are Decimal."""

import re
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum

from trading.brackets import Trigger
from trading.errors import ConfigError

ZERO = Decimal(0)
HUNDRED = Decimal(100)
EXPECTED = 'expected a distance such as "5 %", "2 atr" or "1.50"'
_WRITTEN = re.compile(r"(\d{1,9}(?:\.\d{1,8})?)\s*(%|atr)?", re.ASCII | re.IGNORECASE)


class Unit(StrEnum):
    PERCENT = "%"  # of the entry price
    ATR = "atr"  # mean true ranges, as the strategy measured them at the entry
    PRICE = ""  # in the instrument's currency
    SIGNAL = "signal"  # the price the strategy itself gave


@dataclass(frozen=True, slots=True)
class Distance:
    """How far from the entry a price lies."""

    amount: Decimal
    unit: Unit = Unit.PRICE

    @classmethod
    def parse(cls, text: str, *, signal: bool = False) -> "Distance":
        """ "5 %", "2 atr", "1.50", and where `signal` may be said, "signal". ConfigError for
        anything else, for zero, and for 100 % and more."""
        written = text.strip()
        if written.lower() == Unit.SIGNAL:
            if signal:
                return OWN
            raise ConfigError(f'{EXPECTED}; only a stop may be "signal"')
        found = _WRITTEN.fullmatch(written)
        if found is None:
            raise ConfigError(EXPECTED + (' or "signal"' if signal else ""))
        made = cls(Decimal(found[1]), Unit((found[2] or "").lower()))
        if made.amount <= 0 or (made.unit is Unit.PERCENT and made.amount >= HUNDRED):
            raise ConfigError(f"{EXPECTED}, above zero and below 100 %")
        return made

    def of(self, entry: Decimal, atr: Decimal | None) -> Decimal | None:
        """In currency; None where it is counted in ranges nobody knows."""
        if self.unit is Unit.PERCENT:
            return entry * self.amount / HUNDRED
        if self.unit is Unit.ATR:
            return None if atr is None else atr * self.amount
        return self.amount

    def __str__(self) -> str:
        if self.unit is Unit.SIGNAL:
            return "the strategy's own"
        return f"{self.amount.normalize():f} {self.unit}".strip()


OWN = Distance(ZERO, Unit.SIGNAL)


@dataclass(frozen=True, slots=True)
class Exits:
    """What ends a strategy's positions besides its own exit rule. None and 0: nothing does."""

    stop: Distance | None = None
    trail: Distance | None = None  # the stop follows the best price that far behind
    target: Distance | None = None
    sessions: int = 0  # left at the close of so many sessions, the entry's counted

    def __bool__(self) -> bool:
        return bool(self.stop or self.trail or self.target or self.sessions)


@dataclass(frozen=True, slots=True)
class Levels:
    """Prices on the tick, `trail` a distance."""

    stop: Decimal | None = None
    trail: Decimal | None = None
    target: Decimal | None = None
    missing: str = ""  # what could not be measured, and why


def levels(
    exits: Exits, sign: int, entry: Decimal, tick: Decimal, atr: Decimal | None, own: Decimal | None
) -> Levels:
    """Where a position of that `sign` (+1 long) entered at `entry` ends. `own` is the signal's
    stop. With a stop and a trailing one it begins at the nearer of the two."""
    missing = []
    trail = exits.trail.of(entry, atr) if exits.trail else None
    stops = []
    if exits.stop is OWN or (exits.stop is not None and exits.stop.unit is Unit.SIGNAL):
        stops.append(own)
        missing += [] if own is not None else ["stop: the signal gave none"]
    elif exits.stop is not None:
        far = exits.stop.of(entry, atr)
        stops.append(None if far is None else entry - sign * far)
        missing += [] if far is not None else ["stop: its mean true range is not known"]
    if exits.trail is not None:
        stops.append(None if trail is None else entry - sign * trail)
        missing += [] if trail is not None else ["trailing stop: its mean true range is not known"]
    known = [stop_tick(stop, sign, tick) for stop in stops if stop is not None and stop > 0]
    stop = None if not known else max(known) if sign > 0 else min(known)
    target = None
    if exits.target is not None:
        far = exits.target.of(entry, atr)
        missing += [] if far is not None else ["target: its mean true range is not known"]
        if far is not None and (price := target_tick(entry + sign * far, sign, tick)) > 0:
            target = price
    return Levels(stop, trail, target, "; ".join(f"no {what}" for what in missing))


def stop_tick(price: Decimal, sign: int, tick: Decimal) -> Decimal:
    """The tick nearer to the market, where less is lost; never below one tick."""
    mode = ROUND_CEILING if sign > 0 else ROUND_FLOOR
    return max((price / tick).to_integral_value(mode) * tick, tick)


def target_tick(price: Decimal, sign: int, tick: Decimal) -> Decimal:
    """The tick farther away, where no less is earned than was asked."""
    mode = ROUND_CEILING if sign > 0 else ROUND_FLOOR
    return (price / tick).to_integral_value(mode) * tick


def ratchet(
    stop: Decimal | None, trail: Decimal, price: Decimal, sign: int, tick: Decimal
) -> Decimal:
    """Where a trailing stop stands once the market was at `price`: towards the money or where it
    was, never back."""
    beside = stop_tick(price - sign * trail, sign, tick)
    if stop is None:
        return beside
    return max(stop, beside) if sign > 0 else min(stop, beside)


def touched(sign: int, price: Decimal, stop: Decimal | None, target: Decimal | None) -> Trigger:
    """What a price sets off; the stop before the target."""
    if stop is not None and (price - stop) * sign <= 0:
        return Trigger.STOP
    if target is not None and (price - target) * sign >= 0:
        return Trigger.TARGET
    return Trigger.NONE


def way(sign: int, opened: Decimal, low: Decimal, high: Decimal, stop: Decimal | None,
        target: Decimal | None) -> tuple[Decimal, ...]:  # fmt: skip
    """The prices a bar is taken to have gone through after its open, for a position of that
    `sign`: against it first and stopping at the stop, then for it, as far as the target. A bar
    says nothing of its order, so the worse one counts."""
    worst, best = (low, high) if sign > 0 else (high, low)
    beyond = touched(sign, worst, stop, None) is Trigger.STOP
    through = touched(sign, opened, stop, None) is Trigger.STOP
    first = opened if through else stop if beyond and stop is not None else worst
    reached = target is not None and touched(sign, best, None, target) is Trigger.TARGET
    gapped = target is not None and touched(sign, opened, None, target) is Trigger.TARGET
    second = opened if gapped else target if reached and target is not None else best
    return first, second
