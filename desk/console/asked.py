"""What a question about money names: a period, a strategy, gross; in any order."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

from desk.desk import Desk
from desk.stretch import EXAMPLES, Stretch, is_one, stretch
from trading.errors import BadCommand
from trading.facts import Request

GROSS = "gross"
_PAGE = re.compile(r"p([1-9]\d{0,4})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """`strategy` None is all of them together."""

    stretch: Stretch
    strategy: str | None = None
    gross: bool = False

    @property
    def whose(self) -> str:
        return self.strategy or "All strategies"

    def args(
        self, *, period: str | None = None, whose: str | None = "", gross: bool | None = None
    ) -> tuple[str, ...]:
        """The same question with something changed, as a button asks it; `whose` None is all."""
        strategy = self.strategy if whose == "" else whose
        kept = self.gross if gross is None else gross
        words = (period or self.stretch.word, strategy or "", GROSS if kept else "")
        return tuple(word for word in words if word)


def today(desk: Desk) -> date:
    """The exchange's."""
    return desk.local(desk.market.now()).date()


async def whose(desk: Desk) -> list[str]:
    """The strategies there are, then those that only ever traded."""
    traded = {strategy for strategy, _ in (await desk.books.ledger()).totals}
    return [*desk.plans, *sorted(traded - set(desk.plans))]


async def asked(desk: Desk, request: Request, default: str, example: str) -> Asked:
    """Raises BadCommand naming the word that is neither, with `example`."""
    known = await whose(desk)
    day = today(desk)
    period, strategy, gross = None, None, False
    for arg in words(request):
        word = arg.lower()
        if word == GROSS:
            gross = True
        elif word in (name.lower() for name in known) and strategy is None:
            strategy = next(name for name in known if name.lower() == word)
        elif period is None and is_one(word, day):
            period = stretch(word, day)
        else:
            raise BadCommand(not_understood(arg, known, example, periods=True))
    return Asked(period or stretch(default, day), strategy, gross)


async def one_strategy(desk: Desk, request: Request, example: str) -> str | None:
    """The strategy a command names, or None. Raises BadCommand."""
    return chosen(words(request), await whose(desk), example)


def chosen(args: Iterable[str], known: Iterable[str], example: str) -> str | None:
    """The one of `known` that is named, whatever its capitals; None where none is."""
    names = {name.lower(): name for name in known}
    found = None
    for arg in args:
        if arg.lower() not in names or found is not None:
            raise BadCommand(not_understood(arg, names.values(), example))
        found = names[arg.lower()]
    return found


def not_understood(
    arg: str, known: Iterable[str], example: str, *, periods: bool = False, what: str = "strategy"
) -> str:
    """One line: what the word is not, what was perhaps meant, an example."""
    there = list(known)
    near = get_close_matches(arg.lower(), there, n=1)
    named = f"did you mean {near[0]}? " if near else ""
    listed = ", ".join(there) or "none yet"
    kinds = f"neither a period ({EXAMPLES}) nor a {what}" if periods else f"no {what}"
    return f"{arg[:20]!r} is {kinds} ({listed}); {named}for example: {example}"


def words(request: Request) -> list[str]:
    """The arguments without a page."""
    return [arg for arg in request.args if not _PAGE.fullmatch(arg)]


def page(request: Request) -> int:
    """Which page of a long table is wanted: `p2`; the first where none is said."""
    found = [int(match[1]) for arg in request.args if (match := _PAGE.fullmatch(arg))]
    return found[0] if found else 1


def number(text: str, most: int, example: str) -> int:
    """How many. Raises BadCommand for what is no count from 1 to `most`."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= most and len(text) <= 6):
        raise BadCommand(f"{text[:20]!r} is no number from 1 to {most}; for example: {example}")
    return int(text)
