"""Reads a JSON-able spec strictly; what is wrong is said with the place where it stands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trading.errors import DataError

Floats = NDArray[np.float64]
_MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class Node:
    """A JSON object and where it stands, such as `candles spec: levels[1]`."""

    place: str
    fields: Mapping[str, Any]

    @classmethod
    def of(cls, place: str, value: object) -> "Node":
        if not isinstance(value, Mapping):
            raise DataError(f"{place}: expected an object, not {_shown(value)}")
        return cls(place, value)

    def expect(self, *names: str) -> None:
        """Refuse keys that nobody would read: a misspelt level must not vanish."""
        if unknown := sorted(str(k) for k in self.fields if k not in names):
            raise self.wrong(unknown[0], "is not a known field")

    def text(self, name: str, default: str = _MISSING) -> str:
        value = self._get(name, default)
        if not isinstance(value, str):
            raise self.wrong(name, f"should be text, not {_shown(value)}")
        return value

    def flag(self, name: str, default: bool) -> bool:
        value = self._get(name, default)
        if not isinstance(value, bool):
            raise self.wrong(name, f"should be true or false, not {_shown(value)}")
        return value

    def number(self, name: str) -> float:
        return self._number(name, self._get(name, _MISSING))

    def optional_number(self, name: str) -> float | None:
        value = self._get(name, None)
        return None if value is None else self._number(name, value)

    def whole(self, name: str) -> int | None:
        value = self._get(name, None)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise self.wrong(name, f"should be a whole number, not {_shown(value)}")
        return value

    def series(self, name: str) -> Floats:
        """Numbers, with null where there is none; nested lists give two dimensions."""
        value = self._get(name, _MISSING)
        if isinstance(value, (list, tuple)):
            try:
                return np.asarray(value, np.float64)
            except (TypeError, ValueError):
                raise self.wrong(name, "should be a list of numbers") from None
        raise self.wrong(name, f"should be a list of numbers, not {_shown(value)}")

    def times(self, name: str) -> NDArray[np.datetime64]:
        values = self.items(name)
        try:
            moments = [_moment(v).replace(tzinfo=None) for v in values]
        except (TypeError, ValueError):
            raise self.wrong(name, "should be a list of ISO dates or times") from None
        return np.array(moments, "datetime64[us]")

    def moment(self, name: str) -> datetime:
        value = self._get(name, _MISSING)
        try:
            return _moment(value)
        except (TypeError, ValueError):
            raise self.wrong(name, f"should be an ISO time, not {_shown(value)}") from None

    def day(self, name: str) -> date:
        value = self._get(name, _MISSING)
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError):
            raise self.wrong(name, f"should be an ISO date, not {_shown(value)}") from None

    def items(self, name: str) -> list[Any]:
        value = self._get(name, [])
        if not isinstance(value, (list, tuple)):
            raise self.wrong(name, f"should be a list, not {_shown(value)}")
        return list(value)

    def nodes(self, name: str) -> Iterator["Node"]:
        for i, value in enumerate(self.items(name)):
            yield Node.of(f"{self.place}: {name}[{i}]", value)

    def pairs(self, name: str) -> Iterator["Node"]:
        """Lists of two as objects with the fields "0" and "1"."""
        return self.lists(name, 2)

    def lists(self, name: str, size: int) -> Iterator["Node"]:
        """Lists of `size` values as objects with the fields "0", "1" and so on."""
        what = "a pair" if size == 2 else f"a list of {size}"
        for i, value in enumerate(self.items(name)):
            if not isinstance(value, (list, tuple)) or len(value) != size:
                raise self.wrong(f"{name}[{i}]", f"should be {what}, not {_shown(value)}")
            yield Node(f"{self.place}: {name}[{i}]", {str(k): v for k, v in enumerate(value)})

    def texts(self, name: str) -> tuple[str, ...]:
        values = self.items(name)
        if not all(isinstance(value, str) for value in values):
            raise self.wrong(name, "should be a list of texts")
        return tuple(values)

    def node(self, name: str, default: Any = _MISSING) -> "Node":
        return Node.of(f"{self.place}: {name}", self._get(name, default))

    def wrong(self, name: str, what: str) -> DataError:
        return DataError(f"{self.place}: {name} {what}")

    def _get(self, name: str, default: Any) -> Any:
        value = self.fields.get(name, default)
        if value is _MISSING:
            raise self.wrong(name, "is missing")
        return value

    def _number(self, name: str, value: Any) -> float:
        if isinstance(value, (int, float, str, Decimal)) and not isinstance(value, bool):
            try:
                number = float(value)
            except ValueError:
                number = float("nan")
            if isfinite(number):
                return number
        raise self.wrong(name, f"should be a number, not {_shown(value)}")


def significant(values: Floats, digits: int = 6) -> list[Any]:
    """Nested lists of numbers rounded to `digits` significant digits, null where not finite."""
    if values.ndim > 1:
        return [significant(row, digits) for row in values]
    return [float(f"{v:.{digits}g}") if isfinite(v) else None for v in values.tolist()]


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"
