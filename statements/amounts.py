"""Amounts as people write them: thousands, decimal commas, parentheses, currency signs."""

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache

from trading.errors import DataError

SIGNS = {"₹": "INR", "€": "EUR", "£": "GBP", "Rs.": "INR", "Rs": "INR"}
DIGITS = 34  # that an amount may have; products of two and a rate keep all of theirs
NOTHING = frozenset({"", "-", "--", "nan", "none", "null", "n/a", "na"})
_STRIP = re.compile(r"^(?:Rs\.?|INR|USD|EUR|GBP)\s*|[₹€£$¥\s\u00a0\u202f']|\s*(?:INR|USD|EUR|GBP)$")
_POINT = re.compile(r"(?:\d+|\d{1,3}(?:,\d{2,3})*,\d{3})?(?:\.\d*)?(?:[eE][+-]?\d{1,2})?")
_COMMA = re.compile(r"(?:\d+|\d{1,3}(?:\.\d{3})+)?(?:,\d*)?(?:[eE][+-]?\d{1,2})?")
_COMMA_ONLY = re.compile(r"\d*,(?:\d{1,2}|\d{4,})|\d{4,},\d{3}|\d{1,3}(?:\.\d{3})+,\d+|0,\d+")
_POINT_ONLY = re.compile(r"\d*\.(?:\d{1,2}|\d{4,})|\d{4,}\.\d{3}|\d[\d,]*,\d{3}\.\d+|0\.\d+")
_UNCLEAR = re.compile(r"\d{1,3},\d{3}")


@lru_cache(65_536)  # prices and quantities repeat
def amount(text: str, comma: bool = False) -> Decimal:
    """Raises DataError for what is no finite number of at most 34 digits. `comma`: decimals
    follow a comma."""
    try:  # what most files hold
        if not comma and text.isascii() and len(text) < DIGITS and "_" not in text:
            found = Decimal(text)
            if found.is_finite() and -30 < found.adjusted() < 20:
                return found
    except ArithmeticError:
        pass
    return _carefully(text, comma)


def _carefully(text: str, comma: bool) -> Decimal:
    word = text.strip()
    negative = word.startswith("(") and word.endswith(")")
    word = _STRIP.sub("", word.strip("()") if negative else word).replace("\u2212", "-")
    word = _STRIP.sub("", word)
    if word[-1:] in "+-" and word[:1] not in "+-":
        word = word[-1:] + word[:-1]
    sign = -1 if word.startswith("-") else 1
    word = word[1:] if word[:1] in ("-", "+") else word
    word = _STRIP.sub("", word)
    pattern = _COMMA if comma else _POINT
    if not pattern.fullmatch(word) or not any(char.isdigit() for char in word):
        raise DataError(f"{text[:30]!r} is no amount")
    clean = word.replace(".", "").replace(",", ".") if comma else word.replace(",", "")
    found = Decimal(clean)
    if len(found.as_tuple().digits) > DIGITS or not -30 < found.adjusted() < 20:
        raise DataError(f"{text[:30]!r} is beyond what is counted here")
    return -sign * found if negative else sign * found


def is_nothing(text: str) -> bool:
    return not text or (not text[0].isdigit() and text.strip().lower() in NOTHING)


def currency_of(texts: Iterable[str]) -> str:
    """The currency whose sign these amounts carry; "" where none does, or "$", which is many's."""
    for text in texts:
        for sign, currency in SIGNS.items():
            if sign in text:
                return currency
    return ""


def decimal_comma(texts: Iterable[str], said: str, semicolons: bool) -> bool:
    """Whether decimals follow a comma in this file. Raises DataError where it could be either."""
    if said not in ("", ",", "."):
        raise DataError(f"--decimal {said!r}: say , or .")
    if said:
        return said == ","
    comma = point = unclear = ""
    for text in set(texts):
        if "," not in text and (point or "." not in text):
            continue
        word = _STRIP.sub("", text.strip("()- "))
        if not comma and _COMMA_ONLY.fullmatch(word):
            comma = text
        elif not point and _POINT_ONLY.fullmatch(word):
            point = text
        elif not unclear and _UNCLEAR.fullmatch(word):
            unclear = text
    if comma and point:
        raise DataError(
            f"{comma!r} has a decimal comma and {point!r} a decimal point: say --decimal , or ."
        )
    if unclear and semicolons and not (comma or point):
        raise DataError(f"{unclear!r} may be thousands or decimals: say --decimal , or --decimal .")
    return bool(comma)
