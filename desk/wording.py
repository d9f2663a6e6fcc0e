"""Figures as the operator reads them: signs, thousands, currencies, local times."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from trading.types import Target

MINUS = "\u2212"  # as wide as a plus sign, so columns of figures align


def amount(value: Decimal | int, places: int = 2) -> str:
    """`12,345.60`, with a true minus sign."""
    text = f"{abs(value):,.{places}f}"
    negative = value < 0 and text.strip("0.,") != ""
    return (MINUS if negative else "") + text


def money(value: Decimal, currency: str) -> str:
    return f"{amount(value)} {currency}"


def signed(value: Decimal, places: int = 2) -> str:
    """`+1,234.50`; zero has no sign."""
    text = amount(value, places)
    return text if text.startswith(MINUS) or text.strip("0.,") == "" else "+" + text


def profit(value: Decimal, currency: str) -> str:
    return f"{signed(value)} {currency}"


def quantity(value: Decimal) -> str:
    text = f"{abs(value):,f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return (MINUS if value < 0 else "") + text


def price(value: Decimal) -> str:
    """At least two decimals, as many as it has."""
    text = f"{value:,f}"
    whole, _, decimals = text.partition(".")
    decimals = decimals.rstrip("0").ljust(2, "0")
    return f"{whole}.{decimals}"


def short(value: Decimal) -> str:
    """At most nine characters for a column: `182.35`, `1,234.50`, `1,234.5k`, `61.7M`."""
    for size, unit, places in ((Decimal(10) ** 7, "M", 1), (Decimal(10) ** 5, "k", 1)):
        if abs(value) >= size:
            scale = Decimal(10) ** (6 if unit == "M" else 3)
            return amount(value / scale, places) + unit
    return amount(value)


def percent(fraction: Decimal | float, places: int = 1) -> str:
    return f"{amount(Decimal(str(fraction)) * 100, places)} %"


def moment(at: datetime) -> str:
    """`Wed 4 Feb 09:30`; `at` is already in the zone to show."""
    return f"{at:%a} {at.day} {at:%b} {at:%H:%M}"


def day(at: datetime) -> str:
    return f"{at:%a} {at.day} {at:%b %Y}"


def short_day(at: date) -> str:
    """`Wed 4 Feb`."""
    return f"{at:%a} {at.day} {at:%b}"


def ago(span: timedelta) -> str:
    """`4 minutes ago`, `just now`; for spans of the past."""
    return f"{lasted(span)} ago" if span >= timedelta(minutes=1) else "just now"


def lasted(span: timedelta) -> str:
    """`3 minutes`, `45 seconds`, in its largest unit."""
    seconds = int(span.total_seconds())
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            return number_of(seconds // size, word)
    return number_of(max(seconds, 0), "second")


def count(number: int, noun: str) -> str:
    """`no order`, `1 order`, `2 orders`."""
    return f"{number or 'no'} {noun}{'s' if number > 1 else ''}"


def number_of(number: int, noun: str) -> str:
    """`0 orders`, `1 order`, `2 orders`: where the figure itself is the news."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def capital(text: str) -> str:
    """The same, begun as a sentence; the rest stays as it is written."""
    return text[:1].upper() + text[1:]


def place(zone: str) -> str:
    """`New York` from `America/New_York`."""
    return zone.rsplit("/", 1)[-1].replace("_", " ")


TARGET = {Target.LONG: "Buy", Target.SHORT: "Sell short", Target.FLAT: "Close"}
