"""A part of an account: a share of its equity, or an amount of money."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

_NUMBER = r"(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d{1,8})?|\d{1,15}(?:\.\d{1,8})?|\.\d{1,8})"
_PERCENT = re.compile(rf"{_NUMBER} ?%", re.ASCII)
_MONEY = re.compile(rf"{_NUMBER} ?(?P<currency>[A-Za-z]{{3,5}})", re.ASCII)
_PLAIN = re.compile(_NUMBER, re.ASCII)


def number(text: str) -> Decimal:
    """`1,234.5` or `.5`, positive; ValueError for anything else, Unicode digits among it."""
    found = _PLAIN.fullmatch(text)
    if found is None or not (value := Decimal(text.replace(",", ""))):
        raise ValueError(f"{text[:20]!r} is no number above zero")
    return value


def money(text: str) -> tuple[Decimal, str]:
    """`5000usd`, `5,000 USD` and `$5000`: the amount and the currency."""
    if text.startswith("$"):
        text = f"{text[1:].strip()}USD"
    found = _MONEY.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:20]!r} is no amount of money such as 5000usd")
    return number(found["number"]), found["currency"].upper()


@dataclass(frozen=True, slots=True)
class Part:
    """One of the two: `share` is a fraction above zero and at most one."""

    share: Decimal | None = None
    amount: Decimal | None = None
    currency: str = ""  # of the amount

    @classmethod
    def parse(cls, text: str) -> Self:
        """`80 %`, `0.8`, `25000 USD` or `$25000`; ValueError for what is none of them."""
        text = text.strip()
        if found := _PERCENT.fullmatch(text):
            share = number(found["number"]) / 100
        elif _PLAIN.fullmatch(text):
            share = number(text)
        else:
            try:
                return cls(None, *money(text))
            except ValueError:
                pass
            raise ValueError(f"{text[:20]!r} is neither a share such as 80 % nor 25000 USD")
        if share > 1:
            raise ValueError(f"{text[:20]!r} is more than 100 %; an amount names its currency")
        return cls(share)

    def __str__(self) -> str:
        if self.amount is not None:
            return f"{self.amount:f} {self.currency}"
        return f"{self.share:f}"

    @property
    def text(self) -> str:
        """As it is shown: `80 %`, `25,000 USD`."""
        if self.amount is not None:
            return f"{self.amount:,f} {self.currency}"
        return f"{((self.share or Decimal(0)) * 100).normalize():f} %"
