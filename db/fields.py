"""Column types that keep a fact exactly as it was, the same on SQLite and PostgreSQL."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from tortoise.fields.base import Field

from db.codecs import instant, json_text, micros, parse_json, plain


class WordsField(Field[str], str):  # type: ignore[misc]  # as Tortoise's own
    """Text of any length, ordered by code point on both databases."""

    SQL_TYPE = "TEXT"

    def __init__(self, **options: Any) -> None:  # so that migrations spell out only what is set
        super().__init__(**options)

    class _db_postgres:  # noqa: N801  # Tortoise finds the override by this name
        SQL_TYPE = 'TEXT COLLATE "C"'


class ExactField(Field[Decimal], Decimal):  # type: ignore[misc]
    """A Decimal of any precision: NUMERIC without a scale, and plain digits on SQLite.

    SQLite's own numbers are 64-bit floats; never let it add or compare these columns.
    """

    SQL_TYPE = "NUMERIC"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)

    class _db_sqlite:  # noqa: N801
        SQL_TYPE = "TEXT"

    def to_db_value(self, value: Any, instance: Any) -> str | None:
        return None if value is None else plain(value)

    def to_python_value(self, value: Any) -> Decimal | None:
        return None if value is None else Decimal(value)


class InstantField(Field[datetime], datetime):
    """An aware UTC moment as whole microseconds since 1970, so that SQL orders it as time."""

    SQL_TYPE = "BIGINT"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)

    def to_db_value(self, value: Any, instance: Any) -> int | None:
        return None if value is None else micros(value)

    def to_python_value(self, value: Any) -> datetime | None:
        return instant(value) if isinstance(value, int) else value


class JsonTextField(Field[Any]):
    """JSON kept as its text: key order, number spelling and NaN survive, which JSONB loses."""

    field_type = object
    indexable = False
    SQL_TYPE = "TEXT"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)

    def to_db_value(self, value: Any, instance: Any) -> str | None:
        return None if value is None else json_text(value)

    def to_python_value(self, value: Any) -> Any:
        return parse_json(value) if isinstance(value, str) else value
