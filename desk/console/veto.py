"""/veto: what rejected and expired signals would have made or lost."""

from decimal import Decimal

from analytics.vetoed import Sum, Vetoed, by_strategy
from desk import notices, wording
from desk.console.asked import Asked, asked, page
from desk.console.choices import periods, strategies
from desk.console.deciding import pressed
from desk.console.money import as_of
from desk.console.stats import gain
from desk.console.tables import at_page, narrow, paged, turns
from desk.desk import Desk
from desk.vetoed import VETOED, vetoed
from trading.facts import Request
from trading.messages import Button, bold, message
from trading.signals import Signal

SIZE = 10  # of a page
SUMS = 10  # strategies with a line of their own


async def veto(desk: Desk, request: Request) -> None:
    """The buttons draw the same message again, of another period or strategy."""
    of = await asked(desk, request, "90d", "/veto month")
    first, last, strategy = of.stretch.first, of.stretch.last, of.strategy or ""
    ever = await desk.journal.count(Signal, state__in=VETOED)
    found = await vetoed(desk, first, last, strategy) if ever else []
    if not found:
        nothing = f"No entry was rejected or expired, {of.stretch.name}, that bars can judge.\n"
        said = message(nothing, await as_of(desk), buttons=await _buttons(desk, of))
        await notices.answer(desk, request, said, edits=pressed(request))
        return
    sums = by_strategy(found)
    total = sum((one.gain for one in found), Decimal(0))
    word = "missed" if total > 0 else "spared"
    part, at, pages = paged(found[::-1], page(request), SIZE)
    rejected, expired = sum(one.rejected for one in sums), sum(one.expired for one in sums)
    running = sum(one.running for one in sums)
    said = message(
        bold(f"Vetoed, {of.stretch.name}"),
        f" · {of.whose}\n{rejected} rejected, {expired} expired",
        f", {running} would be held still\n" if running else "\n",
        f"They would have made {wording.profit(total, desk.currency)}: {word}\n",
        narrow([("", "vetoed", "won", f"{desk.currency}"), *map(_sum, sums[:SUMS])]),
        "\n",
        narrow([("", "signal", "return", f"{desk.currency}"), *map(_row, part)]),
        f"\n{at_page(at, pages)}Before costs, filled whole at the open or close meant, left by the "
        "strategy's own exit or stop\n",
        await as_of(desk),
        buttons=[*turns("veto", at, pages, *of.args()), *await _buttons(desk, of)],
    )
    await notices.answer(desk, request, said, edits=pressed(request))


def _sum(one: Sum) -> tuple[str, ...]:
    return one.strategy, str(one.signals), str(one.won), wording.signed(one.gain)


def _row(one: Vetoed) -> tuple[str, ...]:
    side = "" if one.long else " short"
    returned = gain(one.course.returned(long=one.long), 1)
    return f"{one.symbol}{side}", str(one.signal), returned, wording.signed(one.gain)


async def _buttons(desk: Desk, of: Asked) -> list[list[Button]]:
    return [periods("veto", of), *await strategies(desk, "veto", of)]
