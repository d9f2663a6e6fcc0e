"""What `quarterdeck charges` answers: the schedules there are, and one worked through."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from charges import Charges, Deal, Library, Rate, Rule, Schedule, charge, charged, load
from charges.schedule import PRODUCTS
from choices import charges as chosen_charges
from settings import Settings
from trading.errors import BadCommand, DataError
from trading.types import Instrument, Side

DIFFER = "the commission (charges differ by instrument, only replay counts them)"
POINTS, LOWEST, STEP = 194, Decimal("0.01"), Decimal("1.1")  # prices to about a million
PRICES = {"INR": "1000", "": "60000"}  # of an example; else 50


def library(settings: Settings) -> Library:
    return load(settings.charges.folder, settings.charges.schedules)


def listed(settings: Settings) -> str:
    """Every schedule in a line, and which the settings use."""
    found = library(settings).schedules
    width = max(map(len, found))
    lines = [f"{name.ljust(width)}  {one.about}" for name, one in sorted(found.items())]
    chosen = [one.schedule for one in settings.charges.choose]
    chosen += [settings.charges.use] if settings.charges.use else []
    for name in chosen:
        library(settings).find(name)
    used = ", ".join(chosen)
    lines += ["", f"Used: {used}" if used else "None is used: the paper broker charges [costs]."]
    lines += ["`quarterdeck charges NAME` shows one with an example."]
    return "\n".join(lines)


def shown(
    settings: Settings,
    name: str,
    day: str,
    quantity: str,
    price: str,
    product: str,
    now: datetime,
) -> str:
    """One schedule: what a purchase and a sale pay, line by line, then its rates and sources.
    Raises BadCommand or ConfigError for what cannot be read."""
    schedule = library(settings).find(name)
    units = _amount(quantity, "quantity")
    each = _amount(price or PRICES.get(schedule.currency, "50"), "price")
    product = product or settings.charges.product or schedule.product
    if product not in PRODUCTS:
        raise BadCommand(f"{product[:20]!r} is no product; there are: {', '.join(PRODUCTS)}")
    at = _noon(schedule, day, now)
    currency = schedule.currency or "the instrument's currency"
    plain = name.partition(":")[0]
    variants = ", ".join(f"{plain}:{one}" for one in schedule.known_variants)
    told = f" Variants: {variants}." if variants else ""
    lines = [
        schedule.about,
        *([schedule.notes] if schedule.notes else []),
        f"In {currency}; days are those of {schedule.zone}.{told}",
    ]
    for side in Side:
        lines += ["", f"{side.value.capitalize()} {units:f} @ {each:f}, {product}, {at:%d %b %Y}"]
        try:
            made = charge(schedule, side, units, each, Decimal(1), at, product=product)
        except DataError as error:
            lines.append(f"  {error}")
        else:
            lines += _bill(made, schedule.currency)
    lines += ["", "Rates"]
    for rule in schedule.rules:
        lines += _rates(rule)
    return "\n".join(lines)


def _bill(made: Charges, currency: str) -> list[str]:
    rows = [(line.name, line.amount) for line in made.lines]
    rows += [("Fees", made.fees), ("Taxes", made.taxes), ("Together", made.total)]
    return [f"  {name:<18} {_plain(amount):>14} {currency}".rstrip() for name, amount in rows]


def _plain(amount: Decimal) -> str:
    """At least two decimals, as many as it has: nothing is rounded for show."""
    whole, _, decimals = f"{amount:,f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def _rates(rule: Rule) -> Iterator[str]:
    sides = "" if len(rule.sides) == len(Side) else f", {next(iter(rule.sides)).value} only"
    products = (
        "" if len(rule.products) == len(PRODUCTS) else f", {', '.join(sorted(rule.products))}"
    )
    kind = "tax" if rule.tax else "fee"
    rounding = f", to {rule.step}" if rule.step else ""
    yield f"  {rule.name} ({kind}{sides}{products}{rounding})"
    for rate in rule.rates:
        doubt = "" if rate.certain else " (not certain)"
        named = f" [{rate.variant or rule.variant}]" if rate.variant or rule.variant else ""
        yield f"    from {rate.since}{named}: {_terms(rule, rate)}; {rate.source}{doubt}"


def _terms(rule: Rule, rate: Rate) -> str:
    """ "0.005 a unit, at least 1.00, at most 1 %"."""
    of = rate.of or rule.of
    parts = []
    if rate.maker_percent is not None:
        parts.append(f"taker {rate.percent:f} %, maker {rate.maker_percent:f} %")
    elif rate.percent:
        parts.append(f"{rate.percent:f} %" + (f" of {', '.join(of)}" if of else ""))
    if rate.per_unit:
        parts.append(f"{rate.per_unit:f} a unit")
    if rate.per_order:
        parts.append(f"{rate.per_order:f} an order")
    if rate.spread:
        parts.append(f"half of a spread of {rate.spread:f}")
    if rate.minimum:
        parts.append(f"at least {rate.minimum:f}")
    if rate.maximum is not None:
        parts.append(f"at most {rate.maximum:f}")
    if rate.maximum_percent is not None:
        parts.append(f"at most {rate.maximum_percent:f} %")
    return ", ".join(parts) or "nothing"


def _amount(text: str, what: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount <= 0:
        raise BadCommand(f"{text[:20]!r} is no {what}; write a number above zero")
    return amount


def _noon(schedule: Schedule, day: str, now: datetime) -> datetime:
    try:
        chosen = date.fromisoformat(day) if day else schedule.day_of(now)
    except ValueError:
        raise BadCommand(f"{day[:20]!r} is no date; write it like 2024-03-28") from None
    return datetime.combine(chosen, time(12), ZoneInfo(schedule.zone))


@dataclass(frozen=True, slots=True)
class Course:
    """What one side of an order of a certain size is charged, by the instrument's price: a mean of
    a purchase's and a sale's, as a fraction of its value; () where `[costs]` holds."""

    curve: tuple[tuple[float, float], ...] = ()
    words: str = "the commission"


def course(
    settings: Settings, instruments: Sequence[Instrument], stake: Decimal, day: date
) -> Course:
    """By the one schedule that charges all of `instruments`, at the rates of `day`. Raises
    DataError for a day before it is known."""
    choices = chosen_charges(settings)
    if choices is None:
        return Course()
    found = {choices.of(one) for one in instruments}
    if found == {None} or not found:
        return Course()
    choice = found.pop()
    if found or choice is None:
        return Course(words=DIFFER)
    at = datetime.combine(day, time(12), ZoneInfo(choice.schedule.zone))
    points = []
    for n in range(POINTS):
        price = (LOWEST * STEP**n).quantize(Decimal("1e-6"))
        deals = (Deal(side, stake / price, stake, at, False, choice.product) for side in Side)
        both = sum((charged(choice.schedule, deal).total for deal in deals), Decimal(0))
        points.append((float(price), float(both / stake / 2)))
    name = choice.schedule.name
    return Course(tuple(points), f"the charges of {name} (rates of {day}, mean of both sides)")
