"""A schedule as it is written: TOML tables in, `Schedule` out; a mistake is one line."""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from charges.schedule import PRODUCTS, ROUNDINGS, Rate, Rule, Schedule, Step
from trading.errors import ConfigError
from trading.types import Side

Find = Callable[[str], Schedule]

AMOUNTS = (
    "percent", "maker_percent", "per_unit", "per_order", "spread",
    "minimum", "maximum", "maximum_percent",
)  # fmt: skip
SCHEDULE = {
    "about", "currency", "zone", "round", "product", "notes", "include", "round_included", "lines",
}  # fmt: skip
LINE = {"name", "tax", "sides", "products", "of", "round", "variant", "rates"}
RATE = {"from", "source", "certain", "variant", "of", *AMOUNTS}


def schedule_of(name: str, table: Mapping[str, Any], find: Find) -> Schedule:
    """`find` gives the schedules it includes. Raises ConfigError naming schedule, line and key."""
    _only(name, table, SCHEDULE)
    zone = _text(name, table, "zone", "UTC")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(f"schedule {name}: {zone[:40]!r} is no time zone") from None
    currency = _text(name, table, "currency")
    usual = _step(name, table.get("round"))
    rules = [_rule(name, row, usual) for row in _rows(name, table, "lines")]
    own = {rule.name for rule in rules}  # take the place of included ones of their name
    for other in _names(name, table, "include"):
        included = find(other)
        if (included.currency, included.zone) != (currency, zone):
            raise ConfigError(
                f"schedule {name} includes {other}, which is in {included.currency} and "
                f"{included.zone}, not {currency} and {zone}"
            )
        taken = [rule for rule in included.rules if rule.name not in own]
        if "round_included" in table:
            step = _step(name, table["round_included"])
            taken = [replace(rule, step=step) for rule in taken]
        rules += taken
    product = _text(name, table, "product", "delivery")
    _known(name, {product}, PRODUCTS, "product")
    made = Schedule(
        name,
        _text(name, table, "about"),
        currency,
        zone,
        tuple(sorted(rules, key=_of_lines)),  # a percentage of other lines comes after them
        _text(name, table, "notes", ""),
        product,
    )
    known = {rule.name for rule in made.rules}
    for rule in made.rules:
        named = {*rule.of, *(one for rate in rule.rates for one in rate.of)}
        _known(f"{name}, {rule.name}", named, known, "line")
        if rule.name in named:
            raise ConfigError(f"schedule {name}: {rule.name} cannot be a percentage of itself")
    if not made.rules:
        raise ConfigError(f"schedule {name} has no line")
    return made


def _rule(schedule: str, row: Mapping[str, Any], usual: Step | None) -> Rule:
    name = _text(schedule, row, "name")
    where = f"{schedule}, {name}"
    _only(where, row, LINE)
    sides = _names(where, row, "sides") or list(Side)
    products = _names(where, row, "products") or list(PRODUCTS)
    _known(where, set(sides), [side.value for side in Side], "side")
    _known(where, set(products), PRODUCTS, "product")
    rates = sorted((_rate(where, one) for one in _rows(where, row, "rates")), key=_since)
    if not rates:
        raise ConfigError(f"schedule {where} has no rate")
    return Rule(
        name,
        tuple(rates),
        bool(row.get("tax", False)),
        frozenset(Side(side) for side in sides),
        frozenset(products),
        tuple(_names(where, row, "of")),
        _step(where, row["round"]) if "round" in row else usual,
        _text(where, row, "variant", ""),
    )


def _of_lines(rule: Rule) -> bool:
    return bool(rule.of or any(rate.of for rate in rule.rates))


def _since(rate: Rate) -> date:
    return rate.since


def _rate(where: str, row: Mapping[str, Any]) -> Rate:
    _only(where, row, RATE)
    since = row.get("from")
    if isinstance(since, str):  # as a setting in the environment has it
        with suppress(ValueError):
            since = date.fromisoformat(since)
    if not isinstance(since, date) or isinstance(since, datetime):
        raise ConfigError(f"schedule {where}: a rate needs `from`, a date like 2024-10-01")
    given = {key: _amount(f"{where}, {key}", row[key]) for key in AMOUNTS if key in row}
    if not given:
        raise ConfigError(f"schedule {where} from {since}: give one of {', '.join(AMOUNTS)}")
    least, most = given.get("minimum"), given.get("maximum")
    if least is not None and most is not None and least > most:
        raise ConfigError(f"schedule {where} from {since}: its minimum is above its maximum")
    return Rate(
        since=since,
        source=_text(where, row, "source"),
        certain=bool(row.get("certain", True)),
        variant=_text(where, row, "variant", ""),
        of=tuple(_names(where, row, "of")),
        **given,
    )


def _amount(where: str, value: object) -> Decimal:
    """Text, or a whole number: a float would not be the figure that was written."""
    if isinstance(value, str | int) and not isinstance(value, bool):
        try:
            amount = Decimal(value)
        except InvalidOperation:
            amount = Decimal("NaN")
        if amount.is_finite() and amount >= 0:
            return amount
    raise ConfigError(f'schedule {where} = {value!r}: write zero or more in quotes, as "0.005"')


def _step(where: str, value: object) -> Step | None:
    """None for no rounding."""
    if value is None or value == "none":
        return None
    size, _, mode = str(value).partition(" ")
    mode = mode or "half"
    try:
        step = Decimal(size)
    except InvalidOperation:
        step = Decimal(0)
    if not step.is_finite() or step <= 0 or mode not in ROUNDINGS:
        raise ConfigError(f'schedule {where}, round = {value!r}: write "0.01 up" or "1 half"')
    return Step(step, ROUNDINGS[mode])


def _only(where: str, table: Mapping[str, Any], known: set[str]) -> None:
    for key in table:
        if key not in known:
            listed = ", ".join(sorted(known))
            raise ConfigError(f"schedule {where}: unknown key {key[:30]!r}; known are: {listed}")


def _text(where: str, table: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = table.get(key, default)
    if not isinstance(value, str):
        raise ConfigError(f"schedule {where} needs {key!r}, a text")
    return value


def _names(where: str, table: Mapping[str, Any], key: str) -> list[str]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ConfigError(f"schedule {where}, {key}: write a list of names")
    return value


def _rows(where: str, table: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ConfigError(f"schedule {where}, {key}: write tables, as [[{key}]]")
    return value


def _known(where: str, given: set[str], known: Collection[str], what: str) -> None:
    for one in sorted(given - set(known)):
        listed = ", ".join(sorted(known))
        raise ConfigError(f"schedule {where}: {one[:30]!r} is no {what}; there are: {listed}")
