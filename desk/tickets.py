"""What a manual trade asks for, read from the words of a command."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from trading.errors import BadCommand
from trading.parts import money, number

PRICES = ("limit", "stop")
LONGEST = 20  # characters of a word that an error repeats


@dataclass(frozen=True, slots=True)
class Ticket:
    """At most one of `quantity` and `amount`; neither: the book's usual size."""

    symbol: str
    quantity: Decimal | None = None  # units
    amount: Decimal | None = None  # in `currency`
    currency: str = ""
    limit: Decimal | None = None
    stop: Decimal | None = None


def read(verb: str, words: Sequence[str]) -> Ticket:
    """`AAPL 10 limit 99.5 stop 95`, `AAPL $5000`, `AAPL 5000 usd`. Raises BadCommand saying which
    word it did not understand, and how to write it."""
    if not words:
        raise BadCommand(f"which instrument? For example: /{verb} AAPL 10, or /{verb} AAPL 5000usd")
    rest = list(words[1:])
    size: dict[str, object] = {}
    prices: dict[str, Decimal] = {}
    while rest:
        word = rest.pop(0).lower()
        if word in PRICES:
            prices[word] = _price(verb, word, rest, prices)
        elif size:
            raise BadCommand(f"{word[:LONGEST]!r} is one word too many; {_how(verb)}")
        else:
            size = _size(verb, word, rest)
    return Ticket(words[0].upper(), **size, **prices)  # type: ignore[arg-type]


def _price(verb: str, word: str, rest: list[str], known: dict[str, Decimal]) -> Decimal:
    if word in known:
        raise BadCommand(f"{word!r} is there twice; {_how(verb)}")
    if not rest:
        raise BadCommand(f"at which price? For example: /{verb} AAPL 10 {word} 99.50")
    return _number(verb, rest.pop(0))


def _size(verb: str, word: str, rest: list[str]) -> dict[str, object]:
    if word.startswith("$") or word[-3:].isalpha():
        text = word
    elif rest and rest[0].isalpha() and rest[0].lower() not in PRICES:
        text = f"{word} {rest.pop(0)}"
    else:
        return {"quantity": _number(verb, word)}
    try:
        amount, currency = money(text)
    except ValueError as error:
        raise BadCommand(f"{error}; {_how(verb)}") from None
    return {"amount": amount, "currency": currency}


def _number(verb: str, word: str) -> Decimal:
    try:
        return number(word)
    except ValueError as error:
        raise BadCommand(f"{error}; {_how(verb)}") from None


def _how(verb: str) -> str:
    return f"for example: /{verb} AAPL 10 limit 99.50, or /{verb} AAPL 5000usd"
