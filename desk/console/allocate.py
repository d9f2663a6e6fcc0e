"""The verb about each strategy's money: who has how much, and more or less for one."""

from decimal import Decimal

from desk import allocation, notices, wording
from desk.allocation import Share
from desk.console.deciding import pressed
from desk.console.loosening import agreed, asked
from desk.console.money import as_of
from desk.console.replies import operator
from desk.desk import Desk
from trading.errors import BadCommand
from trading.facts import Request
from trading.messages import Message, Span, bold, message, table
from trading.parts import Part

WIDTH = 24  # of a bar, in characters
ONE = Decimal(1)


async def allocate(desk: Desk, request: Request) -> None:
    """More is asked twice, less is done at once."""
    words = asked(request)
    if not words:
        await notices.answer(desk, request, await _shown(desk))
        return
    if len(words) == 1:
        example = f"/allocate {words[0][:40]} 50 %, or 25000 {desk.currency}"
        raise BadCommand(f"how much? For example: {example}")
    strategy = desk.plan(words[0].lower()).strategy
    try:
        part = Part.parse(" ".join(words[1:]))
    except ValueError as error:
        raise BadCommand(f"{error}") from None
    now, limit = await allocation.asks(desk, strategy, part)
    if part == now.part:
        raise BadCommand(f"{strategy} has {part.text} already")
    if limit >= now.limit and not await agreed(
        desk, request, _question(desk, now, part, limit), f"Allow {part.text}"
    ):
        return
    await allocation.choose(desk, strategy, part, by=operator(request))
    lines = f"{strategy} may use {part.text} instead of {now.part.text}: "
    lines += f"it has {_amount(limit, desk)} and uses {_amount(now.used, desk)}."
    if now.used > limit:
        lines += "\nIt holds more than that: nothing is sold, and it enters nothing more."
    await notices.answer(desk, request, lines, edits=pressed(request))
    who = desk.operator_name(request.operator)
    rest = f"\nSet by {who}; it was {now.part.text}."
    said = message(bold(f"{strategy} may use {part.text}"), rest)
    await notices.tell(desk, said, but=request.operator)


def _question(desk: Desk, now: Share, part: Part, limit: Decimal) -> Message:
    more = f"{_amount(limit - now.limit, desk)} more" if limit > now.limit else "as much as now"
    return message(
        bold(f"Allow {now.strategy} {part.text}?"),
        f"\nIt has {now.part.text}, {_amount(now.limit, desk)}, and uses {_amount(now.used, desk)}."
        f"\nThen it has {_amount(limit, desk)}: {more}.",
    )


async def _shown(desk: Desk) -> Message:
    """Each strategy with a bar of what it uses."""
    found = await allocation.money(desk)
    if not found.shares:
        raise BadCommand("no strategy is configured; see the README on adding one")
    parts: list[str | Span] = []
    for share in found.shares:
        parts += [bold(share.strategy), f" · {share.part.text}\n", table(_rows(share)), "\n"]
    free = _amount(found.free, desk)
    parts.append(f"The account can pay for entries of {free} more, whoever makes them.\n")
    total = sum((share.limit for share in found.shares), Decimal(0))
    if total > found.equity > 0:
        whole = wording.percent(total / found.equity, 0)
        parts.append(
            f"Together they have {whole} of equity: who enters first has it, and nothing is "
            "spent twice.\n"
        )
    parts.append(await as_of(desk))
    return message(*parts)


def _rows(share: Share) -> str:
    percent = wording.percent(share.filled, 0)
    figures = [("Used", share.used), ("Left", share.left), ("Of", share.limit)]
    lines = [f"{bar(share.filled)} {percent}"]
    lines += [f"{name:<5}{wording.amount(value, 0):>{WIDTH - 5}}" for name, value in figures]
    return "\n".join(lines)


def bar(share: Decimal, width: int = WIDTH) -> str:
    """`███░░░`: a full block each part used, at least one where anything is."""
    whole = min(max(share, Decimal(0)), ONE) * width
    blocks = int(whole) or int(share > 0)
    return "█" * blocks + "░" * (width - blocks)


def _amount(value: Decimal, desk: Desk) -> str:
    return f"{wording.amount(value, 0)} {desk.currency}"
