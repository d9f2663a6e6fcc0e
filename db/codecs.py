"""How each Python type of a fact is written to a column and read back, exactly."""

import json
import math
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, Literal

Dialect = Literal["sqlite", "postgres"]
Convert = Callable[[Any], Any]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_SHOWN = 40  # characters of a value that cannot be read
_NINES = str.maketrans("0123456789", "9876543210")


#: What a decoder raises for a value it cannot make sense of.
UNREADABLE = (ValueError, TypeError, KeyError, ArithmeticError, RecursionError)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"


@dataclass(frozen=True, slots=True)
class Codec:
    """`encode` and `decode` are None where the driver already does the right thing."""

    encode: Convert | None = None
    decode: Convert | None = None
    nullable: bool = False
    comparable: bool = True
    decimal: bool = False
    stored: tuple[type, ...] = (str,)  # what the driver gives for it

    def write(self, value: Any) -> Any:
        if value is None:
            if not self.nullable:
                raise ValueError("this field is never empty")
            return None
        return value if self.encode is None else self.encode(value)

    def read(self, value: Any) -> Any:
        """Raises ValueError saying what is wrong with a stored value."""
        if value is None:
            if self.nullable:
                return None
            raise ValueError("is empty")
        if type(value) not in self.stored:
            raise ValueError(f"is {_shown(value)}, a {type(value).__name__}")
        try:
            return value if self.decode is None else self.decode(value)
        except UNREADABLE as error:
            raise ValueError(f"is {_shown(value)}") from error


def plain(value: Decimal | int) -> str:
    """The shortest plain digits of a finite number: 41, not 41.00 nor 4.1E+1.

    Raises ValueError for NaN and infinities, TypeError for floats.
    """
    if not isinstance(value, Decimal):
        if not isinstance(value, int):
            raise TypeError(f"money and quantities are Decimal, not {type(value).__name__}")
        value = Decimal(value)
    if not value.is_finite():
        raise ValueError(f"{value} is not an amount")
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def exact(value: Decimal | int) -> Decimal:
    return Decimal(plain(value))


def amount(value: Decimal | str) -> Decimal:
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError(f"{value} is not an amount")
    return number


def decimal_key(text: str | None) -> str | None:
    """Text that sorts as the number does; SQLite calls it where Decimals are compared. One that
    cannot be read is like an empty one, so that it does not stop the others."""
    try:
        value = amount(text)  # type: ignore[arg-type]
    except UNREADABLE:
        return None
    if not value:
        return "1"
    digits = "".join(map(str, value.as_tuple().digits)).rstrip("0")
    magnitude = f"{value.adjusted() + 100_000:06d}{digits}"
    return f"2{magnitude}" if value > 0 else f"0{magnitude.translate(_NINES)}~"


def micros(value: datetime) -> int:
    """Whole microseconds since 1970. Raises ValueError for a naive datetime."""
    if value.tzinfo is None:
        raise ValueError(f"{value} has no time zone; facts are dated in aware UTC")
    since = value - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def instant(value: int) -> datetime:
    return EPOCH + timedelta(microseconds=value)


def json_text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def parse_json(text: str) -> Any:
    return json.loads(text)


def _object(text: str) -> dict[str, Any]:
    value = json.loads(text)
    if type(value) is not dict:
        raise ValueError("no object")
    return value


def words(value: str) -> str:
    """Text both databases take: NUL and lone surrogates, which they refuse, become U+FFFD."""
    if value.isascii():
        return value.replace("\0", "\ufffd") if "\0" in value else value
    return value.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _number(value: float) -> float:
    value = float(value)
    if math.isnan(value):
        raise ValueError("NaN can be neither ranked nor recorded")
    return value


def _day(value: date) -> date:
    if isinstance(value, datetime):
        raise TypeError("a session is a date, not a moment")
    return value


def _enum(kind: type[Enum]) -> tuple[Convert, Convert]:
    members = {member.value: member for member in kind}
    return (lambda value: kind(value).value), members.__getitem__


def _mapping(value: Mapping[str, Any]) -> str:
    return json_text(dict(value))


def _strings(value: tuple[str, ...]) -> str:
    return json_text(list(value))


def _tuple(text: str) -> tuple[Any, ...]:
    value = json.loads(text)
    if type(value) is not list:
        raise ValueError("no list")
    return tuple(value)


#: One entry a type: how it is written and read, for each database where that differs.
_PLAIN: dict[Dialect, dict[type, Codec]] = {
    "sqlite": {
        str: Codec(words),
        int: Codec(stored=(int,)),
        # RETURNING gives 0 for 0.0
        float: Codec(_number, float, stored=(float, int)),
        bool: Codec(bool, {0: False, 1: True}.__getitem__, stored=(int,)),
        bytes: Codec(bytes, bytes, comparable=False, stored=(bytes,)),
        # Quantities, fees and multipliers repeat: 0.1 us for one met before, 0.5 for another.
        Decimal: Codec(plain, lru_cache(8_192)(amount), decimal=True),
        datetime: Codec(micros, instant, stored=(int,)),
        date: Codec(lambda day: _day(day).isoformat(), date.fromisoformat),
    },
    "postgres": {
        str: Codec(words),
        int: Codec(stored=(int,)),
        float: Codec(_number, stored=(float,)),
        bool: Codec(bool, stored=(bool,)),
        bytes: Codec(bytes, comparable=False, stored=(bytes,)),
        Decimal: Codec(exact, amount, decimal=True, stored=(Decimal,)),
        datetime: Codec(micros, instant, stored=(int,)),
        date: Codec(_day, stored=(date,)),
    },
}


def codec_for(hint: Any, dialect: Dialect) -> Codec:
    """The codec of one annotated field; raises TypeError for a type no column was chosen for."""
    if typing.get_origin(hint) in {types.UnionType, typing.Union}:
        (inner,) = (part for part in typing.get_args(hint) if part is not type(None))
        return replace(codec_for(inner, dialect), nullable=True)
    if hint in _PLAIN[dialect]:
        return _PLAIN[dialect][hint]
    kind = typing.get_origin(hint) or hint
    if kind is tuple:
        return Codec(_strings, _tuple, comparable=False)
    if issubclass(kind, Mapping):
        return Codec(_mapping, _object, comparable=False)
    if issubclass(kind, Enum):
        (stored,) = {type(member.value) for member in kind}
        return Codec(*_enum(kind), stored=(stored,))
    raise TypeError(f"no column type is known for {hint}")
