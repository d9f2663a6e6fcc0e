"""Which parameters are tried: `period=5:30:5`, `upper=60,70,80`, and every combination of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from itertools import product
from math import prod
from typing import Any

import numpy as np

from strategies.form import misfit
from strategies.params import parameters, value_of
from strategies.trial import walk
from trading.bars import Strategy
from trading.errors import BadCommand

LIMIT = 2_000  # combinations; more are asked for by number
_MOST = 10_000  # values of one axis

Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Axis:
    """One parameter and the values it takes, as given."""

    name: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """Every combination of the axes' values; the last axis turns fastest."""

    base: Strategy
    axes: tuple[Axis, ...]

    @classmethod
    def read(cls, base: Strategy, over: Sequence[str], limit: int = LIMIT) -> "Grid":
        """BadCommand, in one line, for a name, value or range that cannot be."""
        if not over:
            raise BadCommand(
                f"say which parameters to try, like --over {_example(base)}; "
                f"{base.name} has {', '.join(parameters(base)) or 'none'}"
            )
        axes = tuple(_axis(base, text) for text in over)
        names = [axis.name for axis in axes]
        for name in names:
            if names.count(name) > 1:
                raise BadCommand(f"{name} is given twice; write its values in one --over")
        grid = cls(base, axes)
        if len(grid) > limit:
            raise BadCommand(
                f"{len(grid):,} combinations are more than {limit:,}: narrow a range, "
                f"or say --limit {len(grid)}"
            )
        for params in grid.combinations():
            grid.strategy(params)
        for axis in axes:
            for value in axis.values:
                _try(grid.strategy({axis.name: value}), {axis.name: value})
        return grid

    def __len__(self) -> int:
        return prod(len(axis.values) for axis in self.axes)

    def combinations(self) -> list[dict[str, Any]]:
        """The values of the axes alone, in order."""
        names = [axis.name for axis in self.axes]
        values = (axis.values for axis in self.axes)
        return [dict(zip(names, chosen, strict=True)) for chosen in product(*values)]

    def strategy(self, params: Params) -> Strategy:
        return with_values(self.base, params)


def with_values(base: Strategy, params: Params) -> Strategy:
    """`base` with these values; BadCommand where it cannot be asked with them."""
    try:
        made: Strategy = replace(base, **params)  # type: ignore[type-var]
        wrong = misfit(made)
    except (TypeError, ValueError, ArithmeticError) as error:
        wrong = " ".join(str(error).split())[:120]
    if wrong:
        raise BadCommand(f"{base.name} with {words(params)}: {wrong}")
    return made


def _try(strategy: Strategy, params: Params) -> None:
    """Ask it once about made-up bars, so that a value no rule can work with stops here."""
    try:
        with np.errstate(all="ignore"):
            strategy.rules(walk(1, strategy.warmup + 50))
    except Exception as error:  # a user's rules may raise anything
        said_ = " ".join(str(error).split())[:120]
        raise BadCommand(
            f"{strategy.name} with {words(params)} raised {type(error).__name__}: {said_}"
        ) from error


def words(params: Params) -> str:
    """`trend=200 band=20`"""
    return " ".join(f"{name}={said(value)}" for name, value in params.items())


def said(value: Any) -> str:
    """A value as short as it can be written without becoming another."""
    if isinstance(value, float):
        short = f"{value:g}"
        return short if float(short) == value else repr(value)
    return str(getattr(value, "value", value))


def _axis(base: Strategy, text: str) -> Axis:
    name, found, given = text.partition("=")
    name = name.strip()
    types = parameters(base)
    if not found or not given.strip():
        raise BadCommand(
            f"{text[:40]!r} is no parameter and its values; write it like {_example(base)}"
        )
    if name not in types:
        known = ", ".join(types) or "none"
        raise BadCommand(f"{base.name} has no parameter {name[:40]!r}; it has {known}")
    kind = types[name]
    written = _range(name, given, kind) if ":" in given else given.split(",")
    values = []
    for one in written:
        try:
            value = value_of(kind, one.strip())
        except ValueError as error:
            raise BadCommand(
                f"{name}={one.strip()[:40]!r} is no {_kind(kind)}: {error}; "
                f"now it is {said(getattr(base, name))}"
            ) from None
        if value not in values:
            values.append(value)
    return Axis(name, tuple(values))


def _range(name: str, given: str, kind: Any) -> list[str]:
    """`5:30:5` is 5, 10, … 30: both ends belong to it. Exact in decimal, so 0.1 steps do not
    drift."""
    if kind not in (int, float, Decimal):
        raise BadCommand(f"{name} is no number: write its values like {name}=a,b")
    try:
        parts = [Decimal(part.strip()) for part in given.split(":")]
    except InvalidOperation:
        parts = []
    if len(parts) == 2:
        parts.append(Decimal(1))
    if len(parts) != 3 or not all(part.is_finite() for part in parts):
        raise BadCommand(f"{name}={given[:40]!r} is no range; write it like {name}=5:30:5")
    first, last, step = parts
    if step <= 0 or last < first:
        raise BadCommand(
            f"{name}={given[:40]!r} is empty: a range goes up, from:to:step with a step above 0"
        )
    count = int((last - first) / step) + 1
    if count > _MOST:
        raise BadCommand(f"{name}={given[:40]!r} is {count:,} values; at most {_MOST:,} an axis")
    return [format(first + i * step, "f") for i in range(count)]


def _kind(kind: Any) -> str:
    names = {int: "whole number", float: "number", Decimal: "number", bool: "true or false"}
    return names.get(kind, getattr(kind, "__name__", str(kind)))


def _example(base: Strategy) -> str:
    for name, kind in parameters(base).items():
        if kind is int:
            return f"{name}=5:30:5"
    return "period=5:30:5"
