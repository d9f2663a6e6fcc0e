"""Many rows turned into facts at once, a column at a time: four times as fast as row by row."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from sys import intern
from typing import Any, Generic, TypeVar

from db.codecs import UNREADABLE, Codec
from trading.making import maker

F = TypeVar("F")


class Columns(Generic[F]):
    """`codecs` are those of the kind's fields, in their order."""

    def __init__(self, kind: type[F], codecs: Iterable[Codec]) -> None:
        self._make = maker(kind)
        self._codecs = tuple(codecs)

    def facts(self, rows: Sequence[Sequence[Any]]) -> list[F] | None:
        """None where any value is not what its column holds: who reads row by row says which."""
        try:
            columns = zip(zip(*rows, strict=True), self._codecs, strict=True)
            return list(map(self._make, *[_decoded(column, codec) for column, codec in columns]))
        except UNREADABLE:
            return None


def _decoded(column: tuple[Any, ...], codec: Codec) -> Iterable[Any]:
    kinds = set(map(type, column))
    if codec.nullable:
        kinds.discard(type(None))
    if not kinds <= set(codec.stored):
        raise ValueError("a value of another type")
    if codec.nullable and None in column:
        return [None if value is None else codec.read(value) for value in column]
    if codec.decimal and kinds == {Decimal} and all(map(Decimal.is_finite, column)):
        return column
    if codec.decode is not None:
        return map(codec.decode, column)
    if kinds == {str} and len(set(column)) * 4 < len(column):
        return map(intern, column)  # accounts, symbols: one text each, whose hash is known
    return column
