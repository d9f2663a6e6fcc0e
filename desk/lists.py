"""The operator's lists: the watchlist, and the blacklist whose instruments nobody may enter."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from desk import wording
from desk.desk import Desk
from trading.universes import BLACKLIST, Listing

Name = Literal["watchlist", "blacklist"]


async def on_list(desk: Desk, name: Name) -> dict[str, Listing]:
    """What is on the list now, by symbol in symbol order; each by the listing that put it there."""
    latest = {row.symbol: row for row in await desk.journal.read(Listing, name=name)}
    return {symbol: row for symbol, row in sorted(latest.items()) if row.listed}


async def put(
    desk: Desk, name: Name, symbols: Sequence[str], *, by: str, reason: str = ""
) -> list[Listing]:
    """Put instruments on a list; those that are on it already stay as they were."""
    return await _write(desk, name, symbols, listed=True, by=by, reason=reason)


async def take_off(desk: Desk, name: Name, symbols: Sequence[str], *, by: str) -> list[Listing]:
    """Take instruments off a list; returns those that were on it."""
    return await _write(desk, name, symbols, listed=False, by=by, reason="")


async def _write(
    desk: Desk, name: Name, symbols: Iterable[str], *, listed: bool, by: str, reason: str
) -> list[Listing]:
    # A writing transaction, so that a decision under way sees the list before it or after it.
    async with desk.journal.transaction():
        there = await on_list(desk, name)
        at = desk.market.now()
        rows = [
            Listing(name, symbol, listed, by, at, reason)
            for symbol in dict.fromkeys(symbols)
            if (symbol in there) is not listed
        ]
        return await desk.journal.append(rows)


async def barred(desk: Desk) -> Mapping[str, str]:
    """By symbol, why nobody may enter it now, and what would change that."""
    return {
        symbol: f"{why(desk, row)}; /blacklist remove {symbol} lets it in again"
        for symbol, row in (await on_list(desk, BLACKLIST)).items()
    }


def why(desk: Desk, row: Listing) -> str:
    """ "blacklisted by Ann on Tue 4 Feb (earnings)"."""
    reason = f" ({row.reason})" if row.reason else ""
    return f"blacklisted by {who(desk, row)} on {wording.short_day(desk.local(row.at))}{reason}"


def who(desk: Desk, row: Listing, *, reader: int = 0) -> str:
    """ "you", a name, or the door that did it."""
    kind, _, number = row.by.partition(":")
    if kind != "operator" or not number.isdigit():
        return kind
    return "you" if int(number) == reader else desk.operator_name(int(number))
