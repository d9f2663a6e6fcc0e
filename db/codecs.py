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
from typing import Any, Literal

Dialect = Literal["sqlite", "postgres"]
Convert = Callable[[Any], Any]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NINES = str.maketrans("0123456789", "9876543210")


@dataclass(frozen=True, slots=True)
class Codec:
    """`encode` and `decode` are None where the driver already does the right thing."""

    encode: Convert | None = None
    decode: Convert | None = None
    nullable: bool = False
    comparable: bool = True
    decimal: bool = False

    def write(self, value: Any) -> Any:
        if value is None:
            if not self.nullable:
                raise ValueError("this field is never empty")
            return None
        return value if self.encode is None else self.encode(value)

    def read(self, value: Any) -> Any:
        return value if value is None or self.decode is None else self.decode(value)


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


def decimal_key(text: str | None) -> str | None:
    """Text that sorts as the number does; SQLite calls it where Decimals are compared."""
    if text is None:
        return None
    value = Decimal(text)
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
    return tuple(json.loads(text))


#: One entry a type: how it is written and read, for each database where that differs.
_PLAIN: dict[Dialect, dict[type, Codec]] = {
    "sqlite": {
        str: Codec(words),
        int: Codec(),
        float: Codec(_number, float),  # RETURNING gives 0 for 0.0
        bool: Codec(bool, bool),
        bytes: Codec(bytes, bytes, comparable=False),
        Decimal: Codec(plain, Decimal, decimal=True),
        datetime: Codec(micros, instant),
        date: Codec(lambda day: _day(day).isoformat(), date.fromisoformat),
    },
    "postgres": {
        str: Codec(words),
        int: Codec(),
        float: Codec(_number),
        bool: Codec(bool),
        bytes: Codec(bytes, comparable=False),
        Decimal: Codec(exact, decimal=True),
        datetime: Codec(micros, instant),
        date: Codec(_day),
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
        return Codec(_mapping, parse_json, comparable=False)
    if issubclass(kind, Enum):
        return Codec(*_enum(kind))
    raise TypeError(f"no column type is known for {hint}")
