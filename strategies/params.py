"""A strategy's parameters: the fields of its dataclass, each with its type."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from math import isfinite
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from trading.bars import Strategy
from trading.errors import ConfigError


def parameters(strategy: Strategy) -> Mapping[str, Any]:
    """Name and type of each; empty for a strategy that takes none."""
    kind: Any = type(strategy)
    if not is_dataclass(kind):
        return {}
    hints = get_type_hints(kind)
    named = (f.name for f in fields(kind) if f.init and f.name not in ("name", "timeframe"))
    return {name: hints[name] for name in named}


def value_of(kind: Any, given: Any) -> Any:
    """`given`, which may be text, as that type. Raises ValueError with the reason."""
    try:
        value = TypeAdapter(kind).validate_python(given)
    except ValidationError as error:
        said = error.errors()[0]["msg"]
        raise ValueError(f"{said[:1].lower()}{said[1:]}") from None
    if isinstance(value, float) and not isfinite(value):
        raise ValueError("input should be a finite number")
    return value


def with_params(strategy: Strategy, params: Mapping[str, Any]) -> Strategy:
    """The strategy with the settings' values; environment variables give them as text.
    ConfigError names what is unknown or wrong."""
    if not params:
        return strategy
    where = f"strategies.{strategy.name}.params"
    types = parameters(strategy)
    chosen: dict[str, Any] = {}
    for key, value in params.items():
        if key not in types:
            known = ", ".join(types) or "none"
            raise ConfigError(f"unknown setting {where + '.' + key!r}; known are: {known}")
        try:
            chosen[key] = value_of(types[key], value)
        except ValueError as error:
            raise ConfigError(
                f"setting {where + '.' + key!r} = {str(value)[:60]!r}: {error}"
            ) from None
    try:
        return replace(strategy, **chosen)  # type: ignore[type-var]
    except (TypeError, ValueError) as error:
        raise ConfigError(f"setting {where!r} = {params!r}: {error}") from error
